"""A reverse proxy that changes nothing: hands calls on, has them judged and recorded, and marks answers on demand."""
