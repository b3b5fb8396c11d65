"""Records that must be there: created where the vendor has a way to, named by the user where it has none."""

import time
from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest

from tests.mock.exchange import project, served
from understudy.contract.client import Client
from understudy.contract.evidence import Outcome
from understudy.contract.judge import Judge
from understudy.contract.probes import Prober
from understudy.contract.records import LACKING, obtainable
from understudy.contract.target import Credentials, Run
from understudy.pack import Pack
from understudy.values import Json

Connect: TypeAlias = Callable[..., Client]
BODY = {"application/json": {"schema": {"$ref": "#/components/schemas/Toy"}, "example": {"id": "x", "size": 1}}}
ANSWERS: Json = {
    "204": {"description": "Done"},
    "400": {"description": "No", "content": {"application/problem+json": {}}},
    "404": {"description": "None", "content": {"application/problem+json": {}}},
}
TOY = {
    "name": "id",
    "in": "path",
    "required": True,
    "x-understudy-identifier": "existing",
    "schema": {"type": "string"},
}
DOCUMENT: Json = {
    "openapi": "3.1.0",
    "info": {"title": "Toy", "version": "1"},
    "components": {
        "schemas": {
            "Toy": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "x-understudy-identifier": True},
                    "size": {"type": "integer", "format": "int32"},
                },
            }
        }
    },
    "paths": {
        "/toys/{id}": {
            "put": {"operationId": "put", "parameters": [TOY], "requestBody": {"content": BODY}, "responses": ANSWERS},
            "delete": {"operationId": "delete", "parameters": [TOY], "responses": ANSWERS},
        }
    },
}
CREATE = """overlay: 1.1.0
info: {title: Another page, version: 1.0.0}
actions:
  - target: $.paths
    description: Toys can be made.
    x-understudy-basis: documented
    x-understudy-source: Another page
    update:
      /toys:
        post:
          operationId: create
          x-understudy-creates: true
          requestBody:
            content: {application/json: {schema: {$ref: '#/components/schemas/Toy'}, example: {id: x, size: 1}}}
          responses: {'204': {description: Done}, '400': {description: 'No', content: {application/problem+json: {}}}}
"""
MODEL = """
from understudy.model.behaviour import Behaviour
from understudy.model.call import Call, Reply
from understudy.model.state import Table, Transaction

behaviour = Behaviour(full=(), restricted=())
TOYS = Table("toys", dict)

@behaviour.operation("create")
def create(call: Call, state: Transaction) -> Reply:
    TOYS.put(state, call.body["id"], call.body)
    return Reply(204)

@behaviour.operation("put")
def put(call: Call, state: Transaction) -> Reply:
    known = TOYS.get(state, call.path["id"]) is not None and call.body["id"] == call.path["id"]
    return Reply(204) if known else Reply(404, {}, media_type="application/problem+json")

@behaviour.operation("delete")
def delete(call: Call, state: Transaction) -> Reply:
    known = TOYS.get(state, call.path["id"]) is not None
    TOYS.delete(state, call.path["id"])
    return Reply(204) if known else Reply(404, {}, media_type="application/problem+json")
"""
RULES = """
rules:
  - {id: TOY-1, text: A size has 32 bits., basis: documented, level: must, operation: put, part: body,
     citation: {pointer: /components/schemas/Toy/properties/size/format}}
"""


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return project(tmp_path_factory.mktemp("toy"), DOCUMENT, MODEL, RULES, overlay=CREATE)


@pytest.fixture(scope="module")
def url(toy: Pack) -> Iterator[str]:
    with served(toy) as url:
        yield url


@pytest.fixture
def connect(toy: Pack, url: str) -> Iterator[Connect]:
    """Yield a function that makes a client of a run in that scope, with those existing records."""
    clients: list[Client] = []

    def connected(scope: str, *existing: str) -> Client:
        run = Run(
            vendor="toy",
            base_url=url,
            label="toy",
            scope=scope,
            seed=1,
            run_id=f"run {scope} {existing}",
            deadline=time.time() + 30,
            budget=30,
            existing=existing,
            credentials=Credentials("t"),
        )
        clients.append(Client(run, Judge(toy, scope)))
        return clients[-1]

    yield connected
    for client in clients:
        client.close()


def probed(client: Client) -> list[tuple[Outcome, str]]:
    Prober(client).constraints("put")
    return [(piece.outcome, piece.reason) for piece, _ in client.collector if piece.rule == "TOY-1"]


def test_an_operation_is_probed_on_records_that_it_creates(connect: Connect) -> None:
    """Each probe has one of its own, named alike in path and body, so that all good requests are taken."""
    judged = connect("full")
    assert {outcome for outcome, _ in probed(judged)} == {Outcome.PASSED}
    assert judged.statuses["put", 404] == 0
    assert judged.statuses["put", 204] > 0
    assert judged.statuses["put", 400] > 0


def test_in_core_the_record_is_the_one_that_the_user_names(connect: Connect) -> None:
    """The operation that creates stands on another page."""
    made = Prober(connect("full")).good("put", "the user's")
    assert made is not None
    named = connect("core", made.parameters["path"]["id"])
    assert {outcome for outcome, _ in probed(named)} == {Outcome.PASSED}
    assert named.statuses["create", 204] == 0


def test_without_a_record_the_rules_are_not_exercised(connect: Connect, toy: Pack) -> None:
    """Rather than passed by a 404, which every bad request gets as well."""
    judged = connect("core")
    assert probed(judged) == [(Outcome.NOT_EXERCISED, LACKING)]
    assert judged.requests == 0
    assert not obtainable(judged.run, judged.judge.judged, toy.effective)


def test_the_record_of_the_user_is_never_deleted(connect: Connect) -> None:
    """A probe of DELETE makes one for itself, or there is none."""
    in_full = Prober(connect("full", "precious")).good("delete", "delete")
    assert in_full is not None
    assert in_full.parameters["path"]["id"] != "precious"
    assert Prober(connect("core", "precious")).good("delete", "delete") is None


def test_which_operations_need_a_record_is_marked(toy: Pack) -> None:
    """The one that creates needs none."""
    needing = [name for name, operation in toy.effective.operations.items() if operation.needs_record]
    assert needing == ["put", "delete"]
