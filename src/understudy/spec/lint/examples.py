"""Checks of the values that a document gives itself: examples, defaults and enums against their schemas."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from understudy.spec.lint.effort import excessive
from understudy.spec.lint.finding import Check, Fault, LintLevel
from understudy.spec.lint.nodes import Kind, Node
from understudy.spec.lint.schemas import ALL, in_condition, named, types
from understudy.spec.lint.validation import Conflict, Use
from understudy.spec.lint.view import View
from understudy.spec.wire import Reader, delimiter, is_json, text
from understudy.values import Json, join

_BOUNDING = frozenset(
    {
        *("minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
        *("multipleOf", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
    }
)
"""Keywords beside an enum that forbid some of its values."""


@dataclass(frozen=True, slots=True)
class _Given:
    """A value that the document gives: where, and the forms it can be read in; one that is right is enough."""

    pointer: str
    forms: tuple[Json, ...]
    schema: Node


def use_of(node: Node) -> Use:
    """Return what a value that stands there is for; in callbacks and webhooks either side may be meant."""
    for around in node.ancestors():
        if around.kind is Kind.CALLBACK or (around.kind is Kind.PATH_ITEM and around.slot == "webhooks"):
            return Use.EITHER
    if node.inside(Kind.RESPONSE) is not None:
        return Use.RESPONSE
    inside = node.inside(Kind.REQUEST_BODY) or node.inside(Kind.PARAMETER)
    return Use.REQUEST if inside is not None else Use.EITHER


def _conflicts(view: View, keywords: bool) -> Iterator[Fault]:
    """Yield what schemas have against examples: of `enum` and `const`, or of all other keywords."""
    for given in _examples(view):
        for conflict in _found(view, given):
            if (conflict.keyword in ("enum", "const")) is keywords:
                yield Fault(
                    given.pointer + conflict.instance,
                    f"the example breaks its schema: {conflict.message}",
                    f"correct it, or the schema at {conflict.schema}",
                    conflict.keyword,
                )


def _found(view: View, given: _Given) -> list[Conflict]:
    first: list[Conflict] = []
    for form in given.forms:
        found = view.validation.conflicts(form, given.schema, use_of(given.schema))
        if not found:
            return []
        first = first or found
    return first


def _examples(view: View) -> Iterator[_Given]:
    for node in view.of(Kind.SCHEMA):
        yield from _of_schema(view, node)
    for kind in (Kind.PARAMETER, Kind.HEADER, Kind.MEDIA_TYPE):
        for node in view.declared(kind):
            schema = view.node(node.pointer + "/schema")
            if schema is not None:
                for pointer, value in _beside(view, node):
                    forms = _read(value, node, schema) if kind is Kind.MEDIA_TYPE else _sent(view, value, node, schema)
                    yield _Given(pointer, forms, schema)


def _of_schema(view: View, node: Node) -> Iterator[_Given]:
    if in_condition(node) or (node.reference is not None and view.version == "3.0"):
        return
    if "example" in node.value:
        yield _Given(node.pointer + "/example", (node.value["example"],), node)
    examples = node.value.get("examples")
    if isinstance(examples, list) and view.version != "3.0":
        for index, value in enumerate(examples):
            yield _Given(f"{node.pointer}/examples/{index}", (value,), node)


def _beside(view: View, node: Node) -> Iterator[tuple[str, Json]]:
    """Yield pointers and values of `example` and `examples` of a parameter, a header or a media type."""
    if "example" in node.value:
        yield node.pointer + "/example", node.value["example"]
    for _, example in view.children(node, "examples"):
        if "value" in example.value:
            yield example.pointer + "/value", example.value["value"]


def _read(value: Json, media: Node, schema: Node) -> tuple[Json, ...]:
    """Return the forms of a media type's example: a text may stand for the body as it is sent."""
    if not isinstance(value, str):
        return (value,)
    media_type = media.name.partition(";")[0].strip().lower()
    if is_json(media_type) or media_type in ("*/*", "application/*"):
        try:
            return (value, json.loads(value))
        except ValueError:
            return (value,)
    kinds = named(schema.value)
    return (value,) if kinds == frozenset({"string"}) and schema.reference is None else ()


def _sent(view: View, value: Json, node: Node, schema: Node) -> tuple[Json, ...]:
    """Return the forms of a parameter's or header's example: a text may be what is sent.

    () where it cannot be read here, as the text of an object cannot.
    """
    if not isinstance(value, str):
        return (value,)
    kinds = types(view, schema)
    try:
        reader = Reader(view.value, schema.pointer, delimiter({"in": "header", **node.value}))
    except TypeError:
        return ()  # `style` or `type` is none, which is a finding by itself
    if kinds != ALL and ("object" in kinds or ("array" in kinds and "array" not in reader.kinds)):
        return ()
    try:
        return (value, reader.value(value), json.loads(value))
    except ValueError:
        return (value, reader.value(value))


def _defaults(view: View) -> Iterator[Fault]:
    for node in _with_default(view):
        for conflict in view.validation.conflicts(node.value["default"], node, Use.EITHER):
            pointer = node.pointer + "/default" + conflict.instance
            yield Fault(
                pointer,
                f"the default breaks its schema: {conflict.message}",
                "correct the default, or the schema",
                conflict.keyword,
            )
    for server, pointer in view.servers():
        variables = server.get("variables")
        for name, variable in variables.items() if isinstance(variables, Mapping) else ():
            values = variable.get("enum") if isinstance(variable, Mapping) else None
            if isinstance(values, list) and "default" in variable and variable["default"] not in values:
                yield Fault(
                    pointer + join("variables", name, "default"),
                    f"the default {text(variable['default'])!r} of the server variable is none of its enum",
                    "correct the default, or add it to the enum",
                    "enum",
                )


def _with_default(view: View) -> Iterator[Node]:
    for node in view.of(Kind.SCHEMA):
        if "default" in node.value and not in_condition(node) and (node.reference is None or view.version != "3.0"):
            yield node


def _enums(view: View) -> Iterator[Fault]:
    for node in view.of(Kind.SCHEMA):
        if node.reference is not None and view.version == "3.0":
            continue
        kinds = named(node.value, nullable=view.version == "3.0")
        whole = node.value.get("type") == "integer"
        for pointer, value in _listed(view, node):
            keyword = pointer.removeprefix(node.pointer).split("/")[1]
            if _type(value) not in kinds or (whole and isinstance(value, float) and not value.is_integer()):
                yield Fault(
                    pointer,
                    f"{text(value)} is in the {keyword}, and not of the type that the schema names ({_names(node)})",
                    "correct the value, or the type",
                    text(value),
                )
            elif not _BOUNDING.isdisjoint(node.value):
                for conflict in view.validation.conflicts(value, node, Use.EXCERPT):
                    if conflict.keyword in _BOUNDING:
                        what = f"{text(value)} is in the {keyword}, and not allowed there: {conflict.message}"
                        yield Fault(pointer, what, "correct the value, or the bound", text(value))


def _listed(view: View, node: Node) -> Iterator[tuple[str, Json]]:
    """Yield each value of a schema's `enum`, and its `const`, with the pointer."""
    values = node.value.get("enum")
    for index, value in enumerate(values if isinstance(values, list) else ()):
        yield f"{node.pointer}/enum/{index}", value
    if "const" in node.value and view.version != "3.0":
        yield f"{node.pointer}/const", node.value["const"]


def _names(node: Node) -> str:
    kind = node.value.get("type")
    return kind if isinstance(kind, str) else ", ".join(map(str, kind or ()))


def _type(value: Json) -> str:
    if value is None:
        return "null"
    for kind, name in ((bool, "boolean"), (int | float, "number"), (str, "string"), (list, "array")):
        if isinstance(value, kind):
            return name
    return "object"


def _unchecked(view: View) -> Iterator[Fault]:
    """Yield the values that no other check here held against their schema, so that none is passed over in silence."""
    defaults = [_Given(node.pointer + "/default", (node.value["default"],), node) for node in _with_default(view)]
    for given in (*_examples(view), *defaults):
        if any(excessive(view, form, given.schema) for form in given.forms):
            what = f"the schema at {given.schema.pointer} refers to others in too many ways for the value to be checked"
            yield Fault(given.pointer, what, "let fewer `allOf`, `anyOf` and `oneOf` lead to the same schema")


def _against_schema(view: View) -> Iterator[Fault]:
    return _conflicts(view, keywords=False)


def _not_in_enum(view: View) -> Iterator[Fault]:
    return _conflicts(view, keywords=True)


CHECKS = (
    Check(
        "example-against-schema", LintLevel.ERROR, "An example breaks the schema it is an example of.", _against_schema
    ),
    Check(
        "example-not-in-enum", LintLevel.ERROR, "An example is none of the values that its schema lists.", _not_in_enum
    ),
    Check("default-against-schema", LintLevel.ERROR, "A default breaks its own schema.", _defaults),
    Check(
        "value-unchecked", LintLevel.WARNING, "A value takes too much work to be held against its schema.", _unchecked
    ),
    Check("enum-against-type", LintLevel.ERROR, "An enum or const has a value that the schema forbids.", _enums),
)
