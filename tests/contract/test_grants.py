"""Who is granted a token: an endpoint that grants one to a client that is none, in one form or one way, is found."""

import base64
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias
from urllib.parse import parse_qs

import pytest

from tests.e2e.serving import Answer, Call, Served, running
from understudy import pack as packs
from understudy.contract.client import Client
from understudy.contract.grants import GRANTED
from understudy.contract.judge import Judge
from understudy.contract.probes import Prober
from understudy.contract.target import Credentials, Run

CLIENT, SECRET = "the-client", "Se+cret of 9 Words"
TOKEN = "GetOAuthToken"
_FIELD = re.compile(rb'name="([^"]+)"\r\n\r\n(.*?)\r\n--', re.DOTALL)

Knows: TypeAlias = Callable[[str, str, str], bool]


def exactly(form: str, client_id: str, secret: str) -> bool:
    """Whether these are the client's."""
    return (client_id, secret) == (CLIENT, SECRET)


class Granting(Served):
    """A token endpoint that takes four forms; `knows` says whether it takes an id and a secret in one of them."""

    vendor, full, read = "onetrust", "", ""

    def __init__(self, knows: Knows, forms: tuple[str, ...] = ("urlencoded", "multipart", "query", "basic")) -> None:
        super().__init__()
        self.knows = knows
        self.forms = forms

    def respond(self, call: Call) -> Answer:
        """Grant a token, or refuse it."""
        form, client_id, secret = self.read_form(call)
        if form not in self.forms:
            return Answer(400, {"error": "invalid_request"})
        if not self.knows(form, client_id, secret):
            return Answer(401, {"error": "invalid_client"})
        return Answer(200, {"access_token": "granted-token", "token_type": "bearer", "expires_in": 3600})

    def read_form(self, call: Call) -> tuple[str, str, str]:
        """Return the form, the id and the secret."""
        media_type = call.headers.get("content-type", "")
        if call.headers.get("authorization", "").startswith("Basic "):
            client_id, _, secret = base64.b64decode(call.headers["authorization"][6:]).decode().partition(":")
            return "basic", client_id, secret
        if media_type.startswith("multipart/"):
            fields = {name.decode(): value.decode() for name, value in _FIELD.findall(call.body)}
            form = "multipart"
        elif call.body:
            fields = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
            form = "urlencoded"
        else:
            fields, form = dict(call.query), "query"
        return form, fields.get("client_id", ""), fields.get("client_secret", "")


def found(served: Granting, run: Run) -> Iterator[tuple[str | None, str, str]]:
    """Yield rule, title and what was granted of each finding; its line shows no secret, and is granted a token again.

    The shell that runs it knows the client's secret alone.
    """
    judge = Judge(packs.load("onetrust"), "full")
    with running(served) as base_url:
        credentials = Credentials("full-token", client_id=CLIENT, client_secret=SECRET)
        client = Client(replace(run, base_url=base_url, scope="full", credentials=credentials), judge)
        Prober(client).access(TOKEN)
        client.close()
        for piece in client.collector.failures():
            if piece.check == "access":
                assert SECRET.lower() not in (piece.curl + piece.actual).lower()
                assert "***" not in piece.curl
                for word in re.findall(r"Basic ([\w+/]+=*)", piece.curl):
                    assert base64.b64decode(word).decode() == f"{CLIENT}:", piece.curl
                env = {"PATH": "/usr/bin:/bin", "UNDERSTUDY_CLIENT_SECRET": SECRET}
                ran = subprocess.run(["sh", "-c", piece.curl], capture_output=True, env=env, check=True)
                assert b"granted-token" in ran.stdout, piece.curl
                yield piece.rule, piece.title, piece.actual


@pytest.mark.parametrize("forms", [("urlencoded", "multipart", "query", "basic"), ("multipart",)])
def test_an_endpoint_that_knows_its_clients_is_right(forms: tuple[str, ...], run: Run) -> None:
    """And has been asked as others, in each form that it takes."""
    served = Granting(exactly, forms)
    assert list(found(served, run)) == []
    refused = {served.read_form(call)[0] for call in served.seen if served.read_form(call)[1:] != (CLIENT, SECRET)}
    assert refused == set(forms)


@pytest.mark.parametrize(
    ("knows", "actual"),
    [
        (lambda form, name, secret: (name, secret.lower()) == (CLIENT, SECRET.lower()), "the secret in other case"),
        (lambda form, name, secret: (name.lower(), secret) == (CLIENT, SECRET), "the id in other case"),
        (lambda form, name, secret: (name, secret.strip()) == (CLIENT, SECRET), "the secret with a blank behind it"),
        (lambda form, name, secret: name == CLIENT and secret in (SECRET, SECRET * 2), "the secret twice"),
        (lambda form, name, secret: name == CLIENT and secret in (SECRET, ""), "an empty secret"),
        (lambda form, name, secret: secret == SECRET, "the id with a letter behind it"),
        (lambda form, name, secret: name == CLIENT and (secret == SECRET or form == "basic"), "in HTTP Basic"),
        (lambda form, name, secret: name == CLIENT and (secret == SECRET or form == "query"), "in the query"),
    ],
)
@pytest.mark.parametrize("form", ["urlencoded", "multipart", "query", "basic"])
def test_a_client_that_is_none_is_found(knows: Knows, actual: str, form: str, run: Run) -> None:
    """Under the rule on unknown clients and wrong secrets, whatever form it is asked for in first."""
    others = [each for each in ("basic", "query") if actual.lower().endswith(each)]
    pieces = list(found(Granting(knows, (form, *others)), run))
    assert {(rule, title) for rule, title, _ in pieces} == {("OT-TOKEN-6", GRANTED)}
    assert [told for *_, told in pieces if actual in told]


def test_a_client_is_not_shut_out_by_the_check(run: Run) -> None:
    """Where wrong secrets are counted, the right one is sent between them."""
    wrong: list[int] = [0]

    def knows(form: str, client_id: str, secret: str) -> bool:
        right = exactly(form, client_id, secret) and wrong[-1] < 2
        wrong.append(0 if right else wrong[-1] + 1)
        return right

    assert list(found(Granting(knows), run)) == []
    assert max(wrong) == 1


@pytest.mark.parametrize("shut", [401, 423])
def test_the_check_ends_where_the_client_is_shut_out(shut: int, run: Run) -> None:
    """After the first wrong secret, whatever the refusal: more would keep it out for longer."""

    class Shutting(Granting):
        def respond(self, call: Call) -> Answer:
            refused = len(self.seen) > 1
            return Answer(shut, {"error": "invalid_client"}) if refused else super().respond(call)

    served = Shutting(exactly)
    assert list(found(served, run)) == []
    assert len(served.seen) == 3


def test_without_a_client_nobody_is_asked(run: Run) -> None:
    """A token that was given says nothing of clients."""
    served = Granting(exactly)
    with running(served) as base_url:
        client = Client(replace(run, base_url=base_url, scope="full"), Judge(packs.load("onetrust"), "full"))
        Prober(client).access(TOKEN)
        client.close()
    assert served.seen == []
