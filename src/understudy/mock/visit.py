"""What the stages of the pipeline hand on about one request, and how each of them turns a request down."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from time import perf_counter, time

from understudy.mock.answers import Answer
from understudy.mock.journal import Answered, Entry, Headers, Sent
from understudy.mock.problems import shortened
from understudy.mock.session import Session
from understudy.model.behaviour import Refusal
from understudy.model.call import ABSENT, Absent, Reply
from understudy.spec.document import Operation
from understudy.spec.rules import Part, Rules
from understudy.values import Json

KEY = "understudy"
"""Where the ASGI scope holds the visit."""


class Visit:
    """One request on its way through the pipeline; each stage fills in what it found out.

    `target` is the path below the vendor's base URL, percent-encoded as it was sent; `remarks` are the ids of the rules
    by which the request was taken leniently; `raw` is the body as far as it was read; `fault` the name of what is
    played; `began` in seconds of `time.perf_counter()`.
    """

    __slots__ = (
        "basic",
        "began",
        "body",
        "fault",
        "header",
        "headers",
        "media_type",
        "method",
        "operation",
        "path",
        "query",
        "query_string",
        "raw",
        "remarks",
        "scopes",
        "session",
        "target",
    )

    def __init__(
        self, session: Session, method: str, target: str, headers: Headers = (), query_string: bytes = b""
    ) -> None:
        self.began = perf_counter()
        self.session = session
        self.headers = headers
        self.query_string = query_string
        self.raw = b""
        self.fault = ""
        self.method = method
        self.target = target
        self.operation: Operation | None = None
        self.scopes: frozenset[str] = frozenset()
        self.basic: tuple[str, str] | None = None
        self.media_type: str | None = None
        self.body: Json | Absent = ABSENT
        self.path: Mapping[str, Json] = {}
        self.query: Mapping[str, Json] = {}
        self.header: Mapping[str, Json] = {}
        self.remarks: tuple[str, ...] = ()

    @property
    def operation_id(self) -> str | None:
        """The operation's id; None where none was found."""
        return self.operation.operation_id if self.operation is not None else None

    def entry(self, moment: datetime, reply: Reply, answer: Answer) -> Entry:
        """Return what the journal notes of the visit and its answer."""
        session, seconds = self.session, perf_counter() - self.began
        return Entry(
            moment,
            session.pack.vendor,
            self.operation_id,
            Sent(self.method, self.target, self.query_string, self.headers, self.raw),
            Answered(reply.status, answer[0]["headers"], answer[1]["body"]),
            reply.rules,
            self.remarks + reply.remarks,
            self.fault,
            session.deviation.name if session.deviation is not None else "",
            time() - seconds,
            seconds,
            self.identifiers(),
        )

    def identifiers(self) -> tuple[str, ...]:
        """Return the identifiers of records that the request names, as far as it was read."""
        if self.operation is None:
            return ()
        found = [getattr(self, location).get(name) for location, name in self.operation.naming_parameters]
        if isinstance(self.body, Mapping):
            found += [self.body.get(name) for name in self.operation.naming_properties]
        return tuple(dict.fromkeys(each for each in found if isinstance(each, str)))


class RefusedError(Exception):
    """Raised by a stage that turns the request down; the front answers with what `refusal` says.

    `status_code` is what Connexion's security middleware looks at to choose among several.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal
        self.status_code = refusal.status


GENERAL = frozenset({Part.ROUTING, Part.SIZE, Part.MEDIA_TYPE})
"""Parts that refuse with statuses of HTTP itself: a rule on such a status speaks of every operation."""


class NoRouteError(Exception):
    """Raised by the routing: no operation has the path, or its template is there and offers other methods."""

    def __init__(self, path: str = "", offered: tuple[str, ...] = ()) -> None:
        super().__init__(path)
        self.path = path
        self.offered = offered


def refuse(
    rules: Rules,
    operation: Operation | None,
    status: int,
    detail: str,
    *,
    broken: Iterable[tuple[Part, str]] = (),
    where: str = "",
    headers: tuple[tuple[str, str], ...] = (),
) -> RefusedError:
    """Make, not raise, a refusal that names the rules citing the broken pointers, then those on the status."""
    named = [rule.id for part, pointer in broken for rule in rules.played_by({part}, pointer)]
    if operation is not None:
        named += [rule.id for rule in rules.inside(Part, f"{operation.pointer}/responses/{status}")]
    named += [
        rule.id for rule in rules if rule.part in GENERAL and rule.citation.pointer.endswith(f"/responses/{status}")
    ]
    return RefusedError(Refusal(status, shortened(detail), tuple(dict.fromkeys(named)), where, headers))
