"""Directories that keep every documented sentence of Gainsight PX's, each in its own way, conform."""

import pytest

from tests.e2e.conftest import Verify
from tests.e2e.gainsight_px.freedoms import FULL_MIXES, MIXES, Everything
from tests.e2e.gainsight_px.servers import Directory

EXISTING = ("--existing", Directory.existing)


@pytest.mark.parametrize("name", MIXES)
def test_what_the_page_leaves_open_is_no_finding(name: str, verify_briefly: Verify) -> None:
    """Neither probes nor scenarios find fault with a directory that uses freedoms."""
    judged = verify_briefly(MIXES[name](), *EXISTING, "-k", "not fuzz")
    assert (judged.report["findings"], judged.exit_code) == ([], 0), judged.said


@pytest.mark.parametrize("name", FULL_MIXES)
def test_what_other_pages_leave_open_is_no_finding(name: str, verify_briefly: Verify) -> None:
    """So it is with the forms of users, lists and answers, of which the scenarios tell the most."""
    judged = verify_briefly(FULL_MIXES[name](), *EXISTING, "--scope", "full", "-k", "arazzo")
    assert (judged.report["findings"], judged.exit_code) == ([], 0), judged.said


def test_a_directory_that_uses_many_freedoms_conforms(verify_briefly: Verify) -> None:
    """A whole run finds nothing either, and the verdict is not narrowed."""
    judged = verify_briefly(Everything(), *EXISTING)
    assert judged.report["findings"] == [], judged.said
    assert (judged.report["verdict"], judged.exit_code) == ("conforms", 0)
