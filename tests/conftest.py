"""What no test may inherit: a code host's own variables, by which runs of ours would annotate its run, and a cache."""

from tempfile import TemporaryDirectory

import pytest

CACHE = pytest.StashKey[tuple[TemporaryDirectory[str], pytest.MonkeyPatch]]()


def pytest_configure(config: pytest.Config) -> None:
    """Have what earlier runs have found out be found out anew, and leave nothing in the user's home."""
    config.stash[CACHE] = TemporaryDirectory(), pytest.MonkeyPatch()
    config.stash[CACHE][1].setenv("XDG_CACHE_HOME", config.stash[CACHE][0].name)


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
