"""Values held against a document's schemas, for one use at a time: what a request must have, an answer need not.

Schemas are copied and rewritten as JSON Schema 2020-12 has them; what cannot be read is left out, never guessed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from urllib.parse import quote

import jsonschema_rs

from understudy.spec.lint.effort import excessive
from understudy.spec.lint.nodes import Kind, Node
from understudy.spec.lint.schemas import circles, family, top
from understudy.spec.lint.view import View
from understudy.spec.upgrade import BOUNDS
from understudy.values import Json, at, join

_URI = "urn:understudy:document"
META = jsonschema_rs.Draft202012Validator({"$ref": "https://json-schema.org/draft/2020-12/schema"})
"""What JSON Schema says of schemas."""
_FOREIGN = ("$id", "$anchor", "$schema", "$dynamicAnchor", "$dynamicRef", "$recursiveRef", "$vocabulary", "nullable")
_SHOWN = 160
"""The longest message of a validator that is taken over as it is, in characters; longer ones hold whole values."""


class Use(Enum):
    """What a value is for. `required` holds for what is sent that way alone (OpenAPI 3.0.3, section 4.7.24.2)."""

    REQUEST = ("readOnly",)
    RESPONSE = ("writeOnly",)
    EITHER = ("readOnly", "writeOnly")
    EXCERPT = ()


@dataclass(frozen=True, slots=True)
class Conflict:
    """What a schema has against a value: where in the value, by which keyword of which schema, in words."""

    instance: str
    keyword: str
    schema: str
    message: str


class Validation:
    """The document's schemas, compiled when they are first asked for."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._registries: dict[Use, jsonschema_rs.Registry] = {}
        self._validators: dict[tuple[Use, str], jsonschema_rs.Draft202012Validator | None] = {}

    @cached_property
    def circles(self) -> Mapping[str, Node]:
        """The schemas that refer to themselves in place."""
        return circles(self._view)

    @cached_property
    def unreadable(self) -> Mapping[str, str]:
        """The pointers of patterns that are no regular expressions, with the pattern."""
        found = {}
        for node in self._view.of(Kind.SCHEMA):
            pattern = node.value.get("pattern")
            if isinstance(pattern, str) and not readable(pattern):
                found[node.pointer + "/pattern"] = pattern
            names = node.value.get("patternProperties")
            for name in names if isinstance(names, Mapping) else ():
                if not readable(name):
                    found[node.pointer + join("patternProperties", name)] = name
        return found

    def conflicts(self, value: Json, schema: Node, use: Use) -> list[Conflict]:
        """Return what the schema has against the value; nothing where it cannot be compiled or takes too much work."""
        pointer = schema.pointer
        if excessive(self._view, value, schema):
            return []  # which is a finding by itself
        validator = self._compiled(use, "") if pointer in self._asked else None
        if validator is not None:
            return [_conflict(error, 1) for error in validator.iter_errors({pointer: value})]
        validator = self._compiled(use, pointer)
        return [] if validator is None else [_conflict(error, 0) for error in validator.iter_errors(value)]

    @cached_property
    def _asked(self) -> frozenset[str]:
        """The schemas that values will be held against: compiled as one, for they share nearly all they need."""
        return frozenset(
            node.pointer
            for node in self._view.of(Kind.SCHEMA)
            if node.slot == "schema" or {"example", "examples", "default"} & node.value.keys()
        )

    def _compiled(self, use: Use, pointer: str) -> jsonschema_rs.Draft202012Validator | None:
        """Return the validator of one schema or, for '', of an object that has a value for each of those asked for."""
        key = (use, pointer)
        if key not in self._validators:
            whole = {"properties": {each: _reference(each) for each in self._asked}}
            try:
                self._validators[key] = jsonschema_rs.Draft202012Validator(
                    _reference(pointer) if pointer else whole, registry=self._registry(use), validate_formats=True
                )
            except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
                self._validators[key] = None  # its structure is broken, which is a finding by itself
        return self._validators[key]

    def _registry(self, use: Use) -> jsonschema_rs.Registry:
        if use not in self._registries:
            root = _copied(dict(self._view.value))
            for node in reversed(self._view.of(Kind.SCHEMA)):  # children first: a parent may be rewritten around them
                self._rewrite(at(root, node.pointer), node, use)
            for node in self._view.of(Kind.SCHEMA):
                if node.parent is None or node.parent.kind is not Kind.SCHEMA:
                    _mend(at(root, node.pointer))
            self._registries[use] = jsonschema_rs.Registry([(_URI, root)], draft=jsonschema_rs.Draft202012)
        return self._registries[use]

    def _rewrite(self, schema: dict[str, Json], node: Node, use: Use) -> None:
        if self._view.version == "3.0":
            _modernise(schema)
        if isinstance(node.reference, str):
            target = self._view.target(node)
            schema["$ref"] = f"#{quote(target or '', safe='/~')}"
            if target is None or node.pointer in self.circles:
                del schema["$ref"]
        elif node.pointer in self.circles:
            schema.clear()
        for keyword in _FOREIGN:
            schema.pop(keyword, None)
        self._drop_unreadable(schema, node)
        _bound(schema)
        if "required" in schema:
            self._require(schema, node, use)

    def _drop_unreadable(self, schema: dict[str, Json], node: Node) -> None:
        if node.pointer + "/pattern" in self.unreadable:
            schema.pop("pattern", None)
        names = schema.get("patternProperties")
        if isinstance(names, dict):
            unread = [name for name in names if node.pointer + join("patternProperties", name) in self.unreadable]
            for name in unread:
                del names[name]

    def _require(self, schema: dict[str, Json], node: Node, use: Use) -> None:
        names = schema["required"]
        if use is Use.EXCERPT or not isinstance(names, list):
            del schema["required"]
            return
        schema["required"] = [name for name in names if not self._one_way(node, name, use)]

    def _one_way(self, node: Node, name: Json, use: Use) -> bool:
        for holder in family(self._view, top(node)).schemas_of(str(name)):
            declared = self._view.node(holder.pointer + join("properties", str(name)))
            if declared is not None:
                for member in family(self._view, declared).members:
                    if any(member.value.get(keyword) is True for keyword in use.value):
                        return True
        return False


def _reference(pointer: str) -> dict[str, Json]:
    return {"$ref": f"{_URI}#{quote(pointer, safe='/~')}"}


def _mend(schema: Json) -> None:
    """Leave out what is no JSON Schema, so that the rest can be compiled; each has a finding by itself."""
    for error in META.iter_errors(schema):
        holder, found = schema, None
        for token in error.instance_path:
            if isinstance(holder, dict):
                name = str(token)  # the validator takes names of digits for indices
                if name not in holder:
                    break
                holder, found = holder[name], (holder, name)
            elif isinstance(holder, list) and isinstance(token, int) and token < len(holder):
                holder = holder[token]
        if found is not None:
            found[0].pop(found[1], None)


def readable(pattern: str) -> bool:
    """Whether a pattern is a regular expression that the validator can read."""
    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern})
    except (jsonschema_rs.ValidationError, ValueError):
        return False
    return True


def _modernise(schema: dict[str, Json]) -> None:
    """Rewrite a schema object of OpenAPI 3.0 in place, and take `nullable` as it is meant where it says no type."""
    if isinstance(schema.get("$ref"), str):
        reference = schema["$ref"]
        schema.clear()
        schema["$ref"] = reference
        return
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(schema.get(exclusive), bool) and schema.pop(exclusive) and bound in schema:
            schema[exclusive] = schema.pop(bound)
    if schema.get("nullable") is True:
        _open_to_null(schema)


def _open_to_null(schema: dict[str, Json]) -> None:
    """Let null pass; without a `type` beside it `nullable` does nothing by the letter, but is meant all the same."""
    if isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    composed = {slot: schema.pop(slot) for slot in ("allOf", "anyOf", "oneOf") if slot in schema}
    if composed:
        schema["if"], schema["else"] = {"type": "null"}, composed


def _bound(schema: dict[str, Json]) -> None:
    bound = BOUNDS.get(schema["format"]) if isinstance(schema.get("format"), str) else None
    if bound is not None:
        lower, upper = schema.get("minimum", -bound), schema.get("maximum", bound - 1)
        if all(isinstance(each, int | float) for each in (lower, upper)):
            schema["minimum"], schema["maximum"] = max(lower, -bound), min(upper, bound - 1)


def _conflict(error: jsonschema_rs.ValidationError, depth: int) -> Conflict:
    """Return the error in our words; `depth` is how far inside of what was validated the value stood."""
    keyword = next((str(token) for token in reversed(error.schema_path) if isinstance(token, str)), "")
    message = error.message
    if len(message) > _SHOWN:
        value = json.dumps(error.instance, ensure_ascii=False, separators=(",", ":"))
        rest = message.removeprefix(value)
        short = rest if rest != message and len(rest) <= _SHOWN else f" is not what `{keyword}` asks for"
        message = f"{value[:40]}…{short}"
    path = error.schema_path
    schema = next((path[:index] for index in reversed(range(len(path))) if path[index] == keyword), path)
    return Conflict(join(*error.instance_path[depth:]), keyword, join(*schema), message)


def _copied(value: Json) -> Json:
    """Return a copy in which nothing is shared, as YAML's aliases share it."""
    if isinstance(value, Mapping):
        return {key: _copied(member) for key, member in value.items()}
    return [_copied(member) for member in value] if isinstance(value, list) else value
