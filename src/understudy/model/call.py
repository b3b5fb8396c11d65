"""What a model function is given and what it gives back. No HTTP types, no I/O, no clock of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from understudy.values import Json


class Absent:
    """The type of `ABSENT`: no body was sent, which is not the same as null."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


ABSENT: Final = Absent()


@dataclass(frozen=True, slots=True)
class Client:
    """An OAuth 2.0 client that the mock knows."""

    client_id: str
    secret: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a call may use besides its own values; the same for all calls of a session.

    `clients` are by client_id, `switches` the pack's settings by name. `mint` makes a signed token from its claims.
    """

    clients: Mapping[str, Client] = field(default_factory=dict)
    switches: Mapping[str, Json] = field(default_factory=dict)
    mint: Callable[[Mapping[str, Json]], str] = lambda claims: repr(sorted(claims.items()))


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an operation, validated against the effective document.

    `path`, `query` and `header` hold the declared parameters that were sent, by their declared names; `scopes` what the
    caller may do; `now` is aware and in UTC; `fresh(purpose)` is a UUID that depends on seed, call and purpose alone.
    """

    operation_id: str
    now: datetime
    fresh: Callable[[str], str]
    path: Mapping[str, Json] = field(default_factory=dict)
    query: Mapping[str, Json] = field(default_factory=dict)
    header: Mapping[str, Json] = field(default_factory=dict)
    body: Json | Absent = ABSENT
    media_type: str | None = None
    scopes: frozenset[str] = frozenset()
    basic: tuple[str, str] | None = None
    around: Surroundings = field(default_factory=Surroundings)

    def switch(self, name: str) -> Json:
        """Return the value of one of the pack's switches."""
        return self.around.switches[name]


@dataclass(frozen=True, slots=True)
class Reply:
    """What an operation answers: status, body, headers, and the ids of the rules that decided it.

    `remarks` are ids of rules too: what of the request was taken leniently, or was sent and had no effect.
    """

    status: int
    body: Json | Absent = ABSENT
    rules: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    media_type: str = "application/json"
    remarks: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the call did what was asked: only then is its state kept."""
        return self.status < 400
