"""Schemathesis on the effective document: its phases generate and send, our judge sees every exchange.

Its own checks stay off: the judge has them all, knows the rules, and closes the blind spots (undeclared statuses,
formats without type, what the vendored and the judged document disagree on).
"""

import copy
import socket
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from schemathesis import Case, HookContext
from schemathesis import Response as Answer
from schemathesis.config import SchemathesisConfig
from schemathesis.engine.core import Engine, EventStream, ExecutionPlan
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.engine.run import PhaseName
from schemathesis.specs.openapi.schemas import OpenApiSchema

from understudy.contract.authentication import places
from understudy.contract.client import VARIABLES, Client
from understudy.contract.exchange import Exchange, Request, retry_after
from understudy.contract.records import record
from understudy.contract.samples import sample
from understudy.contract.transport import Transport, credential, forget, header_texts, response
from understudy.errors import TargetError
from understudy.spec.document import Operation
from understudy.spec.extensions import EXISTING, IDENTIFIER
from understudy.values import METHODS, at, join

EXAMPLES = 60
"""Cases that the fuzzing phase makes for an operation, and sequences of the stateful one."""
HARMLESS = ["OPTIONS", "TRACE"]
"""Methods that are tried where none of them is declared. The vendor may offer others there, such as DELETE."""
_OWN = {"extra-data-sources": {"responses": False}}
_MANNERS: Mapping[str, dict[str, Any]] = {
    "examples": _OWN,
    "coverage": {**_OWN, "unexpected-methods": HARMLESS},
    "fuzzing": _OWN,
    "stateful": {"inference": {"algorithms": []}},
}
"""What keeps each phase away from records that are not ours: ids that answers show, such as those of a list, are never
used for further calls, but along the links that the pack declares."""
_SECONDS = 10.0
_LOST = 5  # requests in a row without an answer, after which the target counts as gone


class _Engine(Engine):
    """Schemathesis's engine without the requests by which it would find out about the server: none goes past us."""

    def _create_execution_plan(self) -> ExecutionPlan:
        plan = super()._create_execution_plan()
        return replace(plan, phases=[each for each in plan.phases if each.name is not PhaseName.PROBING])


def phase(client: Client, name: str, seconds: float) -> None:
    """Run one phase for at most so many seconds; raises TargetError where the target stops answering."""
    until = max(client.left - seconds, 0)
    failed: list[Exception] = []
    before = client.requests

    def stop(error: Exception) -> None:
        failed.append(error)
        stream.stop()

    class Described(OpenApiSchema):
        transport = Transport(client, stop)

    document = _document(client)
    schema = Described(raw_schema=document, config=_config(client, name).projects.get(document))
    schema.adapt_to_null_byte_in_header_failure()  # no server that we know takes one
    stream = _Engine(schema).execute()

    def after_call(context: HookContext, case: Case[Any], answer: Answer) -> None:
        """Judge at once: a stopped engine keeps its last exchanges. Obey a Retry-After; stop when the time is up."""
        try:
            exchange = _exchange(client, answer, case.operation.path)
            if not client.expired(exchange):
                client.observe(exchange, "fuzz")
        except Exception as error:  # noqa: BLE001 (the engine would take it for a fault of the case)
            stop(error)
        forget(answer, linked=name == "stateful")
        wait = retry_after(response(answer)) if answer.status_code == 429 else None
        time.sleep(min(wait or 0, max(client.left - until, 0)))
        if client.left <= until or client.collector.enough:
            stream.stop()

    schema.hook(after_call)
    lost = _played(client, stream, until)
    if failed:
        raise failed[0]
    if (lost or client.requests == before) and not _listens(client.run.base_url):
        raise _gone(client)


def _played(client: Client, stream: EventStream, until: float) -> int:
    """Have the engine play until so many seconds are left; return how many requests at the end had no answer.

    Raises TargetError where the target does not answer any more.
    """
    lost = 0
    for event in stream:
        recorder = getattr(event, "recorder", None)
        if isinstance(recorder, ScenarioRecorder):
            lost = _lost(recorder, lost)
        if lost >= _LOST:
            stream.stop()
            raise _gone(client)
        if client.left <= until:
            stream.stop()
    return lost


def _gone(client: Client) -> TargetError:
    return TargetError(f"{client.run.base_url} does not answer any more", todo="look at the target's log")


def _listens(base_url: str) -> bool:
    """Whether connections are accepted; the engine stops without a word where they are refused."""
    url = urlsplit(base_url)
    try:
        socket.create_connection((url.hostname, url.port or (443 if url.scheme == "https" else 80)), 5).close()
    except OSError:
        return False
    return True


def _config(client: Client, name: str) -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "seed": client.run.seed,
            "continue-on-failure": True,
            "base-url": client.run.base_url,
            "request-timeout": min(_SECONDS, max(1.0, client.left)),
            "headers": credential(client),
            "max-redirects": 0,
            "generation": {"max-examples": EXAMPLES, "database": "none", "with-security-parameters": False},
            "checks": {"enabled": False},
            "phases": {each: {"enabled": each == name} | _MANNERS[each] for each in _MANNERS},
        }
    )


def _document(client: Client) -> dict[str, Any]:
    """Return the effective document with the operations of the scope alone: no delete is sent that is not judged."""
    judge = client.judge
    document: dict[str, Any] = copy.deepcopy(judge.pack.effective.value)
    _name_records(client, document)
    known = set(judge.judged.operations)
    kept: dict[str, set[str]] = {}
    for operation in judge.judged.operations.values():
        kept.setdefault(operation.path, set()).add(operation.method.lower())
    document["paths"] = {
        path: {key: value for key, value in document["paths"][path].items() if key not in METHODS or key in methods}
        for path, methods in kept.items()
    }
    for item in document["paths"].values():
        for declared in (
            r
            for operation in item.values()
            if isinstance(operation, dict)
            for r in operation.get("responses", {}).values()
        ):
            links = declared.get("links", {})
            for name in [name for name, link in links.items() if link.get("operationId") not in known]:
                del links[name]
    return document


def _name_records(client: Client, document: dict[str, Any]) -> None:
    """Have every other request name a record that is there, where an operation does nothing without one."""
    methods: dict[str, set[str]] = {}
    for operation_id in client.judge.judged.operations:
        operation = client.judge.pack.effective.operations[operation_id]
        for parameter in operation.parameters:
            if parameter.value.get(IDENTIFIER) == EXISTING:
                methods.setdefault(parameter.pointer, set()).add(operation.method)
        _name_in_body(client, document, operation)
    for pointer, used in methods.items():
        spared = "DELETE" not in used
        known = record(client, f"fuzz {spared}", spared=spared)
        if known is not None:
            declared = at(document, pointer)
            declared["schema"] = {"anyOf": [{"const": known}, declared["schema"]]}
            declared["example"] = known


def _name_in_body(client: Client, document: dict[str, Any], operation: Operation) -> None:
    """Have the example of a body name a record of ours: whatever is called as in the document is the target's own."""
    own = sample(operation, client.run, f"fuzz {operation.operation_id}")
    for media_type in operation.bodies if own is not None and isinstance(own.body, dict) else ():
        content = at(document, f"{operation.body_pointer}{join('content', media_type)}")
        if "example" in content and own is not None:
            content["example"] = own.body


def _lost(recorder: ScenarioRecorder, lost: int) -> int:
    for interaction in recorder.interactions.values():
        lost = lost + 1 if interaction.response is None else 0
    return lost


def _exchange(client: Client, answer: Answer, path: str) -> Exchange:
    sent = answer.request
    body = sent.body.encode() if isinstance(sent.body, str) else sent.body
    kept = body if isinstance(body, bytes) else None
    request = Request(sent.method or "", sent.url or "", tuple(header_texts(sent.headers)), kept)
    received = response(answer)
    operation = next(
        (
            operation
            for operation in client.judge.judged.operations.values()
            if operation.path == path and operation.method == request.method.upper()
        ),
        None,
    )
    if operation is None or not _same_path(client, request, path):
        return Exchange(request, received, answer.elapsed, None)
    credential = client.caller(request, client.judge.pack.effective.operations[operation.operation_id])
    known = list(places(operation))
    carriers = {"cookie" if place.location == "cookie" else place.name.lower() for place in known}
    secrets = (request.secret_headers - {"cookie"}) | carriers  # a cookie that was made up is no credential
    shown = replace(request, variable=VARIABLES.get(credential, ""), secret_headers=secrets)
    return Exchange(shown, received, answer.elapsed, operation.operation_id, credential)


def _same_path(client: Client, request: Request, template: str) -> bool:
    """Whether the request went to the operation's path; a trailing slash, or an emptied parameter, is another one."""
    path = urlsplit(request.url).path.removeprefix(urlsplit(client.run.base_url).path)
    operation = client.judge.judged.find(request.method, path)
    return operation is not None and operation.path == template
