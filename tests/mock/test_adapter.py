"""The seam to Connexion, which is undocumented, and the features of OpenAPI that it does not know itself."""

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from connexion.middleware import ConnexionMiddleware
from connexion.middleware.abstract import ROUTING_CONTEXT, AbstractRoutingAPI, RoutedAPI, RoutedMiddleware
from connexion.middleware.security import SecurityAPI, SecurityMiddleware, SecurityOperation
from connexion.security import SecurityHandlerFactory

from tests.mock.exchange import Answer, call, project, served
from understudy.errors import ContentError
from understudy.mock.adapter import LeanSecurityMiddleware, RoutingMiddleware, linked, skeleton
from understudy.mock.app import VendorApp
from understudy.pack import Pack
from understudy.spec.document import Document
from understudy.values import Json


def test_connexion_still_has_the_seam() -> None:
    """What we subclass and call is there, by these names and with these parameters."""
    assert "next_app" in inspect.signature(RoutedAPI.__init__).parameters
    for name in ("make_operation", "add_paths", "_framework_path_and_name", "_add_operation_internal"):
        assert callable(getattr(AbstractRoutingAPI, name)), name
    assert list(inspect.signature(AbstractRoutingAPI._add_operation_internal).parameters) == [
        "self",
        "method",
        "path",
        "operation",
        "name",
    ]
    assert SecurityMiddleware.api_cls is SecurityAPI
    assert issubclass(SecurityMiddleware, RoutedMiddleware)
    assert inspect.iscoroutinefunction(SecurityOperation.__call__)
    assert {"next_app", "security_handler_factory"} <= set(
        inspect.signature(SecurityOperation.from_operation).parameters
    )
    assert list(inspect.signature(SecurityHandlerFactory.parse_security_scheme).parameters)[1:] == [
        "security_scheme",
        "required_scopes",
    ]
    assert list(inspect.signature(ConnexionMiddleware._build_middleware_stack).parameters) == ["self"]
    assert ROUTING_CONTEXT == "connexion_routing"


def test_connexion_builds_the_stack_and_each_stage_is_linked_to_the_next(pack: Pack) -> None:
    """Routing, arrival, security, request, model: in Connexion's order, found once, at start."""
    stack: Any = VendorApp(pack)._stack
    names = []
    app = stack
    while isinstance(app, RoutingMiddleware | RoutedMiddleware):
        names.append(type(app).__name__)
        app = app.app
    assert names == ["RoutingMiddleware", "Stage", "LeanSecurityMiddleware", "Stage", "Stage"]
    for middleware in (stack.app, stack.app.app):
        api = middleware.apis[""][0]
        assert set(api.operations) == set(pack.effective.operations)
    security = stack.app.app
    assert isinstance(security, LeanSecurityMiddleware)
    operation = security.apis[""][0].operations["GetOAuthToken"]
    assert operation.next_app is linked(security.app, "GetOAuthToken")
    assert operation.next_app is not security.app


def test_connexion_is_given_paths_and_security_alone(pack: Pack) -> None:
    """No schemas, no references: nothing that it could resolve without end."""
    bare = skeleton(pack.effective)
    assert "$ref" not in repr(bare)
    assert set(bare["components"]) == {"securitySchemes"}
    assert sum(len(item) for item in bare["paths"].values()) == len(pack.effective.operations)


MODEL = """
from understudy.model.behaviour import Behaviour
from understudy.model.call import ABSENT, Reply
behaviour = Behaviour((), ())
def play(call, state):
    body = None if call.body is ABSENT else call.body
    return Reply(200, {{"path": dict(call.path), "query": dict(call.query), "header": dict(call.header), "body": body}})
for name in {names!r}:
    behaviour.operation(name)(play)
"""
ECHO: Json = {
    "200": {"description": "echo", "content": {"application/json": {"schema": {"type": "object"}}}},
    "400": {"description": "bad"},
    "415": {"description": "bad"},
}


def document(paths: Json, components: Json | None = None, version: str = "3.1.0") -> Json:
    """Return an OpenAPI document without servers."""
    return {
        "openapi": version,
        "info": {"title": "t", "version": "1"},
        "paths": paths,
        **({"components": components} if components else {}),
    }


def taking(schema: Json, name: str = "play", media_type: str = "application/json") -> Json:
    """Return a path item with one POST that takes bodies of the schema."""
    body = {"content": {media_type: {"schema": schema}}}
    return {"post": {"operationId": name, "requestBody": body, "responses": ECHO}}


def pack_of(root: Path, value: Json) -> Pack:
    """Return a pack that plays every operation of the document with an echo."""
    return project(root, value, MODEL.format(names=list(Document(value).operations)))


TREE: Json = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
    },
}
SCHEMAS: dict[str, tuple[Json, list[Json], list[Json]]] = {
    "type lists": ({"type": ["string", "null"]}, ["x", None], [1, []]),
    "null body": ({"type": ["object", "null"]}, [None, {}], ["x", []]),
    "const": ({"const": {"a": 1}}, [{"a": 1}], [{"a": 2}, None]),
    "prefixItems": (
        {"prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False},
        [["a", 1], []],
        [[1], ["a", 1, 2]],
    ),
    "if then": (
        {"if": {"properties": {"kind": {"const": "a"}}, "required": ["kind"]}, "then": {"required": ["size"]}},
        [{"kind": "a", "size": 1}, {"kind": "b"}],
        [{"kind": "a"}],
    ),
    "ref siblings": (
        {"$ref": "#/components/schemas/Tree", "maxProperties": 1},
        [{"name": "x"}],
        [{"name": "x", "children": []}, {}],
    ),
    "recursion": (
        {"$ref": "#/components/schemas/Tree"},
        [{"name": "x", "children": [{"name": "y", "children": []}]}],
        [{"name": "x", "children": [{"name": "y", "children": [{}]}]}],
    ),
    "exclusive bounds": ({"type": "integer", "exclusiveMinimum": 0}, [1], [0]),
    "int32": ({"type": "integer", "format": "int32"}, [2**31 - 1, -(2**31)], [2**31, -(2**31) - 1]),
    "no schema at all": (True, [None, 1, {}], []),
    "contains": ({"contains": {"const": 1}, "maxContains": 1}, [[1, 2]], [[2], [1, 1]]),
    "unevaluated": (
        {"$ref": "#/components/schemas/Tree", "unevaluatedProperties": False},
        [{"name": "x"}],
        [{"name": "x", "y": 1}],
    ),
}


@pytest.fixture(scope="module")
def modern(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    paths = {f"/{number}": taking(schema, f"play {number}") for number, (schema, _, _) in enumerate(SCHEMAS.values())}
    components = {"schemas": {"Tree": TREE}}
    with served(pack_of(tmp_path_factory.mktemp("modern"), document(paths, components))) as url:
        yield url


@pytest.mark.parametrize("feature", SCHEMAS)
def test_schemas_of_openapi_3_1_hold(modern: str, feature: str) -> None:
    """What is valid reaches the model unchanged, null included; what is not is refused."""
    path = f"/{list(SCHEMAS).index(feature)}"
    _, good, bad = SCHEMAS[feature]
    for value in good:
        answer = post(modern, path, value)
        assert (answer.status, answer.json["body"]) == (200, value)
    for value in bad:
        assert post(modern, path, value).status == 400


def post(url: str, path: str, value: Json) -> Answer:
    """Post a JSON value, null included."""
    return call(url, "POST", path, ("Content-Type", "application/json"), body=json.dumps(value).encode())


OLD: dict[str, tuple[Json, list[Json], list[Json]]] = {
    "nullable": ({"type": "string", "nullable": True}, ["x", None], [1]),
    "not nullable": ({"type": "string"}, ["x"], [None]),
    "exclusive bounds": ({"type": "integer", "minimum": 0, "exclusiveMinimum": True}, [1], [0]),
    "inclusive bounds": ({"type": "integer", "maximum": 0, "exclusiveMaximum": False}, [0], [1]),
    "ref siblings": ({"$ref": "#/components/schemas/Name", "maxLength": 1}, ["long"], [1]),
    "a property called nullable": (
        {
            "type": "object",
            "properties": {"nullable": {"type": "boolean"}, "default": {"type": "string", "nullable": True}},
        },
        [{"nullable": True, "default": None}],
        [{"nullable": "x"}],
    ),
}


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    paths = {f"/{number}": taking(schema, f"play {number}") for number, (schema, _, _) in enumerate(OLD.values())}
    value = document(paths, {"schemas": {"Name": {"type": "string"}}}, "3.0.3")
    with served(pack_of(tmp_path_factory.mktemp("old"), value)) as url:
        yield url


@pytest.mark.parametrize("feature", OLD)
def test_schemas_of_openapi_3_0_hold(old: str, feature: str) -> None:
    """With the meaning that 3.0 gave them."""
    path = f"/{list(OLD).index(feature)}"
    _, good, bad = OLD[feature]
    for value in good:
        assert post(old, path, value).status == 200
    for value in bad:
        assert post(old, path, value).status == 400


PARAMETERS: Json = [
    {"name": "count", "in": "query", "schema": {"type": ["integer", "null"]}},
    {"name": "tags", "in": "query", "schema": {"type": "array", "items": {"type": "integer"}}},
    {"name": "list", "in": "query", "explode": False, "schema": {"type": "array", "items": {"type": "string"}}},
    {"name": "X-Flag", "in": "header", "schema": {"type": "boolean"}},
    {"name": "X-List", "in": "header", "schema": {"type": "array", "items": {"type": "number"}}},
    {"name": "Authorization", "in": "header", "required": True, "schema": {"const": "ignored"}},
    {"name": "crumb", "in": "cookie", "schema": {"type": "integer"}},
]


@pytest.fixture(scope="module")
def routed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    def get(name: str, *parameters: Json) -> Json:
        return {"operationId": name, "parameters": list(parameters), "responses": ECHO}

    def named(name: str, **schema: Json) -> Json:
        return {"name": name, "in": "path", "required": True, "schema": schema}

    value = document(
        {
            "/things/{id}": {"parameters": [named("id", type="integer")], "get": get("thing")},
            "/things/mine": {"get": get("mine"), "head": get("mine head")},
            "/files/{file-name}.{kind}": {
                "get": get("file", named("file-name", type="string"), named("kind", enum=["a", "b"]))
            },
            "/shared": {"$ref": "#/components/pathItems/Shared"},
            "/query": {"get": get("query", *PARAMETERS)},
            "/default": {"get": {"operationId": "default", "responses": {"default": ECHO["200"]}}},
            "/nameless": {"get": {"responses": ECHO}},
            "/form": taking(
                {"type": "object", "properties": {"size": {"type": "integer"}, "many": {"type": "array"}}},
                "form",
                "application/x-www-form-urlencoded",
            ),
            "/typed": taking({"type": "object"}, "typed", "Application/JSON; charset=utf-8"),
        },
        {"pathItems": {"Shared": {"parameters": [{**PARAMETERS[0], "required": True}], "get": get("shared")}}},
    )
    with served(pack_of(tmp_path_factory.mktemp("routed"), value)) as url:
        yield url


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("/things/7", {"id": 7}),
        ("/things/mine", {}),
        ("/files/a.b", {"file-name": "a", "kind": "b"}),
        ("/files/a%2Fb%20c.a", {"file-name": "a/b c", "kind": "a"}),
        ("/files/a.b.a", {"file-name": "a.b", "kind": "a"}),
        ("/%74hings/%37", {"id": 7}),
    ],
)
def test_path_parameters_are_read_as_they_were_sent(routed: str, path: str, values: Json) -> None:
    """Hyphens in names, encoded slashes in values, several in one segment; the literal path wins."""
    answer = call(routed, "GET", path)
    assert (answer.status, answer.json["path"]) == (200, values)


@pytest.mark.parametrize(
    ("path", "status"), [("/things/x", 400), ("/things/", 404), ("/files/a.c", 400), ("/things/1/2", 404)]
)
def test_a_path_parameter_that_breaks_its_schema_is_refused(routed: str, path: str, status: int) -> None:
    """A number that is none is a bad request, not another path."""
    assert call(routed, "GET", path).status == status


def test_a_declared_head_is_another_operation_than_the_get(routed: str) -> None:
    """It is not hidden by the HEAD that every GET answers."""
    assert call(routed, "HEAD", "/things/mine").status == 200
    assert set(call(routed, "PUT", "/things/mine").headers["allow"].split(", ")) == {"GET", "HEAD"}


def query(url: str, query: str, *headers: tuple[str, str]) -> Answer:
    """Call the operation that has parameters of all kinds."""
    return call(url, "GET", f"/query?{query}", *headers)


def test_parameters_are_values_of_their_types(routed: str) -> None:
    """Lists exploded or not, null, booleans and numbers; Authorization is no parameter, whatever the document says."""
    answer = query(
        routed, "count=7&tags=1&tags=2&list=a,b", ("X-Flag", "true"), ("x-list", "1,2.5"), ("Cookie", "crumb=1")
    )
    assert answer.json["query"] == {"count": 7, "tags": [1, 2], "list": ["a", "b"]}
    assert answer.json["header"] == {"X-Flag": True, "X-List": [1, 2.5]}
    assert query(routed, "count=").status == 200
    assert query(routed, "count=x").status == 400
    assert query(routed, "tags=x").status == 400
    assert query(routed, "", ("X-Flag", "yes")).status == 400
    assert query(routed, "", ("Cookie", "crumb=x")).status == 400


def test_a_path_item_may_be_a_reference(routed: str) -> None:
    """With the parameters that it has for all its operations."""
    assert call(routed, "GET", "/shared?count=1").json["query"] == {"count": 1}
    assert call(routed, "GET", "/shared").status == 400


@pytest.mark.parametrize("path", ["/default", "/nameless"])
def test_a_default_response_and_a_missing_operation_id_are_enough(routed: str, path: str) -> None:
    """An operation without id is called by method and path."""
    assert call(routed, "GET", path).status == 200


def test_fields_of_a_form_are_values_of_their_types(routed: str) -> None:
    """As the schema gives them; a repeated field is a list where one is wanted."""
    form = ("Content-Type", "application/x-www-form-urlencoded")
    answer = call(routed, "POST", "/form", form, body="size=7&many=1&many=2&name=Tromsø".encode())
    assert answer.json["body"] == {"size": 7, "many": ["1", "2"], "name": "Tromsø"}
    assert call(routed, "POST", "/form", form, body=b"size=x").status == 400


def test_a_media_type_is_compared_without_its_parameters(routed: str) -> None:
    """Nor is its case looked at, in the document or the request."""
    assert call(routed, "POST", "/typed", ("Content-Type", "application/json"), body=b"{}").status == 200


def test_a_document_that_is_not_valid_is_refused_with_vendor_and_reason(tmp_path: Path) -> None:
    """By the version that it says it has."""
    for version in ("3.0.3", "3.1.0"):
        broken = document({"/x": {"get": {"operationId": "play", "responses": 7}}}, version=version)
        with pytest.raises(ContentError, match="not valid OpenAPI"):
            _ = project(tmp_path / version, broken, "", "x").effective


def test_a_reference_to_nothing_is_refused(tmp_path: Path) -> None:
    """Not on the first request."""
    broken = document({"/x": taking({"$ref": "#/components/schemas/None"})})
    with pytest.raises(ContentError):
        VendorApp(pack_of(tmp_path, broken))
