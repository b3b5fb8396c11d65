"""Registers that keep every documented sentence of ConsentGrid's, each in its own way, conform."""

import pytest

from tests.e2e.conftest import Verify
from tests.e2e.consentgrid.freedoms import FREEDOMS


@pytest.mark.parametrize("name", FREEDOMS)
def test_a_register_that_uses_a_freedom_conforms(name: str, verify: Verify) -> None:
    """What the pages leave open is no finding, and the verdict is not narrowed by it."""
    judged = verify(FREEDOMS[name]())
    assert judged.report["findings"] == [], judged.said
    assert (judged.report["verdict"], judged.exit_code) == ("conforms", 0)
