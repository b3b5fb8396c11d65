"""The mock: a pack's document and model, served over HTTP by Connexion's middleware.

Called, it serves a vendor's in a process, for whatever runs tests: `with understudy.mock("acme") as mock: ...`.
"""

import sys
import warnings
from contextlib import AbstractContextManager
from types import ModuleType
from typing import TYPE_CHECKING

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of Starlette's and jsonschema's renamings, which is not the user's business
    import connexion.middleware  # noqa: F401

if TYPE_CHECKING:
    from understudy.client import Mock


class _Callable(ModuleType):
    """The module itself, whose name is the natural one for a call too."""

    def __call__(self, vendor: str, *words: str) -> "AbstractContextManager[Mock]":
        """Serve a vendor's mock, with further words of `understudy serve`; see `understudy.process.mock`."""
        from understudy import process

        return process.mock(vendor, *words)


sys.modules[__name__].__class__ = _Callable
