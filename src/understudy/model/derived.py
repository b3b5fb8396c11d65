"""Deviations that the engine derives from a pack's rules and judged document, without knowing what they mean.

Of each documented rule on requests: what it refuses is taken. Of each one on answers: the keyword it cites is broken.
Of each operation: a status that is not declared, another media type, no body, a property or header gone or wrong.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace

from understudy.model.behaviour import Refusal
from understudy.model.call import ABSENT, Reply
from understudy.model.deviation import Deviation, Send
from understudy.spec.document import Document, Operation, Schema
from understudy.spec.rules import REQUEST_PARTS, Part, Rule, Rules
from understudy.values import Json, at, dereference, join, split

UNDECLARED = (203, 206, 299)
"""Successes that few documents mean; the first that an operation does not declare is played."""
HTML = b"<p>Done.</p>"


def derived(document: Document, rules: Rules) -> Iterator[Deviation]:
    """Yield the deviations of a pack; `document` is the judged one, so that each breaks what a target is held to."""
    for rule in rules:
        if not rule.binding or rule.relaxes or rule.operation not in document.operations:
            continue
        operation = document.operations[rule.operation]
        if rule.part is Part.SECURITY and _opens(rule, operation):
            yield _shutting(rule)
        elif rule.part in REQUEST_PARTS - {Part.ROUTING} and _refuses(rule, operation):
            yield _taking(rule, rules)
        elif rule.part is Part.ANSWER:
            yield _breaking(rule, operation, document)
    for operation in document.operations.values():
        yield from _of_operation(operation)


def _opens(rule: Rule, operation: Operation) -> bool:
    """Whether the rule says that a credential opens the operation; that others do not is what the 401 says, if any."""
    cited = rule.citation.pointer == f"{operation.pointer}/security"
    return cited and operation.is_closed and operation.response(401) is not None


def _refuses(rule: Rule, operation: Operation) -> bool:
    """Whether refusals name the rule: of those on security, neither on one way of several nor on a role."""
    pointer = rule.citation.pointer
    if rule.part is not Part.SECURITY:
        return True
    cited = (
        pointer == f"{operation.pointer}/security"
        or pointer.startswith(f"{operation.pointer}/responses/")
        or "/scopes/" in pointer
    )
    return cited and operation.is_closed


def _shutting(rule: Rule) -> Deviation:
    def send(reply: Reply, operation_id: str | None) -> Reply:
        return Reply(403, {"title": "Forbidden"}) if reply.status < 300 else reply

    text = f"Refuses with 403 what the rule opens: {rule.text}"
    return Deviation(f"shuts-{rule.id}", rule.id, text, operations=(rule.operation,), send=send)


def _taking(rule: Rule, rules: Rules) -> Deviation:
    def refuse(refusal: Refusal, operation_id: str | None) -> Refusal | None:
        return None if rule.id in refusal.rules else refusal

    text = f"Takes what the rule refuses: {rule.text}"
    status = rule.part is not Part.SECURITY and "/responses/" in rule.citation.pointer
    beside = tuple(other.id for other in rules if status and _on_request(other, rule.operation))
    return Deviation(f"takes-{rule.id}", rule.id, text, beside, (rule.operation,), refuse=refuse)


def _on_request(rule: Rule, operation_id: str) -> bool:
    """Whether the rule refuses requests for what they say: to take one breaks the rule on the status, too."""
    return rule.operation == operation_id and rule.part in REQUEST_PARTS - {Part.ROUTING, Part.SECURITY}


# --- answers ----------------------------------------------------------------------------------------------------------


def _breaking(rule: Rule, operation: Operation, document: Document) -> Deviation:
    """Return the deviation that breaks what the rule cites: a keyword of answers, their statuses, or their form."""
    pointer, only = rule.citation.pointer, (rule.operation,)
    parent, _, keyword = pointer.rpartition("/")
    limit = at(document.value, pointer)
    if parent.endswith("/required"):
        parent, keyword, limit = parent.removesuffix("/required"), "required", [limit]
    if keyword == "responses":
        send = _with_status(operation)
    elif keyword in _WRONG:
        send = _on_json(operation, lambda schema, body: _broken(schema, parent, keyword, limit, body))
    else:
        send = _html_for(operation, document, pointer)
    return Deviation(f"breaks-{rule.id}", rule.id, f"Breaks in answers: {rule.text}", operations=only, send=send)


def _broken(schema: Schema, parent: str, keyword: str, limit: Json, body: Json) -> Json:
    """Return the body with the keyword broken wherever the schema that has it applies."""
    for place in schema.places(body, parent):
        body = _replaced(body, place, _WRONG[keyword](at(body, place), limit))
    return body


def _wrong_type(old: Json, limit: Json) -> Json:
    wanted = (limit,) if isinstance(limit, str) else limit
    return next(value for kind, value in _OF_TYPE if kind not in wanted)


_OF_TYPE: tuple[tuple[str, Json], ...] = (("object", {"understudy": 1}), ("array", [1]), ("string", "understudy"))
_WRONG: dict[str, Callable[[Json, Json], Json]] = {
    "type": _wrong_type,
    "required": lambda old, names: (
        {key: value for key, value in old.items() if key not in names} if isinstance(old, dict) else old
    ),
    "enum": lambda old, limit: "understudy",
    "const": lambda old, limit: "understudy",
    "format": lambda old, limit: "understudy",
    "maxLength": lambda old, limit: "x" * (limit + 1),
    "minimum": lambda old, limit: limit - 1,
    "maximum": lambda old, limit: limit + 1,
    "maxItems": lambda old, limit: (old * (limit + 1))[: limit + 1] if old else old,
}
"""What breaks a keyword: made of the value there, and of the keyword's own value."""


def _replaced(body: Json, place: str, value: Json) -> Json:
    if not place:
        return value
    copied = copy.deepcopy(body)
    *path, last = split(place)
    holder = at(copied, join(*path))
    holder[int(last) if isinstance(holder, list) else last] = value
    return copied


def _on_json(operation: Operation, change: Callable[[Schema, Json], Json]) -> Send:
    """Return what changes JSON bodies that the document describes."""

    def send(reply: Reply, operation_id: str | None) -> Reply:
        spec = operation.response(reply.status)
        declared = spec.declared(reply.media_type) if spec is not None and reply.body is not ABSENT else None
        schema = spec.content.get(declared) if spec is not None and declared is not None else None
        return reply if schema is None else replace(reply, body=change(schema, reply.body))

    return send


def _html_for(operation: Operation, document: Document, pointer: str) -> Send:
    """Return what sends HTML where the operation has the schema at the pointer; where it never has, as successes."""
    specs = {status: operation.response(status) for status in operation.statuses}
    about = {
        status
        for status, spec in specs.items()
        for schema in (spec.content.values() if spec is not None else ())
        if dereference(document.value, schema.pointer)[0] == pointer
    }
    if not about:
        return _as_html
    return lambda reply, _: replace(reply, body=HTML, media_type="text/html") if reply.status in about else reply


def _as_html(reply: Reply, operation_id: str | None) -> Reply:
    return replace(reply, body=HTML, media_type="text/html") if reply.status < 300 else reply


def _with_status(operation: Operation) -> Send:
    """Return what gives successes an undeclared status, that of a server in trouble where every other is declared."""
    status = next((each for each in UNDECLARED if operation.response(each) is None), 500)
    return lambda reply, _: replace(reply, status=status) if reply.status < 300 else reply


# --- what every operation can get wrong -------------------------------------------------------------------------------


def _of_operation(operation: Operation) -> Iterator[Deviation]:
    """Yield the deviations that no rule needs to be there for: any finding on the operation is the right one."""
    name = operation.operation_id

    def deviation(kind: str, text: str, send: Send) -> Deviation:
        return Deviation(f"{kind}-{name}", "", text, operations=(name,), send=send)

    if any(operation.response(each) is None for each in UNDECLARED):
        yield deviation("status", f"Successes of {name} have an undeclared status.", _with_status(operation))
    yield deviation(
        "crash",
        f"What {name} takes is answered with 500.",
        lambda reply, _: replace(reply, status=500) if reply.status < 300 else reply,
    )
    successes = [spec for each in operation.statuses if each < 300 and (spec := operation.response(each)) is not None]
    if any(spec.content for spec in successes):
        yield deviation("html", f"Successes of {name} are HTML.", _as_html)
        yield deviation(
            "cut",
            f"Successes of {name} end in the middle.",
            lambda reply, _: replace(reply, body=b'{"understudy": ["') if reply.status < 300 else reply,
        )
    for header in {header.name: header for spec in successes for header in spec.headers.values()}.values():
        if header.required:
            yield deviation(
                f"no-{header.name.lower()}", f"Successes of {name} have no {header.name}.", _no(header.name)
            )


def _no(name: str) -> Send:
    def send(reply: Reply, operation_id: str | None) -> Reply:
        return replace(reply, headers=tuple(each for each in reply.headers if each[0].lower() != name.lower()))

    return send
