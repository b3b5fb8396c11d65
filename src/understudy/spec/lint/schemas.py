"""What a document's schemas say of types and properties when all that applies in one place is taken together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from understudy.spec.lint.nodes import IN_PLACE, Kind, Node
from understudy.spec.lint.view import View
from understudy.values import Json, join

ALL = frozenset({"null", "boolean", "object", "array", "number", "string"})
"""The types of JSON; an integer is a number here, for every keyword of the one applies to the other."""


@dataclass(slots=True)
class Family:
    """All schemas that may apply to one value. `closed` says whether all of them could be read."""

    members: list[Node] = field(default_factory=list)
    closed: bool = True

    def properties(self) -> set[str]:
        """Return the names of all properties that some member has."""
        return {name for node in self.members for name in _mapping(node.value.get("properties"))}

    def schemas_of(self, name: str) -> Iterator[Node]:
        """Yield the members that have a property of that name."""
        return (node for node in self.members if name in _mapping(node.value.get("properties")))

    def admits(self, name: str) -> bool:
        """Whether some member has a schema for names that no property has."""
        return any(
            isinstance(node.value.get("additionalProperties"), Mapping)
            or isinstance(node.value.get("unevaluatedProperties"), Mapping)
            or bool(_mapping(node.value.get("patternProperties")))
            or "propertyNames" in node.value
            for node in self.members
        )


def family(view: View, *starts: Node) -> Family:
    """Return what may apply to the value that schemas apply to: references, parts, branches; not what is above."""
    found, seen, waiting = Family(), set[str](), list(reversed(starts))
    while waiting:
        current = waiting.pop()
        if current.pointer in seen:
            continue
        seen.add(current.pointer)
        found.members.append(current)
        if current.reference is not None:
            target = behind(view, current)
            found.closed &= target is not None
            waiting += [target] if target is not None else []
        if "$dynamicRef" in current.value or "$recursiveRef" in current.value:
            found.closed = False
        waiting += parts(view, current)
    return found


def whole_family(view: View, node: Node) -> Family:
    """Return what may apply to the value, seen from above too: what parents and their other parts say of it."""
    outer = top(node)
    starts, closed = [outer], True
    if outer.slot in ("properties", "items", "additionalProperties") and outer.parent is not None:
        around = whole_family(view, outer.parent)
        closed = around.closed
        places = (member.pointer + join(*filter(None, (outer.slot, outer.name))) for member in around.members)
        starts += [counterpart for place in places if (counterpart := view.node(place)) is not None]
    found = family(view, *starts)
    found.closed &= closed
    return found


def parts(view: View, node: Node) -> list[Node]:
    """Return the schemas inside that apply to the same value."""
    if node.reference is not None and view.version == "3.0":
        return []
    found = []
    for slot in IN_PLACE & node.value.keys():
        members = node.value[slot]
        if slot in ("if", "then", "else", "not"):
            tokens: list[tuple[str | int, ...]] = [(slot,)]
        else:
            names = (
                members if isinstance(members, Mapping) else range(len(members)) if isinstance(members, list) else ()
            )
            tokens = [(slot, name) for name in names]
        found += [part for each in tokens if (part := _own(view, node, each)) is not None]
    return found


def _own(view: View, node: Node, tokens: tuple[str | int, ...]) -> Node | None:
    return view.node(node.pointer + join(*tokens))


def top(node: Node) -> Node:
    """Return the outermost schema that applies to the same value."""
    while node.parent is not None and node.parent.kind is Kind.SCHEMA and node.slot in IN_PLACE:
        node = node.parent
    return node


def in_condition(node: Node) -> bool:
    """Whether the schema only asks, as in `if`, `not` or `contains`, and so demands nothing by itself."""
    return any(each.kind is Kind.SCHEMA and each.slot in ("if", "not", "contains") for each in node.ancestors())


def types(view: View, node: Node) -> frozenset[str]:
    """Return the types of JSON that the schema leaves open, by all that applies; `ALL` where none is named."""
    outer = top(node)
    found = view.types.get(node.pointer, ALL)
    current = node
    while current is not outer and current.parent is not None:
        current = current.parent
        found &= view.types.get(current.pointer, ALL)
    return found & frozenset({"string"}) if outer.slot == "propertyNames" else found


def all_types(view: View) -> Mapping[str, frozenset[str]]:
    """Return the types that each schema leaves open by itself and by what is inside, by pointer.

    All start with `ALL`, and only those that use one that shrank are looked at again: circles need no end of their own.
    """
    found: dict[str, frozenset[str]] = {}
    users: dict[str, list[Node]] = {}
    for node in view.of(Kind.SCHEMA):
        for part in (behind(view, node), *parts(view, node)):
            if part is not None:
                users.setdefault(part.pointer, []).append(node)
    waiting = {node.pointer: node for node in view.of(Kind.SCHEMA)}
    while waiting:
        current, waiting = waiting, {}  # by rounds, so that a user of many is looked at once for all of them
        for node in current.values():
            fresh = _types(view, node, found)
            if fresh != found.get(node.pointer, ALL):
                found[node.pointer] = fresh
                waiting |= {user.pointer: user for user in users.get(node.pointer, [])}
    return found


def _types(view: View, node: Node, known: Mapping[str, frozenset[str]]) -> frozenset[str]:
    found, target = ALL, behind(view, node)
    if target is not None:
        found &= known.get(target.pointer, ALL)
    if node.reference is not None and view.version == "3.0":
        return found
    found &= named(node.value, nullable=view.version == "3.0")
    inside = parts(view, node)
    for slot in ("allOf", "anyOf", "oneOf"):
        branches = [known.get(part.pointer, ALL) for part in inside if part.slot == slot]
        whole = isinstance(node.value.get(slot), list) and len(branches) == len(node.value[slot])
        if slot == "allOf":
            found = found.intersection(*branches)
        elif branches and whole:  # a branch that is no object, such as `true`, leaves all open
            found &= frozenset().union(*branches)
    return found


def behind(view: View, node: Node) -> Node | None:
    """Return the schema that the node's reference leads to."""
    target = view.target(node)
    return view.node(target) if target is not None else None


def named(schema: Mapping[str, Json], *, nullable: bool = False) -> frozenset[str]:
    """Return the types that the schema's own `type` names, `ALL` where it has none."""
    kind = schema.get("type")
    kinds = [kind] if isinstance(kind, str) else kind if isinstance(kind, list) else []
    names = [each for each in kinds if isinstance(each, str)]
    found = frozenset("number" if each == "integer" else each for each in names) & ALL
    if not found:
        return ALL
    return found | {"null"} if nullable and schema.get("nullable") is True else found


def circles(view: View) -> dict[str, Node]:
    """Return the schemas that would apply for ever: pointers to be left out, each with the `$ref` to blame."""
    found: dict[str, Node] = {}
    done: set[str] = set()
    for start in view.of(Kind.SCHEMA):
        path: list[tuple[Node, Iterator[Node]]] = []
        opened: dict[str, int] = {}  # where on the path each stands
        _enter(view, start, path, opened, done)
        while path:
            node, following = path[-1]
            step = next(following, None)
            if step is None:
                done.add(node.pointer)
                del opened[node.pointer]
                path.pop()
            elif step.pointer in opened:
                circle = [each for each, _ in path[opened[step.pointer] :]]
                blamed = (
                    node if node.reference is not None else [each for each in circle if each.reference is not None][-1]
                )
                found[node.pointer if node.reference is not None else step.pointer] = blamed
            else:
                _enter(view, step, path, opened, done)
    return found


def _enter(
    view: View, node: Node, path: list[tuple[Node, Iterator[Node]]], opened: dict[str, int], done: set[str]
) -> None:
    if node.pointer not in done:
        opened[node.pointer] = len(path)
        target = behind(view, node)
        path.append((node, iter([*([target] if target is not None else []), *parts(view, node)])))


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}
