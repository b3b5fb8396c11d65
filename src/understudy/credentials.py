"""The ready-made credentials of every served mock: bearer tokens (API keys alike) and clients of OAuth 2.0."""

FULL, READ = "understudy-full", "understudy-read"
"""Tokens that may do all, and read alone."""
CLIENT, CLIENT_READ, SECRET = "understudy", "understudy-read", "understudy"
"""The ids of clients that are granted the same, and the secret of both."""
