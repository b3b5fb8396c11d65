"""Where requests go: vendors and sessions in the path, routes, methods, and calls at the same time."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from tests.mock.exchange import (
    DETAILS,
    FULL,
    PAGE,
    WRITE,
    WRITE_ID,
    call,
    connected,
    exchange,
    onetrust,
    parsed,
    request,
    served,
    with_operation,
    write,
)
from understudy.errors import ContentError, UsageError
from understudy.mock.app import MockApp
from understudy.mock.server import running
from understudy.mock.sessions import Sessions
from understudy.mock.settings import Settings
from understudy.model.behaviour import Quota
from understudy.model.call import Call, Reply
from understudy.model.state import Transaction
from understudy.pack import Pack
from understudy.spec.rules import Part

ME = ("identifier", "app@example.com")


@pytest.fixture(scope="module")
def two(pack: Pack) -> Iterator[str]:
    other = Pack("onetrust", pack.root)
    sessions = {"": Settings(seed=1), "a": Settings(seed=1), "b": Settings(seed=1)}
    with running({"onetrust": pack, "other": other}, sessions) as url:
        yield url


def test_a_single_vendor_is_served_at_the_root_too(mock: str) -> None:
    """Base URLs are `/onetrust` and `/`, and mean the same state."""
    assert write(mock, "root", {}).status == 201
    assert write(f"{mock}/onetrust", "root", {}).status == 200


def test_several_vendors_are_served_below_their_names_alone(two: str) -> None:
    """They share nothing; a path without vendor is answered with what there is."""
    assert write(f"{two}/onetrust", "x", {}).status == 201
    assert write(f"{two}/other", "x", {}).status == 201
    lost = write(two, "x", {})
    assert (lost.status, lost.json["detail"]) == (404, "no vendor in the path; the vendors here: onetrust, other")


def test_a_session_is_a_universe_of_its_own(two: str) -> None:
    """State and ids of one are not those of another."""
    assert write(f"{two}/s/a/onetrust", "session", {}).status == 201
    assert write(f"{two}/s/b/onetrust", "session", {}).status == 201
    assert write(f"{two}/s/a/onetrust", "session", {}).status == 200


def test_a_path_without_a_vendor_is_answered_with_those_there_are(two: str) -> None:
    """In a session, too."""
    assert call(two, "GET", "/s/a/x").json["detail"].startswith("no vendor in the path; the vendors here: ")


@pytest.mark.parametrize("path", ["/", "/onetrust", "/api", WRITE + "/", WRITE + "/x", "/%00", "//", "/%", "/%ff"])
def test_an_unknown_path_is_answered_with_404(mock: str, path: str) -> None:
    """Never with a redirection: a trailing slash makes another path."""
    answer = call(mock, "GET", path, FULL)
    assert (answer.status, answer.rules) == (404, ["OT-HTTP-1"])
    assert answer.json["title"] == "Not Found"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", WRITE, {"POST"}),
        ("PUT", WRITE, {"POST"}),
        ("OPTIONS", WRITE, {"POST"}),
        ("PROPFIND", WRITE, {"POST"}),
        ("POST", PAGE, {"GET", "HEAD"}),
        ("GET", "/rest/api/consent/v4/data-subjects", {"DELETE"}),
    ],
)
def test_another_method_is_answered_with_405_and_what_is_allowed(
    mock: str, method: str, path: str, allow: set[str]
) -> None:
    """RFC 9110, section 15.5.6."""
    answer = call(mock, method, path)
    assert (answer.status, set(answer.headers["allow"].split(", "))) == (405, allow)


def test_the_rules_that_the_routing_plays_are_named_by_the_405(mock: str, pack: Pack) -> None:
    """By the 405 and the 404: a method belongs to a path, and a path to the document."""
    played = {rule.id for rule in pack.rules if rule.part is Part.ROUTING}
    assert {*call(mock, "PUT", WRITE).rules, *call(mock, "PUT", "/nowhere").rules} == played


def test_a_read_answers_head_without_a_body(mock: str) -> None:
    """With the headers of the GET, Content-Length included (RFC 9110, section 9.3.2)."""
    write(mock, ME[1], {})
    got, head = (call(mock, method, PAGE, FULL, ME) for method in ("GET", "HEAD"))
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"] == str(len(got.body))


@pytest.mark.parametrize("path", [WRITE.replace("sub", "%73ub"), WRITE.replace("consent", "%63onsent")])
def test_a_percent_encoded_path_is_the_same_path(mock: str, path: str) -> None:
    """RFC 3986, section 6.2.2.2: an encoded letter is that letter."""
    answer = call(mock, "POST", path, FULL, ("dataSubjectIdentifier", path), body={})
    assert answer.status == 201
    assert call(mock, "POST", WRITE.replace("/v1", "%2Fv1"), FULL, body={}).status == 404


def test_of_200_concurrent_creates_exactly_one_is_answered_with_201(mock: str) -> None:
    """Two calls on one subject never interleave, though all have a connection of their own and come together."""

    def create_all(identifier: str) -> list[bytes]:
        headers = [FULL, ("dataSubjectIdentifier", identifier), ("Content-Type", "application/json")]
        sent = request("POST", WRITE, *headers, body=b"{}")
        with ExitStack() as stack:
            connections = [stack.enter_context(connected(mock)) for _ in range(200)]
            for connection in connections:
                connection.sendall(sent[:-1])
            for connection in connections:
                connection.sendall(sent[-1:])
            return [connection.recv(65536)[9:12] for connection in connections]

    for number in range(5):
        assert Counter(create_all(f"concurrent {number}")) == {b"201": 1, b"200": 199}


def test_pipelined_requests_are_answered_in_their_order(mock: str) -> None:
    """On one connection, without waiting for answers."""
    head = request(
        "POST", WRITE, FULL, ("dataSubjectIdentifier", "pipeline"), ("Content-Type", "application/json"), body=b"{}"
    )
    kept = head.replace(b"Connection: close\r\n", b"")
    received = exchange(mock, kept * 5 + head)
    assert [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]] == [b"201"] + [b"200"] * 5


def test_a_model_without_a_function_for_an_operation_is_refused_at_start(pack: Pack) -> None:
    """The error names operation and file."""
    copy = Pack(pack.vendor, pack.root)
    operations = {name: play for name, play in pack.behaviour.operations.items() if name != WRITE_ID}
    copy.__dict__["behaviour"] = replace(pack.behaviour, operations=operations)
    with pytest.raises(ContentError, match=rf"mock/onetrust.py: no function plays {WRITE_ID}; add"):
        MockApp({"onetrust": copy}, Sessions({"onetrust": copy}, {"": Settings()}))


def test_a_mock_of_no_vendor_is_refused() -> None:
    """There is nothing it could serve."""
    with pytest.raises(UsageError, match="no vendor to serve"):
        MockApp({}, Sessions({}, {"": Settings()}))


def failing(*given: object) -> Any:
    """Fail as a function of a pack may."""
    raise ZeroDivisionError("in the pack")


def test_a_failing_form_of_refusal_is_answered_with_a_500(pack: Pack, capfd: pytest.CaptureFixture[str]) -> None:
    """A pack's `refused` may fail like any other function of it."""
    copy = Pack(pack.vendor, pack.root)
    copy.__dict__["behaviour"] = replace(pack.behaviour, refused=failing)
    with served(copy) as url:
        answer = call(url, "POST", WRITE)
    assert (answer.status, answer.json["detail"]) == (
        500,
        "the model's `refused` failed: ZeroDivisionError: in the pack",
    )
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_a_failing_quota_is_answered_with_a_500(pack: Pack, capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever else of ours or a pack's fails is answered as well, with the header that every answer bears."""
    copy = Pack(pack.vendor, pack.root)
    copy.__dict__["behaviour"] = replace(pack.behaviour, limited=failing)
    with served(copy, Settings(quotas=(Quota(0, 60),))) as url:
        answer = write(url, "x", {})
    assert (answer.status, answer.rules) == (500, ["none"])


def test_a_client_that_leaves_gets_no_answer_and_does_no_harm(mock: str) -> None:
    """Not even a line in the log."""
    with connected(mock) as connection:
        connection.sendall(request("POST", WRITE, FULL, ("Content-Length", "100")) + b"{")
    assert call(mock, "GET", PAGE, FULL, ME).status == 200


@pytest.mark.parametrize("protocol", ["h2c", "websocket"])
@pytest.mark.parametrize("chunked", [False, True])
def test_an_upgrade_is_passed_over(mock: str, protocol: str, *, chunked: bool) -> None:
    """With the body, in however many pieces it comes, and with the request behind it (RFC 9110, section 7.8)."""
    body, name = b'{"identifierType": "Email"}', f"{protocol}-{chunked}@example.com"
    given = [("dataSubjectIdentifier", name), ("Content-Type", "application/json"), FULL]
    upgrade = [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", protocol), ("HTTP2-Settings", "AAMAAABkAAQ")]
    if chunked:
        given, body = [*given, ("Transfer-Encoding", "chunked")], b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    else:
        given += [("Content-Length", str(len(body)))]
    following = request("GET", PAGE, FULL, ("identifier", name), *upgrade)
    with connected(mock) as connection:
        connection.sendall(request("POST", WRITE, *given, *upgrade).replace(b"Connection: close\r\n", b"") + body[:9])
        time.sleep(0.05)
        connection.sendall(body[9:] + following)
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
    assert re.findall(rb"HTTP/1\.1 (\d+)", answers) == [b"201", b"200"]


def test_requests_that_all_ask_for_an_upgrade_are_all_answered(mock: str) -> None:
    """However many come at once; what comes behind the last one is read by nobody."""
    upgrade = b"Host: mock\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    last = upgrade.replace(b"Upgrade\r", b"Upgrade, close\r", 1)
    with connected(mock) as connection:
        connection.sendall(
            (b"GET /healthz HTTP/1.1\r\n" + upgrade) * 300 + b"GET /healthz HTTP/1.1\r\n" + last + b"GET"
        )
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answers.count(b"HTTP/1.1 404") == 301
    assert b"HTTP/1.1 400" not in answers


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"UNHEARD-OF / HTTP/1.1\r\n", "method"),
        (b"GET /a b HTTP/1.1\r\n", "Expected HTTP/"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n", "Content-Length"),
        (b"GET / HTTP/1.1\r\nno header\r\n", "header"),
        (b"GET /%b HTTP/1.1\r\n" % (b"a" * 70_000), "longer than 65,535 bytes"),
        (b"GET /%b HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n" % (b"a" * 70_000), "longer than 65,535 bytes"),
    ],
)
def test_what_is_no_http_is_answered_in_problem_details(mock: str, sent: bytes, reason: str) -> None:
    """Like every other refusal, with the header of the rules; the connection ends with it."""
    answer = parsed(exchange(mock, sent + b"Host: localhost\r\n\r\n"))
    assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")
    assert (answer.headers["understudy-rules"], answer.headers["connection"]) == ("none", "close")
    assert (answer.json["status"], answer.json["rules"]) == (400, [])
    assert reason in answer.json["detail"]


def test_the_model_is_told_how_it_was_called() -> None:
    """Declared parameters by their declared names, the body, its media type, and the caller's scopes."""
    seen: list[Call] = []

    def play(made: Call, state: Transaction) -> Reply:
        seen.append(made)
        return Reply(404, "unknown")

    with served(with_operation(onetrust(), "getDataSubjectBasicDetailsUsingGET", play)) as url:
        call(url, "GET", f"{DETAILS}?x=1", FULL, ("Identifier", "me"), ("Other", "x"))
    assert (seen[0].header, dict(seen[0].query), dict(seen[0].path)) == ({"identifier": "me"}, {}, {})
    assert (bool(seen[0].body), seen[0].media_type) == (False, None)
    assert seen[0].scopes == {"CONSENT", "CONSENT_READ"}


def test_lifespan_is_answered_and_websockets_are_closed(pack: Pack) -> None:
    """For servers other than ours."""
    app, sent = MockApp({"onetrust": pack}, Sessions({"onetrust": pack}, {"": Settings()})), []
    events = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> dict[str, Any]:
        return {"type": next(events)}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(app({"type": "lifespan"}, receive, send))
    asyncio.run(app({"type": "websocket"}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete", "websocket.close"]
