"""The request side of the pipeline: limits, parameters, media type, size and body, with validators made at start.

Replaces Connexion's request validation, which builds validators on each request and has four defects that are closed
here: a missing Content-Type, an unknown charset, undecodable bytes and a body without Content-Length.
"""

import codecs
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl

import orjson
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import ASGIApp, Receive, Scope, Send

from understudy.mock.visit import KEY, RefusedError, Visit, refuse
from understudy.pack import Pack
from understudy.spec.document import Parameter, Schema
from understudy.spec.rules import Part
from understudy.values import Json, dereference

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")


class RequestStage:
    """Checks the requests of one operation and fills in the visit."""

    def __init__(self, pack: Pack, next_app: ASGIApp, operation_id: str) -> None:
        self.operation = pack.effective.operations[operation_id]
        self._next = next_app
        self._rules = pack.rules
        self._behaviour = pack.behaviour
        by_location: dict[str, list[tuple[Parameter, str, str | None]]] = {"path": [], "query": [], "header": []}
        for parameter in self.operation.parameters:
            if parameter.location in by_location:
                kind = dereference(pack.effective.value, parameter.schema.pointer)[1].get("type")
                name = parameter.name.lower() if parameter.location == "header" else parameter.name
                by_location[parameter.location].append((parameter, name, kind if isinstance(kind, str) else None))
        self._path, self._query, self._header = (by_location[name] for name in ("path", "query", "header"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the request and pass it on; raises RefusedError where it breaks the document."""
        visit: Visit = scope[KEY]
        if visit.session.limits:
            self._count(visit)
        headers = dict(reversed(scope["headers"]))
        visit.header = self._checked(
            self._header, {name: _text(headers.get(name.encode())) for _, name, _ in self._header}
        )
        if self._path:
            visit.path = self._checked(self._path, scope.get("path_params", {}))
        if self._query:
            sent = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            visit.query = self._checked(self._query, sent)
        if self.operation.body_pointer is not None:
            await self._read_body(visit, headers, receive)
        await self._next(scope, receive, send)

    def _count(self, visit: Visit) -> None:
        session = visit.session
        now = session.clock.now().timestamp()
        exceeded = session.limits.count(self.operation.operation_id, now, session.ids.for_call()("rate limit"))
        if exceeded is not None:
            detail = (
                f"{exceeded.made} requests made, {exceeded.quota.limit} allowed in {exceeded.quota.seconds} seconds"
            )
            raise self._refused(429, detail, headers=self._behaviour.limited(exceeded))

    def _refused(self, status: int, detail: str, **more: Any) -> RefusedError:
        return refuse(self._rules, self.operation, status, detail, **more)

    def _checked(self, declared: list[tuple[Parameter, str, str | None]], sent: Mapping[str, Json]) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for parameter, name, kind in declared:
            value = sent.get(name)
            if value is None:
                if parameter.required:
                    broken = [(Part.PARAMETERS, f"{parameter.pointer}/required")]
                    detail = f"{parameter.location} parameter {parameter.name} is missing"
                    raise self._refused(400, detail, broken=broken, where=parameter.name)
                continue
            typed = value if kind == "string" and isinstance(value, str) else _typed(value, kind)
            if not parameter.schema.is_valid(typed):
                violation = next(parameter.schema.violations(typed))
                raise self._refused(
                    400,
                    f"{parameter.location} parameter {parameter.name}: {_short(violation.message)}",
                    broken=[(Part.PARAMETERS, violation.keyword)],
                    where=parameter.name,
                )
            found[parameter.name] = typed
        return found

    async def _read_body(self, visit: Visit, headers: dict[bytes, bytes], receive: Receive) -> None:
        raw = await self._received(visit.session.settings.max_body, headers, receive)
        pointer = self.operation.body_pointer
        if not raw:
            if self.operation.body_required:
                raise self._refused(400, "the body is missing", broken=[(Part.BODY, f"{pointer}/required")])
            return
        media_type, options = _content_type(headers.get(b"content-type"))
        schema = self.operation.bodies.get(media_type)
        if schema is None:
            detail = f"media type {media_type or 'none'} is not taken, send {' or '.join(self.operation.bodies)}"
            broken = [
                (Part.MEDIA_TYPE, f"{pointer}/content/{name.replace('/', '~1')}") for name in self.operation.bodies
            ]
            raise self._refused(415, detail, broken=broken, where="Content-Type")
        visit.media_type = media_type
        if media_type == "multipart/form-data":
            visit.body = await self._multipart(raw, headers)
        elif media_type == "application/x-www-form-urlencoded":
            visit.body = dict(parse_qsl(raw.decode("latin-1"), keep_blank_values=True))
        else:
            visit.body = self._json(raw, options.get("charset", "utf-8"), schema)
        self._check_body(schema, visit.body)

    async def _received(self, limit: int, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > limit:
            raise self._too_large(limit)
        message = await receive()
        body: bytes = message.get("body", b"")
        if message.get("more_body"):
            chunks, size = [body], len(body)
            while message.get("more_body"):
                message = await receive()
                chunks.append(message.get("body", b""))
                size += len(chunks[-1])
                if size > limit:
                    raise self._too_large(limit)
            body = b"".join(chunks)
        if len(body) > limit:
            raise self._too_large(limit)
        return body

    def _too_large(self, limit: int) -> RefusedError:
        broken = [(Part.SIZE, f"{self.operation.pointer}/requestBody")]
        return self._refused(413, f"the body has more than {limit} bytes", broken=broken, where="Content-Length")

    def _json(self, raw: bytes, charset: str, schema: Schema) -> Json:
        broken = [(Part.MEDIA_TYPE, schema.pointer)]
        try:
            if charset.lower() not in ("utf-8", "utf8"):
                raw = _decoded(raw, charset).encode()
            return orjson.loads(raw)
        except LookupError:
            raise self._refused(415, f"unknown charset {charset!r}", broken=broken, where="Content-Type") from None
        except ValueError as error:
            raise self._refused(400, f"the body is not JSON: {error}", broken=broken) from None

    async def _multipart(self, raw: bytes, headers: dict[bytes, bytes]) -> dict[str, Json]:
        async def stream() -> Any:
            yield raw

        try:
            form = await MultiPartParser(Headers(raw=list(headers.items())), stream()).parse()
        except (MultiPartException, KeyError, ValueError, AttributeError) as error:
            raise self._refused(400, f"the form cannot be read: {error}") from None
        return {name: value for name, value in form.items() if isinstance(value, str)}

    def _check_body(self, schema: Schema, body: Json) -> None:
        if not schema.is_valid(body):
            violation = next(schema.violations(body))
            broken = [(Part.BODY, violation.keyword)]
            raise self._refused(400, _short(violation.message), broken=broken, where=violation.instance or "/")


def _text(raw: bytes | None) -> str | None:
    """Return a header's value: blanks around it are no part of it (RFC 9110, section 5.5); UTF-8, else Latin-1."""
    if raw is None:
        return None
    raw = raw.strip(b" \t")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _typed(value: Json, kind: str | None) -> Json:
    """Return a query or path parameter as the JSON value that its schema speaks of; the text itself where it is none."""
    if kind == "array":
        return value if isinstance(value, list) else [value]
    text = value[0] if isinstance(value, list) else value
    if kind == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "number" and _NUMBER.fullmatch(text):
        return float(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


def _content_type(raw: bytes | None) -> tuple[str, dict[str, str]]:
    if raw is None:
        return "", {}
    if raw == b"application/json":
        return "application/json", {}
    media_type, *words = raw.decode("latin-1").split(";")
    options = {
        key.strip().lower(): value.strip().strip('"') for key, _, value in (word.partition("=") for word in words)
    }
    return media_type.strip().lower(), options


def _decoded(raw: bytes, charset: str) -> str:
    """Decode by a charset's name; raises LookupError where it is no text encoding and ValueError where the bytes are not."""
    codec = codecs.lookup(charset)
    if not getattr(codec, "_is_text_encoding", True):
        raise LookupError(charset)
    return raw.decode(charset)


def _short(message: str, most: int = 200) -> str:
    return message if len(message) <= most else f"{message[: most // 2]}...{message[-most // 2 :]}"
