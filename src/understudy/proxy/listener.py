"""Hears the calls that pass by, in a thread of its own: each by itself at once, and by the model when its turn comes.

The turn of a call comes when all that began before it have ended, for only then is their order known.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from understudy.contract.evidence import Evidence
from understudy.contract.history import Heard, History
from understudy.har import Recorded

BEHIND = 500
"""Judgements that may be waited for; further calls are held up until there are fewer."""
PENDING = 1000
"""Calls that may wait for one that began before them; after that, the model goes without until it has ended."""

Teller = Callable[[list[Evidence]], None]
Job = Future[list[Evidence]]


@dataclass(slots=True, eq=False)
class Ticket:
    """A call's place in the order; `others` are those that were on their way at the same time.

    `unseen` says that what it did is not known, or not when; `stray` that others have ceased to wait for it.
    """

    done: bool = False
    unseen: bool = False
    stray: bool = False
    heard: Heard | None = None
    others: list["Ticket"] = field(default_factory=list)

    @property
    def ready(self) -> bool:
        """Whether all is known that its turn needs: it has ended, and so have those that it met on its way."""
        return self.done and all(each.done or each.stray for each in self.others)


class Listener:
    """Brings calls before a history; `tell` is told what each of them shows, in the thread that judges."""

    def __init__(self, history: History, tell: Teller) -> None:
        self.passed = 0
        """How many calls have ended, whether they are judged or not."""
        self._history = history
        self._tell = tell
        self._order: deque[Ticket] = deque()
        self._open: list[Ticket] = []
        self._strays = 0
        self._thread = ThreadPoolExecutor(1, "understudy-judge")
        self._jobs: deque[Job] = deque()
        self._error: BaseException | None = None

    async def begun(self) -> Ticket:
        """Return the place of a call that begins; waits while too much is still to be judged."""
        while len(self._jobs) > BEHIND:
            await asyncio.wait([asyncio.wrap_future(self._jobs[0])])
            self._settle()
        ticket = Ticket(others=list(self._open))
        for each in self._open:
            each.others.append(ticket)
        self._open.append(ticket)
        self._order.append(ticket)
        return ticket

    def answered(self, ticket: Ticket) -> None:
        """Take note that the target begins to answer a call: what it does, it has done before all that begins now."""
        if ticket in self._open:
            self._open.remove(ticket)

    def ended(self, ticket: Ticket, call: Recorded | None) -> list[Job]:
        """Have a call judged, now that it has ended; None stands for one that cannot be told.

        Returns what will show what is found, as far as that does not depend on calls that are still on their way.
        """
        self.passed += 1
        self.answered(ticket)
        ticket.done, ticket.unseen = True, ticket.unseen or call is None
        jobs = [self._submit(partial(self._alone, ticket, call))] if call is not None else []
        if ticket.stray:
            self._strays -= 1
            for each in self._order:
                each.unseen = True
            self._submit(self._forget)
        jobs += [job for each, job in self._turns() if each is ticket]
        self._settle()
        return jobs

    def close(self) -> None:
        """Wait until everything is judged; raises what went wrong in judging, which is a defect of ours."""
        self._thread.shutdown(wait=True)
        self._settle()
        if self._error is not None:
            raise self._error

    def _turns(self) -> list[tuple[Ticket, Job]]:
        """Have the model judge the calls whose turn has come; it goes without while a stray one may do something."""
        jobs = []
        while self._order:
            first = self._order[0]
            if not (first.ready or first.stray):
                if len(self._order) <= PENDING:
                    break
                self._cease_to_wait(first)
                continue
            self._order.popleft()
            if first.stray or self._strays:
                first.others = []
            else:
                jobs.append((first, self._submit(partial(self._in_order, first))))
        return jobs

    def _cease_to_wait(self, first: Ticket) -> None:
        for each in first.others if first.done else (first,):
            if not (each.done or each.stray):
                each.stray, each.others = True, []
                self._strays += 1
                self.answered(each)

    def _alone(self, ticket: Ticket, call: Recorded) -> list[Evidence]:
        ticket.heard = self._history.read(call)
        return self._told(self._history.judge_alone(ticket.heard) if ticket.heard is not None else [])

    def _in_order(self, ticket: Ticket) -> list[Evidence]:
        others, ticket.others = ticket.others, []
        if ticket.unseen:
            return self._forget()
        if ticket.heard is None or any(each.unseen for each in others):
            return []
        met = [each.heard for each in others if each.heard is not None]
        return self._told(self._history.judge_in_order(ticket.heard, met))

    def _forget(self) -> list[Evidence]:
        self._history.forget()
        return []

    def _told(self, evidence: list[Evidence]) -> list[Evidence]:
        self._tell(evidence)
        return evidence

    def _submit(self, work: Callable[[], list[Evidence]]) -> Job:
        job = self._thread.submit(work)
        self._jobs.append(job)
        return job

    def _settle(self) -> None:
        """Take note of an error, and forget what is done."""
        while self._jobs and self._jobs[0].done():
            error = self._jobs.popleft().exception()
            self._error = self._error or error
