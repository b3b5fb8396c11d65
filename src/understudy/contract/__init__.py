"""The judge: what is sent to a target, what is checked in its answers, and what all of it proves."""
