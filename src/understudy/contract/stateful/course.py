"""What all sequences of a run share, and how one is played once more: whether it shows the same, and with less."""

import time
from collections.abc import Sequence as Sequence_
from dataclasses import dataclass, field
from functools import cached_property
from math import inf

from understudy.contract.client import Client
from understudy.contract.records import held
from understudy.contract.samples import Sample
from understudy.contract.stateful import shrinking
from understudy.contract.stateful.failures import BrokenError, Failure, UnfinishedError
from understudy.contract.stateful.plans import Plan
from understudy.contract.stateful.sequence import Sequence
from understudy.model.oracle import Bindings
from understudy.values import SAFE_METHODS

CHECK = "model"
SHRINKING = 6.0
"""Seconds that a failing sequence is shrunk at most."""


@dataclass
class Course:
    """What all sequences of a run share: the way to the target, what was found, and when to stop.

    `until` is when, in seconds of `time.monotonic()`; `ended` is what ended the run in a sequence. `known` are
    fingerprints that were found already, which no sequence fails for again; `label` tells the records of one course
    from those of another, `count` is of its sequences; `again` says that what was played before is being played again.
    """

    client: Client
    until: float
    check: str = CHECK
    label: str = CHECK
    again: bool = False
    known: set[str] = field(default_factory=set)
    bindings: Bindings = field(default_factory=Bindings)
    ended: Exception | None = None
    count: int = 0

    @cached_property
    def held(self) -> Sample | None:
        """The call that would create the first record of every sequence; None where it is the run's to create."""
        judge = self.client.judge
        return held(self.client.run, judge.judged, judge.pack.effective)

    @property
    def over(self) -> bool:
        """Whether nothing more is to be sent."""
        return self.ended is not None or self.client.collector.enough or time.monotonic() >= self.until

    def missed(self, failure: Failure) -> None:
        """Take note of a broken rule; raises BrokenError for one that was not known, unless the read came too early."""
        if failure.evidence.fingerprint in self.known:
            return
        started = time.monotonic()
        if self.again or not self._late(failure):
            self.until += time.monotonic() - started  # so that there is time left to shrink it
            raise BrokenError(failure)

    def played(self, plans: Sequence_[Plan], waits: Sequence_[float] = ()) -> Failure | None:
        """Play a sequence of those calls; return what it shows by itself, without what others have met, or None.

        `waits` are the seconds that are waited before each of them. Raises UnfinishedError where waits are asked for,
        and the last call is not come to.
        """
        sequence = Sequence(self)
        sequence.bindings = Bindings()
        shown: Failure | None = None
        known, self.again = self.again, True
        try:
            for number, plan in enumerate(plans):
                self._wait(waits[number] if number < len(waits) else 0.0)
                sequence.play(plan)
        except BrokenError as broken:
            shown = broken.failure
        finally:
            self.again = known
        if waits and len(sequence.calls) < len(plans):
            raise UnfinishedError
        return shown

    def tell(self, failure: Failure) -> None:
        """Shrink a sequence, for SHRINKING seconds at most, and add the evidence; it is known from then on."""
        until = self.until
        self.until = min(until, time.monotonic() + (SHRINKING if self.client.wanted is None else 0.0))
        told = shrinking.shrunk(failure, self.played).told(self.client)
        self.until = until
        self.client.collector.add([told])
        self.known.add(told.fingerprint)

    def _wait(self, seconds: float) -> None:
        """Wait; raises UnfinishedError where the run's time does not suffice."""
        if seconds and seconds >= self.client.left:
            raise UnfinishedError
        time.sleep(seconds)

    def _late(self, failure: Failure) -> bool:
        """Whether a failure is one of a read that came too early: it does not show after a wait.

        Where it is known that the target's reads lag, there is a wait before each read behind a write; else the failure
        must also show again without a wait: what shows only once is no matter of time. A read that is wrong even after
        a wait does not tell that reads do not lag.
        """
        plans = [call.plan for call in failure.taking.calls]
        patience = self.client.patience
        reads = [self.reads(plan) for plan in plans]
        if self.client.run.embedded or not patience.doubtful or not reads[-1]:
            return False
        last, lags = len(reads) - 1, bool(patience.lags)
        due = [read and (n == last or (lags and n > 0 and not reads[n - 1])) for n, read in enumerate(reads)]
        waits = [patience.enough if each else 0.0 for each in due]

        def shows(waits: Sequence_[float]) -> bool:
            shown = self.played(plans, waits)
            return shown is not None and shown.evidence.fingerprint == failure.evidence.fingerprint

        until, self.until = self.until, inf  # the run's own limits hold
        try:
            if shows(waits) or (patience.lags is None and not shows([0.0])):
                return False
        except UnfinishedError:
            return bool(patience.lags)  # the time did not suffice to tell
        finally:
            self.until = until
        patience.lags = True
        return True

    def reads(self, plan: Plan) -> bool:
        """Whether a call is one that reads."""
        return self.client.judge.pack.effective.operations[plan.operation_id].method in SAFE_METHODS
