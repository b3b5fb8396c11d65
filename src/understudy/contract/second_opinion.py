"""openapi-core's word on a response: independent of our own validation, and too slow to be the first opinion."""

import json
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from jsonschema_path import SchemaPath
from openapi_core import V30ResponseValidator, V31ResponseValidator
from openapi_core.datatypes import RequestParameters
from openapi_core.templating.paths.exceptions import PathError

from understudy.contract.exchange import Exchange
from understudy.contract.shapes import Shape, Shapes
from understudy.spec.document import Document, Operation
from understudy.spec.wire import content_type, is_json
from understudy.values import Json, walk

_SHAPES = 10_000
"""How many shapes are remembered."""
_LATELY, _SHORT = 256, 16_384
"""Of how many bodies, up to so many bytes long, the shape is known: it is wanted twice, and many answers are alike."""
_LONG = 100
"""Digits from which on a header's value is no number to anybody."""


@dataclass(slots=True)
class _Request:
    """A request as openapi-core's protocol has it; it writes the path parameters that it finds into `parameters`."""

    host_url: str
    path: str
    method: str
    content_type: str
    body: bytes | None
    parameters: RequestParameters

    @property
    def full_url_pattern(self) -> str:
        return self.host_url + self.path


@dataclass(frozen=True, slots=True)
class _Response:
    status_code: int
    content_type: str
    headers: Mapping[str, str]
    data: bytes


class SecondOpinion:
    """Validates responses with openapi-core, the document's servers put aside so that any host will do.

    It takes milliseconds, so that of responses which no keyword of the document tells apart it is shown one.
    """

    def __init__(self, document: Document) -> None:
        self._operations = document.operations
        self._given: dict[Shape, str | None] = {}
        self._shapes = Shapes(document.value)
        self._of_short = lru_cache(_LATELY)(self._of_body)
        spec = SchemaPath.from_dict({**document.value, "servers": [{"url": "/"}]})
        three_one = str(document.value.get("openapi", "")).startswith("3.1")
        # Of its own it reads application/json alone.
        readers: dict[str, Callable[[bytes], Json]] = dict.fromkeys(_json_types(document.value), json.loads)
        validator = V31ResponseValidator if three_one else V30ResponseValidator
        self._validator = validator(spec, extra_media_type_deserializers=readers)

    def objection(self, exchange: Exchange, *, anew: bool = False) -> str | None:
        """Return what openapi-core has against the response of an operation of the document, or None.

        With `anew` it is asked even where it has seen a response of that shape.
        """
        operation = self._operations[exchange.operation_id or ""]
        declared = operation.response(exchange.response.status)
        shape = None if anew or declared is None else self._shape(exchange, declared.headers)
        if shape is None:
            return self._asked(exchange, operation)
        if shape not in self._given:
            if len(self._given) >= _SHAPES:
                self._given.clear()
            self._given[shape] = self._asked(exchange, operation)
        return self._given[shape]

    def shape(self, body: bytes) -> Shape | None:
        """Return the shape of a body; None where it is no JSON, or too deep."""
        return self._of_short(body) if len(body) <= _SHORT else self._of_body(body)

    def _of_body(self, body: bytes) -> Shape | None:
        try:
            return self._shapes.of(json.loads(body)) if body else "empty"
        except (ValueError, RecursionError, OverflowError):
            return None

    def _shape(self, exchange: Exchange, declared: Container[str]) -> Shape | None:
        """Return what a response has in common with others of one opinion; None where it is no JSON, or too deep."""
        response = exchange.response
        body = self.shape(response.body)
        if body is None:
            return None
        named = ((name.lower(), value) for name, value in response.headers)
        headers = tuple((name, self._written(value)) for name, value in named if name in declared)
        return exchange.operation_id, response.status, response.header("content-type"), headers, body

    def _written(self, value: str) -> Shape:
        """Return what a header's value has in common with others; what is no number and has no format stands alone."""
        number = self._shapes.of_number(int(value)) if value.isdecimal() and len(value) < _LONG else None
        return number, self._shapes.of_text(value) if number or self._shapes.formatted(value) else value

    def _asked(self, exchange: Exchange, operation: Operation) -> str | None:
        url = urlsplit(exchange.request.url)
        own = url.path.split("/")[-operation.path.count("/") :]  # the path without that of the base URL
        request = _Request(
            f"{url.scheme}://{url.netloc}",
            "/" + "/".join(own),
            exchange.request.method.lower(),
            (exchange.request.header("content-type") or "").lower(),
            exchange.request.body,
            RequestParameters(),
        )
        response = _Response(
            exchange.response.status,
            (exchange.response.header("content-type") or "").lower(),
            dict(exchange.response.headers),
            exchange.response.body,
        )
        try:
            error: Exception | None = next(iter(self._validator.iter_errors(request, response)), None)
        except RecursionError:
            return None
        except Exception as raised:  # noqa: BLE001 (it raises what its decoders do, and no opinion ends a run)
            error = raised
        if error is None or isinstance(error, PathError):
            return None
        try:
            text = str(error.__cause__ or error)
        except ValueError:  # it decodes the body once more to show it
            text = "the body cannot be decoded"
        return f"{type(error).__name__}: {text.splitlines()[0][:300] if text else ''}"


@lru_cache(maxsize=16)
def second_opinion(document: Document) -> SecondOpinion:
    """Return the one of a document: what it has seen in one run it need not see in the next."""
    return SecondOpinion(document)


def _json_types(document: Json) -> set[str]:
    """Return every media type of JSON that the document names beside application/json."""
    named = {name for _, node in walk(document) if isinstance(node, dict) for name in _names(node.get("content"))}
    return {name for name in named if is_json(content_type(name)[0])} - {"application/json"}


def _names(content: Json) -> list[str]:
    return list(content) if isinstance(content, dict) else []
