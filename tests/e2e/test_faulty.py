"""Endpoints with one fault each are found to violate the very rule that the fault breaks."""

import re

import pytest

from tests.e2e.breaking import Case, refuses
from tests.e2e.conftest import Verify, violates
from tests.e2e.faults import CASES, limited
from tests.e2e.servers import FULL, Endpoint
from tests.e2e.serving import Call


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_fault_is_found_under_its_rule(case: Case, verify: Verify) -> None:
    """The run ends with 1, the broken rule is among the findings, and no other one that the fault leaves alone."""
    violates(case, verify(case.make(), *(("-k", case.check) if case.check else ())))


def test_a_429_without_its_headers_is_a_remark(verify: Verify) -> None:
    """The document lists the headers of a 429 and does not require them: a should, not a must."""
    judged = verify(Endpoint(limited(ot_period="", ot_request_made="")), "-k", "access")
    assert (judged.exit_code, judged.found, judged.outcome("OT-LIMIT-2")) == (0, set(), "remark")


@pytest.mark.parametrize(("status", "rules"), [(400, {"OT-CREATE-1", "OT-UPDATE-1"}), (500, {"OT-STATUS-1"})])
def test_an_endpoint_that_never_succeeds_violates(status: int, rules: set[str], verify: Verify) -> None:
    """An endpoint that opens to the token and then does nothing breaks what its success statuses say."""
    judged = verify(Endpoint(refuses(lambda call: call.headers.get("authorization") == f"Bearer {FULL}", status)))
    assert rules <= judged.found, judged.said
    assert judged.exit_code == 1


def long_identifier(call: Call) -> bool:
    """Whether an identifier is longer than documented."""
    return len(call.headers.get("datasubjectidentifier", "")) > 255


def test_a_target_that_breaks_down_at_one_request_violates(verify: Verify) -> None:
    """The connection ends without an answer, each time: that is a server error, and the run goes on."""
    judged = verify(Endpoint(refuses(long_identifier, 0)), "--budget", "15s")
    assert judged.exit_code == 1, judged.said
    assert {"OT-HEAD-3", "OT-STATUS-1"} <= judged.found
    silent = [each for each in judged.report["findings"] if each["actual"].startswith("no answer")]
    assert silent
    assert silent[0]["curl"].startswith("curl ")
    assert judged.outcome("OT-LINK-1") == "passed"
    scenarios = [each["curl"] for each in judged.report["findings"] if each["check"] == "scenario"]
    assert scenarios
    assert all(re.search(r"dataSubjectIdentifier: [^']{256}", curl.splitlines()[-1]) for curl in scenarios), scenarios


def test_a_fault_beyond_the_budget_of_429_is_still_told(verify: Verify) -> None:
    """A Retry-After that the budget cannot wait for ends the run with what was found, and with nothing more."""
    judged = verify(Endpoint(limited(Retry_After="3600", ot_period="DAY")), "-k", "access or constraints")
    assert (judged.exit_code, judged.found) == (1, {"OT-LIMIT-5"})
