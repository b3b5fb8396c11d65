"""The control plane: what tests and people use to look into sessions and to change them, below `/_understudy/`."""
