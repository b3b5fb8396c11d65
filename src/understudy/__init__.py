"""understudy plays a vendor's HTTP API from its own document, and judges any endpoint against that document.

`with understudy.mock("acme") as mock:` serves a vendor's mock for a test; with pytest there are fixtures.
"""

from importlib import import_module
from types import ModuleType

__version__ = "0.1.0"


def __getattr__(name: str) -> ModuleType:
    """Return the module `understudy.mock`, which can be called, when it is asked for first."""
    if name == "mock":
        return import_module("understudy.mock")
    raise AttributeError(f"module 'understudy' has no attribute {name!r}")
