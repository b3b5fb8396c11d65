"""Directories that keep every documented sentence of Gainsight PX's, each in its own way, conform."""

import pytest

from tests.e2e.conftest import Verify
from tests.e2e.gainsight_px.freedoms import FREEDOMS, FULL_FREEDOMS
from tests.e2e.gainsight_px.servers import Directory

EXISTING = ("--existing", Directory.existing)


@pytest.mark.parametrize("name", FREEDOMS)
def test_a_directory_that_uses_a_freedom_conforms(name: str, verify: Verify) -> None:
    """What the page leaves open is no finding, and the verdict is not narrowed by it."""
    judged = verify(FREEDOMS[name](), *EXISTING)
    assert judged.report["findings"] == [], judged.said
    assert (judged.report["verdict"], judged.exit_code) == ("conforms", 0)


@pytest.mark.parametrize("name", FULL_FREEDOMS)
def test_what_other_pages_leave_open_is_no_finding(name: str, verify: Verify) -> None:
    """So it is with the forms of users, lists and answers, of which the scenarios tell the most."""
    judged = verify(FULL_FREEDOMS[name](), *EXISTING, "--scope", "full", "-k", "arazzo")
    assert judged.report["findings"] == [], judged.said
    assert (judged.report["verdict"], judged.exit_code) == ("partial", 0)
