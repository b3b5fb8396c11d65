"""What no test may inherit: a code host's own variables, by which runs of ours would annotate its run, and a cache."""

import os

import pytest


@pytest.fixture(autouse=True, scope="session")
def _no_cache_of_the_users(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Have what earlier runs have found out be found out anew, and leave nothing in the user's home."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def _no_code_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the tests print alike at home and within GitHub Actions."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
