"""Failing sequences made short: calls are left out, then parts of what they send, as long as the same fault shows."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol, TypeVar

from understudy.contract.evidence import Evidence
from understudy.contract.stateful.plans import Plan
from understudy.contract.stateful.scenario import Taking
from understudy.model.slots import Slot, filled
from understudy.values import Json


class Shown(Protocol):
    """What a sequence shows, and the sequence."""

    @property
    def evidence(self) -> Evidence:
        """What it shows; the same fault has the same fingerprint."""

    @property
    def taking(self) -> Taking:
        """The calls."""


Fault = TypeVar("Fault", bound=Shown)
ANOTHER = 1000
"""What is added to the numbers of records, so that the same call is about others; no sequence has so many."""


def shrunk(failure: Fault, play: Callable[[list[Plan]], Fault | None]) -> Fault:
    """Return the failure with the shortest sequence that was found to show it; it stays as it is where none does.

    `play` plays calls as a sequence of its own, and returns what it shows. Some faults show only between two records,
    of which the other one was an earlier sequence's: the first call is then played on another record before.
    """

    def shows(plans: list[Plan]) -> Fault | None:
        again = play(plans)
        return again if again is not None and again.evidence.fingerprint == failure.evidence.fingerprint else None

    plans = [call.plan for call in failure.taking.calls]
    best = shows(plans) or shows([_on_others(plans[0]), *plans])
    if best is None:
        return failure
    best = _without_stretches(best, shows)
    step, helped = 0, False
    while True:
        for number, smaller in enumerate(_smaller([call.plan for call in best.taking.calls])):
            again = shows(smaller) if number >= step else None
            if again is not None:
                best, step, helped = again, number, True
                break
        else:
            if not helped:
                return best
            step, helped = 0, False  # once more from the start: what is left may go now


def _without_stretches(best: Fault, shows: Callable[[list[Plan]], Fault | None]) -> Fault:
    """Return the failure without whole stretches of calls, long ones first: most of a survey has no part in it."""
    size = len(best.taking.calls) // 2
    while size > 1:
        start = 0
        while start < len(best.taking.calls) - 1:
            *before, last = (call.plan for call in best.taking.calls)
            again = shows([*before[:start], *before[start + size :], last])
            if again is None:
                start += size
            else:
                best = again
        size //= 2
    return best


def _on_others(plan: Plan) -> Plan:
    """Return the same call about other records."""

    def other(slot: Slot) -> Slot:
        return slot if slot.kind == "made" else replace(slot, number=slot.number + ANOTHER)

    return replace(plan, parameters=filled(plan.parameters, other), body=filled(plan.body, other))


def _smaller(plans: list[Plan]) -> Iterator[list[Plan]]:
    """Yield sequences with one thing less: a call, a part of a body, a parameter."""
    for number in range(len(plans) - 1):
        yield [*plans[:number], *plans[number + 1 :]]
    for number, plan in enumerate(plans):
        for body in _without_a_part(plan.body):
            yield [*plans[:number], replace(plan, body=body), *plans[number + 1 :]]
        for location, values in plan.parameters.items():
            for name in values if location in ("query", "header") else ():
                rest = {known: value for known, value in values.items() if known != name}
                fewer = replace(plan, parameters={**plan.parameters, location: rest})
                yield [*plans[:number], fewer, *plans[number + 1 :]]


def _without_a_part(value: Json) -> Iterator[Json]:
    """Yield the value with one property or item less, the greatest ones first."""
    if isinstance(value, dict):
        for name in value:
            yield {known: each for known, each in value.items() if known != name}
        for name, child in value.items():
            yield from ({**value, name: each} for each in _without_a_part(child))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield [*value[:index], *value[index + 1 :]]
            yield from ([*value[:index], each, *value[index + 1 :]] for each in _without_a_part(child))
