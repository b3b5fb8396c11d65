"""Rate limits in fixed windows of the session's clock. Rejected calls count too, as the vendors' samples show."""

from math import ceil

from understudy.model.behaviour import Exceeded, Quota


class Limits:
    """The counters of one session."""

    __slots__ = ("_counts", "quotas")

    def __init__(self, quotas: tuple[Quota, ...]) -> None:
        self.quotas = quotas
        self._counts: dict[tuple[int, str], tuple[int, int]] = {}

    def __bool__(self) -> bool:
        return bool(self.quotas)

    def count(self, operation_id: str, now: float, event_id: str) -> Exceeded | None:
        """Count a call at that time (seconds since 1970); return the quota, if any, that stays closed the longest."""
        exceeded: Exceeded | None = None
        for index, quota in enumerate(self.quotas):
            key = (index, operation_id if quota.per_operation else "")
            window = int(now // quota.seconds)
            since, made = self._counts.get(key, (window, 0))
            made = made + 1 if since == window else 1
            self._counts[key] = (window, made)
            wait = max(1, ceil((window + 1) * quota.seconds - now))
            if made > quota.limit and (exceeded is None or wait > exceeded.retry_after):
                exceeded = Exceeded(quota, wait, made, event_id)
        return exceeded
