"""The mock's own answers: checked against the effective document as objects, then serialised, and sent once.

An answer that the document does not allow becomes a 500 that names the rule; the mock never lies.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

import orjson
from starlette.types import Message, Send

from understudy.mock.problems import shortened
from understudy.model.behaviour import Refusal
from understudy.model.call import ABSENT, Reply
from understudy.pack import Pack
from understudy.spec.document import Operation, ResponseSpec
from understudy.spec.rules import ANSWER_PARTS, Rules
from understudy.spec.wire import is_json
from understudy.values import dereference, join

NO_RULE = b"none"

Answer: TypeAlias = tuple[Message, Message]
_MEDIA_TYPES = {name: name.encode() for name in ("application/json", "application/problem+json")}
BODILESS = (204, 205, 304)
"""Statuses whose answers have no body (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5)."""


def wrong(operation: Operation, reply: Reply, rules: Rules) -> Refusal | None:
    """Return the 500 that a reply must become, or None where the document allows the reply."""
    spec = operation.response(reply.status)
    if spec is None:
        return _broken(rules, [f"{operation.pointer}/responses"], f"status {reply.status} is not declared")
    if spec.headers and (problem := _wrong_headers(spec, reply)):
        return _broken(rules, [problem[0]], problem[1])
    if not spec.media_types:
        return None
    if reply.body is ABSENT:
        return (
            None
            if reply.status in BODILESS
            else _broken(rules, _places(operation, spec), f"the {reply.status} has no body")
        )
    declared = spec.declared(reply.media_type)
    schema = spec.content.get(declared) if declared is not None else None
    if schema is None:
        if declared is not None:
            return None
        return _broken(
            rules, _places(operation, spec), f"media type {reply.media_type} is not declared for {reply.status}"
        )
    if schema.is_valid(reply.body):
        return None
    violation = next(schema.violations(reply.body))
    where = f"{violation.instance or 'the root'} of the {reply.status}"
    return _broken(rules, [violation.keyword], f"{shortened(violation.message)} at {where}")


def _broken(rules: Rules, pointers: list[str], detail: str) -> Refusal:
    """Make the 500 that names the rules citing one of the pointers or, failing that, the first one's nearest parent."""
    exact = [rule for pointer in pointers for rule in rules.citing(ANSWER_PARTS, [pointer])]
    named = exact or rules.played_by(ANSWER_PARTS, pointers[0])
    return Refusal(
        500, f"the mock's own answer breaks its document: {detail}", tuple(rule.id for rule in named), pointers[0]
    )


def _places(operation: Operation, spec: ResponseSpec) -> list[str]:
    """Return the pointers of a response's content: a rule on its media type may cite the schema that it names."""
    pointers = [f"{spec.pointer}/content", *(spec.pointer + join("content", name) for name in spec.value["content"])]
    for schema in spec.content.values():
        pointers += [schema.pointer, dereference(operation.document.value, schema.pointer)[0]]
    return pointers


def _wrong_headers(spec: ResponseSpec, reply: Reply) -> tuple[str, str] | None:
    sent = {name.lower(): value for name, value in reply.headers}
    for name, header in spec.headers.items():
        if name not in sent:
            if header.required:
                return header.pointer, f"header {header.name} is missing from the {reply.status}"
        elif header.schema is not None and not header.schema.is_valid(header.reader.value(sent[name])):
            return f"{header.pointer}/schema", f"header {header.name}: {sent[name]} is not what the document says"
    return None


def rendered(reply: Reply, named: Callable[[tuple[str, ...]], bytes], remarks: tuple[str, ...] = ()) -> Answer:
    """Return the messages that send the reply; `named` makes the header of its rules (`RuleHeader.value`).

    `remarks` go out beside the reply's own.

    Raises TypeError or ValueError for what cannot be sent. A body of ABSENT sends none; bytes are sent as they are, and
    so is a string whose media type is not JSON.
    """
    headers = [(b"understudy-rules", named(reply.rules))]
    if remarks or reply.remarks:
        headers.append((b"understudy-remarks", named(remarks + reply.remarks)))
    if reply.headers:
        headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    body = b""
    if reply.body is not ABSENT:
        media_type = _MEDIA_TYPES.get(reply.media_type)
        if isinstance(reply.body, bytes):
            body = reply.body
        elif media_type is None and isinstance(reply.body, str) and not is_json(reply.media_type):
            body = reply.body.encode()
        else:
            body = orjson.dumps(reply.body)
        headers.append((b"content-type", media_type or reply.media_type.encode("latin-1")))
    if reply.status not in BODILESS:
        headers.append((b"content-length", b"%d" % len(body)))
    return (
        {"type": "http.response.start", "status": reply.status, "headers": headers},
        {"type": "http.response.body", "body": body},
    )


unanswered: Answer = ({"headers": ()}, {"body": b""})
"""Stands for an answer that was not sent."""


async def send_answer(send: Send, answer: Answer) -> None:
    """Send what `rendered` returned."""
    start, body = answer
    await send(start)
    await send(body)


class RuleHeader:
    """The `Understudy-Rules` header of a pack: `OT-LINK-3;documented, ...`.

    A list of RFC 8941 with the basis as parameter. Such a list cannot be empty, and every answer bears the header:
    where no rule had a say it is `none`, which is no rule's id, since those are in capitals.
    """

    def __init__(self, pack: Pack) -> None:
        basis = {rule.id: rule.basis.value for rule in pack.rules}

        @lru_cache(maxsize=4096)
        def value(rules: tuple[str, ...]) -> bytes:
            unknown = sorted(set(rules) - set(basis))
            if unknown:
                raise ValueError(f"no rule is called {', '.join(unknown)}")
            return ", ".join(f"{rule};{basis[rule]}" for rule in dict.fromkeys(rules)).encode() or NO_RULE

        self.value = value
