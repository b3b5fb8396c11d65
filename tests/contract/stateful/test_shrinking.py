"""Shrinking: of the calls of a long sequence those are kept that show what it shows."""

from collections.abc import Sequence

import pytest

from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.exchange import Exchange, Request, Response
from understudy.contract.stateful.failures import Failure
from understudy.contract.stateful.plans import Plan
from understudy.contract.stateful.scenario import Taken, Taking
from understudy.contract.stateful.shrinking import shrunk

EXCHANGE = Exchange(Request("GET", "http://x.test/"), Response(200))


def failing(plans: Sequence[Plan]) -> Failure:
    """Return the failure that a sequence shows."""
    calls = tuple(Taken(plan, EXCHANGE) for plan in plans)
    return Failure(Evidence("model", Outcome.FAILED, "R-1", "read"), Taking(calls, str, None), None)


@pytest.mark.parametrize("needed", [(), (0,), (3,), (0, 49), (7, 8, 31)])
def test_a_long_sequence_becomes_short_in_few_plays(needed: tuple[int, ...]) -> None:
    """It ends with the call that shows the fault, and has before it what that needs; halves go before single calls."""
    plans, played = [Plan(f"call {number}", {}) for number in range(60)], 0

    def play(shorter: list[Plan]) -> Failure | None:
        nonlocal played
        played += 1
        wanted = [plans[number] for number in needed]
        right = [plan for plan in shorter if plan in wanted] == wanted and shorter[-1] == plans[-1]
        return failing(shorter) if right else None

    found = shrunk(failing(plans), play)
    assert [call.plan for call in found.taking.calls] == [*(plans[number] for number in needed), plans[-1]]
    assert played < 60


def test_what_does_not_show_again_stays_as_it_is() -> None:
    """Nothing is left out of it."""
    failure = failing([Plan("one", {}), Plan("two", {})])
    assert shrunk(failure, lambda plans: None) is failure
