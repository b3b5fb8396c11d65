"""Who may call is asked in every way that an operation has for it, and with all that it can be asked for."""

import base64
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace

import pytest

from tests.e2e.consentgrid.servers import Register
from tests.e2e.serving import Call, running
from understudy import pack as packs
from understudy.contract.access import WANTED
from understudy.contract.client import Client
from understudy.contract.judge import Judge
from understudy.contract.probes import Prober
from understudy.contract.target import Credentials, Run
from understudy.spec.document import Document
from understudy.values import at

FULL, READ = Register.full, Register.read
WRITE, LIST = "createOrUpdateSubject", "listSubjects"


class AnyUser(Register):
    """Takes the key in HTTP Basic for the password of any user."""

    def caller(self, call: Call) -> str:
        scheme, _, sent = call.headers.get("authorization", "").partition(" ")
        if scheme == "Basic":
            call.headers["authorization"] = f"Bearer {base64.b64decode(sent).decode().partition(':')[2]}"
        return super().caller(call)


class FirstOfPassword(Register):
    """Reads the password of HTTP Basic up to its first colon."""

    def caller(self, call: Call) -> str:
        scheme, _, sent = call.headers.get("authorization", "").partition(" ")
        if scheme == "Basic":
            user, password = base64.b64decode(sent).decode().split(":")[:2]
            call.headers["authorization"] = f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
        return super().caller(call)


class HeaderKeyRewrites(Register):
    """A key that may only read may rewrite, too, if it comes in X-Consent-Key."""

    def caller(self, call: Call) -> str:
        who = super().caller(call)
        by_key = call.headers.get("x-consent-key") and call.asked("saveOption") == "rewrite"
        return "full" if who and by_key else who


class OpenPages(Register):
    """Whoever asks for a page of the list gets it."""

    def caller(self, call: Call) -> str:
        return super().caller(call) or ("read" if call.asked("max") else "")


class OpenAfterRefusal(Register):
    """After a caller who was nobody, the next one may do anything."""

    def __init__(self) -> None:
        super().__init__()
        self.left_open = False

    def caller(self, call: Call) -> str:
        who, left_open = super().caller(call), self.left_open
        self.left_open = not who
        return "full" if who and left_open else who


@pytest.fixture
def judge() -> Judge:
    """Return what holds the register against everything that is documented."""
    return Judge(packs.load("consentgrid"), "full")


def found(served: Register, judge: Judge, run: Run, operation_id: str) -> Iterator[tuple[str | None, str, str]]:
    """Yield the rule, title and status of what an operation's access check finds, none with a key in it."""
    with running(served) as base_url:
        client = Client(replace(run, base_url=base_url, credentials=Credentials(FULL, READ)), judge)
        Prober(client).access(operation_id)
        client.close()
    for piece in client.collector.failures():
        for secret in (FULL, READ):
            for written in (secret, base64.b64encode(f"apikey:{secret}".encode()).decode()):
                assert written not in piece.curl + piece.actual
        yield piece.rule, piece.title, piece.actual


class OpenToAll(Register):
    """Whoever has no credential, or one that is none, may do anything."""

    def caller(self, call: Call) -> str:
        return super().caller(call) or "full"


@pytest.fixture
def lenient() -> Judge:
    """Return what holds the register against a document that wants no credential for a write, and takes one."""
    judge = Judge(packs.load("consentgrid"), "full")
    value = deepcopy(judge.judged.value)
    operation = judge.judged.operations[WRITE]
    at(value, operation.pointer)["security"] = [{}, *operation.security]
    judge.judged = Document(value)
    return judge


def test_where_a_credential_is_optional_nobody_is_let_in(lenient: Judge, run: Run) -> None:
    """It is no fault to let everybody in, and one not to."""
    assert list(found(OpenToAll(), lenient, run, WRITE)) == []
    assert list(found(Register(), lenient, run, WRITE)) == [("CG-AUTH-2", WANTED, "403")]


def test_nothing_closes_an_operation_that_wants_no_credential(lenient: Judge, judge: Judge) -> None:
    """So that no rule is broken by letting somebody in."""
    optional, closed = lenient.judged.operations[WRITE], judge.judged.operations[WRITE]
    assert [lenient.closing(optional, status) for status in (401, 403)] == [(), ()]
    assert judge.closing(closed, 401)


def test_a_register_that_asks_everybody_is_right(judge: Judge, run: Run) -> None:
    """In all of its operations."""
    for operation_id in judge.judged.operations:
        assert list(found(Register(), judge, run, operation_id)) == []


@pytest.mark.parametrize(
    ("served", "operation_id", "rule", "how"),
    [
        (AnyUser, WRITE, "CG-AUTH-9", "the valid one of another user, by basicKey"),
        (FirstOfPassword, WRITE, "CG-AUTH-9", "the valid one and more behind a colon, by basicKey"),
        (HeaderKeyRewrites, WRITE, "CG-AUTH-5", "by headerKey"),
        (OpenPages, LIST, "CG-LIST-11", "no credential, asked with all parameters"),
        (OpenAfterRefusal, WRITE, "CG-AUTH-5", "20"),
    ],
)
def test_what_opens_to_some_callers_only_is_found(
    served: type[Register], operation_id: str, rule: str, how: str, judge: Judge, run: Run
) -> None:
    """Under the rule of the way that they go."""
    pieces = list(found(served(), judge, run, operation_id))
    assert [actual for each, _, actual in pieces if each == rule and how in actual]
