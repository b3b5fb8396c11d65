"""What no test may inherit: a code host's own variables, by which runs of ours would annotate the host's run."""

import pytest


@pytest.fixture(autouse=True)
def _no_code_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the tests print alike at home and within GitHub Actions."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
