"""Good requests made from the effective document's own examples, and what any request needs to be put on the wire."""

import base64
import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from understudy.contract.authentication import places
from understudy.contract.exchange import SECRET_HEADERS, Request
from understudy.contract.forms import FORMS
from understudy.contract.target import Run
from understudy.spec.document import Operation, Parameter
from understudy.spec.extensions import IDENTIFIER
from understudy.spec.wire import is_json, text
from understudy.values import Json, at


@dataclass(frozen=True, slots=True)
class Sample:
    """A request in its parts: parameters by location and name, the body as a value, the media type."""

    operation: Operation
    parameters: Mapping[str, Mapping[str, Json]]
    body: Json = None
    media_type: str | None = None

    def with_parameter(self, parameter: Parameter, value: Json) -> "Sample":
        """Return the sample with another value of a parameter; None leaves it out."""
        return self.with_value(parameter.location, parameter.name, value)

    def with_all_parameters(self) -> "Sample":
        """Return the sample with each query parameter that it leaves out and of which the document tells a value."""
        found = self
        for each in self.operation.parameters:
            value = _told(each) if each.location == "query" else None
            if value is not None and each.name not in self.parameters.get("query", {}):
                found = found.with_parameter(each, value)
        return found

    def with_value(self, location: str, name: str, value: Json) -> "Sample":
        """Return the sample with that value sent there; None leaves it out."""
        kept = {known: old for known, old in self.parameters.get(location, {}).items() if known != name}
        if value is not None:
            kept[name] = value
        return replace(self, parameters={**self.parameters, location: kept})

    def moved(self, base: "Sample", own: "Sample") -> "Sample":
        """Return the sample, made from `base`, for the record of `own`: its parameters, and identifiers in the body."""
        body = self.body
        if isinstance(body, dict) and isinstance(base.body, dict) and isinstance(own.body, dict):
            names = base.operation.named_in(base.operation.bodies[base.media_type or ""])
            body = body | {name: own.body[name] for name in names if name in body and body[name] == base.body.get(name)}
        return replace(self, parameters=own.parameters, body=body)

    def with_body(self, body: Json) -> "Sample":
        """Return the sample with another body."""
        return replace(self, body=body)


def sample(operation: Operation, run: Run, label: str, record: str | None = None) -> Sample | None:
    """Return a good request of the operation for a record of its own, or None where the document has no example.

    `label` tells records apart; equal labels of one run name the same one. `record` is the identifier to use instead.
    """
    named = record or identifier(run, label)
    parameters: dict[str, dict[str, Json]] = {}
    for parameter in operation.parameters:
        marked = bool(parameter.value.get(IDENTIFIER))
        value = named if marked else _example(parameter.value, parameter.schema.value)
        if parameter.required and value is None:
            return None
        if parameter.required or marked:
            parameters.setdefault(parameter.location, {})[parameter.name] = value
    if operation.body_pointer is None or not operation.bodies:
        return Sample(operation, parameters)
    media_type, schema = next(iter(operation.bodies.items()))
    content = at(operation.document.value, schema.pointer.removesuffix("/schema"))
    body = copy.deepcopy(_example(content, schema.value))
    if body is None and operation.body_required:
        return None
    if isinstance(body, dict):
        body |= {name: named for name in operation.named_in(schema) if name in body}
    return Sample(operation, parameters, body, media_type if body is not None else None)


def identifier(run: Run, label: str) -> str:
    """Return a recognisable identifier that no other run and no other label has."""
    return f"{run.prefix}{token(run, label)}@example.com"


def token(run: Run, label: str) -> str:
    """Return twelve lower-case letters and digits that depend on the run and the label alone."""
    digest = hashlib.sha256(f"{run.run_id} {label}".encode()).digest()
    return base64.b32encode(digest).decode().lower()[:12]


def on_the_wire(sample: Sample, run: Run, *, secret: str | None, base_url: str | None = None) -> Request:
    """Return the request of a sample by a caller with that secret; a credential of the sample's own goes first."""
    sample, secrets = _with_credential(sample, secret)
    path = sample.operation.path
    for name, value in _texts(sample, "path"):
        path = path.replace("{" + name + "}", quote(value, safe=""))
    query = urlencode(_texts(sample, "query"))
    url = (base_url or run.base_url) + path + (f"?{query}" if query else "")
    headers = [(name, _latin(value)) for name, value in _texts(sample, "header")]
    cookies = "; ".join(f"{name}={value}" for name, value in _texts(sample, "cookie"))
    if cookies:
        headers.append(("Cookie", _latin(cookies)))
    body, content_type = _body(sample)
    if content_type is not None:
        headers.append(("Content-Type", content_type))
    return Request(sample.operation.method, url, tuple(headers), body, secrets)


def _texts(sample: Sample, location: str) -> list[tuple[str, str]]:
    """Return names and texts of what is sent at a location; items of an exploded array each by themselves."""
    readers = {each.name: each.reader for each in sample.operation.parameters if each.location == location}
    return [
        (name, each)
        for name, value in sample.parameters.get(location, {}).items()
        for each in (readers[name].texts(value) if name in readers else [text(value)])
    ]


def _with_credential(sample: Sample, secret: str | None) -> tuple[Sample, frozenset[str]]:
    """Return the sample with the secret at the first place that the operation has for one, and the secret headers."""
    known = list(places(sample.operation))
    secrets = SECRET_HEADERS | {place.name.lower() for place in known if place.location == "header"}
    sent = {(location, name.lower()) for location, values in sample.parameters.items() for name in values}
    if secret is None or not known or any((place.location, place.name.lower()) in sent for place in known):
        return sample, secrets
    return sample.with_value(known[0].location, known[0].name, known[0].value(secret)), secrets


def _body(sample: Sample) -> tuple[bytes | None, str | None]:
    body, media_type = sample.body, sample.media_type
    if media_type is None:
        return None, None
    if isinstance(body, bytes):
        return body, media_type
    if media_type in FORMS and isinstance(body, Mapping):
        return FORMS[media_type]({name: text(value) for name, value in body.items()})
    if isinstance(body, str) and not is_json(media_type):
        return body.encode(), media_type
    return as_json(body), media_type


def as_json(value: Json) -> bytes:
    """Return a value as JSON on the wire; half a pair of surrogates, which no text may have, goes out as it is."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


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


def _told(parameter: Parameter) -> Json:
    """Return a value that a parameter may have, not its default if there is another; None if none is known."""
    schema, examples = parameter.schema.value, parameter.value.get("examples", {})
    if not isinstance(schema, Mapping):
        return None
    known = schema.get("enum") or [each["value"] for each in examples.values() if "value" in each]
    if known:
        return next((value for value in reversed(known) if value != schema.get("default")), known[0])
    example = _example(parameter.value, schema)
    kinds = schema.get("type")
    kind = next((each for each in kinds if each != "null"), "") if isinstance(kinds, list) else str(kinds)
    return {"integer": schema.get("minimum", 1), "boolean": True}.get(kind) if example is None else example


def _latin(value: str) -> str:
    """Return the text as the Latin-1 reading of its UTF-8 bytes, which is how `Request` keeps header values."""
    return value.encode("utf-8", "surrogatepass").decode("latin-1")
