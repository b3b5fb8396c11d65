"""The two profiles: what a vendor was seen to take is taken with a remark, or refused as the document has it."""

from collections.abc import Iterator

import pytest

from tests.mock.exchange import FULL, call, project, served
from understudy.mock.settings import Settings
from understudy.pack import Pack
from understudy.values import Json

DOCUMENT: Json = {
    "openapi": "3.1.0",
    "info": {"title": "Toy", "version": "1"},
    "components": {
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        "schemas": {
            "Toy": {
                "type": "object",
                "required": ["name", "owner"],
                "properties": {"name": {"type": "string"}, "owner": {"type": "string"}, "made": {"type": "integer"}},
            }
        },
    },
    "paths": {
        "/toys": {
            "put": {
                "operationId": "put",
                "security": [{"key": ["WRITE"]}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Toy"}}}},
                "responses": {
                    "204": {"description": "Done"},
                    "400": {"description": "No", "content": {"application/problem+json": {}}},
                    "403": {"description": "No", "content": {"application/problem+json": {}}},
                },
            }
        }
    },
}
MODEL = """
from understudy.model.behaviour import Behaviour
from understudy.model.call import Call, Reply
from understudy.model.state import Transaction

behaviour = Behaviour(full=("READ", "WRITE"), restricted=("READ",))

@behaviour.operation("put")
def put(call: Call, state: Transaction) -> Reply:
    made = isinstance(call.body, dict) and "made" in call.body
    return Reply(204, rules=("TOY-1",), remarks=("TOY-4",) if made else ())
"""
TOY = "/components/schemas/Toy"
RULES = f"""
rules:
  - {{id: TOY-1, text: A toy has a name., basis: documented, level: must, operation: put, part: body,
     citation: {{pointer: {TOY}/required/0}}}}
  - {{id: TOY-2, text: A toy has an owner., basis: documented, level: must, operation: put, part: body,
     citation: {{pointer: {TOY}/required/1}}}}
  - {{id: TOY-3, text: Toys without owner were seen., basis: observed, level: may, operation: put, part: body,
     relaxes: [TOY-2], citation: {{pointer: {TOY}/required/1}}}}
  - {{id: TOY-4, text: made is read-only and ignored., basis: documented, level: must, operation: put,
     citation: {{pointer: {TOY}/properties/made}}}}
"""


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return project(tmp_path_factory.mktemp("toy"), DOCUMENT, MODEL, RULES)


@pytest.fixture(scope="module")
def url(toy: Pack) -> Iterator[str]:
    with served(
        toy,
        Settings(),
        strict=Settings(strict=True),
        switched=Settings(switches={"toy": {"profile": "documented"}}),
    ) as url:
        yield url


def put(url: str, body: Json, token: tuple[str, str] = FULL) -> tuple[int, str, str]:
    answer = call(url, "PUT", "/toys", token, body=body)
    return answer.status, answer.headers["understudy-rules"], answer.headers.get("understudy-remarks", "")


def test_a_good_request_leaves_no_remark(url: str) -> None:
    """Neither profile has anything to say of it."""
    assert put(url, {"name": "a", "owner": "b"}) == (204, "TOY-1;documented", "")


def test_what_was_observed_is_taken_with_a_remark(url: str) -> None:
    """The answer names the observed rule."""
    assert put(url, {"name": "a"}) == (204, "TOY-1;documented", "TOY-3;observed")


def test_a_remark_of_the_model_goes_out_beside_it(url: str) -> None:
    """What was sent and had no effect."""
    assert put(url, {"name": "a", "made": 1})[2] == "TOY-3;observed, TOY-4;documented"


@pytest.mark.parametrize("body", [{"owner": "b"}, {}, {"name": 1}, {"name": "a", "made": "x"}])
def test_whatever_else_is_wrong_is_refused(url: str, body: Json) -> None:
    """One breach that is excused does not excuse another."""
    status, _, remarks = put(url, body)
    assert (status, remarks) == (400, "")


def test_a_refusal_names_the_one_missing_property(url: str) -> None:
    """A rule may be on a single name of a `required` list."""
    assert put(url, {"owner": "b"})[1] == "TOY-1;documented"


@pytest.mark.parametrize("session", ["strict", "switched"])
def test_the_documented_profile_refuses(url: str, session: str) -> None:
    """By the switch, or by `--strict` for all vendors."""
    base = url.replace("/toy", f"/s/{session}/toy") if url.endswith("/toy") else f"{url}/s/{session}/toy"
    assert put(base, {"name": "a"})[:2] == (400, "TOY-2;documented")


def test_the_role_of_a_scheme_that_is_not_oauth_is_demanded(url: str) -> None:
    """OpenAPI 3.1 has role names for any scheme."""
    assert put(url, {"name": "a", "owner": "b"}, ("Authorization", "Bearer understudy-read"))[0] == 403
