"""Runtime expressions of Arazzo 1.0.1: how they are written, and what they stand for in a `Context`. No conditions.

Grammar: Arazzo 1.0.1, section "Runtime Expressions". A `#/pointer` may follow whatever can be an object or a list.
"""

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import orjson

from understudy.contract.exchange import Exchange, Request, Response
from understudy.values import Json, at


class Absent(Enum):
    """The type of `ABSENT`: no body at all, which is not the JSON value null."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT

_NAME = r"(?P<name>[^\s#{}]*[^\s#{}.])"
_POINTER = r"(?:#(?P<pointer>(?:/(?:[^/~]|~[01])*)*))?"
_FORMS = tuple(
    re.compile(r"\$" + form)
    for form in (
        r"(?P<source>url|method|statusCode)",
        r"(?P<source>request|response)\.(?P<part>header)\.(?P<name>[!#$%&'*+\-.^_`|~0-9A-Za-z]+)",
        rf"(?P<source>request)\.(?P<part>query|path)\.{_NAME}",
        rf"(?P<source>request|response)\.(?P<part>body){_POINTER}",
        rf"(?P<source>inputs|outputs)\.{_NAME}{_POINTER}",
        rf"(?P<source>steps)\.(?P<owner>[^\s#{{}}]+?)\.(?P<part>outputs)\.{_NAME}{_POINTER}",
        rf"(?P<source>workflows)\.(?P<owner>[^\s#{{}}]+?)\.(?P<part>inputs|outputs)\.{_NAME}{_POINTER}",
        rf"(?P<source>sourceDescriptions)\.(?P<owner>[A-Za-z0-9_\-]+)\.{_NAME}",
        rf"(?P<source>components)\.(?P<part>inputs|parameters|successActions|failureActions)\.{_NAME}",
    )
)
_WHOLE = re.compile(r"\$[A-Za-z]")
_EMBEDDED = re.compile(r"\{(\$[A-Za-z][^{}]*)(\}?)")


@dataclass(frozen=True, slots=True)
class Expression:
    """One runtime expression, such as `$steps.create.outputs.id`: source `steps`, owner `create`, name `id`."""

    text: str
    source: str
    part: str = ""
    owner: str = ""
    name: str = ""
    pointer: str = ""


class Unresolved(Exception):  # noqa: N818 (it is no mistake of the user, and criteria take it for an answer)
    """An expression stands for nothing at this moment of a run: a missing header, a pointer into nothing."""

    def __init__(self, expression: str, reason: str) -> None:
        super().__init__(f"{expression} cannot be resolved: {reason}")
        self.expression = expression
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Ran:
    """A workflow that was started: its inputs and, once it has ended, its outputs."""

    inputs: Mapping[str, Json]
    outputs: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Context:
    """All that expressions can name at one moment of a run.

    `sent` holds the parameters of the request by location, `body` its body; `outputs` are those of the workflow
    that the step has called; `components` are the values of `components.parameters`; `sources` the URLs of the source
    descriptions.
    """

    inputs: Mapping[str, Json] = field(default_factory=dict)
    steps: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    workflows: Mapping[str, Ran] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    components: Mapping[str, Json] = field(default_factory=dict)
    outputs: Mapping[str, Json] | None = None
    exchange: Exchange | None = None
    sent: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    body: Json | Absent = ABSENT


def parse(text: str) -> Expression:
    """Return the expression that the whole text is; raises ValueError where it is none."""
    for form in _FORMS:
        if match := form.fullmatch(text):
            return Expression(text, **{key: value for key, value in match.groupdict().items() if value is not None})
    raise ValueError(f"{text!r} is not a runtime expression of Arazzo 1.0")


def template(text: str) -> Expression | tuple[str | Expression, ...]:
    """Return the expression that a string is, or its pieces: text and the expressions embedded as `{$...}`.

    A `$` before anything but a letter is text. Raises ValueError where an expression is wrong or its brace stays open.
    """
    if _WHOLE.match(text):
        return parse(text)
    pieces: list[str | Expression] = []
    end = 0
    for match in _EMBEDDED.finditer(text):
        if not match[2]:
            raise ValueError(f"the brace before {match[1]!r} is not closed")
        pieces += [text[end : match.start()], parse(match[1])]
        end = match.end()
    return tuple(piece for piece in (*pieces, text[end:]) if piece != "")


def find(value: Json) -> Iterator[Expression]:
    """Yield the expressions in all strings of a value; raises ValueError for a wrong one."""
    if isinstance(value, str):
        parsed = template(value)
        yield from [parsed] if isinstance(parsed, Expression) else [p for p in parsed if isinstance(p, Expression)]
    elif isinstance(value, Mapping):
        for child in value.values():
            yield from find(child)
    elif isinstance(value, list):
        for child in value:
            yield from find(child)


def evaluate(value: Json, context: Context, *, in_json: bool = False) -> Json:
    """Return the value with its expressions resolved: a whole string keeps the type, embedded ones become text.

    With `in_json` the strings are JSON text, so what is embedded is escaped for it. Raises Unresolved.
    """
    if isinstance(value, str):
        parsed = template(value)
        if isinstance(parsed, Expression):
            return resolve(parsed, context)
        return "".join(p if isinstance(p, str) else _embedded(resolve(p, context), in_json) for p in parsed)
    if isinstance(value, Mapping):
        return {key: evaluate(child, context) for key, child in value.items()}
    if isinstance(value, list):
        return [evaluate(child, context) for child in value]
    return value


def as_text(value: Json) -> str:
    """Return a string as it is, and any other value as compact JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _embedded(value: Json, in_json: bool) -> str:
    return orjson.dumps(value).decode()[1:-1] if in_json and isinstance(value, str) else as_text(value)


def pick(name: str, known: Container[str]) -> tuple[str, tuple[str, ...]] | None:
    """Split a dotted name into the longest one that is known and the properties after it; None where none is known."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        if ".".join(parts[:end]) in known:
            return ".".join(parts[:end]), tuple(parts[end:])
    return None


def resolve(expression: Expression, context: Context, *, dotted: bool = False) -> Json:
    """Return what the expression stands for; raises Unresolved. With `dotted`, properties may follow a name."""
    match expression.source:
        case "url" | "method" | "statusCode" | "request" | "response":
            value = _of_exchange(expression, context)
        case "sourceDescriptions":
            url = _named({**context.sources}, expression.owner, expression, "there is no such source description")
            value = url if expression.name == "url" else expression.name
        case "components":
            declared = _named(context.components, expression.name, expression, "there is no such parameter")
            value = evaluate(declared, context)
        case _:
            value = _of_run(expression, context, dotted)
    try:
        return at(value, expression.pointer)
    except KeyError as error:
        raise Unresolved(expression.text, f"there is nothing at {expression.pointer}") from error


def _of_run(expression: Expression, context: Context, dotted: bool) -> Json:
    match expression.source:
        case "inputs":
            values, what = context.inputs, "no such input was given"
        case "outputs":
            values, what = context.outputs or {}, "the called workflow has no such output"
        case "steps":
            reason = f"step {expression.owner} has not been passed"
            values = _named(context.steps, expression.owner, expression, reason)
            what = "the step has no such output"
        case _:
            reason = f"workflow {expression.owner} has not run"
            ran = _named(context.workflows, expression.owner, expression, reason)
            values = ran.inputs if expression.part == "inputs" else ran.outputs
            what = f"the workflow has no such {expression.part[:-1]}"
    name, rest = (pick(expression.name, values) if dotted else None) or (expression.name, ())
    value = _named(values, name, expression, what)
    for key in rest:
        value = _named(value, key, expression, f"there is no property {key}")
    return value


def _named(values: Json, name: str, expression: Expression, reason: str) -> Json:
    if not isinstance(values, Mapping) or name not in values:
        raise Unresolved(expression.text, reason)
    return values[name]


def _of_exchange(expression: Expression, context: Context) -> Json:
    exchange = context.exchange
    if exchange is None:
        raise Unresolved(expression.text, "no response has come")
    match expression.source:
        case "url":
            return exchange.request.url
        case "method":
            return exchange.request.method
        case "statusCode":
            return exchange.response.status
    message = exchange.request if expression.source == "request" else exchange.response
    match expression.part:
        case "header":
            value = message.header(expression.name)
            if value is None:
                raise Unresolved(expression.text, f"the {expression.source} has no header {expression.name}")
            return value
        case "body":
            return _body(expression, message, context)
    sent = (
        {**_query(exchange.request.url), **context.sent.get("query", {})}
        if expression.part == "query"
        else context.sent.get("path", {})
    )
    return _named(
        sent, expression.name, expression, f"the request has no {expression.part} parameter {expression.name}"
    )


def _query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def _body(expression: Expression, message: Request | Response, context: Context) -> Json:
    if expression.source == "request" and context.body is not ABSENT:
        return context.body
    if not message.body:
        raise Unresolved(expression.text, f"the {expression.source} has no body")
    media_type = (message.header("content-type") or "").partition(";")[0].strip().lower()
    if media_type and not is_json(media_type):
        return message.body.decode(errors="replace")
    try:
        return orjson.loads(message.body)
    except orjson.JSONDecodeError as error:
        if not media_type:
            return message.body.decode(errors="replace")
        raise Unresolved(expression.text, f"the {expression.source}'s body is not JSON: {error}") from error


def is_json(media_type: str | None) -> bool:
    """Tell whether a media type, parameters aside, is JSON: `application/json`, `text/json` or `+json` (RFC 6839)."""
    essence = (media_type or "").partition(";")[0].strip().lower()
    return essence in ("application/json", "text/json") or essence.endswith("+json")
