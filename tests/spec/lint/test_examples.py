"""Examples, defaults and enums against their schemas."""

import pytest

from tests.spec.lint.conftest import Found, document, findings
from understudy.values import Json

READ_ONLY = {
    "type": "object",
    "required": ["id", "secret"],
    "properties": {"id": {"type": "string", "readOnly": True}, "secret": {"type": "string", "writeOnly": True}},
}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "object", "example": "a"}, [("example-against-schema", "schemas/A/example")]),
        ({"type": "string", "example": 94010}, [("example-against-schema", "schemas/A/example")]),
        ({"type": "string", "examples": ["a", 1]}, [("example-against-schema", "schemas/A/examples/1")]),
        ({"type": "string", "format": "date", "example": "soon"}, [("example-against-schema", "schemas/A/example")]),
        ({"type": "integer", "format": "int32", "example": 2**31}, [("example-against-schema", "schemas/A/example")]),
        ({"type": "string", "enum": ["a"], "example": "b"}, [("example-not-in-enum", "schemas/A/example")]),
        ({"const": 1, "example": 2}, [("example-not-in-enum", "schemas/A/example")]),
        ({"type": "integer", "default": "1"}, [("default-against-schema", "schemas/A/default")]),
        ({"type": "integer", "enum": [1, "2"]}, [("enum-against-type", "schemas/A/enum/1")]),
        ({"type": "string", "maxLength": 1, "enum": ["a", "bb"]}, [("enum-against-type", "schemas/A/enum/1")]),
        ({"type": "string", "maxLength": 2, "enum": ["a", "bb"]}, []),
        ({"type": "integer", "const": "1"}, [("enum-against-type", "schemas/A/const")]),
        ({"type": "integer", "minimum": 2, "const": 1}, [("enum-against-type", "schemas/A/const")]),
        ({"type": "integer", "enum": [1, 2.5]}, [("enum-against-type", "schemas/A/enum/1")]),
        (
            {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}, "example": [{"size": "x"}]},
            [("example-against-schema", "schemas/A/example/0/size")],
        ),
        ({**READ_ONLY, "required": ["id", "name"], "example": {}}, [("example-against-schema", "schemas/A/example")]),
        ({"type": ["string", "null"], "example": None}, []),
        ({"type": "string", "enum": ["a"], "example": "a", "default": "a"}, []),
        ({"type": "number", "example": 1}, []),
        ({"type": ["integer", "null"], "enum": [1, None, 2.0]}, []),
        ({**READ_ONLY, "example": {}}, []),
        ({"not": {"type": "string", "example": 1}}, []),
        ({"properties": {"example": {"type": "integer"}}, "type": "object"}, []),
    ],
)
def test_an_example_of_a_schema_is_held_against_it(schema: Json, expected: list[tuple[str, str]], found: Found) -> None:
    """Its default and its enum are too; conditions and names that look like keywords are left alone."""
    unrelated = {"required-without-schema"}
    assert [pair for pair in found(schemas={"A": schema}) if pair[0] not in unrelated] == expected


@pytest.mark.parametrize(
    ("schema", "bad"),
    [
        ({"type": "string", "nullable": True, "example": None}, False),
        ({"type": "string", "nullable": True, "enum": ["a"], "example": None}, False),
        ({"nullable": True, "allOf": [{"$ref": "#/components/schemas/Thing"}], "example": None}, False),
        ({"nullable": True, "allOf": [{"$ref": "#/components/schemas/Thing"}], "example": {"size": "x"}}, True),
        ({"type": "string", "example": None}, True),
        ({"type": "number", "minimum": 1, "exclusiveMinimum": True, "example": 1}, True),
        ({"type": "number", "minimum": 1, "exclusiveMinimum": False, "example": 1}, False),
        ({"$ref": "#/components/schemas/Thing", "example": 5}, False),
    ],
)
def test_openapi_3_0_has_keywords_of_its_own(schema: Json, bad: bool, found: Found) -> None:
    """`nullable`, boolean bounds, and nothing beside `$ref`."""
    assert [check for check, _ in found("3.0.3", schemas={"A": schema})] == ["example-against-schema"] * bad


@pytest.mark.parametrize(
    ("media_type", "media", "expected"),
    [
        ("application/json", {"example": {"size": "x"}}, ["/example/size"]),
        ("application/json", {"examples": {"a": {"value": {"name": 1}}}}, ["/examples/a/value/name"]),
        ("application/json", {"example": '{"size": "x"}'}, ["/example"]),
        ("*/*", {"example": {"size": "x"}}, ["/example/size"]),
        ("application/json", {"example": '{"size": 1}'}, []),
        ("application/json", {"examples": {"a": {"externalValue": "https://a.example"}}}, []),
        ("application/xml", {"example": "<thing/>"}, []),
        ("application/x-www-form-urlencoded", {"example": "size=1"}, []),
    ],
)
def test_an_example_of_a_body_is_held_against_its_schema(
    media_type: str, media: Json, expected: list[str], found: Found
) -> None:
    """A text may be the body as it is sent."""
    content = {media_type: {"schema": {"$ref": "#/components/schemas/Thing"}, **media}}
    base = f"op/requestBody/content/{media_type.replace('/', '~1')}"
    pairs = found(operation={"requestBody": {"content": content}})
    assert pairs == [("example-against-schema", base + pointer) for pointer in expected]


@pytest.mark.parametrize(
    ("parameter", "bad"),
    [
        ({"schema": {"type": "string"}, "example": 5}, True),
        ({"schema": {"type": "integer"}, "example": "many"}, True),
        ({"schema": {"type": "array", "items": {"type": "integer"}}, "examples": {"a": {"value": ["x"]}}}, True),
        ({"schema": {"type": "integer"}, "example": "5"}, False),
        ({"schema": {"allOf": [{"type": "integer"}]}, "example": "5"}, False),
        ({"schema": {"type": "array", "items": {"type": "integer"}}, "explode": False, "example": "1,2"}, False),
        ({"schema": {"type": "object", "properties": {}}, "style": "deepObject", "example": "a[b]=c"}, False),
    ],
)
def test_an_example_of_a_parameter_may_be_as_it_is_sent(parameter: Json, bad: bool, found: Found) -> None:
    """A value that is not of the schema's type is none."""
    pairs = found(components={"parameters": {"P": {"name": "p", "in": "query", **parameter}}})
    assert [check for check, _ in pairs] == ["example-against-schema"] * bad


@pytest.mark.parametrize(("place", "bad"), [("request", "secret"), ("response", "id")])
def test_what_goes_one_way_is_required_that_way_alone(place: str, bad: str, found: Found) -> None:
    """A request needs no `readOnly` property, a response no `writeOnly` one."""
    content = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}, "example": {}}}}
    response = {"200": {"description": "d", **content}}
    operation = {"requestBody": content} if place == "request" else {"responses": response}
    value = document(operation=operation, schemas={"A": READ_ONLY})
    (finding,) = findings(value)
    assert finding.message.startswith(f'the example breaks its schema: "{bad}" is a required property')


def test_a_header_example_is_held_against_its_schema(found: Found) -> None:
    """As a parameter's is."""
    header = {"schema": {"type": "integer"}, "example": "soon"}
    assert found(components={"headers": {"Retry-After": header}}) == [
        ("example-against-schema", "/components/headers/Retry-After/example")
    ]


def test_the_default_of_a_server_variable_is_one_of_its_enum(found: Found) -> None:
    """Where it has one."""
    variable = {"default": "eu", "enum": ["us"]}
    servers = [{"url": "https://{region}.example", "variables": {"region": variable}}]
    assert found(servers=servers) == [("default-against-schema", "/servers/0/variables/region/default")]


def test_a_finding_says_where_the_schema_stands() -> None:
    """So that either can be corrected; a long value is shortened."""
    (finding,) = findings(document(schemas={"A": {"type": "integer", "example": "x" * 500}}))
    assert finding.message.endswith('is not of type "integer"; correct it, or the schema at /components/schemas/A')
    assert len(finding.message) < 200
