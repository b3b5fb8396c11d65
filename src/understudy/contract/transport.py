"""Schemathesis's way to the target, with the client's manners: limits, the token in use, identifiers that are ours."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import requests
from schemathesis import Case
from schemathesis import Response as Answer
from schemathesis.transport.requests import REQUESTS_TRANSPORT, RequestsTransport

from understudy.contract import connections
from understudy.contract.authentication import places
from understudy.contract.client import Client
from understudy.contract.exchange import Response
from understudy.contract.made import shown_near_root
from understudy.spec.document import Operation, Schema
from understudy.spec.extensions import IDENTIFIER
from understudy.spec.wire import text
from understudy.values import dereference, join

PIECE = 65536


class Transport(RequestsTransport):
    """Sends cases one by one; `stop` hears why no more may be sent, before the case is given up."""

    def __init__(self, client: Client, stop: Callable[[Exception], None]) -> None:
        super().__init__()
        self._copy_serializers_from(REQUESTS_TRANSPORT)
        self._client = client
        self._stop = stop
        self._shown: set[str] = set()
        self._operations = {
            (operation.path, operation.method): operation
            for operation in client.judge.pack.effective.operations.values()
        }

    def send(self, case: Case[Any], *, session: requests.Session | None = None, **kwargs: Any) -> Answer:
        """Send a case as soon as it may go out, and read its answer up to a bound."""
        operation = self._operations.get((case.operation.path, case.method.upper()))
        if operation is not None:
            self._name(case, operation)
        try:
            kwargs["headers"] = {**(kwargs.get("headers") or {}), **credential(self._client)}
            self._client.admit()
        except Exception as error:
            self._stop(error)
            raise
        session = session or requests.Session()
        session.hooks["response"] = [_read]
        answer = super().send(case, session=session, **kwargs)
        self._client.took(answer.elapsed, case.method.upper())
        if 200 <= answer.status_code < 300 and len(answer.content) < connections.MAX_ANSWER:
            self._shown.update(shown_near_root(answer.content))
        return answer

    def _name(self, case: Case[Any], operation: Operation) -> None:
        """Have the case's identifiers begin with the run's prefix, but for those that the user or the target gave."""
        for parameter in operation.parameters:
            container = {"path": "path_parameters", "header": "headers"}.get(parameter.location, parameter.location)
            sent = getattr(case, container, None)
            if parameter.value.get(IDENTIFIER) and isinstance(sent, Mapping) and parameter.name in sent:
                value = sent[parameter.name]
                if isinstance(value, str | int | float) and not isinstance(value, bool):
                    changed = sent.copy()  # type: ignore[attr-defined]  # a dict, or one that ignores case
                    changed[parameter.name] = self._named(text(value), parameter.schema)
                    setattr(case, container, changed)
        schema = operation.bodies.get(case.media_type or "")
        if schema is not None and isinstance(case.body, dict):
            where = dereference(operation.document.value, schema.pointer)[0]
            names = [each for each in operation.named_in(schema) if isinstance(case.body.get(each), str)]
            bounds = {each: operation.document.schema(where + join("properties", each)) for each in names}
            case.body = case.body | {each: self._named(str(case.body[each]), bounds[each]) for each in names}

    def _named(self, value: str, schema: Schema) -> str:
        if value in self._shown or value in self._client.run.existing:
            return value
        return prefixed(value, self._client.run.prefix, schema)


def prefixed(value: str, prefix: str, schema: Schema) -> str:
    """Return the value with the prefix before it, or in the place of its first letters where it would be too long.

    What keeps the schema goes on keeping it, and what is too long, or wrongly empty, stays so.
    """
    if value.startswith(prefix) or (not value and not schema.is_valid(value)):
        return value
    longest = schema.value.get("maxLength")
    named = prefix + value
    if longest is not None and len(named) > longest:
        named = prefix + value[len(prefix) :] if len(value) > len(prefix) else value
    kept = schema.is_valid(named) or not schema.is_valid(value)
    return named if kept else value


def credential(client: Client) -> dict[str, str]:
    """Return the header with the full credential that the first closed operation wants; all others get it too."""
    secret = client.secret("full")
    operations = sorted(client.judge.judged.operations.values(), key=lambda each: not each.is_closed)
    known = (place for operation in operations for place in places(operation))
    place = next((place for place in known if place.location == "header"), None)
    return {place.name: place.value(secret)} if place is not None and secret is not None else {}


def response(answer: Answer) -> Response:
    """Return the answer as the judge has it."""
    headers = tuple(header_texts(answer.headers))
    body = answer.content
    return Response(answer.status_code, headers, body[: connections.MAX_ANSWER], cut=len(body) > connections.MAX_ANSWER)


def forget(answer: Answer, *, linked: bool) -> None:
    """Let an answer's body go once it is judged: the engine keeps every answer of a phase.

    Where links lead on from it (`linked`), a body that is whole stays.
    """
    if not linked or len(answer.content) > connections.MAX_ANSWER:
        answer.content = answer.content[:PIECE]


def header_texts(headers: Any) -> Iterator[tuple[str, str]]:
    """Yield names and values of headers, the values as the Latin-1 reading of their bytes."""
    for name, values in headers.items():
        for value in values if isinstance(values, list) else [values]:
            read = value.decode("latin-1") if isinstance(value, bytes) else str(value)
            try:
                read.encode("latin-1")
            except UnicodeEncodeError:
                read = read.encode("utf-8", "surrogatepass").decode("latin-1")
            yield name, read


def _read(answer: requests.Response, **_: Any) -> None:
    """Read an answer as far as the client would: one byte more than the bound shows that there is more."""
    body, started = bytearray(), time.perf_counter()
    for piece in answer.iter_content(PIECE):
        body += piece
        if len(body) > connections.MAX_ANSWER:
            answer.close()
            break
        if time.perf_counter() - started > connections.LONGEST:
            answer.close()
            raise requests.exceptions.ReadTimeout(f"the answer does not end within {connections.LONGEST:g} s")
    answer._content = bytes(body[: connections.MAX_ANSWER + 1])
