"""The objects of an OpenAPI document as the specification nests them: each with its kind, pointer and surroundings.

Nothing is judged here, and no value of an example is taken for a schema.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from understudy.values import METHODS, Json, join


class Kind(Enum):
    """The kinds of objects that are told apart."""

    ROOT = auto()
    COMPONENTS = auto()
    PATH_ITEM = auto()
    OPERATION = auto()
    PARAMETER = auto()
    REQUEST_BODY = auto()
    RESPONSE = auto()
    HEADER = auto()
    MEDIA_TYPE = auto()
    ENCODING = auto()
    SCHEMA = auto()
    EXAMPLE = auto()
    LINK = auto()
    CALLBACK = auto()
    SECURITY_SCHEME = auto()


IN_PLACE = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"})
"""Keywords whose schemas apply to the very value that the schema around them applies to."""

_ONE = {
    Kind.ROOT: {"components": Kind.COMPONENTS},
    Kind.PATH_ITEM: dict.fromkeys(METHODS, Kind.OPERATION),
    Kind.OPERATION: {"requestBody": Kind.REQUEST_BODY},
    Kind.PARAMETER: {"schema": Kind.SCHEMA},
    Kind.HEADER: {"schema": Kind.SCHEMA},
    Kind.MEDIA_TYPE: {"schema": Kind.SCHEMA},
    Kind.SCHEMA: dict.fromkeys(
        (
            *("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"),
            *("unevaluatedItems", "unevaluatedProperties", "contentSchema"),
        ),
        Kind.SCHEMA,
    ),
}
_LIST = {
    Kind.PATH_ITEM: {"parameters": Kind.PARAMETER},
    Kind.OPERATION: {"parameters": Kind.PARAMETER},
    Kind.SCHEMA: dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), Kind.SCHEMA),
}
_MAP = {
    Kind.ROOT: {"paths": Kind.PATH_ITEM, "webhooks": Kind.PATH_ITEM},
    Kind.COMPONENTS: {
        "schemas": Kind.SCHEMA,
        "responses": Kind.RESPONSE,
        "parameters": Kind.PARAMETER,
        "examples": Kind.EXAMPLE,
        "requestBodies": Kind.REQUEST_BODY,
        "headers": Kind.HEADER,
        "securitySchemes": Kind.SECURITY_SCHEME,
        "links": Kind.LINK,
        "callbacks": Kind.CALLBACK,
        "pathItems": Kind.PATH_ITEM,
    },
    Kind.OPERATION: {"responses": Kind.RESPONSE, "callbacks": Kind.CALLBACK},
    Kind.REQUEST_BODY: {"content": Kind.MEDIA_TYPE},
    Kind.RESPONSE: {"headers": Kind.HEADER, "content": Kind.MEDIA_TYPE, "links": Kind.LINK},
    Kind.PARAMETER: {"content": Kind.MEDIA_TYPE, "examples": Kind.EXAMPLE},
    Kind.HEADER: {"content": Kind.MEDIA_TYPE, "examples": Kind.EXAMPLE},
    Kind.MEDIA_TYPE: {"examples": Kind.EXAMPLE, "encoding": Kind.ENCODING},
    Kind.ENCODING: {"headers": Kind.HEADER},
    Kind.SCHEMA: dict.fromkeys(
        ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions"), Kind.SCHEMA
    ),
}
_NAMES_ARE_FIELDS = frozenset({"paths", "responses", "callbacks", "webhooks"})
"""Maps beside whose names extensions may stand."""


@dataclass(frozen=True, slots=True)
class Node:
    """An object of the document. `slot` is the field of `parent` that holds it, `name` its key or index in there."""

    kind: Kind
    pointer: str
    value: Mapping[str, Json]
    parent: "Node | None" = None
    slot: str = ""
    name: str = ""

    @property
    def reference(self) -> str | None:
        """The `$ref`, where there is one."""
        reference = self.value.get("$ref")
        return reference if isinstance(reference, str) else None

    def ancestors(self) -> Iterator["Node"]:
        """Yield the node and what stands around it, innermost first."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent

    def inside(self, kind: Kind) -> "Node | None":
        """Return the nearest object of a kind around the node, or itself."""
        return next((node for node in self.ancestors() if node.kind is kind), None)


def tour(start: Node, *, version: str) -> Iterator[Node]:
    """Yield the node and every object inside, parents before children; what is no object is passed over."""
    stack = [start]
    while stack:
        node = stack.pop()
        yield node
        if node.reference is None or (node.kind is Kind.SCHEMA and version != "3.0") or node.kind is Kind.PATH_ITEM:
            stack.extend(reversed(list(_children(node))))


def _children(node: Node) -> Iterator[Node]:
    if node.kind is Kind.CALLBACK:
        yield from _members(node, "", node.value, Kind.PATH_ITEM)
        return
    for slot, kind in _ONE.get(node.kind, {}).items():
        if isinstance(value := node.value.get(slot), Mapping):
            yield Node(kind, node.pointer + join(slot), value, node, slot)
    for slot, kind in _LIST.get(node.kind, {}).items():
        members = node.value.get(slot)
        for index, value in enumerate(members if isinstance(members, list) else ()):
            if isinstance(value, Mapping):
                yield Node(kind, node.pointer + join(slot, index), value, node, slot, str(index))
    for slot, kind in _MAP.get(node.kind, {}).items():
        if isinstance(members := node.value.get(slot), Mapping):
            yield from _members(node, slot, members, kind)


def _members(node: Node, slot: str, members: Mapping[str, Json], kind: Kind) -> Iterator[Node]:
    fields = slot in _NAMES_ARE_FIELDS or (not slot and node.kind is Kind.CALLBACK)
    for name, value in members.items():
        if isinstance(value, Mapping) and not (fields and name.startswith("x-")):
            yield Node(kind, node.pointer + (join(slot, name) if slot else join(name)), value, node, slot, name)
