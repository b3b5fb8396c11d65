"""In which order calls come before the model, and when it goes without."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.history import Heard, History
from understudy.har import Recorded
from understudy.proxy import listener
from understudy.proxy.listener import Listener


class Noted:
    """Stands for a history: notes what it is asked, in order."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fails = False

    def read(self, call: Recorded) -> Heard | None:
        """Take any call, but for one of another vendor."""
        return None if call.url == "other" else Heard(call, exchange=cast(Any, call))

    def judge_alone(self, heard: Heard) -> list[Evidence]:
        """Note it."""
        return self._noted("alone", heard)

    def judge_in_order(self, heard: Heard, overlapping: list[Heard]) -> list[Evidence]:
        """Note it, and the calls that it has met."""
        met = "".join(f" with {cast(Recorded, each.exchange).url}" for each in overlapping)
        return self._noted(f"in order{met}", heard)

    def forget(self) -> None:
        """Note it."""
        self.asked.append("forget")

    def _noted(self, how: str, heard: Heard) -> list[Evidence]:
        if self.fails:
            raise LookupError("a defect")
        name = cast(Recorded, heard.exchange).url
        self.asked.append(f"{name} {how}")
        return [Evidence(how, Outcome.PASSED, title=name)]


def call(name: str) -> Recorded:
    return Recorded("GET", name, (), b"", 200, (), b"", datetime.now(UTC), 0.0)


def heard(play: Callable[[Listener], Any], *, fails: bool = False) -> tuple[list[str], list[Evidence]]:
    """Play calls; return what the history was asked, and what was told."""
    history, told = Noted(), list[Evidence]()
    history.fails = fails
    ear = Listener(cast(History, history), told.extend)
    asyncio.run(play(ear))
    ear.close()
    return history.asked, told


def test_calls_come_in_the_order_in_which_they_began() -> None:
    """Each alone as soon as it has ended; by the model when all before it have."""

    async def play(ear: Listener) -> None:
        first, second, third = [await ear.begun() for _ in range(3)]
        assert len(ear.ended(third, call("third"))) == 1
        assert len(ear.ended(first, call("first"))) == 1
        later = await ear.begun()
        assert len(ear.ended(second, call("second"))) == 1
        assert len(ear.ended(later, call("later"))) == 2

    asked, told = heard(play)
    assert asked == [
        "third alone",
        "first alone",
        "second alone",
        "first in order with second with third",
        "later alone",
        "second in order with first with third with later",
        "third in order with first with second",
        "later in order with second",
    ]
    assert len(told) == len(asked)


def test_what_is_of_another_vendor_is_not_judged() -> None:
    """But counted."""

    async def play(ear: Listener) -> None:
        ear.ended(await ear.begun(), call("other"))
        assert ear.passed == 1

    assert heard(play) == ([], [])


def test_after_a_call_that_cannot_be_told_nothing_is_known() -> None:
    """In its turn; the model goes without the calls that it has met."""

    async def play(ear: Listener) -> None:
        first, second = [await ear.begun() for _ in range(2)]
        ear.ended(second, None)
        ear.ended(first, call("first"))

    assert heard(play)[0] == ["first alone", "forget"]


def test_a_call_that_does_not_end_holds_up_so_many_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the model goes without; once it has ended nothing is known, nor what those do that it met."""
    monkeypatch.setattr(listener, "PENDING", 2)

    async def play(ear: Listener) -> None:
        stray, *others = [await ear.begun() for _ in range(3)]
        for name, ticket in zip("ab", others, strict=True):
            ear.ended(ticket, call(name))
        met = await ear.begun()
        ear.ended(stray, call("stray"))
        ear.ended(met, call("met"))
        ear.ended(await ear.begun(), call("later"))

    asked = heard(play)[0]
    assert asked == [
        *("a alone", "b alone", "stray alone", "forget", "met alone", "forget", "later alone", "later in order")
    ]


def test_calls_wait_for_judgement_once_too_many_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """A judge that is slower than the traffic does not fill the memory."""
    monkeypatch.setattr(listener, "BEHIND", 4)

    async def play(ear: Listener) -> None:
        for number in range(100):
            ear.ended(await ear.begun(), call(str(number)))
            assert len(ear._jobs) <= 6

    assert len(heard(play)[0]) == 200


def test_a_defect_of_the_judge_is_not_lost() -> None:
    """It comes up in the end."""

    async def play(ear: Listener) -> None:
        ear.ended(await ear.begun(), call("any"))

    with pytest.raises(LookupError, match="a defect"):
        heard(play, fails=True)
