"""The records that a run has made on its target, as calls and answers name them, and how the vendor deletes them."""

from collections.abc import Iterable, Iterator
from urllib.parse import quote

from understudy.contract.demands import parse_json, sent_parameters
from understudy.contract.exchange import NO_ANSWER, Exchange, Request
from understudy.contract.judge import Judge
from understudy.contract.samples import Sample, sample
from understudy.contract.target import Run
from understudy.spec.document import Operation
from understudy.spec.extensions import CREATES, DELETES, IDENTIFIER
from understudy.spec.wire import is_json
from understudy.values import Json

CREATED = 201
SHOWN_DEPTH = 2
"""Levels of an answer's body in which identifiers are looked for that the target has chosen."""


class Made:
    """Identifiers of the records that the run has made, each once; those that were there, or are another's, are none.

    An answer tells that a record was made: 201 or, where the document has none, any 2xx of an operation that creates,
    and a 2xx about a record that must be there and was never made. Where no answer came to the full caller, one may
    have been. `beside` are those that are not named as the run's are, which it does not delete. Nothing that the
    embedded mock holds needs to be deleted.
    """

    def __init__(self, run: Run, judge: Judge) -> None:
        self._run = run
        self._operations = judge.pack.effective.operations
        in_scope = [self._operations[each] for each in judge.judged.operations]
        self._deleting = [each for each in in_scope if each.value.get(DELETES)]
        self._found: dict[str, None] = {}
        self.beside: set[str] = set()

    def note(self, exchange: Exchange) -> None:
        """Take note of the record that an exchange has made, if it has."""
        operation = self._operations.get(exchange.operation_id or "")
        status = exchange.response.status
        if self._run.embedded or operation is None:
            return
        if not operation.value.get(CREATES):
            if 200 <= status < 300 and operation.method not in ("GET", "DELETE") and operation.needs_record:
                self._there(next(named(operation, exchange.request), ""))
            return
        lost = status == NO_ANSWER and exchange.credential == "full"
        if status == CREATED or lost or (CREATED not in operation.statuses and 200 <= status < 300):
            identifier = next(named(operation, exchange.request), "")
            if identifier.startswith(self._run.prefix) and identifier not in self._run.existing:
                self._found[identifier] = None

    def _there(self, identifier: str) -> None:
        """Take note of a record that the target has, though nobody has made it."""
        known = {each.lower() for each in self._run.existing}
        if identifier.startswith(self._run.prefix):
            self._found[identifier] = None
        elif identifier.lower() not in known and any(each in identifier.lower() for each in known):
            self.beside.add(identifier)

    def __len__(self) -> int:
        return len(self._found)

    @property
    def pending(self) -> int:
        """How many requests are kept back to delete them."""
        return len(self._found) if self._deleting else 0

    def take(self) -> list[str]:
        """Return the identifiers, last one first, and forget them."""
        found = list(reversed(self._found))
        self._found.clear()
        return found

    def keep(self, identifiers: Iterable[str]) -> None:
        """Take note of identifiers that were taken, and whose records are still there."""
        self._found.update(dict.fromkeys(identifiers))

    def deletion(self, identifier: str) -> Sample | None:
        """Return the request that deletes a record; None where the scope has no operation for it."""
        plain = quote(identifier, safe="@") == identifier
        options = [each for each in self._deleting if plain or "{" not in each.path] or self._deleting
        return sample(options[0], self._run, identifier, identifier) if options else None


def named(operation: Operation, request: Request) -> Iterator[str]:
    """Yield the identifiers by which a request names its record, in parameters and in the body."""
    sent = sent_parameters(operation, request)
    for parameter in operation.parameters:
        value = sent.get((parameter.location, parameter.name))
        if parameter.value.get(IDENTIFIER) and value is not None:
            yield value if isinstance(value, str) else value[0]
    media_type = next((each for each in operation.bodies if is_json(each)), None)
    names = operation.named_in(operation.bodies[media_type]) if media_type is not None else []
    if names and request.body:
        try:
            body = parse_json(request.body)
        except (ValueError, RecursionError):
            return
        yield from (body[name] for name in names if isinstance(body, dict) and isinstance(body.get(name), str))


def shown_near_root(body: bytes) -> set[str]:
    """Return the texts near the root of a JSON body, among which are identifiers that the target has chosen."""
    try:
        level: list[Json] = [parse_json(body)]
    except (ValueError, RecursionError):
        return set()
    found: set[str] = set()
    for _ in range(SHOWN_DEPTH + 1):
        found |= {each for each in level if isinstance(each, str) and each}
        level = [
            child
            for each in level
            if isinstance(each, dict | list)
            for child in (each.values() if isinstance(each, dict) else each)
        ]
    return found
