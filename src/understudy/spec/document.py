"""An OpenAPI document as the engine reads it: operations, their parts by JSON pointer, compiled schemas.

The vendored text, the effective document and the judged one are all `Document`s; building them is `pack`'s work.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import jsonschema_rs

from understudy.errors import ContentError
from understudy.spec.extensions import EXISTING, IDENTIFIER, NEEDS_RECORD
from understudy.spec.paths import Paths
from understudy.spec.upgrade import BOUNDS, bounded, upgraded
from understudy.spec.wire import Reader, content_type, delimiter
from understudy.values import METHODS, Json, at, dereference, join, walk


@dataclass(frozen=True, slots=True)
class Violation:
    """What a schema says against a value: the message, where in the value, and the pointer of the broken keyword."""

    message: str
    instance: str
    keyword: str


class Schema:
    """A schema of a document, compiled once; `pointer` is where it stands in the document."""

    def __init__(self, document: Json, pointer: str) -> None:
        self.pointer = pointer
        self.value = at(document, pointer)
        self._root = {key: document[key] for key in ("paths", "components") if key in document}
        try:
            self._validator = jsonschema_rs.Draft202012Validator(
                {"$ref": "#" + _fragment(pointer), **self._root}, validate_formats=True
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
            what = f"the schema cannot be compiled: {getattr(error, 'message', error)}"
            raise ContentError(what, where=pointer, todo="mend it, or correct it by an overlay") from error
        self.is_valid = self._validator.is_valid

    def violations(self, value: Json) -> Iterator[Violation]:
        """Yield every violation; `instance` and `keyword` are JSON pointers."""
        for error in self._validator.iter_errors(value):
            yield Violation(error.message, join(*error.instance_path), self._keyword(error))

    def _keyword(self, error: jsonschema_rs.ValidationError) -> str:
        """Return where the broken keyword stands; of a list of names the missing one, of a bound the format behind."""
        pointer = join(*error.schema_path)
        parent, _, keyword = pointer.rpartition("/")
        if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required):
            names = at(self._root, pointer)
            return pointer + join(names.index(error.kind.property)) if error.kind.property in names else pointer
        schema = at(self._root, parent) if keyword in ("minimum", "maximum") else {}
        bound = BOUNDS.get(str(schema.get("format")))
        return f"{parent}/format" if bound and schema[keyword] in (-bound, bound - 1) else pointer

    def places(self, value: Json, pointer: str) -> list[str]:
        """Return where in the value the subschema at the pointer applies, as pointers into the value."""
        details = self._validator.evaluate(value).list()["details"]
        return list(dict.fromkeys(d["instanceLocation"] for d in details if d["schemaLocation"] == pointer))

    def applied(self, value: Json) -> frozenset[str]:
        """Return the pointers of all keywords and subschemas that had a say on the value and agreed."""
        found: set[str] = set()
        for detail in self._validator.evaluate(value).list()["details"]:
            if detail["valid"]:
                location = detail["schemaLocation"]
                found.add(location)
                names = self._requiring.get(location)
                if names and isinstance(at(value, detail["instanceLocation"]), dict):
                    found |= names  # jsonschema-rs checks them with `properties`, and does not list them
        return frozenset(found)

    @cached_property
    def _requiring(self) -> Mapping[str, frozenset[str]]:
        """The pointers of `required` and of each name in it, by that of the schema that holds it."""
        return {
            pointer: frozenset(f"{pointer}/required{last}" for last in ("", *(f"/{i}" for i in range(len(names)))))
            for pointer, node in walk(self._root)
            if isinstance(node, dict) and isinstance(names := node.get("required"), list)
        }


@dataclass(frozen=True)
class Parameter:
    """A parameter with the pointer at which it is declared (references followed); `reader` reads what is sent."""

    name: str
    location: str
    required: bool
    pointer: str
    value: Mapping[str, Json]
    schema: Schema
    reader: Reader


class Operation:
    """One operation: its method, path template, parameters, bodies and responses, found through references.

    `item` is the pointer of its path item (references followed).
    """

    def __init__(self, document: "Document", path: str, item: str, method: str) -> None:
        self.document = document
        self.path = path
        self.method = method.upper()
        self.item = item
        self.pointer = item + join(method)
        self.value: Mapping[str, Json] = at(document.value, self.pointer)
        self.operation_id: str = self.value.get("operationId") or f"{self.method} {path}"

    def __repr__(self) -> str:
        return f"<Operation {self.operation_id}>"

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The operation's parameters, then those of its path that it does not declare itself.

        Headers that OpenAPI describes elsewhere are none (OpenAPI 3.1.0, section 4.8.12.2.1).
        """
        found: dict[tuple[str, str], Parameter] = {}
        for base in (self.pointer, self.item):
            for index, _ in enumerate(at(self.document.value, base).get("parameters", [])):
                pointer, value = dereference(self.document.value, f"{base}/parameters/{index}")
                if value["in"] == "header" and value["name"].lower() in ("accept", "content-type", "authorization"):
                    continue
                schema = self.document.schema(pointer + self._schema_of(value))
                reader = Reader(self.document.value, schema.pointer, delimiter(value))
                required = bool(value.get("required"))
                parameter = Parameter(value["name"], value["in"], required, pointer, value, schema, reader)
                found.setdefault(
                    (parameter.name.lower() if parameter.location == "header" else parameter.name, parameter.location),
                    parameter,
                )
        return tuple(found.values())

    @staticmethod
    def _schema_of(parameter: Mapping[str, Json]) -> str:
        if "content" in parameter:
            return join("content", next(iter(parameter["content"])), "schema")
        return "/schema"

    @cached_property
    def body_required(self) -> bool:
        """Whether a request without a body is forbidden."""
        return bool(self._body and self._body[1].get("required"))

    @cached_property
    def body_pointer(self) -> str | None:
        """Where the request body is declared; None where the operation takes none."""
        return self._body[0] if self._body else None

    @cached_property
    def bodies(self) -> Mapping[str, Schema]:
        """The request body's schemas by media type, in lower case."""
        return self._content(*self._body) if self._body else {}

    @cached_property
    def _body(self) -> tuple[str, Mapping[str, Json]] | None:
        return dereference(self.document.value, self.pointer + "/requestBody") if "requestBody" in self.value else None

    @cached_property
    def needs_record(self) -> bool:
        """Whether the operation does nothing unless the record that its request names is there."""
        in_parameter = any(parameter.value.get(IDENTIFIER) == EXISTING for parameter in self.parameters)
        return in_parameter or bool(self.value.get(NEEDS_RECORD))

    @cached_property
    def naming_parameters(self) -> tuple[tuple[str, str], ...]:
        """Location and name of the parameters that name the record."""
        return tuple((each.location, each.name) for each in self.parameters if each.value.get(IDENTIFIER))

    @cached_property
    def naming_properties(self) -> tuple[str, ...]:
        """The properties of bodies, of whatever media type, that name the record."""
        return tuple(dict.fromkeys(name for schema in self.bodies.values() for name in self.named_in(schema)))

    def named_in(self, schema: "Schema") -> list[str]:
        """Return the properties of a body of that schema that name the record."""
        value = dereference(self.document.value, schema.pointer)[1]
        declared = value.get("properties", {}) if isinstance(value, Mapping) else {}
        return [name for name, value in declared.items() if isinstance(value, Mapping) and value.get(IDENTIFIER)]

    @cached_property
    def statuses(self) -> frozenset[int]:
        """The statuses that are declared one by one."""
        return frozenset(int(status) for status in self.value.get("responses", {}) if str(status).isdecimal())

    def response(self, status: int) -> "ResponseSpec | None":
        """Return what is declared for a status: itself, its class (`4XX`) or `default`; None where nothing is."""
        if status not in self._responses:
            declared = self.value.get("responses", {})
            key = next((key for key in (str(status), f"{status // 100}XX", "default") if key in declared), None)
            self._responses[status] = ResponseSpec(self, key) if key is not None else None
        return self._responses[status]

    @cached_property
    def _responses(self) -> "dict[int, ResponseSpec | None]":
        return {}

    def _content(self, pointer: str, value: Mapping[str, Json]) -> Mapping[str, Schema]:
        return {
            content_type(media_type)[0]: self.document.schema(pointer + join("content", media_type, "schema"))
            for media_type, content in value.get("content", {}).items()
            if "schema" in content
        }

    @cached_property
    def security(self) -> list[Mapping[str, list[str]]]:
        """The alternatives that open the operation: schemes that are all wanted, with scopes; [] where all may call."""
        return list(self.value.get("security", self.document.value.get("security", [])))

    @cached_property
    def is_closed(self) -> bool:
        """Whether it takes a credential: an empty alternative makes that optional (OpenAPI 3.1.0, section 4.8.30)."""
        return bool(self.security) and all(self.security)

    def opens_to(self, scopes: Collection[str]) -> bool:
        """Whether a credential with those scopes or roles may call it."""
        alternatives = (need.values() for need in self.security)
        return not self.is_closed or any(all(set(each) <= set(scopes) for each in need) for need in alternatives)


class ResponseSpec:
    """What an operation declares for one status."""

    def __init__(self, operation: Operation, key: str) -> None:
        document = operation.document
        self.declared_at = operation.pointer + join("responses", key)
        self.pointer, self.value = dereference(document.value, self.declared_at)
        self.content: Mapping[str, Schema] = operation._content(self.pointer, self.value)
        self.media_types = tuple(content_type(media_type)[0] for media_type in self.value.get("content", {}))
        self.headers: dict[str, Header] = {}
        for name in self.value.get("headers", {}):
            if name.lower() != "content-type":
                pointer, value = dereference(document.value, self.pointer + join("headers", name))
                schema = document.schema(pointer + "/schema") if "schema" in value else None
                reader = Reader(document.value, pointer + "/schema", ",")
                self.headers[name.lower()] = Header(name, bool(value.get("required")), pointer, schema, reader)

    def declared(self, media_type: str) -> str | None:
        """Return the declared media type or range (RFC 9110, section 12.5.1) that one falls under, or None."""
        ranges = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")
        return next((each for each in ranges if each in self.media_types), None)


@dataclass(frozen=True, slots=True)
class Header:
    """A response header as declared; `pointer` is where (references followed), `reader` reads its text."""

    name: str
    required: bool
    pointer: str
    schema: Schema | None
    reader: Reader


class Document:
    """An OpenAPI 3.0 or 3.1 document with its operations; the value is never changed."""

    def __init__(self, value: Json) -> None:
        self.value = value
        self._schemas: dict[str, Schema] = {}

    def schema(self, pointer: str) -> Schema:
        """Return the compiled schema at the pointer; each is compiled once."""
        if pointer not in self._schemas:
            self._schemas[pointer] = Schema(self._schema_root, pointer)
        return self._schemas[pointer]

    @cached_property
    def _schema_root(self) -> Json:
        """The document with its schemas as JSON Schema 2020-12 has them, all at their places."""
        return bounded(upgraded(self.value) if str(self.value.get("openapi", "")).startswith("3.0") else self.value)

    @cached_property
    def operations(self) -> Mapping[str, Operation]:
        """All operations by operationId, in the document's order."""
        found: dict[str, Operation] = {}
        for path in self.value.get("paths", {}):
            if path.startswith("/"):
                item, methods = dereference(self.value, join("paths", path))
                for method in methods:
                    if method in METHODS:
                        operation = Operation(self, path, item, method)
                        found[operation.operation_id] = operation
        return found

    def find(self, method: str, path: str) -> Operation | None:
        """Return the operation that serves a request's method and (still percent-encoded) path; literal paths win."""
        found = self.paths.match(path)
        return self._by_path[found[0]].get(method.upper()) if found else None

    @cached_property
    def paths(self) -> Paths:
        """The path templates that have operations."""
        return Paths(self._by_path)

    @cached_property
    def _by_path(self) -> dict[str, dict[str, Operation]]:
        by_path: dict[str, dict[str, Operation]] = {}
        for operation in self.operations.values():
            by_path.setdefault(operation.path, {})[operation.method] = operation
        return by_path


def _fragment(pointer: str) -> str:
    return pointer.replace("%", "%25").replace("{", "%7B").replace("}", "%7D").replace(" ", "%20")
