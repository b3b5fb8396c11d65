"""What no test may inherit: a code host's own variables, by which runs of ours would annotate its run, and a cache.

And what all of them would do again and again.
"""

import ssl
from functools import cache
from tempfile import TemporaryDirectory

import pytest

CACHE = pytest.StashKey[tuple[TemporaryDirectory[str], pytest.MonkeyPatch]]()


def pytest_configure(config: pytest.Config) -> None:
    """Have what earlier runs have found out be found out anew, and leave nothing in the user's home.

    The authorities of TLS are read once: each httpx client reads them, though tests speak to this machine in the clear.
    """
    changed = pytest.MonkeyPatch()
    config.stash[CACHE] = TemporaryDirectory(), changed
    changed.setenv("XDG_CACHE_HOME", config.stash[CACHE][0].name)
    changed.setattr(ssl, "create_default_context", cache(ssl.create_default_context))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing at all."""
    folder, changed = config.stash[CACHE]
    changed.undo()
    folder.cleanup()


@pytest.fixture(autouse=True)
def _no_code_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the tests print alike at home and within GitHub Actions."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
