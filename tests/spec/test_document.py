"""A document as the engine reads it: operations, what they declare, and compiled schemas."""

import pytest

from understudy.errors import ContentError
from understudy.spec.document import Document, Violation
from understudy.values import Json

TREE: Json = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "size": {"type": "integer", "format": "int32"},
        "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
    },
}
VALUE: Json = {
    "openapi": "3.1.0",
    "security": [{"key": []}],
    "paths": {
        "/trees/{id}": {
            "parameters": [
                {"$ref": "#/components/parameters/Id"},
                {"name": "x-mode", "in": "header", "schema": {"type": "string"}},
            ],
            "get": {
                "operationId": "get",
                "security": [],
                "parameters": [
                    {"name": "X-Mode", "in": "header", "required": True, "schema": {"enum": ["a"]}},
                    {"name": "Accept", "in": "header", "required": True, "schema": {"type": "string"}},
                    {"name": "filter", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}},
                ],
                "responses": {
                    "200": {"$ref": "#/components/responses/Tree"},
                    "4XX": {"description": "bad", "headers": {"Content-Type": {}, "Retry-After": {"required": True}}},
                    "default": {"description": "other"},
                },
            },
            "put": {
                "requestBody": {"$ref": "#/components/requestBodies/Tree"},
                "responses": {"204": {"description": "ok"}},
            },
        },
        "/shared": {"$ref": "#/components/pathItems/Shared"},
        "x-other": {"get": {}},
    },
    "components": {
        "schemas": {"Tree": TREE, "of {all}%": {"type": "integer"}},
        "parameters": {"Id": {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}},
        "requestBodies": {
            "Tree": {
                "required": True,
                "content": {
                    "Application/JSON; charset=utf-8": {"schema": {"$ref": "#/components/schemas/Tree"}},
                    "text/plain": {},
                },
            }
        },
        "responses": {
            "Tree": {
                "description": "a tree",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Tree"}}},
            }
        },
        "pathItems": {"Shared": {"delete": {"operationId": "drop", "responses": {}}}},
    },
}
DOCUMENT = Document(VALUE)


def test_operations_are_found_by_id_path_items_by_reference() -> None:
    """One without an id is called by method and path; what is no path is none."""
    assert list(DOCUMENT.operations) == ["get", "PUT /trees/{id}", "drop"]
    assert DOCUMENT.operations["drop"].pointer == "/components/pathItems/Shared/delete"
    assert repr(DOCUMENT.operations["get"]) == "<Operation get>"


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("GET", "/trees/1", "get"),
        ("put", "/trees/%31", "PUT /trees/{id}"),
        ("DELETE", "/shared", "drop"),
        ("GET", "/", None),
        ("POST", "/shared", None),
    ],
)
def test_an_operation_is_found_by_a_request(method: str, path: str, found: str | None) -> None:
    """Method and path as they were sent."""
    operation = DOCUMENT.find(method, path)
    assert (operation.operation_id if operation else None) == found


def test_an_operations_own_parameters_win_over_its_paths() -> None:
    """Names of headers are compared without case; Accept is no parameter; pointers lead to the declarations."""
    parameters = {parameter.name: parameter for parameter in DOCUMENT.operations["get"].parameters}
    assert list(parameters) == ["X-Mode", "filter", "id"]
    assert (parameters["X-Mode"].required, parameters["id"].pointer) == (True, "/components/parameters/Id")
    assert parameters["filter"].schema.is_valid({})


def test_bodies_are_found_by_media_type_in_lower_case_without_parameters() -> None:
    """Through references."""
    operation = DOCUMENT.operations["PUT /trees/{id}"]
    assert (operation.body_required, operation.body_pointer) == (True, "/components/requestBodies/Tree")
    assert list(operation.bodies) == ["application/json"]
    assert DOCUMENT.operations["get"].bodies == {}
    assert DOCUMENT.operations["get"].body_pointer is None


def test_a_response_is_found_by_status_class_or_default() -> None:
    """In this order; an operation without any has none."""
    get = DOCUMENT.operations["get"]
    found = [
        (spec.declared_at.rpartition("/")[2], spec.pointer)
        for status in (200, 404, 500)
        if (spec := get.response(status))
    ]
    assert [key for key, _ in found] == ["200", "4XX", "default"]
    assert found[0][1] == "/components/responses/Tree"
    assert DOCUMENT.operations["drop"].response(200) is None
    assert get.statuses == {200}


def test_content_type_is_no_response_header() -> None:
    """OpenAPI 3.1.0, section 4.8.17: it is described by the content."""
    spec = DOCUMENT.operations["get"].response(429)
    assert spec is not None
    assert list(spec.headers) == ["retry-after"]
    assert (spec.headers["retry-after"].required, spec.headers["retry-after"].schema) == (True, None)


def test_security_is_the_operations_or_else_the_documents() -> None:
    """An empty list opens an operation."""
    assert DOCUMENT.operations["get"].security == []
    assert DOCUMENT.operations["drop"].security == [{"key": []}]


def test_a_violation_tells_value_and_keyword_by_pointer() -> None:
    """Through references, the pointers are those of the declaration."""
    schema = DOCUMENT.operations["PUT /trees/{id}"].bodies["application/json"]
    value = {"name": "a", "children": [{"name": "b"}, {"name": 7}]}
    assert not schema.is_valid(value)
    assert list(schema.violations(value)) == [
        Violation('7 is not of type "string"', "/children/1/name", "/components/schemas/Tree/properties/name/type")
    ]


def test_the_format_of_a_number_holds_and_is_named() -> None:
    """JSON Schema knows no int32; OpenAPI does."""
    schema = DOCUMENT.schema("/components/schemas/Tree")
    assert schema.is_valid({"name": "a", "size": 2**31 - 1})
    keywords = [violation.keyword for violation in schema.violations({"name": "a", "size": 2**31})]
    assert keywords == ["/components/schemas/Tree/properties/size/format"]


def test_places_and_applied_keywords_are_pointers() -> None:
    """Where a subschema applies, and what had a say."""
    schema = DOCUMENT.schema("/components/schemas/Tree")
    value = {"name": "a", "children": [{"name": "b"}]}
    assert schema.places(value, "/components/schemas/Tree/properties/name") == ["/name", "/children/0/name"]
    assert "/components/schemas/Tree/properties/name/type" in schema.applied(value)


def test_a_schema_is_compiled_once() -> None:
    """However often it is asked for."""
    assert DOCUMENT.schema("/components/schemas/Tree") is DOCUMENT.schema("/components/schemas/Tree")


def test_a_pointer_with_odd_characters_leads_to_its_schema() -> None:
    """Braces, blanks and percent signs are escaped in a fragment."""
    assert not DOCUMENT.schema("/components/schemas/of {all}%").is_valid("x")


def test_a_schema_of_3_0_is_read_as_3_0_means_it() -> None:
    """`nullable` allows null; what stands beside a reference is ignored."""
    old = {"openapi": "3.0.3", "components": {"schemas": {"A": {"type": "string", "nullable": True}}}}
    assert Document(old).schema("/components/schemas/A").is_valid(None)
    new = {**old, "openapi": "3.1.0"}
    assert not Document(new).schema("/components/schemas/A").is_valid(None)


@pytest.mark.parametrize("schema", [{"$ref": "#/nowhere"}, {"type": "nonsense"}, {"pattern": "("}])
def test_a_schema_that_cannot_be_compiled_is_told_with_its_place(schema: Json) -> None:
    """Where it is used, not on a first request."""
    document = Document({"openapi": "3.1.0", "components": {"schemas": {"A": schema}}})
    with pytest.raises(ContentError, match=r"^/components/schemas/A: the schema cannot be compiled: .*; mend it"):
        document.schema("/components/schemas/A")


@pytest.mark.parametrize(
    ("content", "media_type", "declared"),
    [
        (("application/json",), "application/json", "application/json"),
        (("application/json",), "application/problem+json", None),
        (("application/*",), "application/problem+json", "application/*"),
        (("*/*", "text/html"), "text/html", "text/html"),
        (("*/*", "text/html"), "image/png", "*/*"),
        ((), "text/html", None),
    ],
)
def test_an_answer_falls_under_a_media_type_or_a_range(
    content: tuple[str, ...], media_type: str, declared: str | None
) -> None:
    """The exact one goes first."""
    answer = {"description": "ok", "content": {name: {} for name in content}}
    get = {"operationId": "a", "responses": {"200": answer}}
    spec = Document({"openapi": "3.1.0", "paths": {"/a": {"get": get}}}).operations["a"].response(200)
    assert spec is not None
    assert spec.declared(media_type) == declared
