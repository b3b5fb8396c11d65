"""What a session remembers of its calls: the newest entries, told to whoever listens. No bodies, no secrets."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from understudy.model.clock import format_time
from understudy.values import Json

ENTRIES = 1000
"""How many entries a session keeps; older ones are forgotten."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One call: when (by the session's clock), what was asked, what was answered, and the ids of the rules.

    `target` is the path below the vendor's base URL, as it was sent; `remarks` names the rules by which something was
    taken leniently or had no effect.
    """

    moment: datetime
    vendor: str
    operation_id: str | None
    method: str
    target: str
    status: int
    rules: tuple[str, ...]
    remarks: tuple[str, ...]

    def as_json(self) -> dict[str, Json]:
        """Return the entry as a JSON object."""
        return {
            "time": format_time(self.moment),
            "vendor": self.vendor,
            "operation": self.operation_id,
            "method": self.method,
            "path": self.target,
            "status": self.status,
            "rules": list(self.rules),
            "remarks": list(self.remarks),
        }


Listener = Callable[[Entry], None]


class Journal:
    """The newest calls of one session."""

    __slots__ = ("_entries", "_listener")

    def __init__(self, listener: Listener | None = None) -> None:
        self._entries: deque[Entry] = deque(maxlen=ENTRIES)
        self._listener = listener

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def note(self, entry: Entry) -> None:
        """Take an entry in; the listener hears of it before the answer is sent."""
        self._entries.append(entry)
        if self._listener is not None:
            self._listener(entry)
