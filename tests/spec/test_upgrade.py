"""Schemas of OpenAPI 3.0, and formats of numbers, as JSON Schema has them."""

import pytest

from understudy.spec.upgrade import bounded, upgraded
from understudy.values import Json


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"], "nullable": True}),
        ({"type": "string", "nullable": False}, {"type": "string", "nullable": False}),
        ({"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        ({"maximum": 1, "exclusiveMaximum": False}, {"maximum": 1}),
        ({"exclusiveMinimum": True}, {}),
        ({"exclusiveMinimum": 1}, {"exclusiveMinimum": 1}),
        ({"$ref": "#/x", "nullable": True}, {"$ref": "#/x"}),
        ({"properties": {"$ref": {"type": "string"}}}, {"properties": {"$ref": {"type": "string"}}}),
        ({"enum": [{"$ref": "x", "nullable": True}]}, {"enum": [{"$ref": "x", "nullable": True}]}),
        (
            {"responses": {"default": {"schema": {"minimum": 0, "exclusiveMinimum": True}}}},
            {"responses": {"default": {"schema": {"exclusiveMinimum": 0}}}},
        ),
        ([{"anyOf": [{"maximum": 0, "exclusiveMaximum": True}]}], [{"anyOf": [{"exclusiveMaximum": 0}]}]),
    ],
)
def test_keywords_of_3_0_become_those_of_2020_12(old: Json, new: Json) -> None:
    """Each at its place; names that somebody chose and values are left alone."""
    assert upgraded(old) == new


@pytest.mark.parametrize(
    ("schema", "low", "high"),
    [
        ({"format": "int32"}, -(2**31), 2**31 - 1),
        ({"format": "int64", "minimum": 0}, 0, 2**63 - 1),
        ({"format": "int32", "maximum": 2**40}, -(2**31), 2**31 - 1),
    ],
)
def test_the_format_of_a_number_is_a_pair_of_bounds(schema: Json, low: int, high: int) -> None:
    """The tighter ones of the document's own stay."""
    found = bounded({"items": [schema]})["items"][0]
    assert (found["minimum"], found["maximum"]) == (low, high)


def test_other_formats_and_properties_called_format_have_no_bounds() -> None:
    """Only the two that OpenAPI gives to numbers."""
    for schema in ({"format": "uuid"}, {"properties": {"format": {"type": "string"}}}):
        assert bounded(schema) == schema
