"""What a session remembers of its calls: the newest ones, bounded in number and bytes, told to whoever listens."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from understudy.model.clock import format_time
from understudy.values import Json

ENTRIES, BYTES = 1000, 4 * 1024 * 1024
"""How much a session keeps; the oldest calls are forgotten first."""
OVERHEAD = 1024
"""Bytes that an entry counts for besides what was sent and answered."""
Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Sent:
    """What came in: the path below the vendor's base URL as it was sent, query, headers and body as they are."""

    method: str
    target: str
    query: bytes = b""
    headers: Headers = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answered:
    """What went out; a `status` of 0 stands for a connection that was closed without one."""

    status: int
    headers: Headers = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Entry:
    """One call: when by the session's clock, what was asked and answered, and what decided it.

    `began` is the machine's time in seconds since 1970, `seconds` how long the answer took; `identifiers` are those of
    the records that the request names; `remarks` the ids of the rules by which something was taken leniently or had no
    effect; `fault` and `deviation` the names of what was played.
    """

    moment: datetime
    vendor: str
    operation_id: str | None
    sent: Sent
    answered: Answered
    rules: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    fault: str = ""
    deviation: str = ""
    began: float = 0.0
    seconds: float = 0.0
    identifiers: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The bytes that the entry counts for."""
        sent, answered = self.sent, self.answered
        heads = sum(len(name) + len(value) for headers in (sent.headers, answered.headers) for name, value in headers)
        return OVERHEAD + len(sent.target) + len(sent.query) + heads + len(sent.body) + len(answered.body)

    def as_json(self) -> dict[str, Json]:
        """Return the entry as a JSON object, without headers and bodies."""
        return {
            "time": format_time(self.moment),
            "vendor": self.vendor,
            "operation": self.operation_id,
            "method": self.sent.method,
            "path": self.sent.target,
            "status": self.answered.status,
            "rules": list(self.rules),
            "remarks": list(self.remarks),
        }


Listener = Callable[[Entry], None]


class Journal:
    """The newest calls of one session."""

    __slots__ = ("_bytes", "_entries", "_listener", "_most", "counted", "forgotten")

    def __init__(self, listener: Listener | None = None, entries: int = ENTRIES, most: int = BYTES) -> None:
        """`entries` and `most`, in bytes, are the bounds."""
        self._entries: deque[Entry] = deque()
        self._listener = listener
        self._bytes = 0
        self._most = (entries, most)
        self.forgotten = 0
        """How many entries had to go to make room."""
        self.counted: dict[tuple[str, str, int], int] = {}
        """How often an operation of a vendor was answered with a status, forgotten entries too."""

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def note(self, entry: Entry) -> None:
        """Take an entry in; the listener hears of it before the answer is sent."""
        self._entries.append(entry)
        self._bytes += entry.size
        entries, most = self._most
        while len(self._entries) > entries or self._bytes > most:
            self._bytes -= self._entries.popleft().size
            self.forgotten += 1
        key = (entry.vendor, entry.operation_id or "", entry.answered.status)
        self.counted[key] = self.counted.get(key, 0) + 1
        if self._listener is not None:
            self._listener(entry)

    def clear(self) -> None:
        """Forget all entries; what was counted stays."""
        self._entries.clear()
        self._bytes = self.forgotten = 0
