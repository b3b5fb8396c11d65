"""Which sentences of a document a request breaks, read off the wire: what its maker meant does not count."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import NoReturn
from urllib.parse import parse_qs, urlsplit

from understudy.contract.exchange import Request
from understudy.spec.document import Operation, Parameter
from understudy.spec.paths import Paths
from understudy.spec.rules import Part
from understudy.spec.wire import content_type, header_text, is_json
from understudy.values import Json, at, join


class Excuse(Enum):
    """Why what a document forbids may be taken, as the title of the remark that it leaves."""

    NULL = "null is accepted in place of a value"
    """A page that lists types has nothing to say on null; an OpenAPI document has."""
    EMPTY = "An optional parameter without a text is taken for one that is not there"
    """`?size=` is `size` left out to many servers, and no document says that it is not; so it is with headers."""
    EXTENSION = "NaN or Infinity is accepted, an extension that a JSON parser may have (RFC 8259, section 9)"
    """Python's own parser has it."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A sentence that a request breaks: the part of the request, the pointer of the sentence, and how.

    `excuse` says why an endpoint may take the request all the same, if there is a reason.
    """

    part: Part
    pointer: str
    message: str
    excuse: Excuse | None = None


class _NotJsonError(ValueError):
    pass


def breaches(operation: Operation, request: Request) -> list[Breach]:
    """Return every sentence on parameters, media type and body that the request breaks, in that order."""
    return [*_parameters(operation, request), *_body(operation, request)]


def _parameters(operation: Operation, request: Request) -> Iterator[Breach]:
    sent = sent_parameters(operation, request)
    for parameter in operation.parameters:
        value = sent.get((parameter.location, parameter.name))
        if parameter.location in ("header", "query") or value is not None:  # without it that would be another path
            yield from _parameter(parameter, value)


def sent_parameters(operation: Operation, request: Request) -> dict[tuple[str, str], str | list[str]]:
    """Return the texts that a request has for the operation's parameters, by location and name; no cookies."""
    url = urlsplit(request.url)
    query = parse_qs(url.query, keep_blank_values=True)
    path = _in_path(operation.path, url.path)
    found: dict[tuple[str, str], str | list[str] | None] = {}
    for parameter in operation.parameters:
        place = (parameter.location, parameter.name)
        if parameter.location == "header":
            raw = request.header(parameter.name)
            found[place] = None if raw is None else header_text(raw.encode("latin-1"))
        elif parameter.location in ("query", "path"):
            found[place] = (query if parameter.location == "query" else path).get(parameter.name)
    return {place: value for place, value in found.items() if value is not None}


def _in_path(template: str, path: str) -> dict[str, str]:
    """Return the values of a template's expressions in a path that may have a base URL's before it."""
    segments = path.split("/")[-template.count("/") :]
    found = _paths(template).match("/" + "/".join(segments))
    return found[1] if found else {}


@cache
def _paths(template: str) -> Paths:
    return Paths([template])


def _parameter(parameter: Parameter, value: str | list[str] | None) -> Iterator[Breach]:
    if value is None:
        if parameter.required:
            yield Breach(Part.PARAMETERS, f"{parameter.pointer}/required", f"{parameter.name} is missing")
        return
    empty = parameter.location in ("query", "header") and not parameter.required and value in ("", [""])
    excuse = Excuse.EMPTY if empty else None
    for violation in parameter.schema.violations(parameter.reader.value(value)):
        yield Breach(Part.PARAMETERS, violation.keyword, f"{parameter.name}: {violation.message}", excuse)


def _body(operation: Operation, request: Request) -> Iterator[Breach]:
    pointer = operation.body_pointer
    if pointer is None:
        return
    if not request.body:
        if operation.body_required:
            yield Breach(Part.BODY, f"{pointer}/required", "the body is missing")
        return
    media_type, options = content_type(request.header("content-type"))
    schema = operation.bodies.get(media_type)
    if not media_type or (schema is None and not operation.bodies):
        return  # what a body without Content-Type is, the document does not say
    if schema is None:
        yield Breach(Part.MEDIA_TYPE, f"{pointer}/content", f"the body is sent as {media_type}")
        yield from _not_json(operation, request.body, [each for each in operation.bodies if is_json(each)])
        return
    if not is_json(media_type) or options.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        return
    try:
        value = parse_json(request.body)
    except _NotJsonError as error:
        value = _extended(request.body)
        excuse = None if value is ... else Excuse.EXTENSION
        yield Breach(Part.MEDIA_TYPE, pointer + join("content", media_type), f"the body is not JSON: {error}", excuse)
        if value is ...:
            return
    except RecursionError:
        return
    try:
        violations = list(schema.violations(value))
    except ValueError:  # nested beyond what jsonschema-rs takes
        return
    for violation in violations:
        null = violation.instance != "" and at(value, violation.instance) is None
        message = f"{violation.message} at {violation.instance or 'the root'}"
        yield Breach(Part.BODY, violation.keyword, message, Excuse.NULL if null else None)


def _not_json(operation: Operation, body: bytes, declared: list[str]) -> Iterator[Breach]:
    """Yield that a body, whatever it is called, is not the JSON that alone is declared."""
    if declared != list(operation.bodies):
        return
    try:
        parse_json(body)
    except _NotJsonError as error:
        for media_type in declared:
            pointer = f"{operation.body_pointer}{join('content', media_type)}"
            yield Breach(Part.MEDIA_TYPE, pointer, f"the body is not JSON: {error}")
    except RecursionError:
        return


def parse_json(body: bytes) -> Json:
    """Parse JSON as RFC 8259 has it (no NaN); raises ValueError, and RecursionError where it is too deep."""
    try:
        return json.loads(body.decode(), parse_constant=_no_constant)
    except ValueError as error:
        raise _NotJsonError(str(error)) from error


def _extended(body: bytes) -> Json:
    """Return what a body holds that would be JSON, if that had NaN and Infinity: numbers, 0 here; else an ellipsis."""
    try:
        return json.loads(body.decode(), parse_constant=lambda name: 0)
    except (ValueError, RecursionError):
        return ...


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
