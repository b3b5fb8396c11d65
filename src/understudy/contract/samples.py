"""Good requests made from the effective document's own examples, and what any request needs to be put on the wire."""

import base64
import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from understudy.contract.exchange import Request
from understudy.contract.target import Run
from understudy.spec.document import Operation, Parameter
from understudy.spec.wire import is_json
from understudy.values import Json

IDENTIFIER = "x-understudy-identifier"
"""Marks the parameter that names the record, so that each call can have one of its own."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A request in its parts: parameters by location and name, the body as a value, the media type."""

    operation: Operation
    parameters: Mapping[str, Mapping[str, Json]]
    body: Json = None
    media_type: str | None = None

    def with_parameter(self, parameter: Parameter, value: Json) -> "Sample":
        """Return the sample with another value of a parameter; None leaves it out."""
        kept = {
            name: old for name, old in self.parameters.get(parameter.location, {}).items() if name != parameter.name
        }
        if value is not None:
            kept[parameter.name] = value
        return replace(self, parameters={**self.parameters, parameter.location: kept})

    def with_body(self, body: Json) -> "Sample":
        """Return the sample with another body."""
        return replace(self, body=body)


def sample(operation: Operation, run: Run, label: str) -> Sample | None:
    """Return a good request of the operation for a record of its own, or None where the document has no example.

    `label` tells records apart; equal labels of one run name the same record.
    """
    parameters: dict[str, dict[str, Json]] = {}
    for parameter in operation.parameters:
        marked = bool(parameter.value.get(IDENTIFIER))
        value = identifier(run, label) if marked else _example(parameter.value, parameter.schema.value)
        if parameter.required and value is None:
            return None
        if parameter.required or marked:
            parameters.setdefault(parameter.location, {})[parameter.name] = value
    if operation.body_pointer is None or not operation.bodies:
        return Sample(operation, parameters)
    media_type, schema = next(iter(operation.bodies.items()))
    content = operation.document.value
    for token in schema.pointer.removesuffix("/schema").split("/")[1:]:
        content = content[token.replace("~1", "/").replace("~0", "~")]
    body = _example(content, schema.value)
    if body is None and operation.body_required:
        return None
    return Sample(operation, parameters, copy.deepcopy(body), media_type if body is not None else None)


def identifier(run: Run, label: str) -> str:
    """Return a recognisable identifier that no other run and no other label has."""
    return f"{run.prefix}-{token(run, label)}@example.com"


def token(run: Run, label: str) -> str:
    """Return twelve lower-case letters and digits that depend on the run and the label alone."""
    digest = hashlib.sha256(f"{run.run_id} {label}".encode()).digest()
    return base64.b32encode(digest).decode().lower()[:12]


def on_the_wire(sample: Sample, run: Run, *, authorization: str | None, base_url: str | None = None) -> Request:
    """Return the request of a sample; an Authorization parameter of its own goes before the given one."""
    path = sample.operation.path
    for name, value in sample.parameters.get("path", {}).items():
        path = path.replace("{" + name + "}", quote(_text(value), safe=""))
    query = urlencode({name: _text(value) for name, value in sample.parameters.get("query", {}).items()})
    url = (base_url or run.base_url) + path + (f"?{query}" if query else "")
    headers = [(name, _latin(_text(value))) for name, value in sample.parameters.get("header", {}).items()]
    if authorization is not None and not any(name.lower() == "authorization" for name, _ in headers):
        headers.append(("Authorization", authorization))
    body, content_type = _body(sample)
    if content_type is not None:
        headers.append(("Content-Type", content_type))
    return Request(sample.operation.method, url, tuple(headers), body)


def _body(sample: Sample) -> tuple[bytes | None, str | None]:
    body, media_type = sample.body, sample.media_type
    if media_type is None:
        return None, None
    if isinstance(body, bytes):
        return body, media_type
    if media_type == "multipart/form-data" and isinstance(body, Mapping):
        boundary = "understudy-boundary"
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{_text(value)}\r\n'
            for name, value in body.items()
        ]
        return ("".join(parts) + f"--{boundary}--\r\n").encode(), f"{media_type}; boundary={boundary}"
    if media_type == "application/x-www-form-urlencoded" and isinstance(body, Mapping):
        return urlencode({name: _text(value) for name, value in body.items()}).encode(), media_type
    if isinstance(body, str) and not is_json(media_type):
        return body.encode(), media_type
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass"), media_type


def _example(value: Mapping[str, Json], schema: Json) -> Json:
    if "example" in value:
        return value["example"]
    if isinstance(schema, Mapping):
        examples = [
            *schema.get("examples", []),
            *([schema["example"]] if "example" in schema else []),
            *schema.get("enum", []),
        ]
        return examples[0] if examples else None
    return None


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _latin(text: str) -> str:
    """Return the text as the Latin-1 reading of its UTF-8 bytes, which is how `Request` keeps header values."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")
