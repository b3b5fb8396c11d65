"""Values that hurt: what is changed, half done or met with 5xx is found; what is refused or kept is not."""

import secrets
import time
from typing import Any
from unicodedata import normalize

import pytest

from tests.e2e.freedoms import Catalogue, Flat, OneIdentifier, Sparing
from tests.e2e.servers import FULL, READ, Endpoint
from tests.e2e.serving import Answer, Call, Json, running
from tests.mock.exchange import served
from understudy import credentials
from understudy import pack as packs
from understudy.contract.client import Client
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.judge import Judge
from understudy.contract.stateful import extremes
from understudy.contract.target import Credentials, Run
from understudy.contract.verdict import weigh
from understudy.mock.settings import Settings

SOME = (Catalogue, OneIdentifier, Flat, Sparing)
"""Freedoms in what is kept and shown; tests/e2e/test_conforming.py takes all."""


class Changes(Endpoint):
    """Stores the values of elements otherwise than they were sent."""

    def stored(self, value: str) -> str:
        """Return what is kept of a value."""
        return value

    def merge(self, subject: Any, sent: dict[str, Json]) -> None:
        if isinstance(sent.get("value"), str):
            sent = {**sent, "value": self.stored(sent["value"])}
        super().merge(subject, sent)


class Cuts(Changes):
    """Keeps 255 characters."""

    def stored(self, value: str) -> str:
        return value[:255]


class Composes(Changes):
    """Composes what is decomposed."""

    def stored(self, value: str) -> str:
        return normalize("NFC", value)


class Narrow(Changes):
    """Loses what three bytes of UTF-8 cannot hold."""

    def stored(self, value: str) -> str:
        return "".join("?" if ord(char) > 0xFFFF else char for char in value)


class Fails(Changes):
    """Fails at NUL, as databases do."""

    def write(self, identifier: str, body: dict[str, Json]) -> Answer:
        return (
            self.refusal(500)
            if "\0" in str(body.get("dataElements", [{}])[-1:]).replace("\\x00", "\0")
            else (super().write(identifier, body))
        )


class ShortNames(Endpoint):
    """Fails at names of elements that its column cannot hold."""

    def write(self, identifier: str, body: dict[str, Json]) -> Answer:
        names = [each["name"] for each in body.get("dataElements", [])]
        return self.refusal(500) if any(len(name) > 500 for name in names) else super().write(identifier, body)


class HalfMade(Endpoint):
    """Creates the subject before it looks at the media type."""

    def respond(self, call: Call) -> Answer:
        answer = super().respond(call)
        if answer.status == 415 and call.headers.get("datasubjectidentifier"):
            self.write(call.headers["datasubjectidentifier"], {})
        return answer


class HalfUnlinked(Endpoint):
    """Unlinks everything before it looks at the body."""

    def respond(self, call: Call) -> Answer:
        answer = super().respond(call)
        if answer.status == 400 and call.headers.get("datasubjectidentifier") in self.subjects:
            for element in self.subjects[call.headers["datasubjectidentifier"]].elements.values():
                element["linked"] = False
        return answer


class Refuses(Endpoint):
    """Refuses all that is not plain text of moderate length."""

    def write(self, identifier: str, body: dict[str, Json]) -> Answer:
        text = str(body)
        return self.refusal(400) if len(text) > 500 or not text.isascii() else super().write(identifier, body)


def hurt(url: str, vendor: str, scope: str, credentials: Credentials) -> list[Evidence]:
    """Return what counts for a finding after all operations were sent what hurts."""
    pack = packs.load(vendor)
    run = Run(vendor, url, url, scope, 5, secrets.token_hex(8), time.time() + 60, 60, credentials=credentials)
    client = Client(run, Judge(pack, scope))
    assert pack.oracle is not None
    try:
        for operation_id in pack.oracle.comparisons:
            if operation_id in client.judge.judged.operations:
                extremes.probe(client, operation_id, 30)
        known = client.judge.rules.by_id
        pieces = [piece for piece, _ in client.collector]
        return [each for each in pieces if weigh(each, known.get(each.rule or ""), strict=False) is Outcome.FAILED]
    finally:
        client.close()


@pytest.mark.parametrize("vendor", packs.names())
@pytest.mark.parametrize("scope", packs.SCOPES)
def test_the_mocks_bear_it(vendor: str, scope: str) -> None:
    """Nothing is changed, half done, or met with 5xx."""
    with served(packs.load(vendor), Settings(strict=True)) as url:
        assert hurt(url, vendor, scope, Credentials(credentials.FULL, credentials.READ)) == []


@pytest.mark.parametrize("endpoint", [Refuses, *SOME], ids=lambda made: made.__name__)
def test_a_conforming_endpoint_is_not_accused(endpoint: Any) -> None:
    """Neither one that refuses what it cannot keep."""
    with running(endpoint()) as url:
        found = hurt(url, "onetrust", "core", Credentials(FULL, READ))
    assert [f"{each.rule}: {each.title}: {each.actual}" for each in found] == []


@pytest.mark.parametrize(
    ("endpoint", "rule"),
    [
        (Cuts, "OT-UPDATE-2"),
        (Composes, "OT-UPDATE-2"),
        (Narrow, "OT-UPDATE-2"),
        (Fails, "OT-STATUS-1"),
        (ShortNames, "OT-STATUS-1"),
        (HalfMade, "OT-CREATE-1"),
        (HalfUnlinked, "OT-LINK-5"),
    ],
)
def test_what_is_changed_or_half_done_is_found(endpoint: type[Endpoint], rule: str) -> None:
    """Under the rule that fixes the value, the state or the status."""
    with running(endpoint()) as url:
        found = hurt(url, "onetrust", "core", Credentials(FULL, READ))
    assert {each.rule for each in found} == {rule}, [f"{each.rule}: {each.title}: {each.actual}" for each in found]


def test_a_changed_value_is_told_as_a_scenario() -> None:
    """Short, and with the value that hurts."""
    with running(Cuts()) as url:
        found = hurt(url, "onetrust", "core", Credentials(FULL, READ))
    assert "x" * 256 in found[0].scenario.replace("\\\n", "").replace("      ", "")
    assert len(found[0].curl.splitlines()) <= 2
