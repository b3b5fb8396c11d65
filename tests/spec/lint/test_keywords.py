"""Keywords of schemas: without effect, without a type, without a value that passes."""

import pytest

from tests.spec.lint.conftest import Found
from understudy.values import Json

MAPS = {"type": "object", "properties": {"a": {"type": "string"}}}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "object", "maxLength": 5}, [("keyword-without-effect", "schemas/A/maxLength")]),
        ({**MAPS, "if": {"required": ["a"]}}, [("keyword-without-effect", "schemas/A/if")]),
        ({**MAPS, "if": {"required": ["a"]}, "unevaluatedProperties": False}, []),
        ({**MAPS, "else": {"required": ["a"]}}, [("keyword-without-effect", "schemas/A/else")]),
        ({**MAPS, "if": {"minProperties": 2}, "then": {"required": ["a"]}}, []),
        ({"type": "string", "minimum": 5}, [("keyword-without-effect", "schemas/A/minimum")]),
        ({"type": "integer", "format": "date"}, [("keyword-without-effect", "schemas/A/format")]),
        ({"allOf": [{"type": "object"}], "pattern": "a"}, [("keyword-without-effect", "schemas/A/pattern")]),
        ({"type": "object", "allOf": [{"minItems": 1}]}, [("keyword-without-effect", "schemas/A/allOf/0/minItems")]),
        ({"format": "int32"}, [("format-without-type", "schemas/A/format")]),
        ({"format": "uuid", "example": "x" * 3}, [("format-without-type", "schemas/A/format")]),
        ({"properties": {"a": {"type": "string"}}}, [("schema-without-type", "schemas/A")]),
        ({"items": {"type": "string"}}, [("schema-without-type", "schemas/A")]),
        ({"type": "string", "minLength": 3, "maxLength": 2}, [("impossible-schema", "schemas/A/minLength")]),
        ({"type": "string", "readOnly": True, "writeOnly": True}, [("impossible-schema", "schemas/A/writeOnly")]),
        ({"type": "string", "pattern": "("}, [("pattern-unreadable", "schemas/A/pattern")]),
        ({**MAPS, "required": ["a", "b"]}, [("required-without-schema", "schemas/A/required/1")]),
        (
            {**MAPS, "discriminator": {"propertyName": "kind"}},
            [("discriminator-without-property", "schemas/A/discriminator/propertyName")],
        ),
        ({"type": ["object", "string"], "maxLength": 5}, []),
        ({"type": "string", "format": "int64"}, []),
        ({"type": "string", "format": "no-such-format"}, []),
        ({"oneOf": [{"type": "string"}, {"type": "object"}], "maxLength": 5}, []),
        ({**MAPS, "allOf": [{"properties": {"a": {"maxLength": 5}}}]}, []),
        ({**MAPS, "anyOf": [{"required": ["a"]}, {"minProperties": 2}]}, []),
        ({**MAPS, "if": {"properties": {"a": {"const": "x"}}}, "then": {"required": ["a"]}}, []),
        ({**MAPS, "not": {"required": ["b"]}}, []),
        ({**MAPS, "required": ["b"], "additionalProperties": {"type": "string"}}, []),
        ({**MAPS, "required": ["b"], "allOf": [{"$ref": "#/components/schemas/B"}]}, []),
        ({"type": "object", "propertyNames": {"pattern": "^a"}}, []),
        ({"enum": ["a"]}, []),
        ({"enum": ["a"], "format": "uuid"}, []),
        ({}, []),
        ({"description": "anything"}, []),
        ({"type": "string", "pattern": r"^\p{L}+\d(?=x)$"}, []),
        ({"type": "string", "enum": ["format"], "description": "maxLength"}, []),
    ],
)
def test_keywords_of_a_schema(schema: Json, expected: list[tuple[str, str]], found: Found) -> None:
    """What applies to one value is taken together, whichever way it is put."""
    pairs = found(schemas={"A": schema, "B": {"type": "object", "properties": {"b": {"type": "string"}}}})
    assert [pair for pair in pairs if pair[0] != "example-against-schema"] == expected


def test_a_part_of_others_needs_no_type(found: Found) -> None:
    """As long as nothing uses it alone, and those that use it name the type."""
    part = {"properties": {"a": {"type": "string"}}, "required": ["b"]}
    whole = {
        "type": "object",
        "allOf": [{"$ref": "#/components/schemas/Part"}],
        "properties": {"b": {"type": "string"}},
    }
    assert found(schemas={"Part": part, "Whole": whole}) == []
    used = {"type": "array", "items": {"$ref": "#/components/schemas/Part"}}
    assert ("schema-without-type", "schemas/Part") in found(schemas={"Part": part, "Whole": whole, "Used": used})


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "number", "exclusiveMinimum": True}, [("keyword-without-effect", "schemas/A/exclusiveMinimum")]),
        (
            {"$ref": "#/components/schemas/Thing", "nullable": True},
            [("keyword-beside-reference", "schemas/A/nullable")],
        ),
        ({"type": "array"}, [("array-without-items", "schemas/A")]),
        ({"$ref": "#/components/schemas/Thing", "description": "A thing."}, []),
        ({"type": "number", "minimum": 1, "exclusiveMinimum": True}, []),
    ],
)
def test_keywords_of_openapi_3_0(schema: Json, expected: list[tuple[str, str]], found: Found) -> None:
    """Its bounds are boolean, references stand alone, arrays have items."""
    assert found("3.0.3", schemas={"A": schema}) == expected


def test_siblings_of_a_reference_count_in_openapi_3_1(found: Found) -> None:
    """They are keywords as any other."""
    schema = {"$ref": "#/components/schemas/Thing", "maxLength": 1}
    assert found(schemas={"A": schema}) == [("keyword-without-effect", "schemas/A/maxLength")]


@pytest.mark.parametrize(("schema", "bad"), [({"enum": ["a"]}, True), ({"enum": ["a"], "type": "string"}, False)])
def test_the_enum_of_a_header_wants_a_type(schema: Json, bad: bool, found: Found) -> None:
    """The type says how its text is read; elsewhere the values say it themselves."""
    pairs = found(components={"headers": {"H": {"schema": schema}}}, schemas={"A": schema})
    assert pairs == [("enum-without-type", "/components/headers/H/schema/enum")] * bad


def test_nullable_has_no_effect_any_more(found: Found) -> None:
    """OpenAPI 3.1 has the type `null` instead."""
    schemas = {"A": {"type": "string", "nullable": True}}
    assert found(schemas=schemas) == [("keyword-without-effect", "schemas/A/nullable")]
    assert found("3.0.3", schemas=schemas) == []
