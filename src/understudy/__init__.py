"""understudy plays a vendor's HTTP API from its own document, and judges any endpoint against that document."""

__version__ = "0.1.0"
