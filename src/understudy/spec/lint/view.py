"""A document as the checks see it: its objects, what references lead to, its operations. Nothing is judged here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin

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
        self._targets: dict[str, str | None] = {}

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every object of the document, each once, what is reached by references alone included."""
        found = {node.pointer: node for node in self._tour(Node(Kind.ROOT, "", self.value))}
        waiting = list(found.values())
        while waiting:
            node = waiting.pop()
            target = self.target(node)
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

    def target(self, node: Node) -> str | None:
        """Return the pointer that a node's reference leads to; None as for `resolve`, or where it has none."""
        if node.reference is None:
            return None
        if node.pointer not in self._targets:
            found = self.resolve(self._absolute(node))
            if found is None:
                found = self.resolve(node.reference)  # `#/components` is the document's, whatever `$id` is around it
            self._targets[node.pointer] = found
        return self._targets[node.pointer]

    def leads_out(self, node: Node) -> bool:
        """Whether a node's reference leads out of the document."""
        return self.target(node) is None and node.reference is not None and self.remote(self._absolute(node))

    def _absolute(self, node: Node) -> str:
        """Return a node's reference against the `$id` around it (JSON Schema 2020-12, section 8.2)."""
        base = self._base(node)
        return _against(base, node.reference or "") if base else node.reference or ""

    def _base(self, node: Node) -> str:
        base = ""
        for around in reversed(list(node.ancestors())):
            name = around.value.get("$id") if around.kind is Kind.SCHEMA and self.version != "3.0" else None
            base = _against(base, name) if isinstance(name, str) else base
        return base

    @cached_property
    def _ids(self) -> Mapping[str, str]:
        if self.version == "3.0":
            return {}
        return {self._base(node).partition("#")[0]: pointer for pointer, node in self._named("$id")}

    @cached_property
    def _anchors(self) -> Mapping[str, str]:
        return {
            node.value[keyword]: pointer
            for keyword in ("$dynamicAnchor", "$anchor")
            for pointer, node in self._named(keyword)
        }

    def _named(self, keyword: str) -> Iterator[tuple[str, Node]]:
        """Yield the schemas that give themselves a name, with their pointers; from the tour that needs no names."""
        for node in self._tour(Node(Kind.ROOT, "", self.value)):
            if node.kind is Kind.SCHEMA and isinstance(node.value.get(keyword), str):
                yield node.pointer, node

    @cached_property
    def uses(self) -> Mapping[str, tuple[Node, ...]]:
        """The references to each schema, by its pointer."""
        found: dict[str, tuple[Node, ...]] = {}
        for node in self.of(Kind.SCHEMA):
            target = self.target(node)
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
            target = self.target(current)
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
    def types(self) -> Mapping[str, frozenset[str]]:
        """The types of JSON that each schema leaves open, by its pointer; all of them where it is not in here."""
        from understudy.spec.lint.schemas import all_types

        return all_types(self)

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

    def servers(self) -> Iterator[tuple[Mapping[str, Json], str]]:
        """Yield the servers of the document, of its paths and of its operations, with their pointers."""
        for holder in (*self.of(Kind.ROOT), *self.declared(Kind.PATH_ITEM), *self.of(Kind.OPERATION)):
            servers = holder.value.get("servers")
            for index, server in enumerate(servers if isinstance(servers, list) else ()):
                if isinstance(server, Mapping):
                    yield server, f"{holder.pointer}/servers/{index}"

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


def _against(base: str, reference: str) -> str:
    """Return a reference made absolute, itself where it is none that can be read."""
    try:
        return urljoin(base, reference) if not reference.startswith("#") else base.partition("#")[0] + reference
    except ValueError:
        return reference
