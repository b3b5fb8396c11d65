"""Faults: what goes wrong beside the model, matched by call. Which one a call meets is found here, `breaking` plays it.

They go before the model and the mock's own check of its answers, and are counted as they are played.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import re2

from understudy.values import Json

LATENCY: Final = "latency"


class Way(StrEnum):
    """What becomes of a call that meets a fault."""

    LATER = "answered later"
    SILENT = "not answered"
    BROKEN = "answered by what the call would have got, broken"
    INSTEAD = "answered by the fault"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: the way it goes, and the members that only faults of this kind have."""

    way: Way
    takes: tuple[str, ...] = ()


KINDS: Final[Mapping[str, Kind]] = {
    "status": Kind(Way.INSTEAD, ("status", "headers", "body")),
    LATENCY: Kind(Way.LATER, ("delay",)),
    "reset": Kind(Way.SILENT),
    "close": Kind(Way.SILENT),
    "cut": Kind(Way.BROKEN),  # the connection is closed in the middle of the answer
    "empty": Kind(Way.BROKEN),
    "malformed-chunk": Kind(Way.BROKEN),  # a chunk that is none; where there is no body, a head that is none
    "truncated-json": Kind(Way.BROKEN),  # the body ends early, and the answer says so by its length
    "dribble": Kind(Way.BROKEN, ("seconds",)),
    "token-expired": Kind(Way.INSTEAD),  # a token that was granted is worth nothing any more
    "quota-exhausted": Kind(Way.INSTEAD),
}


class Pattern:
    """A regular expression that takes time in proportion to a text: others are sent by strangers, and stop all calls.

    It is RE2's, without backreferences and lookarounds.
    """

    def __init__(self, text: str) -> None:
        """Raise ValueError where the text is none."""
        options = re2.Options()
        options.log_errors = False
        try:
            self._compiled = re2.compile(text, options)
        except re2.error as error:
            reason = error.args[0]
            raise ValueError(reason.decode() if isinstance(reason, bytes) else reason) from error
        except UnicodeEncodeError as error:
            raise ValueError("half of a surrogate pair is no character") from error
        self.text = text

    def matches(self, text: str) -> bool:
        """Whether a text matches from its start to its end."""
        return self._compiled.fullmatch(text.encode("utf-8", "replace").decode()) is not None


@dataclass(frozen=True, slots=True)
class Delay:
    """How long to wait, in seconds: as long each time, or as a distribution has it.

    `fixed` takes `seconds`; `uniform` lies between `low` and `high`; `lognormal` has a median and a sigma.
    """

    distribution: str = "fixed"
    seconds: float = 0.0
    low: float = 0.0
    high: float = 0.0
    median: float = 0.0
    sigma: float = 0.0

    def drawn(self, source: random.Random) -> float:
        """Return the seconds of one call."""
        if self.distribution == "uniform":
            return source.uniform(self.low, self.high)
        if self.distribution == "lognormal":
            return self.median * source.lognormvariate(0.0, self.sigma)
        return self.seconds


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: of what kind, for which calls, and what it takes to play it.

    It is met by calls of `vendor` and `operation` (None: any) that name a record which the pattern `identifier`
    matches from its start to its end; of those by the `nth` alone, counted from 1, or with a probability; and `times`
    times at most. `seconds` lie between two bytes of a dribble.
    """

    name: str
    kind: str
    vendor: str | None = None
    operation: str | None = None
    identifier: Pattern | None = None
    nth: int | None = None
    probability: float = 1.0
    times: int | None = None
    status: int = 503
    headers: tuple[tuple[str, str], ...] = ()
    body: Json = None
    delay: Delay = Delay()
    seconds: float = 0.001

    @property
    def way(self) -> Way:
        """What becomes of a call that meets it."""
        return KINDS[self.kind].way

    def concerns(self, vendor: str, operation_id: str | None, identifiers: tuple[str, ...]) -> bool:
        """Whether a call is one of those that may meet it."""
        if self.vendor not in (None, vendor) or self.operation not in (None, operation_id):
            return False
        return self.identifier is None or any(map(self.identifier.matches, identifiers))


@dataclass(slots=True)
class Counted:
    """A fault, and how many calls it might have met (`seen`) and did meet (`played`)."""

    fault: Fault
    seen: int = 0
    played: int = 0

    def meets(self, source: random.Random) -> bool:
        """Count a call that it concerns; return whether that meets it."""
        fault = self.fault
        self.seen += 1
        if fault.times is not None and self.played >= fault.times:
            return False
        if fault.nth is not None and self.seen != fault.nth:
            return False
        if fault.probability < 1.0 and source.random() >= fault.probability:
            return False
        self.played += 1
        return True


class Faults:
    """The faults of one session, in the order in which they were set.

    The first that a call meets is played; before that, or without one, the latencies that it meets are waited for.
    """

    def __init__(self, seed: int) -> None:
        """`seed` decides whom probabilities hit, and how long delays take."""
        self._counted: dict[str, Counted] = {}
        self._named = 0
        self.random = random.Random(f"{seed} faults")  # noqa: S311 (to be repeatable is what is asked of it)

    def __bool__(self) -> bool:
        return bool(self._counted)

    def __iter__(self) -> Iterator[Counted]:
        return iter(self._counted.values())

    def name(self) -> str:
        """Return a name that no fault has had."""
        while True:
            self._named += 1
            if (name := f"fault-{self._named}") not in self._counted:
                return name

    def set(self, fault: Fault) -> None:
        """Set a fault; one of the same name is replaced, and counts anew."""
        self._counted[fault.name] = Counted(fault)

    def remove(self, name: str) -> bool:
        """Forget a fault; return whether there was one."""
        return self._counted.pop(name, None) is not None

    def met(self, vendor: str, operation_id: str | None, identifiers: tuple[str, ...]) -> list[Fault]:
        """Return the faults that a call meets: latencies, and at most one other, which comes last."""
        found: list[Fault] = []
        for each in self._counted.values():
            if each.fault.concerns(vendor, operation_id, identifiers) and each.meets(self.random):
                found.append(each.fault)
                if each.fault.way is not Way.LATER:
                    break
        return found
