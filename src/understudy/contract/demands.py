"""Which sentences of a document a request breaks, read off the wire: what its maker meant does not count."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import parse_qs, urlsplit

from understudy.contract.exchange import Request
from understudy.spec.document import Operation, Parameter
from understudy.spec.rules import Part
from understudy.spec.wire import content_type, header_text, is_json, typed
from understudy.values import Json, dereference, join


@dataclass(frozen=True, slots=True)
class Breach:
    """A sentence that a request breaks: the part of the request, the pointer of the sentence, and how."""

    part: Part
    pointer: str
    message: str


class _NotJsonError(ValueError):
    pass


def breaches(operation: Operation, request: Request) -> list[Breach]:
    """Return every sentence on parameters, media type and body that the request breaks, in that order."""
    return [*_parameters(operation, request), *_body(operation, request)]


def _parameters(operation: Operation, request: Request) -> Iterator[Breach]:
    query = parse_qs(urlsplit(request.url).query, keep_blank_values=True)
    for parameter in operation.parameters:
        if parameter.location == "header":
            raw = request.header(parameter.name)
            value: Json = None if raw is None else header_text(raw.encode("latin-1"))
        elif parameter.location == "query":
            value = query.get(parameter.name)
        else:
            continue  # a path parameter that is not there is another path
        yield from _parameter(operation, parameter, value)


def _parameter(operation: Operation, parameter: Parameter, value: Json) -> Iterator[Breach]:
    if value is None:
        if parameter.required:
            yield Breach(Part.PARAMETERS, f"{parameter.pointer}/required", f"{parameter.name} is missing")
        return
    kind = dereference(operation.document.value, parameter.schema.pointer)[1].get("type")
    for violation in parameter.schema.violations(typed(value, kind if isinstance(kind, str) else None)):
        yield Breach(Part.PARAMETERS, violation.keyword, f"{parameter.name}: {violation.message}")


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
        for declared in operation.bodies:
            yield Breach(Part.MEDIA_TYPE, pointer + join("content", declared), f"the body is sent as {media_type}")
        return
    if not is_json(media_type) or options.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        return
    try:
        value = parse_json(request.body)
    except _NotJsonError as error:
        yield Breach(Part.MEDIA_TYPE, pointer + join("content", media_type), f"the body is not JSON: {error}")
        return
    except RecursionError:
        return
    try:
        violations = list(schema.violations(value))
    except ValueError:  # nested beyond what jsonschema-rs takes
        return
    for violation in violations:
        yield Breach(Part.BODY, violation.keyword, f"{violation.message} at {violation.instance or 'the root'}")


def parse_json(body: bytes) -> Json:
    """Parse JSON as RFC 8259 has it (no NaN); raises ValueError, and RecursionError where it is too deep."""
    try:
        return json.loads(body.decode(), parse_constant=_no_constant)
    except ValueError as error:
        raise _NotJsonError(str(error)) from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
