"""Shapes: values of one shape are alike to every schema of the document."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_schema_validator import OAS30Validator, OAS31Validator, oas30_format_checker, oas31_format_checker

from understudy.contract.shapes import Shapes
from understudy.spec.document import Schema
from understudy.values import Json

SCHEMAS: list[dict[str, Json]] = [
    {"type": "string", "minLength": 2, "maxLength": 4},
    {"const": "ab"},
    {"enum": ["a", 3, None, True, [], {}, {"a": 1, "b": 2}]},
    {"pattern": "^a"},
    {"type": "string", "format": "uuid"},
    {"type": "string", "format": "date-time"},
    {"type": "integer", "minimum": 1, "maximum": 9},
    {"exclusiveMinimum": 1, "exclusiveMaximum": 9},
    {"multipleOf": 3},
    {"multipleOf": 0.1},
    {"format": "int32"},
    {"minItems": 1, "maxItems": 2},
    {"uniqueItems": True},
    {"items": {"type": "string"}},
    {"required": ["a"]},
    {"properties": {"a": {"const": "ab"}}},
    {"minProperties": 1, "maxProperties": 1},
    {"propertyNames": {"const": "a"}},
    {"format": "int64"},
]
ORDERED: list[dict[str, Json]] = [
    *SCHEMAS,
    {"prefixItems": [{"type": "string"}, {"minimum": 3}]},
    {"contains": {"const": "ab"}, "minContains": 2, "maxContains": 2},
]
NULLABLE: list[dict[str, Json]] = [
    {"type": "string", "nullable": True, "minLength": 2},
    {"type": "integer", "minimum": 1, "exclusiveMinimum": True},
    {"type": "string", "format": "date-time"},
    {"enum": ["a", 3]},
]
UUID, DAY = "633ba071-61b0-485f-81a0-a2245777b432", "2026-01-31T12:00:00Z"
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 12),
    st.sampled_from(
        [2**31, 2**31 - 1, 0.3, 0.35, 0.5, 1.5, 1.0, 3.0, 4.0, UUID, UUID[:-1], DAY, "2026-13-31T12:00:00Z"]
    ),
    st.text("ab", max_size=6),
)
VALUES = st.one_of(
    LEAVES, st.lists(LEAVES, max_size=3), st.dictionaries(st.sampled_from("ab"), LEAVES), st.lists(st.just({}))
)


def document(schemas: list[dict[str, Json]], version: str = "3.1.0") -> dict[str, Json]:
    """Return a document with nothing but schemas."""
    return {"openapi": version, "components": {"schemas": {str(n): each for n, each in enumerate(schemas)}}}


DOCUMENT = document(SCHEMAS)
WHOLE = Shapes(document([each for each in SCHEMAS if each != {"multipleOf": 0.1}]))


def validators(schemas: list[dict[str, Json]]) -> list[OAS31Validator]:
    """Return what looks at the values of OpenAPI 3.1."""
    return [OAS31Validator(each, format_checker=oas31_format_checker) for each in schemas]


COMPOUND: list[dict[str, Json]] = [
    {"anyOf": [{"pattern": "^a$"}, {"format": "uri"}, {"minLength": 3}, {"minimum": 3}, {"multipleOf": 2}, {}]},
    {"anyOf": [{"pattern": r"^\d$"}, {"format": "email"}, {"uniqueItems": True}, {"minItems": 2}, {"const": "ab"}, {}]},
    {"if": {"format": "time"}, "then": {}, "else": {"not": {"const": "ab"}}},
    *({"anyOf": [schema, {}]} for schema in ORDERED),
]
SOUND = document(COMPOUND)
OURS = [Schema(SOUND, f"/components/schemas/{number}") for number in range(len(COMPOUND))]
NEAR = st.one_of(
    VALUES, st.sampled_from(["a", "a\n", "1", "\u0661", "http://a", "xxxxxxxx", "a@", "a@b.c", "12:00:00Z"])
)
KINDS = {
    "3.1": (DOCUMENT, validators(SCHEMAS)),
    "ordered": (document(ORDERED), validators(ORDERED)),
    "3.0": (
        document(NULLABLE, "3.0.3"),
        [OAS30Validator(each, format_checker=oas30_format_checker) for each in NULLABLE],
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@given(values=st.lists(VALUES, min_size=2, max_size=40))
@settings(deadline=None)
def test_values_of_one_shape_are_taken_by_the_same_schemas(kind: str, values: list[Json]) -> None:
    """Whatever the keyword: what one of them shows, all do."""
    described, looking = KINDS[kind]
    shapes, seen = Shapes(described), dict[object, list[bool]]()
    for value in values:
        taken = [validator.is_valid(value) for validator in looking]
        assert seen.setdefault(shapes.of(value), taken) == taken, value


@given(st.lists(NEAR, min_size=2, max_size=40))
@settings(deadline=None)
def test_keywords_say_the_same_of_sound_values_of_one_shape(values: list[Json]) -> None:
    """As our own validation has it, so that the rules which one of them keeps are those that all do."""
    shapes, seen = Shapes(SOUND), dict[object, frozenset[str]]()
    for value in values:
        for schema in OURS:
            if schema.is_valid(value):
                said = schema.applied(value)
                assert seen.setdefault((schema.pointer, shapes.of(value)), said) == said, value


@pytest.mark.parametrize(
    ("one", "other"),
    [("other", "names"), (UUID, UUID.replace("6", "7")), (4, 5), (["x", "y"], ["y", "x"]), ({"b": 4}, {"b": 5})],
)
def test_what_no_schema_tells_apart_has_one_shape(one: Any, other: Any) -> None:
    """So that it need not be looked at twice."""
    assert WHOLE.of(one) == WHOLE.of(other)


def test_a_fraction_as_a_step_tells_all_numbers_apart() -> None:
    """To one validator 0.3 is a multiple of 0.1, to another it is none."""
    shapes = Shapes(document([{"multipleOf": 0.1}]))
    assert shapes.of(0.3) != shapes.of(0.5)
    assert shapes.of(0.3) == shapes.of(0.3)


def test_where_the_order_counts_it_is_of_the_shape() -> None:
    """As it does to prefixItems."""
    ordered = Shapes({**DOCUMENT, "prefixItems": [{"type": "string"}]})
    assert ordered.of(["x", 1]) != ordered.of([1, "x"])
    assert Shapes(DOCUMENT).of(["x", 1]) == Shapes(DOCUMENT).of([1, "x"])


def test_a_pattern_that_is_not_pythons_tells_all_texts_apart() -> None:
    """Openapi-core may be able to read it."""
    shapes = Shapes(document([{"pattern": "^\\p{L}$"}]))
    assert shapes.of("a") != shapes.of("1")
    assert shapes.of("a") == shapes.of("a")
