"""Recorded traffic as calls of a document's operations: which operation each was, and what it and its answer say."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from understudy.har import Recorded
from understudy.model.call import ABSENT, Absent
from understudy.spec.document import Document, Operation
from understudy.spec.paths import Paths
from understudy.spec.wire import content_type, header_text, is_json
from understudy.values import Json


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A recorded call of an operation, its parameters read as a server reads them; `base` is what its URL begins with.

    Bodies are JSON, or ABSENT where there is none, or none that can be read as such.
    """

    recorded: Recorded
    base: str
    operation: Operation
    path: Mapping[str, Json]
    query: Mapping[str, Json]
    header: Mapping[str, Json]
    body: Json | Absent
    media_type: str | None
    answer: Json | Absent

    def documented(self) -> bool:
        """Whether the answer is one that the document has: its status, and its body, if that has a schema."""
        spec = self.operation.response(self.recorded.status)
        media_type, _ = content_type(_first(self.recorded.answer_headers, "content-type"))
        declared = spec.declared(media_type) if spec is not None else None
        schema = spec.content.get(declared) if spec is not None and declared is not None else None
        return spec is not None and (schema is None or (self.answer is not ABSENT and schema.is_valid(self.answer)))


class Reader:
    """Finds the operations of one document in recorded traffic, whatever its base URL was."""

    def __init__(self, document: Document) -> None:
        self._operations = {(each.path, each.method): each for each in document.operations.values()}
        self._paths = Paths(each.path for each in document.operations.values())

    def read(self, calls: Iterable[Recorded]) -> Iterator[Exchanged]:
        """Yield those of the calls that are of an operation of the document's."""
        for call in calls:
            found = self._operation(call)
            if found is not None:
                yield self._exchanged(call, *found)

    def _operation(self, call: Recorded) -> tuple[str, Operation, Mapping[str, str]] | None:
        """Return base URL, operation and path parameters of a call: the longest end of the path that is one counts."""
        parts = urlsplit(call.url)
        path = parts.path
        for start, letter in enumerate(path):
            matched = self._paths.match(path[start:]) if letter == "/" else None
            operation = self._operations.get((matched[0], call.method.upper())) if matched else None
            if matched and operation:
                return f"{parts.scheme}://{parts.netloc}{path[:start]}", operation, matched[1]
        return None

    @staticmethod
    def _exchanged(call: Recorded, base: str, operation: Operation, path: Mapping[str, str]) -> Exchanged:
        values = parse_qs(urlsplit(call.url).query, keep_blank_values=True)
        headers = {name.lower(): header_text(value.encode("latin-1", "replace")) for name, value in call.headers}
        named = {each.name: headers.get(each.name.lower()) for each in operation.parameters}
        sent: dict[str, Mapping[str, Json]] = {"path": path, "query": values, "header": named}
        found: dict[str, dict[str, Json]] = {"path": {}, "query": {}, "header": {}}
        for parameter in operation.parameters:
            given = sent.get(parameter.location, {}).get(parameter.name)
            if given is not None:
                found[parameter.location][parameter.name] = parameter.reader.value(given)
        return Exchanged(
            call,
            base,
            operation,
            found["path"],
            found["query"],
            found["header"],
            _json(call.headers, call.body),
            content_type(_first(call.headers, "content-type"))[0] or None,
            _json(call.answer_headers, call.answer),
        )


def _first(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    return next((value for key, value in headers if key.lower() == name), None)


def _json(headers: Iterable[tuple[str, str]], body: bytes) -> Json | Absent:
    """Return a body as JSON where it is said to be some, and is."""
    if not body or not is_json(content_type(_first(headers, "content-type"))[0]):
        return ABSENT
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return ABSENT
