"""Directories with one fault each are found to violate the very sentence of Gainsight PX's that the fault breaks."""

import pytest

from tests.e2e.breaking import Case
from tests.e2e.conftest import Verify, violates
from tests.e2e.gainsight_px.faults import CASES
from tests.e2e.gainsight_px.servers import Directory
from tests.e2e.gainsight_px.sibling_faults import FULL_CASES

EXISTING = ("--existing", Directory.existing)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_fault_is_found_under_its_rule(case: Case, verify: Verify) -> None:
    """The run ends with 1, the broken rule is among the findings, and no other one that the fault leaves alone."""
    violates(case, verify(case.make(), *EXISTING, "-k", case.check))


@pytest.mark.parametrize("case", FULL_CASES.values(), ids=FULL_CASES)
def test_a_fault_in_what_other_pages_say_is_found_in_full(case: Case, verify: Verify) -> None:
    """So are faults in what is stored, and in creating, reading, listing, deleting and reviving users."""
    violates(case, verify(case.make(), "-k", case.check, "--scope", "full"))
