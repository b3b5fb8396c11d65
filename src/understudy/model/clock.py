"""The time of a session: the machine's, or one that stands still so that runs can be repeated."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_NONE = timedelta()


@dataclass(frozen=True, slots=True)
class Clock:
    """Time for the model, in UTC. `frozen` stands still at that moment; else the machine's time plus `offset`."""

    frozen: datetime | None = None
    offset: timedelta = _NONE

    def now(self) -> datetime:
        """Return the session's time, aware and in UTC."""
        if self.frozen is not None:
            return self.frozen
        return datetime.now(UTC) if self.offset is _NONE else datetime.now(UTC) + self.offset


def parse_time(text: str) -> datetime:
    """Return an RFC 3339 time in UTC; raises ValueError where it is none or has no offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC (write 2026-01-31T09:30:00Z)")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is out of range") from error


def format_time(moment: datetime) -> str:
    """Return an RFC 3339 time in UTC with milliseconds, as most vendors write it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
