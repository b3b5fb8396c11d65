"""Reads that show a little later what was written are no finding; those that are wrong whatever the time are one."""

from functools import partial

import pytest

from tests.e2e.conftest import Judged, Verify
from tests.e2e.gainsight_px.late import LAG, Lagging, SecondReadIsRight, ThirdUpdateShowsLate
from tests.e2e.gainsight_px.servers import Directory
from understudy.contract import client, scenarios
from understudy.contract.arazzo import Patience

SEQUENCES = "model or extremes or concurrency"


@pytest.fixture
def patient(verify_briefly: Verify, monkeypatch: pytest.MonkeyPatch) -> Verify:
    """Return a function that judges in full, and waits for reads, though not as long as a user would."""
    monkeypatch.setattr(client, "Patience", partial(Patience, 4 * LAG, 2 * LAG))
    monkeypatch.setattr(scenarios, "PROOF", 2 * LAG)
    return verify_briefly


def judged(patient: Verify, directory: Directory, checks: str) -> Judged:
    return patient(directory, "--scope", "full", "-k", checks)


@pytest.mark.parametrize(
    ("checks", "rule"), [("update-seen or hard-delete-record", "PX-UPDATE-2"), (SEQUENCES, "PX-CREATE-1")]
)
def test_reads_that_lag_are_waited_for(checks: str, rule: str, patient: Verify) -> None:
    """A directory whose reads lag has no finding, of scenarios or of sequences."""
    found = judged(patient, Lagging(), checks)
    assert (found.report["findings"], found.exit_code) == ([], 0), found.said
    assert found.outcome(rule) == "passed"


@pytest.mark.parametrize(
    ("checks", "made"),
    [("update-seen", SecondReadIsRight), (SEQUENCES, SecondReadIsRight), (SEQUENCES, ThirdUpdateShowsLate)],
)
def test_a_read_that_is_right_for_being_the_second_is_wrong(
    checks: str, made: type[Directory], patient: Verify
) -> None:
    """That a read is right when it is tried again does not excuse that it was wrong long after the update."""
    found = judged(patient, made(), checks)
    assert (found.exit_code, bool(found.found)) == (1, True), found.output
    assert found.found <= {"PX-UPDATE-2", "PX-GET-1"}, found.said


def test_a_finding_says_how_long_was_waited(patient: Verify) -> None:
    """Who reads it sees that it is not a matter of time, and its lines show the wrong read last."""
    found = judged(patient, ThirdUpdateShowsLate(), "update-seen").report["findings"]
    assert ["though 1 s passed before it was asked for" in each["actual"] for each in found] == [True]
    *_, wait, read = found[0]["curl"].splitlines()
    assert (wait, "/v1/users/" in read) == ("sleep 1", True)
