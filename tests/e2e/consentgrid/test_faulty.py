"""Registers with one fault each are found to violate the very sentence of ConsentGrid's that the fault breaks."""

import pytest

from tests.e2e.breaking import Case
from tests.e2e.conftest import Verify, violates
from tests.e2e.consentgrid.faults import CASES, FULL_CASES


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_fault_is_found_under_its_rule(case: Case, verify: Verify) -> None:
    """The run ends with 1, the broken rule is among the findings, and no other one that the fault leaves alone."""
    violates(case, verify(case.make(), "-k", case.check))


@pytest.mark.parametrize("case", FULL_CASES.values(), ids=FULL_CASES)
def test_a_fault_in_what_other_pages_say_is_found_in_full(case: Case, verify: Verify) -> None:
    """So are faults in the list, the versions, the key and the fields of subjects."""
    violates(case, verify(case.make(), "-k", case.check, "--scope", "full"))
