"""Directories whose reads come late: for some time, as documents leave it open, or for some reads, as none does."""

import copy
import time

from tests.e2e.gainsight_px.servers import Directory, Fields, User
from tests.e2e.serving import Answer, Call, Fault

LAG = 0.15
"""Seconds by which reads lag."""


class Lagging(Directory):
    """Reads show what there was some time ago."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.past: dict[str, list[tuple[float, User | None]]] = {}
        self.note(0.0)

    def done(self, call: Call) -> Answer:
        """Do what a call asks for: a read, of the past."""
        if call.method != "GET":
            answer = super().done(call)
            self.note(time.monotonic())
            return answer
        now, until = self.users, time.monotonic() - LAG
        shown = {name: [user for at, user in past if at <= until] for name, past in self.past.items()}
        self.users = {name: users[-1] for name, users in shown.items() if users and users[-1] is not None}
        try:
            return super().done(call)
        finally:
            self.users = now

    def note(self, at: float) -> None:
        """Keep what has changed."""
        for name in self.past.keys() | self.users.keys():
            past, user = self.past.setdefault(name, [(0.0, None)]), self.users.get(name)
            if past[-1][1] != user:
                past.append((at, copy.deepcopy(user)))


class SecondReadIsRight(Directory):
    """What an update has changed shows in the second read after it, however late the first one comes."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.old: dict[str, User] = {}

    def update(self, named: str, body: Fields) -> Answer:
        """Update a user, and keep what the next read shows."""
        before = copy.deepcopy(self.users.get(named))
        answer = super().update(named, body)
        if before is not None and answer.status == 204:
            self.old[named] = before
        return answer

    def find(self, named: str) -> User | None:
        """Return the user of an id, or what it was."""
        return self.old.pop(named, None) or super().find(named)

    def delete(self, named: str, *, hard: bool) -> Answer:
        """Delete a user, and what the next read would show."""
        self.old.pop(named, None)
        return super().delete(named, hard=hard)


class ThirdUpdateShowsLate(SecondReadIsRight):
    """So it is with the third update alone."""

    def update(self, named: str, body: Fields) -> Answer:
        """Update a user."""
        answer = super().update(named, body)
        if answer.status == 204 and self.users[named].updates != 3:
            self.old.pop(named, None)
        return answer
