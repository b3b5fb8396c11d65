"""Traffic that others cause: what the model holds against it, and what it leaves alone because nobody has seen it."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from tests.contract.conftest import WRITE
from understudy.contract.client import Collector
from understudy.contract.evidence import Outcome
from understudy.contract.history import History
from understudy.contract.judge import Judge
from understudy.har import Recorded
from understudy.values import Json

PATH = "/api/consentmanager/v1/datasubjects/dataelements"
START = datetime(2026, 1, 31, tzinfo=UTC)
ID = "7b6f1c9e-0000-4000-8000-000000000001"


@pytest.fixture
def history(core: Judge) -> History:
    """Return what hears traffic of which nothing is known yet."""
    return History(core, Collector())


def written(
    status: int,
    second: float,
    seconds: float = 0.5,
    *,
    who: str = "ada",
    identifier: str = ID,
    body: bytes = b'{"identifierType": "Email"}',
) -> Recorded:
    """Return a write of a record that began in that second, and its answer."""
    headers = [("Content-Type", "application/json"), ("dataSubjectIdentifier", who), ("Authorization", "Bearer ***")]
    answer: Json = {
        "id": identifier,
        "identifier": who,
        "identifierType": "Email",
        "canBePrimary": True,
        "elements": [],
    }
    return Recorded(
        "POST",
        f"http://x.test{PATH}",
        headers,
        body,
        status,
        [("Content-Type", "application/json")],
        json.dumps(answer).encode() if status < 300 else b"",
        START + timedelta(seconds=second),
        seconds,
    )


def broken(history: History, calls: Iterable[Recorded]) -> set[str | None]:
    """Return the rules that the model finds broken in calls."""
    history.hear(calls)
    return {piece.rule for piece in history.collector.failures() if piece.check == "history"}


def test_a_record_that_was_seen_being_made_is_held_to_the_model(history: History) -> None:
    """In the order in which calls began, not in that of the archive."""
    assert broken(history, [written(200, 2), written(201, 1)]) == set()
    assert broken(history, [written(201, 3)]) == {"OT-UPDATE-1"}


def test_a_body_that_the_documents_leave_open_may_be_refused(history: History) -> None:
    """Such as one that names an element twice; a good one may not."""
    twice = b'{"dataElements": [{"name": "Phone", "linked": true}, {"name": "Phone", "linked": true}]}'
    assert broken(history, [written(201, 1), written(400, 2, body=twice)]) == set()
    assert broken(history, [written(400, 3)]) == {"OT-UPDATE-1"}


def test_what_a_record_was_before_is_nobodys_fault(history: History) -> None:
    """Its first answer is adopted; what follows is held against that."""
    assert broken(history, [written(200, 1), written(200, 2)]) == set()
    assert broken(history, [written(200, 3, identifier=ID.replace("1", "2"))]) == {"OT-ID-1"}


def test_calls_that_overlap_may_have_been_taken_in_either_order(history: History) -> None:
    """Neither is held against the other."""
    assert broken(history, [written(200, 1, 5), written(201, 2, 1)]) == set()


@pytest.mark.parametrize("status", [0, 500])
def test_after_a_write_that_nobody_knows_of_nothing_is_known(status: int, history: History) -> None:
    """It may have changed anything, or nothing."""
    assert broken(history, [written(201, 1), written(status, 2), written(201, 3)]) == set()


def test_a_refusal_of_the_caller_is_not_the_records(history: History) -> None:
    """Traffic does not tell who calls."""
    assert broken(history, [written(201, 1), written(403, 2), written(200, 3)]) == set()


def test_statuses_are_counted_and_answers_judged_alone(history: History) -> None:
    """Whatever the model knows."""
    history.hear([written(201, 1), written(299, 2)])
    assert history.statuses == {(WRITE, 201): 1, (WRITE, 299): 1}
    alone = {piece.rule for piece in history.collector.failures() if piece.check == "recorded"}
    assert "OT-STATUS-1" in alone


def test_a_finding_is_told_with_the_calls_before_it(history: History) -> None:
    """Those that wrote its record."""
    broken(history, [written(201, 1), written(201, 2, who="bob"), written(201, 3), written(500, 4)])
    found = next(
        piece
        for piece, _ in history.collector
        if (piece.rule, piece.outcome, piece.check) == ("OT-UPDATE-1", Outcome.FAILED, "history")
    )
    assert [line.count("dataSubjectIdentifier: ada") for line in found.curl.splitlines()] == [1, 1]
    alone = next(piece for piece in history.collector.failures() if piece.rule == "OT-STATUS-1")
    assert [line.count("dataSubjectIdentifier: ada") for line in alone.curl.splitlines()] == [1, 1, 1]
