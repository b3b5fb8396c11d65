"""How much work it is to hold a value against a schema, found before it is done: a validator cannot be interrupted."""

import re
from collections.abc import Iterator, Mapping

from understudy.spec.lint.nodes import Node
from understudy.spec.lint.schemas import behind, parts
from understudy.spec.lint.view import View
from understudy.values import Json, join

STEPS = 50_000
"""Visits of schemas that any value may take; each may leave an error of some kilobytes."""
_STEPS_OF_A_VALUE = 20
"""Visits that a large value may take for each of the values inside it."""

_Step = tuple[Node, Json]


def excessive(view: View, value: Json, schema: Node) -> bool:
    """Whether the schema and those it refers to would be visited far more often than there is something to check.

    Two references to one schema, each of which refers twice to the next, and so on, make a million visits of twenty
    schemas. What is below a pair of schema and value is counted once, so that the count itself takes no such time.
    """
    most = STEPS + _STEPS_OF_A_VALUE * _size(value)
    counts = {_key((schema, value)): 1}
    path = [(_key((schema, value)), _below(view, schema, value))]
    while path:
        key, following = path[-1]
        step = next(following, None)
        if step is None:
            path.pop()
            if path:
                counts[path[-1][0]] += counts[key]
        elif (below := _key(step)) in counts:
            counts[key] += counts[below]
        else:
            counts[below] = 1
            path.append((below, _below(view, *step)))
        if counts[key] > most or len(counts) > most:
            return True
    return False


def _key(step: _Step) -> tuple[str, int]:
    schema, value = step
    return schema.pointer, id(value)


def _size(value: Json) -> int:
    count, waiting = 0, [value]
    while waiting:
        current = waiting.pop()
        count += 1
        waiting += current.values() if isinstance(current, Mapping) else current if isinstance(current, list) else ()
    return count


def _below(view: View, schema: Node, value: Json) -> Iterator[_Step]:
    """Yield the schemas that a validator visits next, each with its part of the value."""
    circle = schema.pointer in view.validation.circles
    if circle and schema.reference is None:
        return
    target = behind(view, schema)
    if target is not None and not circle:
        yield target, value
    for part in parts(view, schema):
        yield part, value
    if isinstance(value, Mapping):
        yield from _of_members(view, schema, value)
    elif isinstance(value, list):
        yield from _of_items(view, schema, value)


def _of_members(view: View, schema: Node, value: Mapping[str, Json]) -> Iterator[_Step]:
    patterns = schema.value.get("patternProperties")
    matching = [name for name in patterns if isinstance(name, str)] if isinstance(patterns, Mapping) else []
    for name, member in value.items():
        places = [
            join("properties", name),
            *(join("patternProperties", each) for each in matching if _fits(each, name)),
        ]
        if not any(view.node(schema.pointer + place) for place in places):
            places += ["/additionalProperties", "/unevaluatedProperties"]
        for place in places:
            found = view.node(schema.pointer + place)
            if found is not None:
                yield found, member


def _of_items(view: View, schema: Node, value: list[Json]) -> Iterator[_Step]:
    everywhere = [
        found
        for slot in ("items", "contains", "unevaluatedItems")
        if (found := view.node(f"{schema.pointer}/{slot}")) is not None
    ]
    for index, member in enumerate(value):
        own = view.node(f"{schema.pointer}/prefixItems/{index}")
        yield from ((found, member) for found in (*everywhere, *([own] if own is not None else [])))


def _fits(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return True
