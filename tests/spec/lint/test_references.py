"""What leads somewhere: references, links, runtime expressions, security, parameters of paths."""

import pytest

from tests.spec.lint.conftest import Found, document, findings
from understudy.values import Json

BODY = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}


def linked(header: str | None = None, **link: Json) -> Json:
    """Return an operation whose 200 has a link, and perhaps a header."""
    headers = {"headers": {header: {"schema": {"type": "string"}}}} if header else {}
    return {"responses": {"200": {"description": "d", **BODY, **headers, "links": {"l": link}}}}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"$ref": "#/components/schemas/None"}, [("reference-nowhere", "schemas/A/$ref")]),
        ({"$ref": "#no-such-anchor"}, [("reference-nowhere", "schemas/A/$ref")]),
        ({"$ref": "other.yaml#/A"}, [("reference-out", "schemas/A/$ref")]),
        ({"$ref": "https://example.com/a.json"}, [("reference-out", "schemas/A/$ref")]),
        ({"$ref": "#/components/schemas/A"}, [("reference-circle", "schemas/A/$ref")]),
        ({"allOf": [{"$ref": "#/components/schemas/A"}]}, [("reference-circle", "schemas/A/allOf/0/$ref")]),
        ({"type": "array", "items": {"$ref": "#/components/schemas/A"}}, []),
        ({"$ref": "#/components/schemas/%54hing"}, []),
        ({"$ref": "#/x-schemas/Odd"}, []),
    ],
)
def test_references_of_schemas(schema: Json, expected: list[tuple[str, str]], found: Found) -> None:
    """One that leads out is not fetched, which is said; one inside may be spelt as in a URL."""
    assert found(schemas={"A": schema}, **{"x-schemas": {"Odd": {"type": "string"}}}) == expected


def test_what_only_a_reference_reaches_is_checked(found: Found) -> None:
    """Wherever it stands."""
    odd = {"x-schemas": {"Odd": {"type": "string", "example": 1}}}
    pairs = found(schemas={"A": {"$ref": "#/x-schemas/Odd"}}, **odd)
    assert pairs == [("example-against-schema", "/x-schemas/Odd/example")]


@pytest.mark.parametrize(
    ("responses", "expected"),
    [
        ({"200": {"$ref": "#/components/responses/None"}}, [("reference-nowhere", "op/responses/200/$ref")]),
        (
            {"200": {"$ref": "#/paths/~1things~1{id}/post/responses/201"}, "201": {"$ref": "#/components/responses/C"}},
            [("reference-circle", "/components/responses/C/$ref")],
        ),
    ],
)
def test_references_of_responses(responses: Json, expected: list[tuple[str, str]], found: Found) -> None:
    """Nowhere and in a circle."""
    components = {"responses": {"C": {"$ref": "#/components/responses/C"}}}
    pairs = found(operation={"responses": responses}, components=components)
    assert set(expected) <= set(pairs)


def test_a_discriminator_maps_to_schemas(found: Found) -> None:
    """By name or by reference."""
    mapping = {"a": "Thing", "b": "#/components/schemas/Thing", "c": "None"}
    schema = {
        "oneOf": [{"$ref": "#/components/schemas/Thing"}],
        "discriminator": {"propertyName": "name", "mapping": mapping},
    }
    assert found(schemas={"A": schema}) == [("reference-nowhere", "schemas/A/discriminator/mapping/c")]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (linked(operationId="none"), [("link-nowhere", "/operationId")]),
        (linked(operationRef="#/paths/~1none/get"), [("link-nowhere", "/operationRef")]),
        (linked(operationId="put", parameters={"none": 1}), [("link-nowhere", "/parameters/none")]),
        (linked(operationId="put", parameters={"query.id": 1}), [("link-nowhere", "/parameters/query.id")]),
        (
            linked(operationId="put", parameters={"id": "$response.body#/no"}),
            [("expression-nowhere", "/parameters/id")],
        ),
        (linked(operationId="put", parameters={"id": "$request.path.no"}), [("expression-nowhere", "/parameters/id")]),
        (linked(operationId="put", parameters={"path.id": "$response.body#/name"}), []),
        (linked(operationRef="#/paths/~1things~1{id}/post", parameters={"id": "$request.path.id"}), []),
        (linked(operationRef="https://example.com/#/paths/~1a/get"), []),
        (linked(operationId="put", parameters={"id": "$response.header.Location"}), []),
        (linked("X-Id", operationId="put", parameters={"id": "$response.header.x-id"}), []),
        (linked("X-Id", operationId="put", parameters={"id": "$response.header.ETag"}), []),
        (
            linked("X-Id", operationId="put", parameters={"id": "$response.header.X-Idd"}),
            [("expression-nowhere", "/parameters/id")],
        ),
    ],
)
def test_links_lead_to_operations(operation: Json, expected: list[tuple[str, str]], found: Found) -> None:
    """And give parameters that these have, from values that are there."""
    base = "op/responses/200/links/l"
    assert found(operation=operation) == [(check, base + pointer) for check, pointer in expected]


@pytest.mark.parametrize(("name", "bad"), [("hook", True), ("name", False)])
def test_a_callback_goes_to_what_the_request_has(name: str, bad: bool, found: Found) -> None:
    """Its key is an expression."""
    key = f"{{$request.body#/{name}}}"
    item = {"post": {"responses": {"200": {"description": "d"}}}}
    pairs = found(operation={"requestBody": BODY, "callbacks": {"c": {key: item}}})
    assert [check for check, _ in pairs] == ["expression-nowhere"] * bad


@pytest.mark.parametrize(
    ("security", "expected"),
    [
        ([{"none": []}], [("security-nowhere", "op/security/0/none")]),
        ([{"oauth": ["read", "write"]}], [("scope-nowhere", "op/security/0/oauth/1")]),
        ([{"oauth": ["read"]}, {}, {"key": ["role"]}, {"open": ["any"]}], []),
    ],
)
def test_security_names_schemes_and_scopes(security: Json, expected: list[tuple[str, str]], found: Found) -> None:
    """Of OAuth 2.0 alone the document knows the scopes."""
    flow = {"tokenUrl": "https://example.com/token", "scopes": {"read": "Reads."}}
    schemes = {
        "oauth": {"type": "oauth2", "flows": {"clientCredentials": flow}},
        "key": {"type": "apiKey", "in": "header", "name": "K"},
        "open": {"type": "openIdConnect", "openIdConnectUrl": "https://example.com/openid"},
    }
    assert found(operation={"security": security}, components={"securitySchemes": schemes}) == expected


def test_only_oauth_has_scopes_in_openapi_3_0(found: Found) -> None:
    """OpenAPI 3.1 lets others name roles."""
    schemes = {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "K"}}}
    pairs = found("3.0.3", operation={"security": [{"key": ["role"]}]}, components=schemes)
    assert pairs == [("scope-nowhere", "op/security/0/key/0")]


def test_three_headers_are_no_parameters(found: Found) -> None:
    """OpenAPI describes them elsewhere, and ignores them here."""
    names = ("Accept", "content-type", "Authorization", "X-Accept")
    headers = {name: {"name": name, "in": "header", "schema": {"type": "string"}} for name in names}
    pairs = found(components={"parameters": headers})
    assert pairs == [("parameter-ignored", f"/components/parameters/{name}") for name in names[:3]]


def test_server_variables_are_declared(found: Found) -> None:
    """Each name in braces."""
    servers = [{"url": "https://{a}.{b}.example", "variables": {"a": {"default": "x"}}}]
    assert found(servers=servers) == [("server-variable-nowhere", "/servers/0/url")]


def test_a_reference_that_leads_out_says_that_nothing_was_checked() -> None:
    """And what to do."""
    (finding,) = findings(document(schemas={"A": {"$ref": "other.yaml"}}))
    assert finding.message == (
        "'other.yaml' leads out of the document and is not fetched, so nothing behind it was checked; "
        "bundle the document into one file first"
    )


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("b", []),
        ("/schemas/b", []),
        ("https://example.com/schemas/b", []),
        ("#/$defs/c", []),
        ("b#/$defs/c", [("reference-nowhere", "schemas/A/properties/x/$ref")]),
        ("#/components/schemas/B", []),
        ("c", [("reference-out", "schemas/A/properties/x/$ref")]),
    ],
)
def test_a_reference_is_relative_to_the_id_around_it(
    reference: str, expected: list[tuple[str, str]], found: Found
) -> None:
    """As JSON Schema 2020-12 has it."""
    a = {
        "$id": "https://example.com/schemas/a",
        "type": "object",
        "properties": {"x": {"$ref": reference}},
        "$defs": {"c": {"type": "string"}},
    }
    assert found(schemas={"A": a, "B": {"$id": "https://example.com/schemas/b", "type": "string"}}) == expected


def test_servers_of_paths_and_operations_declare_their_variables_too(found: Found) -> None:
    """As those of the document do."""
    server = {"url": "https://{host}.example.com"}
    assert found(operation={"servers": [server]}) == [("server-variable-nowhere", "op/servers/0/url")]
    assert found(operation={"servers": [{**server, "variables": {"host": {"default": "a"}}}]}) == []
