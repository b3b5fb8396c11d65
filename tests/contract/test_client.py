"""The way to a target: callers, limits, the budget, and what it is told of the answers."""

import http.server
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from tests.contract.conftest import WRITE, Connect
from tests.e2e.breaking import refuses
from tests.e2e.servers import CLIENT, SECRET, Endpoint
from tests.e2e.serving import Answer, Call, Served, Step, running
from understudy import __version__
from understudy.contract import client as clients
from understudy.contract import connections
from understudy.contract.client import Client, Collector
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.exchange import NO_ANSWER, Request
from understudy.contract.target import Credentials, Secrets
from understudy.contract.throttle import OverError
from understudy.errors import TargetError

PATH = "/api/consentmanager/v1/datasubjects/dataelements"


def good(client: Client, credential: str = "full", identifier: str = "ada") -> Request:
    """Return a good request of one of the callers."""
    secret = client.secret(credential)
    headers = {"dataSubjectIdentifier": identifier, "Content-Type": "application/json"}
    if secret:
        headers["Authorization"] = f"Bearer {secret}"
    return Request("POST", client.run.base_url + PATH, tuple(headers.items()), b"{}")


def limited(*retry_after: str) -> Callable[[Served, Call, Step], Answer]:
    """Return a fault that answers the first calls with a 429 each."""

    def fault(endpoint: Served, call: Call, step: Step) -> Answer:
        number = len(endpoint.seen)
        return (
            Answer(429, headers={"Retry-After": retry_after[number - 1]}) if number <= len(retry_after) else step(call)
        )

    return fault


def test_each_caller_calls_with_its_own_credential(connect: Connect) -> None:
    """Full, restricted, none, and a token that nobody issued."""
    with running(Endpoint()) as base_url:
        client = connect(base_url)
        statuses = [
            client.send(good(client, who), WRITE, "test", who).response.status
            for who in ("full", "restricted", "none", "garbage")
        ]
    assert statuses == [201, 403, 401, 401]
    assert (client.requests, client.statuses[WRITE, 401], client.full) == (4, 2, {201: 1})


def test_a_429_does_not_tell_what_the_credential_opens(connect: Connect) -> None:
    """So that the operation counts as one that has yet to tell."""
    with running(Endpoint(limited("9"))) as base_url:
        client = connect(base_url)
        client.send(good(client), WRITE, "test", obey=False)
        assert (client.full, client.asked) == ({429: 1}, set())
        client.send(good(client), WRITE, "test")
        assert (client.full, client.asked) == ({429: 1, 201: 1}, {WRITE})


def test_a_token_is_got_once_and_hidden(connect: Connect) -> None:
    """Where only a client is known."""
    endpoint = Endpoint()
    with running(endpoint) as base_url:
        client = connect(base_url, credentials=Credentials(client_id=CLIENT, client_secret=SECRET))
        assert client.send(good(client), WRITE, "test").response.status == 201
        assert client.token() == client.token()
    (minted,) = endpoint.minted
    assert minted not in client.secrets.hide(f"Bearer {minted}")


def test_a_client_that_gets_no_token_is_a_target_error(connect: Connect) -> None:
    """With what to check."""
    with running(Endpoint()) as base_url:
        client = connect(base_url, credentials=Credentials(client_id=CLIENT, client_secret="wrong"))
        with pytest.raises(TargetError, match="--client-secret"):
            client.token()


def test_a_token_endpoint_that_is_silent_is_a_target_error(connect: Connect) -> None:
    """Though the target answers other requests."""
    silent = refuses(lambda call: "oauth" in call.path, 0)
    with running(Endpoint(silent)) as base_url:
        client = connect(base_url, credentials=Credentials(client_id=CLIENT, client_secret=SECRET))
        assert client.send(good(client, "none"), WRITE, "test", "none").response.status == 401
        with pytest.raises(TargetError, match=r"no token from .*: no answer; look at the target's log"):
            client.token()


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}])
def test_a_request_without_an_answer_is_told_from_a_target_without_one(
    headers: dict[str, str], connect: Connect
) -> None:
    """Other requests are answered, if with what cannot be decoded; where none is, the run cannot go on."""
    gone = threading.Event()

    def silent(endpoint: Served, call: Call, step: Step) -> Answer:
        if "silent" in call.headers.get("datasubjectidentifier", "") or gone.is_set():
            return Answer(0)
        return Answer(404, b"gone", headers=headers) if call.method == "GET" else step(call)

    with running(Endpoint(silent)) as base_url:
        client = connect(base_url)
        assert client.send(good(client), WRITE, "test").response.status == 201
        unanswered = client.send(good(client, identifier="understudy-silent"), WRITE, "test")
        assert (unanswered.response.status, unanswered.response.said) == (NO_ANSWER, "no answer")
        gone.set()
        with pytest.raises(TargetError, match="does not answer in HTTP"):
            client.send(good(client), WRITE, "test")


def test_a_429_with_a_sound_retry_after_is_obeyed(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request is sent again once the seconds are over, and the wait is never none at all."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    with running(Endpoint(limited("2", "0"))) as base_url:
        client = connect(base_url)
        assert client.send(good(client), WRITE, "test").response.status == 201
    assert slept == [2, clients.PATIENCE]


def test_a_429_that_asks_for_no_time_gets_some(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """More each time; where that is in vain, nobody waits like that again."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    endpoint = Endpoint(limited("0", "", "soon"))
    with running(endpoint) as base_url:
        client = connect(base_url)
        assert client.send(good(client), WRITE, "test").response.status == 201
        assert slept == [clients.PATIENCE, *clients.BACKOFF[:2]]
        endpoint.faults = (lambda endpoint, call, step: Answer(429),)
        assert client.send(good(client), WRITE, "test").response.status == 429
        assert slept == [clients.PATIENCE, *clients.BACKOFF[:2], *clients.BACKOFF]
        assert client.send(good(client), WRITE, "test").response.status == 429
    assert len(slept) == 6


def test_a_429_may_be_left_standing(connect: Connect) -> None:
    """For the check that is about limits."""
    with running(Endpoint(limited("2"))) as base_url:
        client = connect(base_url)
        assert client.send(good(client), WRITE, "test", obey=False).response.status == 429


def test_a_retry_after_beyond_the_budget_ends_the_run(connect: Connect) -> None:
    """Without a wait."""
    with running(Endpoint(limited("3600"))) as base_url:
        client = connect(base_url)
        with pytest.raises(OverError, match="3600"):
            client.send(good(client), WRITE, "test")


def test_no_request_is_sent_after_the_budget(connect: Connect) -> None:
    """A budget is a ceiling."""
    endpoint = Endpoint()
    with running(endpoint) as base_url:
        client = connect(base_url, deadline=time.time())
        with pytest.raises(OverError):
            client.send(good(client), WRITE, "test")
    assert endpoint.seen == []


def test_an_answer_that_outlasts_the_budget_is_no_fault_of_the_target(connect: Connect) -> None:
    """The run is over, the target is not unreachable."""
    endpoint = Endpoint()
    endpoint.delay = 5
    with running(endpoint) as base_url:
        client = connect(base_url, deadline=time.time() + 0.3)
        with pytest.raises(OverError):
            client.send(good(client), WRITE, "test")


def test_an_unreachable_target_is_a_target_error(connect: Connect) -> None:
    """Port 9 is discard, and nothing listens there."""
    client = connect("http://127.0.0.1:9")
    with pytest.raises(TargetError, match=r"cannot reach http://127\.0\.0\.1:9: .*; check that it runs"):
        client.send(good(client), WRITE, "test")


def test_a_redirection_is_not_followed(connect: Connect) -> None:
    """It is an answer, and the document declares none."""
    with running(Endpoint(lambda endpoint, call, step: Answer(307, headers={"Location": PATH}))) as base_url:
        client = connect(base_url)
        assert client.send(good(client), WRITE, "test").response.status == 307
    assert client.requests == 1


def test_what_is_sent_is_what_is_shown(connect: Connect) -> None:
    """Cookies are not sent back, though a target sets them; what names the sender may be another's name."""
    heard: list[dict[str, str]] = []

    def hear(endpoint: Served, call: Call, step: Step) -> Answer:
        heard.append(call.headers)
        return Answer(200, {}, headers={"Set-Cookie": "track=4711; Path=/"})

    with running(Endpoint(hear)) as base_url:
        client = connect(base_url)
        client.send(good(client), WRITE, "test")
        named = replace(good(client), headers=(*good(client).headers, ("User-Agent", "somebody/1")))
        client.send(named, WRITE, "test")
    assert [each.get("cookie") for each in heard] == [None, None]
    assert [each["user-agent"] for each in heard] == [f"understudy/{__version__}", "somebody/1"]


class Endless(http.server.BaseHTTPRequestHandler):
    """Answers without an end."""

    def do_POST(self) -> None:
        """Send until nobody listens."""
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):  # the judge hangs up, which is what ends an endless answer
            while True:
                self.wfile.write(b"x" * 65536)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_an_answer_is_read_up_to_a_bound(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """One without an end ends there."""
    monkeypatch.setattr(connections, "MAX_ANSWER", 100_000)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = connect(f"http://127.0.0.1:{server.server_port}")
        exchange = client.send(good(client), WRITE, "test")
        server.shutdown()
    assert (len(exchange.response.body), exchange.response.cut) == (100_000, True)
    assert [piece.title for piece in client.collector.failures()] != []


def test_a_token_in_an_answer_is_never_shown(connect: Connect) -> None:
    """Whichever check asked for it."""
    granted = "granted-by-the-target-4711"
    with running(Endpoint(lambda endpoint, call, step: Answer(200, {"access_token": granted}))) as base_url:
        client = connect(base_url)
        client.send(good(client), WRITE, "test")
    assert client.secrets.hide(granted) == "***"
    assert all(granted not in piece.actual for piece, _ in client.collector)


def test_evidence_is_kept_once_with_how_often_it_was_seen() -> None:
    """The first one stands for the others, without secrets; a new check begins with none."""
    collector = Collector(Secrets(["a-secret-token"]))
    pieces = [Evidence("test", Outcome.FAILED, "OT-ID-1", actual=f"{number} a-secret-token") for number in range(3)]
    collector.add([*pieces, Evidence("test", Outcome.PASSED, "OT-ID-1")])
    assert [(piece.outcome.value, piece.actual, count) for piece, count in collector] == [
        ("failed", "0 ***", 3),
        ("passed", "", 1),
    ]
    assert len(collector.failures()) == 1
