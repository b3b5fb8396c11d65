"""Endpoints with one fault each are found to violate the very rule that the fault breaks."""

import pytest

from tests.e2e.conftest import Verify
from tests.e2e.faults import FOUND_BY_DOCUMENT, FOUND_BY_SCENARIOS, Case, limited
from tests.e2e.servers import Endpoint

CASES = {**FOUND_BY_DOCUMENT, **FOUND_BY_SCENARIOS}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_fault_is_found_under_its_rule(case: Case, verify: Verify) -> None:
    """The run ends with 1, the broken rule is among the findings, and no other one that the fault leaves alone."""
    judged = verify(case.make(), *case.words)
    assert case.rules & judged.found, judged.said
    assert judged.found - case.rules - case.beside == set(), judged.said
    assert (judged.report["verdict"], judged.exit_code) == ("violates", 1)


def test_a_429_without_its_headers_is_a_remark(verify: Verify) -> None:
    """The document lists the headers of a 429 and does not require them: a should, not a must."""
    judged = verify(Endpoint(limited(ot_period="", ot_request_made="")), "-k", "access")
    assert (judged.exit_code, judged.found, judged.outcome("OT-LIMIT-2")) == (0, set(), "remark")
