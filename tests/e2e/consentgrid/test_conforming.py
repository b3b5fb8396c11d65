"""Registers that keep every documented sentence of ConsentGrid's, each in its own way, conform."""

import pytest

from tests.e2e.conftest import Verify
from tests.e2e.consentgrid.freedoms import MIXES, Everything


@pytest.mark.parametrize("name", MIXES)
def test_what_the_pages_leave_open_is_no_finding(name: str, verify_briefly: Verify) -> None:
    """Neither probes nor scenarios nor sequences of calls find fault with a register that uses freedoms."""
    judged = verify_briefly(MIXES[name](), "-k", "not fuzz")
    assert (judged.report["findings"], judged.exit_code) == ([], 0), judged.said


def test_a_register_that_uses_many_freedoms_conforms(verify_briefly: Verify) -> None:
    """A whole run finds nothing either, and the verdict is not narrowed."""
    judged = verify_briefly(Everything())
    assert judged.report["findings"] == [], judged.said
    assert (judged.report["verdict"], judged.exit_code) == ("conforms", 0)
