"""Sequences that end with a wrong read: whether that came too early is found out, and nothing else is concluded."""

import time
from collections.abc import Sequence

import pytest

from tests.contract.conftest import Connect
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.exchange import Exchange, Request, Response
from understudy.contract.stateful.course import Course
from understudy.contract.stateful.failures import BrokenError, Failure, UnfinishedError
from understudy.contract.stateful.plans import Plan
from understudy.contract.stateful.scenario import Taken, Taking

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

    def played(plans: Sequence[Plan], waits: Sequence[float] = ()) -> Failure | None:
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


def test_what_is_not_come_to_is_not_taken_for_right(connect: Connect) -> None:
    """A run whose time is over plays nothing more."""
    course = Course(connect("http://x.test"), 0.0)
    with pytest.raises(UnfinishedError):
        course.played([READ], [0.0])
    with pytest.raises(UnfinishedError):
        course.played([READ], [1e6])
    assert (course.played([READ]), course.again) == (None, False)
