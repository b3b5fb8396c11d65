"""The same sequences of calls on two targets, the model beside each as long as it knows what the target holds."""

import time
from concurrent.futures import ThreadPoolExecutor

from understudy.contract.client import Client
from understudy.contract.comparison.contrast import (
    CHECK,
    Contrast,
    DifferentError,
    Ignored,
    Tally,
    contrasted,
)
from understudy.contract.comparison.normal import Normal
from understudy.contract.demands import breaches
from understudy.contract.evidence import Outcome
from understudy.contract.exchange import Exchange, repeated
from understudy.contract.samples import Sample
from understudy.contract.stateful.course import Course
from understudy.contract.stateful.plans import Plan
from understudy.contract.stateful.prediction import UNREADABLE, alike, readable
from understudy.contract.stateful.sequence import Sequence
from understudy.errors import TargetError
from understudy.model.call import ABSENT
from understudy.model.oracle import Oracle


class Twins:
    """Two targets that are sent the same."""

    def __init__(
        self, clients: tuple[Client, Client], pool: ThreadPoolExecutor, ignored: Ignored, tally: Tally
    ) -> None:
        until = time.monotonic() + clients[0].run.remaining
        self._courses = [Course(client, until, CHECK, CHECK) for client in clients]
        self._pool = pool
        self._ignored = ignored
        self._tally = tally

    @property
    def over(self) -> bool:
        """Whether nothing more is to be sent."""
        return any(course.over for course in self._courses)

    def last(self, seconds: float) -> None:
        """Have no more time than so many seconds from now on."""
        for course in self._courses:
            course.until = min(course.until, time.monotonic() + seconds)

    def why(self) -> str:
        """Return why nothing more could be sent, or nothing; raises TargetError where a target does not answer."""
        for course in self._courses:
            if isinstance(course.ended, TargetError):
                raise course.ended
            if course.ended is not None:
                return str(course.ended)
        return "the budget is used up" if self.over else ""

    def played(self, plans: list[Plan], *, to_the_end: bool = False) -> Contrast | None:
        """Play a sequence on both; return where they differ. At its end the records may be read back."""
        play = _Play(self._courses, self._pool, self._ignored, self._tally)
        try:
            for plan in plans:
                play.one(plan)
            for plan in play.readings() if to_the_end else ():
                play.one(plan)
        except DifferentError as different:
            return different.contrast
        return None


class _Side:
    """One target in one sequence of calls."""

    def __init__(self, course: Course) -> None:
        self.sequence = Sequence(course)
        self.knows = True
        self.normal = Normal(course.client.run)

    def rules(self, exchange: Exchange, mine: Sample) -> tuple[str | None, str | None]:
        """Return the rule that an answer breaks, None where it breaks none, and the one by which the model answers."""
        sequence, judge = self.sequence, self.sequence.judge
        failed = [each.rule for each in judge.judge(exchange, CHECK) if each.outcome is Outcome.FAILED and each.rule]
        operation, status = judge.operation(exchange.operation_id), exchange.response.status
        if operation is None or not self._asked(exchange, mine):
            return next(iter(failed), None), None
        call, reply, _ = sequence.prediction.reply(mine)
        decided = next(iter(reply.rules), None)
        if failed:
            return failed[0], decided
        if status != reply.status and not alike(operation, status, reply.status):
            return decided, decided
        body = None if reply.body is ABSENT else readable(judge, exchange)
        if reply.accepted and body is not UNREADABLE:
            for difference in self._oracle.comparison(call.operation_id)(call, reply, body, sequence.bindings):
                return difference.rule, decided
        return None, decided

    def go_on(self, exchange: Exchange, mine: Sample) -> None:
        """Have the model do what the target did; where it would not have, it knows no more."""
        if not self._asked(exchange, mine):
            self.knows = self.knows and exchange.response.status >= 400
            return
        call, reply, transaction = self.sequence.prediction.reply(mine)
        if exchange.response.status >= 400 or not reply.accepted:
            self.knows = not reply.accepted and exchange.response.status in range(400, 500)
            return
        transaction.commit()
        pointers = self._oracle.generated.get(call.operation_id)
        body = readable(self.sequence.judge, exchange)
        if pointers is not None and body is not UNREADABLE:
            self.sequence.keep(reply.body, body, pointers)

    @property
    def _oracle(self) -> Oracle:
        oracle = self.sequence.pack.oracle
        assert oracle is not None
        return oracle

    def _asked(self, exchange: Exchange, mine: Sample) -> bool:
        """Whether the model has an answer to a call."""
        return self.knows and exchange.credential == "full" and not breaches(mine.operation, exchange.request)


class _Play:
    """One sequence, played on both targets."""

    def __init__(self, courses: list[Course], pool: ThreadPoolExecutor, ignored: Ignored, tally: Tally) -> None:
        self._sides = [_Side(course) for course in courses]
        self._pool = pool
        self._ignored = ignored
        self._tally = tally
        self._over = False

    def readings(self) -> list[Plan]:
        """Return the calls that read back what the sequence has touched."""
        return list(self._sides[0].sequence.readings())

    def one(self, plan: Plan) -> None:
        """Send one call to both, and hold the answers against each other; raises DifferentError."""
        if self._over:
            return
        sent = list(self._pool.map(lambda side: side.sequence.sent(plan), self._sides))
        made = [(exchange, mine) for exchange, mine in sent if exchange is not None and mine is not None]
        exchanges = [exchange for exchange, _ in made]
        if len(made) < len(self._sides) or not self._tally.compared(exchanges):
            self._over = bool(made)  # one of them may have done what the other was kept from, by its limits
            return
        deep = self._tally.deep
        found = self._tally.difference([side.normal for side in self._sides], exchanges, self._ignored)
        if found is not None:
            rules = [side.rules(exchange, mine) for side, (exchange, mine) in zip(self._sides, made, strict=True)]
            departs, decided = zip(*rules, strict=True)
            takings = [side.sequence.taking for side in self._sides]
            curls = [repeated([call.exchange.request for call in taking.calls]) for taking in takings]
            rule = next((each for each in decided if each is not None), None)
            raise DifferentError(contrasted(found, plan.operation_id, rule, departs, takings[0], curls))
        # What either has done nobody knows, nor which identifiers stand in what cannot be looked through.
        self._over = self._tally.deep > deep or any(exchange.response.status >= 500 for exchange in exchanges)
        for side, (exchange, mine) in zip(self._sides, made, strict=True):
            side.go_on(exchange, mine)
