"""What the tests of the judge share: OneTrust's pack, its judge, and exchanges made by hand."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

import pytest

from tests.e2e.servers import FULL, READ
from understudy import pack as packs
from understudy.contract.client import Client
from understudy.contract.exchange import Exchange, Request, Response
from understudy.contract.judge import Judge
from understudy.contract.target import Credentials, Run
from understudy.pack import Pack
from understudy.values import Json

WRITE = "createOrUpdateDataSubjectUsingPOST"
URL = "http://target/api/consentmanager/v1/datasubjects/dataelements"
GOOD = {"identifier": "ada@example.com", "identifierType": "Email"}

Connect: TypeAlias = Callable[..., Client]
Make: TypeAlias = Callable[..., Exchange]


@pytest.fixture(scope="session")
def pack() -> Pack:
    """Return OneTrust's pack."""
    return packs.load("onetrust")


@pytest.fixture(scope="session")
def core(pack: Pack) -> Judge:
    """Return the judge of the vendored document alone."""
    return Judge(pack, "core")


@pytest.fixture(scope="session")
def full(pack: Pack) -> Judge:
    """Return the judge of all of the vendor's pages."""
    return Judge(pack, "full")


@pytest.fixture
def run() -> Run:
    """Return a run on a target that nobody serves."""
    return Run(
        vendor="onetrust",
        base_url="http://127.0.0.1:9",
        label="a target",
        scope="core",
        seed=7,
        run_id="0123456789abcdef",
        deadline=time.time() + 60,
        budget=60,
        credentials=Credentials("full-token", "restricted-token"),
    )


@pytest.fixture(scope="session")
def exchange() -> Make:
    """Return a function that makes an exchange of the write operation, good in all that is not said."""

    def make(
        status: int = 200,
        answer: Json = GOOD,
        headers: Mapping[str, str] | None = None,
        *,
        body: Json = ...,
        sent: Mapping[str, str | None] | None = None,
        credential: str = "full",
    ) -> Exchange:
        named = {"dataSubjectIdentifier": "ada@example.com", "Content-Type": "application/json", **(sent or {})}
        kept = tuple((name, value) for name, value in named.items() if value is not None)
        raw = body if isinstance(body, bytes) else json.dumps({} if body is ... else body).encode()
        request = Request("POST", URL, (*kept, ("Authorization", "Bearer full-token")), raw)
        given = {"Content-Type": "application/json", **(headers or {})}
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        response = Response(status, tuple((name, value) for name, value in given.items() if value), content)
        return Exchange(request, response, 0.01, WRITE, credential)

    return make


@pytest.fixture
def connect(core: Judge, run: Run) -> Iterator[Connect]:
    """Yield a function that makes a client of a base URL, with the server's tokens unless told otherwise."""
    made: list[Client] = []

    def connected(base_url: str, **changes: object) -> Client:
        given = {"base_url": base_url, "credentials": Credentials(FULL, READ), **changes}
        made.append(Client(replace(run, **given), core))  # type: ignore[arg-type]
        return made[-1]

    yield connected
    for client in made:
        client.close()
