"""The whole extension surface of a pack's model file: operations, switches, credentials, error bodies.

A model file makes one `Behaviour`, calls it `behaviour`, and adds functions to it with `@behaviour.operation(...)`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeAlias, TypeVar

from understudy.model.call import Call, Reply
from understudy.model.state import Table, Transaction
from understudy.values import Json

Operation: TypeAlias = Callable[[Call, Transaction], Reply]
Adoption: TypeAlias = Callable[[Call, Json, Transaction], frozenset[str] | None]
"""Given a call, the body of an endpoint's answer (2xx) and the state: has the records as that answer shows them.

Returns the identifiers that may stand for another record than the model thinks from then on, or None, with the state as
it was, where the answer does not show enough. Where an answer has no body, the call tells what was done.
"""
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Switch:
    """What the documents leave open: the default, the values allowed (None: any text), and what it chooses.

    All are text, as a command line has them; a default of None stands for nothing. `rule` is the id of the rule whose
    reading is chosen; the switch has its basis and its citation.
    """

    name: str
    default: str | None
    values: tuple[str, ...] | None
    text: str
    rule: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that the pipeline turns down: status, rules broken, where (pointer, header or query), and why."""

    status: int
    detail: str
    rules: tuple[str, ...] = ()
    where: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def problem(self) -> dict[str, Json]:
        """The problem object (RFC 9457): title of the status, why, the rules broken, and where if that is known."""
        return {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "rules": list(self.rules),
            **({"where": self.where} if self.where else {}),
        }

    def reply(
        self,
        body: Json,
        media_type: str = "application/json",
        *,
        status: int | None = None,
        rules: tuple[str, ...] | None = None,
        headers: tuple[tuple[str, str], ...] | None = None,
    ) -> Reply:
        """Return the answer with this body; status, rules and headers are the refusal's own unless they are given."""
        return Reply(
            self.status if status is None else status,
            body,
            self.rules if rules is None else rules,
            self.headers if headers is None else headers,
            media_type,
        )


@dataclass(frozen=True, slots=True)
class Quota:
    """A number of calls in a fixed window of the session's clock; `per_operation` counts each operation for itself."""

    limit: int
    seconds: int
    per_operation: bool = False


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A quota that a call went beyond: when it opens again (seconds) and how many calls were made in the window."""

    quota: Quota
    retry_after: int
    made: int
    event_id: str


@dataclass
class Behaviour:
    """A vendor's behaviour, as its model file declares it.

    `tables` are the collections that hold its records, so that they can be looked into and set as JSON.
    `full` and `restricted` are the scopes of the mock's two ready-made credentials. `quotas` names the documented
    regimes of rate limits, `quota_rule` the rule that they follow; `limited` makes the headers of a 429. `also` are
    settings of switches, beside the defaults, under which the documents hold too and the mock is judged as well.
    `refused` makes the whole answer of a pipeline refusal for an operation (None: no operation was found), where the
    vendor has a form of its own, or returns None for problem details. Both functions are given the values of the
    switches, by name. `adoptions` take on what an endpoint holds that goes its own way where the documents are silent.
    """

    full: tuple[str, ...]
    restricted: tuple[str, ...]
    switches: tuple[Switch, ...] = ()
    quotas: Mapping[str, tuple[Quota, ...]] = field(default_factory=dict)
    quota_rule: str = ""
    also: tuple[Mapping[str, str], ...] = ()
    limited: Callable[[Exceeded, Mapping[str, Json]], tuple[tuple[str, str], ...]] = lambda exceeded, switches: (
        ("Retry-After", str(exceeded.retry_after)),
    )
    refused: Callable[[Refusal, str | None, Mapping[str, Json]], Reply | None] = (
        lambda refusal, operation_id, switches: None
    )
    tables: tuple[Table[Any], ...] = ()
    operations: dict[str, Operation] = field(default_factory=dict)
    adoptions: dict[str, Adoption] = field(default_factory=dict)
    played: dict[str, list[str]] = field(default_factory=dict)

    def operation(self, operation_id: str) -> Callable[[Operation], Operation]:
        """Register the function that plays an operation."""

        def register(function: Operation) -> Operation:
            self.operations[operation_id] = function
            return function

        return register

    def adopts(self, *operation_ids: str) -> Callable[[Adoption], Adoption]:
        """Register the function that takes on what an endpoint's answers to these operations show."""

        def register(function: Adoption) -> Adoption:
            self.adoptions |= dict.fromkeys(operation_ids, function)
            return function

        return register

    def plays(self, *rules: str) -> Callable[[Function], Function]:
        """Say which rules a function plays; traceability reads it, nothing else does."""

        def note(function: Function) -> Function:
            for rule in rules:
                self.played.setdefault(rule, []).append(function.__name__)
            return function

        return note
