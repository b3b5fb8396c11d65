"""The mock's own answers: checked against the effective document as objects, then serialised and sent once.

An answer that the document does not allow becomes a 500 that names the rule; the mock never lies.
"""

from http import HTTPStatus

import orjson
from starlette.types import Send

from understudy.mock.session import RuleHeader
from understudy.model.behaviour import Refusal
from understudy.model.call import ABSENT, Reply
from understudy.spec.document import Header, Operation, ResponseSpec
from understudy.spec.rules import ANSWER_PARTS, Rules
from understudy.values import Json

_MEDIA_TYPES = {name: name.encode() for name in ("application/json", "application/problem+json")}


def wrong(operation: Operation, reply: Reply, rules: Rules) -> Refusal | None:
    """Return the 500 that a reply must become, or None where the document allows the reply."""
    spec = operation.response(reply.status)
    if spec is None:
        return _broken(rules, f"{operation.pointer}/responses", f"status {reply.status} is not declared")
    if spec.headers and (problem := _wrong_headers(spec, reply)):
        return _broken(rules, problem[0], problem[1])
    if reply.body is ABSENT:
        return None
    if not spec.media_types:
        return None
    schema = spec.content.get(reply.media_type)
    if schema is None:
        if reply.media_type in spec.media_types:
            return None
        return _broken(
            rules, f"{spec.pointer}/content", f"media type {reply.media_type} is not declared for {reply.status}"
        )
    if schema.is_valid(reply.body):
        return None
    violation = next(schema.violations(reply.body))
    return _broken(
        rules, violation.keyword, f"{violation.message} at {violation.instance or 'the root'} of the {reply.status}"
    )


def _broken(rules: Rules, pointer: str, detail: str) -> Refusal:
    named = tuple(rule.id for rule in rules.played_by(ANSWER_PARTS, pointer))
    return Refusal(500, f"the mock's own answer breaks its document: {detail}", named, pointer)


def _wrong_headers(spec: ResponseSpec, reply: Reply) -> tuple[str, str] | None:
    sent = {name.lower(): value for name, value in reply.headers}
    for name, header in spec.headers.items():
        if name not in sent:
            if header.required:
                return header.pointer, f"header {header.name} is missing from the {reply.status}"
        elif header.schema is not None and not header.schema.is_valid(header_value(header, sent[name])):
            return header.pointer, f"header {header.name}: {sent[name]!r} is not what the document says"
    return None


def header_value(header: Header, text: str) -> Json:
    """Return a header's text as the JSON value that its schema speaks of: a number where it wants one and the text is one."""
    kind = header.schema.value.get("type") if header.schema is not None else None
    if kind == "integer" and text.removeprefix("-").isdecimal() and text.isascii():
        return int(text)
    return text


async def send_reply(send: Send, reply: Reply, header: RuleHeader) -> None:
    """Send the reply with its rules; a body of ABSENT sends none."""
    headers = [(b"understudy-rules", header.value(reply.rules))]
    if reply.headers:
        headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    body = b""
    if reply.body is not ABSENT:
        body = orjson.dumps(reply.body)
        headers.append((b"content-type", _MEDIA_TYPES.get(reply.media_type) or reply.media_type.encode()))
    if reply.status != HTTPStatus.NO_CONTENT:
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
