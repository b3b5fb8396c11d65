"""What the stages of the pipeline hand on about one request, and how each of them turns a request down."""

from collections.abc import Iterable, Mapping

from understudy.mock.session import Session
from understudy.model.behaviour import Refusal
from understudy.model.call import ABSENT, Absent
from understudy.spec.document import Operation
from understudy.spec.rules import Part, Rules
from understudy.values import Json

KEY = "understudy"
"""Where the ASGI scope holds the visit."""


class Visit:
    """One request on its way through the pipeline; each stage fills in what it found out."""

    __slots__ = ("basic", "body", "header", "media_type", "operation", "path", "query", "scopes", "session")

    def __init__(self, session: Session) -> None:
        self.session = session
        self.operation: Operation | None = None
        self.scopes: frozenset[str] = frozenset()
        self.basic: tuple[str, str] | None = None
        self.media_type: str | None = None
        self.body: Json | Absent = ABSENT
        self.path: Mapping[str, Json] = {}
        self.query: Mapping[str, Json] = {}
        self.header: Mapping[str, Json] = {}


class RefusedError(Exception):
    """Raised by a stage that turns the request down; the front answers with what `refusal` says.

    `status_code` is what Connexion's security middleware looks at to choose among several.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal
        self.status_code = refusal.status


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
    """Make, not raise, a refusal that names the rules citing the broken pointers, then those of the status."""
    named = [rule.id for part, pointer in broken for rule in rules.played_by({part}, pointer)]
    if operation is not None:
        declared = f"{operation.pointer}/responses/{status}"
        named += [rule.id for rule in rules.citing(Part, (declared, f"{declared}/description"))]
    return RefusedError(Refusal(status, detail, tuple(dict.fromkeys(named)), where, headers))
