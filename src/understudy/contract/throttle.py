"""How fast and how much a run may send: requests a second, and requests in all. Time is the run's own matter."""

import math
from threading import Lock

from pyrate_limiter import Limiter, Rate

from understudy.contract.target import Run

TIME, REQUESTS = "--budget", "--max-requests"
"""The options that limit a run."""


class OverError(Exception):
    """Nothing more is to be sent; `limit` is the option that says so."""

    def __init__(self, why: str, limit: str = TIME) -> None:
        super().__init__(why)
        self.limit = limit


class Throttle:
    """Lets requests pass, one after the other, at most `rps` a second and `most` in all; None does not limit."""

    def __init__(self, rps: float | None = None, most: int | None = None) -> None:
        self._limiter = Limiter(Rate(1, math.ceil(1000 / rps)), buffer_ms=1) if rps else None
        self._most = most
        self._counting = Lock()
        self.sent = 0

    @classmethod
    def shared(cls, run: Run, number: int, workers: int) -> "Throttle":
        """Return the throttle of one of several processes, counted from 0: its share of the run's limits."""
        most = run.max_requests
        if most is not None:
            most = most // workers + (number < most % workers)
        return cls(run.rps / workers if run.rps else None, most)

    def admit(self, seconds: float, kept: int = 0) -> None:
        """Wait until a request may go out, for so many seconds at most, and count it.

        `kept` requests are kept back for later. Raises OverError where this one would go beyond a limit.
        """
        with self._counting:  # several may be sent at once, and each waits after it was counted
            if self._most is not None and self.sent + kept >= self._most:
                raise OverError(f"all {self._most} requests were sent", REQUESTS)
            self.sent += 1
        if self._limiter is not None and not self._limiter.try_acquire("target", timeout=max(seconds, 0.0)):
            with self._counting:
                self.sent -= 1
            raise OverError("the budget ended before another request could go out")

    def close(self) -> None:
        """End what the limiter runs in the background."""
        if self._limiter is not None:
            self._limiter.close()
