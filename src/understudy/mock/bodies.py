"""Request bodies: received up to a limit, read by their media type, and checked.

Closes four defects of Connexion's request validation: a missing Content-Type, an unknown charset, undecodable bytes and
a body without Content-Length.
"""

import codecs
from collections.abc import AsyncIterator, Callable, Mapping
from urllib.parse import parse_qs

import orjson
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import Receive

from understudy.mock.lenience import excused
from understudy.mock.problems import shortened
from understudy.mock.visit import RefusedError, Visit
from understudy.serving import GoneError
from understudy.spec.document import Operation, Schema
from understudy.spec.rules import Part
from understudy.spec.wire import content_type, kinds, typed
from understudy.values import Json, dereference, join

Refuse = Callable[..., RefusedError]
JSON = "application/json"
ROOT = "#"
"""The whole body, as a JSON pointer in a URI fragment has it (RFC 6901, section 6)."""
DRAINED = 64 * 1024 * 1024
"""Of a body that is too large, so many bytes are read and thrown away: who still sends may not see an answer."""
FORMS = URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"


class Bodies:
    """The request bodies that one operation takes; `refuse` makes its refusals."""

    def __init__(self, operation: Operation, pointer: str, refuse: Refuse) -> None:
        self._operation = operation
        self._pointer = pointer
        self._refuse = refuse
        self._schemas = operation.bodies
        self._kinds = {name: _kinds(operation, self._schemas[name]) for name in FORMS if name in self._schemas}

    async def read(self, visit: Visit, headers: Mapping[bytes, bytes], receive: Receive) -> None:
        """Fill in the visit's body and media type; raises RefusedError where the body breaks the document."""
        visit.raw = raw = await self._received(visit.session.settings.max_body, headers, receive)
        if not raw:
            if self._operation.body_required:
                broken = [(Part.BODY, f"{self._pointer}/required")]
                raise self._refuse(400, "the body is missing", broken=broken, where=ROOT)
            return
        coding = headers.get(b"content-encoding", b"identity")
        if coding.lower() != b"identity":
            detail = f"content coding {coding.decode('latin-1')} is not taken, send identity"
            broken = [(Part.MEDIA_TYPE, f"{self._pointer}/content")]
            raise self._refuse(415, detail, broken=broken, where="Content-Encoding")  # RFC 9110, section 15.5.16
        sent = headers.get(b"content-type")
        media_type, options = (
            (JSON, {}) if sent == b"application/json" else content_type((sent or b"").decode("latin-1"))
        )
        schema = self._schemas.get(media_type)
        if schema is None:
            raise self._wrong_type(media_type)
        visit.media_type = media_type
        if media_type == MULTIPART:
            visit.body = self._typed(media_type, await self._multipart(raw, headers))
        elif media_type == URLENCODED:
            visit.body = self._typed(media_type, parse_qs(raw.decode("utf-8", "replace"), keep_blank_values=True))
        else:
            visit.body = self._json(raw, options.get("charset", "utf-8"), media_type)
        try:
            if schema.is_valid(visit.body):
                return
            violation = next(schema.violations(visit.body))
            if visit.session.lenient:
                visit.remarks = excused(visit.session.pack.rules, Part.BODY, schema.violations(visit.body))
        except ValueError as error:  # beyond the validator's limit of recursion
            raise self._refuse(400, f"the body cannot be checked: {error}", where=ROOT) from None
        if visit.remarks:
            return
        where = violation.instance or ROOT
        raise self._refuse(400, shortened(violation.message), broken=[(Part.BODY, violation.keyword)], where=where)

    async def _received(self, limit: int, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        announced = int(headers.get(b"content-length", b"0"))
        if announced > limit and (b"expect" in headers or announced > DRAINED):
            raise self._too_large(limit, headers)
        message = await receive()
        body: bytes = message.get("body", b"")
        if not message.get("more_body") and message["type"] == "http.request":
            if len(body) > limit:
                raise self._too_large(limit, headers)
            return body
        chunks, size = [body], len(body)
        while message.get("more_body"):
            message = await receive()
            size += len(message.get("body", b""))
            if size > DRAINED:
                raise self._too_large(limit, headers)
            if size <= limit:
                chunks.append(message.get("body", b""))
        if message["type"] == "http.disconnect":
            raise GoneError()
        if size > limit:
            raise self._too_large(limit, headers)
        return b"".join(chunks)

    def _too_large(self, limit: int, headers: Mapping[bytes, bytes]) -> RefusedError:
        broken = [(Part.SIZE, f"{self._operation.pointer}/requestBody")]
        where = "Content-Length" if b"content-length" in headers else ROOT
        return self._refuse(413, f"the body has more than {limit} bytes", broken=broken, where=where)

    def _wrong_type(self, media_type: str) -> RefusedError:
        detail = f"media type {media_type or 'none'} is not taken, send {' or '.join(self._schemas)}"
        broken = [(Part.MEDIA_TYPE, f"{self._pointer}/content")]
        return self._refuse(415, detail, broken=broken, where="Content-Type")

    def _content(self, media_type: str) -> tuple[Part, str]:
        return Part.MEDIA_TYPE, self._pointer + join("content", media_type)

    def _json(self, raw: bytes, charset: str, media_type: str) -> Json:
        try:
            if charset.lower() not in ("utf-8", "utf8"):
                raw = _decoded(raw, charset).encode()
            return orjson.loads(raw)
        except LookupError:
            status, detail, where = 415, f"unknown charset {charset!r}", "Content-Type"
        except ValueError as error:
            status, detail, where = 400, f"the body is not JSON: {error}", ROOT
        raise self._refuse(status, detail, broken=[self._content(media_type)], where=where)

    async def _multipart(self, raw: bytes, headers: Mapping[bytes, bytes]) -> dict[str, list[str]]:
        async def stream() -> AsyncIterator[bytes]:
            yield raw

        try:
            form = await MultiPartParser(Headers(raw=list(headers.items())), stream()).parse()  # type: ignore[arg-type]
        except (MultiPartException, KeyError, ValueError, AttributeError) as error:
            broken = [self._content(MULTIPART)]
            raise self._refuse(400, f"the form cannot be read: {error}", broken=broken, where=ROOT) from None
        found: dict[str, list[str]] = {}
        for name, value in form.multi_items():
            if isinstance(value, str):
                found.setdefault(name, []).append(value)
        await form.close()
        return found

    def _typed(self, media_type: str, fields: Mapping[str, list[str]]) -> dict[str, Json]:
        """Return the fields of a form as values of the types that the schema gives its properties."""
        known = self._kinds[media_type]
        return {name: typed(values, known.get(name) or ("string",)) for name, values in fields.items()}


def _kinds(operation: Operation, schema: Schema) -> dict[str, tuple[str, ...]]:
    document = operation.document.value
    pointer, value = dereference(document, schema.pointer)
    return {name: kinds(document, pointer + join("properties", name)) for name in value.get("properties", {})}


def _decoded(raw: bytes, charset: str) -> str:
    """Decode by a charset's name; raises LookupError where it is no text encoding, ValueError for bytes not its own."""
    if not getattr(codecs.lookup(charset), "_is_text_encoding", True):
        raise LookupError(charset)
    return raw.decode(charset)
