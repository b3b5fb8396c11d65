"""Shapes: values of one shape are alike to every schema of the document."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_schema_validator import OAS31Validator, oas31_format_checker

from understudy.contract.shapes import Shapes
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
    {"format": "int32"},
    {"minItems": 1, "maxItems": 2},
    {"uniqueItems": True},
    {"items": {"type": "string"}},
    {"required": ["a"]},
    {"properties": {"a": {"const": "ab"}}},
    {"maxProperties": 1},
]
DOCUMENT: dict[str, Json] = {"openapi": "3.1.0", "components": {"schemas": {str(n): s for n, s in enumerate(SCHEMAS)}}}
UUID, DAY = "633ba071-61b0-485f-81a0-a2245777b432", "2026-01-31T12:00:00Z"
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 12),
    st.sampled_from([2**31, 2**31 - 1, 1.5, 1.0, 3.0, 4.0, UUID, UUID[:-1], DAY, "2026-13-31T12:00:00Z"]),
    st.text("ab", max_size=6),
)
VALUES = st.one_of(
    LEAVES, st.lists(LEAVES, max_size=3), st.dictionaries(st.sampled_from("ab"), LEAVES), st.lists(st.just({}))
)


def taken(value: Json) -> list[bool]:
    """Return which of the schemas take a value."""
    return [OAS31Validator(each, format_checker=oas31_format_checker).is_valid(value) for each in SCHEMAS]


@given(st.lists(VALUES, min_size=2, max_size=40))
def test_values_of_one_shape_are_taken_by_the_same_schemas(values: list[Json]) -> None:
    """Whatever the keyword: what one of them shows, all do."""
    shapes, seen = Shapes(DOCUMENT), dict[object, list[bool]]()
    for value in values:
        assert seen.setdefault(shapes.of(value), taken(value)) == taken(value), value


@pytest.mark.parametrize(
    ("one", "other"),
    [("other", "names"), (UUID, UUID.replace("6", "7")), (4, 5), (["x", "y"], ["y", "x"]), ({"b": 4}, {"b": 5})],
)
def test_what_no_schema_tells_apart_has_one_shape(one: Any, other: Any) -> None:
    """So that it need not be looked at twice."""
    assert Shapes(DOCUMENT).of(one) == Shapes(DOCUMENT).of(other)


def test_where_the_order_counts_it_is_of_the_shape() -> None:
    """As it does to prefixItems."""
    ordered = Shapes({**DOCUMENT, "prefixItems": [{"type": "string"}]})
    assert ordered.of(["x", 1]) != ordered.of([1, "x"])
    assert Shapes(DOCUMENT).of(["x", 1]) == Shapes(DOCUMENT).of([1, "x"])
