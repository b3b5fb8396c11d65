"""Calls at the same moment: races are found under the rule that they break, and nobody else is accused."""

import secrets
import threading
import time
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from tests.e2e.consentgrid.servers import Data, Register
from tests.e2e.consentgrid.servers import Subject as Registered
from tests.e2e.freedoms import Catalogue, Flat, OneIdentifier, Sparing
from tests.e2e.servers import CLIENT, FULL, READ, SECRET, Endpoint, Expiring, Subject
from tests.e2e.serving import Answer, Json, running
from tests.mock.exchange import served
from understudy import credentials
from understudy import pack as packs
from understudy.contract.client import Client
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.judge import Judge
from understudy.contract.stateful import concurrency
from understudy.contract.target import Credentials, Run
from understudy.mock.settings import Settings
from understudy.pack import Pack
from understudy.spec.document import Document

WRITE = "createOrUpdateDataSubjectUsingPOST"
BETWEEN = 0.02
"""Seconds between looking and writing."""

SOME = (Catalogue, OneIdentifier, Flat, Sparing)
"""Freedoms in what is kept and shown; tests/e2e/test_conforming.py takes all."""


class Locked(Endpoint):
    """Answers calls at the same time, and lets one write after the other."""

    threaded = True

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()

    def write(self, identifier: str, body: dict[str, Json]) -> Answer:
        with self.lock:
            return super().write(identifier, body)


class ChecksThenActs(Locked):
    """Looks whether a subject is there, and creates it a moment later."""

    def write(self, identifier: str, body: dict[str, Json]) -> Answer:
        there = identifier in self.subjects
        time.sleep(BETWEEN)
        return Answer(200 if there else 201, super().write(identifier, body).body)


class LosesUpdates(Locked):
    """Reads a subject's elements, and writes all of them back a moment later."""

    def write(self, identifier: str, body: dict[str, Json]) -> Answer:
        found = self.subjects.get(identifier)
        if found is None:
            return super().write(identifier, body)
        own = Subject(identifier, found.kind, found.id, {name: dict(each) for name, each in found.elements.items()})
        time.sleep(BETWEEN)
        for element in body.get("dataElements", []):
            self.merge(own, element)
        if body.get("dataElements"):
            found.elements = own.elements
        return Answer(200, self.shown(own))


class Counts(Register):
    """Numbers subjects by how many there are, and looks a moment before it writes."""

    threaded = True

    def create(self, kind: str, body: Data) -> Answer:
        number = str(1000 + len(self.subjects))
        time.sleep(BETWEEN)
        self.subjects[kind, number] = Registered(kind, number, self.stored(body))
        return Answer(201, self.record(self.subjects[kind, number]))


class Mixes(Register):
    """Keeps what is to be written where the next call can change it."""

    threaded = True
    waiting: ClassVar[Data] = {}

    def create(self, kind: str, body: Data) -> Answer:
        type(self).waiting = body
        time.sleep(BETWEEN)
        return super().create(kind, self.waiting)


class Swaps(Register):
    """Answers with what was sent, and keeps what another call sent at the same moment."""

    threaded = True
    waiting: ClassVar[Data] = {}

    def create(self, kind: str, body: Data) -> Answer:
        type(self).waiting = body
        time.sleep(BETWEEN)
        answer = super().create(kind, body)
        self.subjects[kind, self.record_id(answer)].data = self.waiting
        return answer

    @staticmethod
    def record_id(answer: Answer) -> str:
        return str(answer.body["id"])


def raced(url: str, vendor: str, scope: str, credentials: Credentials) -> list[Evidence]:
    """Return the evidence of the races of all operations that change something."""
    pack = packs.load(vendor)
    run = Run(vendor, url, url, scope, 5, secrets.token_hex(8), time.time() + 60, 60, credentials=credentials)
    client = Client(run, Judge(pack, scope))
    try:
        for operation_id in operations(pack, scope):
            concurrency.probe(client, operation_id)
        return [piece for piece, _ in client.collector if piece.check == concurrency.CHECK]
    finally:
        client.close()


def operations(pack: Pack, scope: str) -> Iterator[str]:
    """Yield the operations that the pack compares."""
    assert pack.oracle is not None
    yield from (each for each in pack.oracle.comparisons if each in pack.judged(scope).operations)


def failed(evidence: list[Evidence]) -> set[tuple[str | None, str]]:
    """Return rules and titles of what failed."""
    return {(piece.rule, piece.title) for piece in evidence if piece.outcome is Outcome.FAILED}


@pytest.mark.parametrize("vendor", packs.names())
def test_the_mocks_lose_nothing(vendor: str) -> None:
    """And what the model says of first and following creations has passed."""
    with served(packs.load(vendor), Settings(strict=True)) as url:
        evidence = raced(url, vendor, "full", Credentials(credentials.FULL, credentials.READ))
    assert failed(evidence) == set()
    first = {"onetrust": "OT-CREATE-1", "consentgrid": "CG-WRITE-1", "gainsight_px": "PX-CREATE-1"}
    assert first[vendor] in {piece.rule for piece in evidence if piece.outcome is Outcome.PASSED}


@pytest.mark.parametrize("endpoint", [Locked, *SOME], ids=lambda made: made.__name__)
def test_a_conforming_endpoint_is_not_accused(endpoint: Any) -> None:
    """Whether it answers at the same time or not, and whatever freedom it uses."""
    with running(endpoint()) as url:
        assert failed(raced(url, "onetrust", "core", Credentials(FULL, READ))) == set()


def test_a_check_before_the_act_creates_twice() -> None:
    """Under the rule that the model names for the call that is not the first."""
    with running(ChecksThenActs()) as url:
        evidence = raced(url, "onetrust", "core", Credentials(FULL, READ))
    assert failed(evidence) == {("OT-UPDATE-1", concurrency.BROKEN)}
    curl = next(piece.curl for piece in evidence if piece.outcome is Outcome.FAILED)
    assert [line[-2:] for line in curl.splitlines()[:-1]] == [" &"] * concurrency.CALLS
    assert curl.splitlines()[-1] == "wait"


@pytest.mark.parametrize(("register", "rule"), [(Counts, "CG-CREATE-2"), (Mixes, "CG-CREATE-3"), (Swaps, "CG-PATCH-3")])
def test_records_that_are_mixed_up_are_found(register: type[Register], rule: str) -> None:
    """By the answers or, where these are right, by reading the records back."""
    with running(register()) as url:
        evidence = raced(url, "consentgrid", "core", Credentials(Register.full, Register.read))
    assert failed(evidence) == {(rule, concurrency.MIXED)}


class Together(Register):
    """Answers calls at the same time."""

    threaded = True


def test_a_conforming_register_is_not_accused() -> None:
    """Whose IDs are its own choice."""
    with running(Together()) as url:
        assert failed(raced(url, "consentgrid", "core", Credentials(Register.full, Register.read))) == set()


@pytest.mark.parametrize("calls", [5, 6, 7, 8, 9, 10])
def test_a_token_that_expires_in_a_race_is_no_fault(calls: int) -> None:
    """The race is given up, and the next one is run with a new token."""
    endpoint = Expiring(calls)
    with running(endpoint) as url:
        evidence = raced(url, "onetrust", "core", Credentials(None, READ, CLIENT, SECRET))
    assert failed(evidence) == set()
    assert len(endpoint.minted) > 1


def test_a_lost_update_is_found() -> None:
    """Under the rule by which the update was due."""
    with running(LosesUpdates()) as url:
        evidence = raced(url, "onetrust", "core", Credentials(FULL, READ))
    assert failed(evidence) == {("OT-UPDATE-1", concurrency.LOST)}


def test_updates_are_parts_of_the_example() -> None:
    """Of each object and list in it, and of its texts; what is required is in all of them."""
    body = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    put = {"operationId": "put", "requestBody": {"content": {"application/json": {"schema": body}}}, "responses": {}}
    document = Document({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {"/": {"put": put}}})
    schema = document.operations["put"].bodies["application/json"]
    whole = {"id": "x", "a": 1, "b": 2, "list": [3, 4], "one": {"c": 5}}
    assert list(concurrency.parts_of(whole, schema)) == [
        ({"id": "x"}, [{"id": "x", "list": [3]}, {"id": "x", "list": [4]}]),
        ({"id": "x"}, [{"id": "x", "a": 1}, {"id": "x", "b": 2}]),
    ]
