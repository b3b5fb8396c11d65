"""Sequences that meet what is wrong: a read that came too early, and what goes on once a fault is known."""

import time
from collections.abc import Sequence as Sequence_
from contextlib import closing
from dataclasses import replace
from math import inf

import pytest

from tests.contract.conftest import WRITE, Connect
from tests.e2e.breaking import status
from tests.e2e.gainsight_px.servers import Directory
from tests.e2e.servers import Endpoint
from tests.e2e.serving import running
from understudy import pack as packs
from understudy.contract.client import Client
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.exchange import Exchange, Request, Response
from understudy.contract.judge import Judge
from understudy.contract.stateful.course import Course
from understudy.contract.stateful.failures import BrokenError, Failure, UnfinishedError
from understudy.contract.stateful.plans import Plan
from understudy.contract.stateful.scenario import Taken, Taking
from understudy.contract.stateful.sequence import Sequence
from understudy.contract.target import Credentials, Run
from understudy.model.slots import Slot

READ = Plan("getDataSubjectsUsingGET", {}, None, None)
FAILURE = Failure(
    Evidence("model", Outcome.FAILED, "OT-READ-1", READ.operation_id, "A read is wrong"),
    Taking((Taken(READ, Exchange(Request("GET", "http://x.test"), Response(200))),), lambda number: "", None),
    None,
)


@pytest.mark.parametrize(
    ("lags", "after", "at_once", "told", "then"),
    [
        (None, FAILURE, FAILURE, True, None),
        (None, None, FAILURE, False, True),
        (None, None, None, True, None),
        (None, UnfinishedError, FAILURE, True, None),
        (True, FAILURE, FAILURE, True, True),
        (True, None, FAILURE, False, True),
        (True, UnfinishedError, FAILURE, False, True),
        (False, None, FAILURE, True, False),
    ],
)
def test_a_read_that_is_right_after_a_wait_came_too_early(
    lags: bool | None,
    after: Failure | type[Exception] | None,
    at_once: Failure | None,
    told: bool,
    then: bool | None,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If it is wrong again without one. A read that is wrong all the same does not tell that reads do not lag."""
    course = Course(connect("http://x.test"), 0.0)
    course.client.patience.lags = lags

    def played(plans: Sequence_[Plan], waits: Sequence_[float] = ()) -> Failure | None:
        if not any(waits):
            return at_once
        time.sleep(0.01)
        if after is UnfinishedError:
            raise UnfinishedError
        return after if isinstance(after, Failure) else None

    monkeypatch.setattr(course, "played", played)
    if told:
        with pytest.raises(BrokenError):
            course.missed(FAILURE)
    else:
        course.missed(FAILURE)
    assert course.client.patience.lags is then
    assert (course.until > 0.005) == (told and lags is not False)  # a finding that took time is given it back


def test_what_was_done_with_another_status_was_done(connect: Connect) -> None:
    """Once that fault is known, the record is there for the model too, and its updates are compared."""
    named = {"header": {"dataSubjectIdentifier": Slot(0)}}
    writes = [Plan(WRITE, named, body, "application/json") for body in ({}, {"language": "en-us"}, {})]
    with running(Endpoint(status(201, 200))) as base_url:
        client = connect(base_url)
        course = Course(client, inf)
        with pytest.raises(BrokenError) as broken:
            Sequence(course).play(writes[0])
        course.known.add(broken.value.failure.evidence.fingerprint)
        sequence = Sequence(course)
        for plan in writes:
            sequence.play(plan)
    assert not sequence.lost
    assert [call.reply.status for call in sequence.calls if call.reply] == [201, 200, 200]
    assert client.collector.failures() == []
    mine = [piece for piece, _ in client.collector if piece.check == course.check]
    passed = {piece.rule for piece in mine if piece.outcome is Outcome.PASSED}
    assert "OT-UPDATE-1" in passed
    assert "OT-CREATE-1" not in passed


def test_after_what_was_not_to_be_done_nothing_is_known(connect: Connect) -> None:
    """A redirection may have done what was asked for, or nothing of it."""
    plan = Plan(WRITE, {"header": {"dataSubjectIdentifier": Slot(0)}}, {}, "application/json")
    with running(Endpoint(status(201, 302))) as base_url:
        assert known_fault(Course(connect(base_url), inf), plan).lost


def test_after_what_the_model_refuses_is_done_nothing_is_known(run: Run) -> None:
    """An update of a user whom nobody has made, if it is taken, has changed something, who knows what."""
    body = {"identifyId": Slot(0), "propertyKeys": ["AP-OWN-2"]}
    plan = Plan("updateUser", {"path": {"identifyId": Slot(0)}}, body, "application/json")
    with running(Directory(status(404, 200))) as base_url:
        known = Credentials(Directory.full, Directory.read)
        client = Client(replace(run, base_url=base_url, credentials=known), Judge(packs.load("gainsight_px"), "core"))
        with closing(client):
            assert known_fault(Course(client, inf), plan).lost


def known_fault(course: Course, plan: Plan) -> Sequence:
    """Return a sequence of one call that meets a fault which is known already."""
    with pytest.raises(BrokenError) as broken:
        Sequence(course).play(plan)
    course.known.add(broken.value.failure.evidence.fingerprint)
    sequence = Sequence(course)
    sequence.play(plan)
    return sequence


def test_what_is_not_come_to_is_not_taken_for_right(connect: Connect) -> None:
    """A run whose time is over plays nothing more."""
    course = Course(connect("http://x.test"), 0.0)
    with pytest.raises(UnfinishedError):
        course.played([READ], [0.0])
    with pytest.raises(UnfinishedError):
        course.played([READ], [1e6])
    assert (course.played([READ]), course.again) == (None, False)
