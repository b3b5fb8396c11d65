"""A document as the checks see it: its objects, what references lead to, its operations. Nothing is judged here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import unquote

from understudy.spec.lint.nodes import Kind, Node, tour
from understudy.values import Json, at, join, split

if TYPE_CHECKING:
    from understudy.spec.lint.validation import Validation


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation: its object, its method in capitals, its path template ('' for a webhook or a callback)."""

    node: Node
    method: str
    path: str

    @property
    def value(self) -> Mapping[str, Json]:
        """The operation object."""
        return self.node.value

    @property
    def address(self) -> str:
        """The pointer by path and method; the object stands elsewhere where the path item is a reference."""
        return join("paths", self.path, self.method.lower())

    @property
    def title(self) -> str:
        """How messages call the operation."""
        return f"{self.method} {self.path}" if self.path else f"{self.method} at {self.node.pointer}"


class View:
    """All objects of one document, found once."""

    def __init__(self, value: Mapping[str, Json]) -> None:
        self.value = value
        self.version = str(value.get("openapi", ""))[:3]

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every object of the document, each once, what is reached by references alone included."""
        found = {node.pointer: node for node in self._tour(Node(Kind.ROOT, "", self.value))}
        waiting = list(found.values())
        while waiting:
            node = waiting.pop()
            target = self.resolve(node.reference) if node.reference is not None else None
            if target is not None and target not in found and isinstance(value := at(self.value, target), Mapping):
                fresh = [each for each in self._tour(Node(node.kind, target, value)) if each.pointer not in found]
                found |= {each.pointer: each for each in fresh}
                waiting += fresh
        return tuple(found.values())

    def _tour(self, start: Node) -> Iterator[Node]:
        return tour(start, version=self.version)

    def of(self, kind: Kind) -> tuple[Node, ...]:
        """Return the objects of a kind in the document's order, references among them."""
        return self._by_kind.get(kind, ())

    @cached_property
    def _by_kind(self) -> Mapping[Kind, tuple[Node, ...]]:
        found: dict[Kind, list[Node]] = {}
        for node in self.nodes:
            found.setdefault(node.kind, []).append(node)
        return {kind: tuple(nodes) for kind, nodes in found.items()}

    def declared(self, kind: Kind) -> Iterator[Node]:
        """Yield the objects of a kind that stand there themselves, not as a reference."""
        return (node for node in self.of(kind) if node.reference is None)

    def node(self, pointer: str) -> Node | None:
        """Return the object at the pointer."""
        return self._by_pointer.get(pointer)

    @cached_property
    def _by_pointer(self) -> Mapping[str, Node]:
        return {node.pointer: node for node in self.nodes}

    def resolve(self, reference: str) -> str | None:
        """Return the pointer that a reference leads to; None where it leads nowhere, or out of the document."""
        base, _, fragment = reference.partition("#")
        start = self._ids.get(base) if base else ""
        if start is None:
            return None
        fragment = unquote(fragment)
        if fragment and not fragment.startswith("/"):
            return self._anchors.get(fragment)
        try:
            at(self.value, start + fragment)
        except KeyError:
            return None
        return start + fragment

    def remote(self, reference: str) -> bool:
        """Whether a reference leads out of the document."""
        base = reference.partition("#")[0]
        return bool(base) and base not in self._ids

    @cached_property
    def _ids(self) -> Mapping[str, str]:
        return self._named("$id")

    @cached_property
    def _anchors(self) -> Mapping[str, str]:
        return {**self._named("$dynamicAnchor"), **self._named("$anchor")}

    def _named(self, keyword: str) -> Mapping[str, str]:
        """Return the pointers of schemas by the names they give themselves; read from the tour that needs no names."""
        schemas = (node for node in self._tour(Node(Kind.ROOT, "", self.value)) if node.kind is Kind.SCHEMA)
        return {name: node.pointer for node in schemas if isinstance(name := node.value.get(keyword), str)}

    @cached_property
    def uses(self) -> Mapping[str, tuple[Node, ...]]:
        """The references to each schema, by its pointer."""
        found: dict[str, tuple[Node, ...]] = {}
        for node in self.of(Kind.SCHEMA):
            target = self.resolve(node.reference) if node.reference is not None else None
            if target is not None:
                found[target] = (*found.get(target, ()), node)
        return found

    def follow(self, node: Node) -> Node | None:
        """Return the object behind a node's references; None where they lead nowhere, out, or in a circle."""
        seen: set[str] = set()
        current: Node | None = node
        while current is not None and current.reference is not None:
            if current.pointer in seen:
                return None
            seen.add(current.pointer)
            target = self.resolve(current.reference)
            current = self.node(target) if target is not None else None
        return current

    def child(self, node: Node, *tokens: str | int) -> Node | None:
        """Return the object that a field of a node holds, references followed."""
        found = self.node(node.pointer + join(*tokens))
        return self.follow(found) if found is not None else None

    def children(self, node: Node, slot: str) -> Iterator[tuple[str, Node]]:
        """Yield names and objects of a map or list of a node, references followed; what leads nowhere is left out."""
        members = node.value.get(slot)
        names = members if isinstance(members, Mapping) else range(len(members)) if isinstance(members, list) else ()
        for name in names:
            found = self.child(node, slot, name)
            if found is not None:
                yield str(name), found

    @cached_property
    def validation(self) -> "Validation":
        """The document's schemas, to hold values against."""
        from understudy.spec.lint.validation import Validation

        return Validation(self)

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """All operations, those of webhooks and callbacks among them."""
        paths = {target.pointer: node.name for node in self.of(Kind.PATH_ITEM) if (target := self._path_of(node))}
        found = []
        for node in self.of(Kind.OPERATION):
            item = node.parent.pointer if node.parent is not None else ""
            found.append(Operation(node, node.slot.upper(), paths.get(item, "")))
        return tuple(found)

    def _path_of(self, node: Node) -> Node | None:
        return self.follow(node) if node.slot == "paths" else None

    def operation_of(self, node: Node) -> Operation | None:
        """Return the operation that a node stands in; None for one of the components."""
        around = node.inside(Kind.OPERATION)
        return self._operation_at.get(around.pointer) if around is not None else None

    @cached_property
    def _operation_at(self) -> Mapping[str, Operation]:
        return {operation.node.pointer: operation for operation in self.operations}

    def parameters(self, operation: Operation) -> tuple[Node, ...]:
        """Return the parameters of an operation and of its path, references followed."""
        item = operation.node.parent
        shared = self.children(item, "parameters") if item is not None else ()
        return tuple(node for _, node in (*self.children(operation.node, "parameters"), *shared))

    def responses(self, operation: Operation) -> Mapping[str, Node]:
        """Return the responses of an operation by their keys, references followed."""
        return {name: node for name, node in self.children(operation.node, "responses") if not name.startswith("x-")}

    def place(self, pointer: str) -> str:
        """Return the pointer with names for indices where a list's members have names, so that order is no matter."""
        place = ""
        value: Json = self.value
        for token in split(pointer):
            try:
                value = at(value, join(token))
            except KeyError:
                value = None
            name = value.get("name") if token.isdecimal() and isinstance(value, Mapping) else None
            place += join(f"{value.get('in', '')}:{name}" if isinstance(name, str) and value is not None else token)
        return place
