"""What a call looks like on the other side of the proxy: the same, piece by piece, in both directions."""

import gzip
import json
import socket
import threading
import time
from urllib.parse import urlsplit

import httpx
import pytest

from tests.proxy.conftest import Proxy
from tests.proxy.targets import OK, received, target
from understudy.contract.history import History
from understudy.proxy import forwarder


def test_a_request_arrives_as_it_was_sent(proxy: Proxy) -> None:
    """Path and query to the letter, headers twice where they were, the body byte by byte; Host is the target's."""
    heard: list[bytes] = []

    def echo(connection: socket.socket) -> None:
        heard.append(received(connection, b"\x00\xff"))
        connection.sendall(OK)

    sent = (
        b"PATCH /a%2Fb/%7e//c;d?x=%20&y=+&&z HTTP/1.1\r\nHost: proxy\r\nX-One: 1\r\nX-One: 2\r\nx-utf8: \xc3\xa6\r\n"
        b"Authorization: Basic YTpi\r\nCookie: a=b\r\nConnection: close, X-Hop, Upgrade\r\nUpgrade: h2c\r\n"
        b"X-Hop: gone\r\nTE: trailers\r\n"
        b"Content-Length: 4\r\n\r\n{\n\x00\xff"
    )
    with target(echo) as to, proxy(f"{to}/base") as proxied:
        assert proxied.sent(sent).endswith(b"ok")
    head, _, body = heard[0].partition(b"\r\n\r\n")
    first, *headers = head.split(b"\r\n")
    assert first == b"PATCH /base/a%2Fb/%7e//c;d?x=%20&y=+&&z HTTP/1.1"
    assert body == b"{\n\x00\xff"
    assert [each.lower() if each.lower().startswith(b"host") else each for each in headers] == [
        b"host: " + urlsplit(to).netloc.encode(),
        b"x-one: 1",
        b"x-one: 2",
        b"x-utf8: \xc3\xa6",
        b"authorization: Basic YTpi",
        b"cookie: a=b",
        b"content-length: 4",
    ]


def test_an_answer_comes_back_as_it_was_sent(proxy: Proxy) -> None:
    """Status, headers twice where they were, the body still packed; nothing is added. Names of headers have no case."""
    body = gzip.compress(b'{"a": 1}', mtime=0)
    head = (
        b"HTTP/1.1 418 I am\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-CaSe: \xe6\r\nContent-Encoding: gzip\r\n"
        b"Content-Length: %d\r\nConnection: close, X-Hop, Upgrade\r\nUpgrade: h2c\r\nX-Hop: gone\r\n\r\n" % len(body)
    )

    def answer(connection: socket.socket) -> None:
        received(connection)
        connection.sendall(head + body)

    with target(answer) as to, proxy(to) as proxied:
        got = proxied.sent(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    start, _, rest = got.partition(b"\r\n\r\n")
    status, *headers = start.split(b"\r\n")
    assert status.startswith(b"HTTP/1.1 418 ")
    assert [each for each in headers if each != b"connection: close"] == [
        b"set-cookie: a=1",
        b"set-cookie: b=2",
        b"x-case: \xe6",
        b"content-encoding: gzip",
        b"content-length: %d" % len(body),
    ]
    assert rest == body
    (call,) = proxied.calls
    assert (call.status, call.answer) == (418, b'{"a": 1}')
    assert ("Set-Cookie", "***") in call.answer_headers


def test_both_bodies_stream(proxy: Proxy) -> None:
    """Each side has a piece of the other's before the next one is sent."""
    first, second = threading.Event(), threading.Event()

    def piecemeal(connection: socket.socket) -> None:
        got = received(connection, b"one\r\n")
        assert b"transfer-encoding: chunked" in got.lower()
        first.set()
        received(connection, b"0\r\n\r\n")
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n")
        assert second.wait(20)
        connection.sendall(b"4\r\nfive\r\n0\r\n\r\n")

    with target(piecemeal) as to, proxy(to) as proxied:
        parts = urlsplit(proxied.url)
        with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
            assert first.wait(20)
            connection.sendall(b"3\r\ntwo\r\n0\r\n\r\n")
            assert received(connection, b"four\r\n").endswith(b"four\r\n")
            second.set()
            assert received(connection, b"0\r\n\r\n").endswith(b"five\r\n0\r\n\r\n")
    (call,) = proxied.calls
    assert (call.body, call.answer) == (b"onetwo", b"fourfive")


@pytest.mark.parametrize("method", ["HEAD", "GET", "OPTIONS", "DELETE"])
def test_answers_without_a_body_have_none(method: str, proxy: Proxy) -> None:
    """Of HEAD, and with 204; the connection is there for the next call."""

    def answer(connection: socket.socket) -> None:
        while (got := received(connection)) and got:
            head = got.startswith(b"HEAD")
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" if head else b"HTTP/1.1 204 No Content\r\n\r\n"
            )

    with target(answer) as to, proxy(to) as proxied, httpx.Client(base_url=proxied.url) as client:
        statuses = [client.request(method, "/").status_code for _ in range(3)]
    assert statuses == [200 if method == "HEAD" else 204] * 3


def test_a_target_that_is_down_is_told_as_502(proxy: Proxy) -> None:
    """With problem details that name it; the archive has the call without an answer."""
    with proxy("http://127.0.0.1:9") as proxied:
        answer = httpx.post(proxied.url, json={})
    assert (answer.status_code, answer.headers["content-type"]) == (502, "application/problem+json")
    assert "http://127.0.0.1:9 cannot be reached" in answer.json()["detail"]
    (call,) = proxied.calls
    assert (call.status, call.comment) == (0, answer.json()["detail"])


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200", b"nonsense\r\n\r\n"])
def test_a_target_that_does_not_answer_in_http_is_told_as_502(said: bytes, proxy: Proxy) -> None:
    """Nothing at all, half a head, no HTTP."""

    def hang_up(connection: socket.socket) -> None:
        received(connection)
        connection.sendall(said)

    with target(hang_up) as to, proxy(to) as proxied:
        answer = httpx.get(proxied.url)
    assert (answer.status_code, proxied.calls[0].status) == (502, 0)


def test_a_target_that_is_silent_is_told_as_504(proxy: Proxy) -> None:
    """After the time that was given; but a body, once begun, may take its time."""
    let_go = threading.Event()

    def silent(connection: socket.socket) -> None:
        if b"/late" in received(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nan")
            time.sleep(0.6)
            connection.sendall(b"na")
        else:
            let_go.wait(20)

    with target(silent) as to, proxy(to, timeout=0.3) as proxied:
        answer = httpx.get(proxied.url)
        let_go.set()
        late = httpx.get(f"{proxied.url}/late")
    assert (answer.status_code, late.status_code, late.text) == (504, 200, "anna")
    assert "does not answer within 0.3 s" in answer.json()["detail"]


def test_an_answer_that_breaks_off_breaks_off(proxy: Proxy) -> None:
    """A caller does not take half an answer for a whole one, and nobody judges it."""

    def half(connection: socket.socket) -> None:
        received(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")

    with target(half) as to, proxy(to) as proxied, pytest.raises(httpx.RemoteProtocolError):
        httpx.get(proxied.url)
    (call,) = proxied.calls
    assert call.status == 0
    assert call.comment.startswith("the target breaks its answer off")


def test_a_status_that_is_none_is_told(proxy: Proxy) -> None:
    """The archive has it."""

    def strange(connection: socket.socket) -> None:
        received(connection)
        connection.sendall(b"HTTP/1.1 799 What\r\nContent-Length: 0\r\n\r\n")

    with target(strange) as to, proxy(to) as proxied:
        assert httpx.get(proxied.url).status_code == 502
    assert proxied.calls[0].status == 799


def test_a_caller_that_goes_is_not_answered_for_ever(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its call to the target ends too, before or in the middle of an answer."""
    monkeypatch.setattr(forwarder, "LINGER", 0.1)
    ended = threading.Semaphore(0)

    def endless(connection: socket.socket) -> None:
        got = received(connection)
        if b"/stream" in got:
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n")
        assert received(connection, b"never") == b""
        ended.release()

    with target(endless) as to, proxy(to) as proxied:
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(proxied.url, timeout=0.2)
        assert ended.acquire(timeout=20)
        with httpx.stream("GET", f"{proxied.url}/stream") as answer:
            assert next(answer.iter_raw()) == b"hi"
        assert ended.acquire(timeout=20)
    assert [(call.status, call.comment) for call in proxied.calls] == [
        (0, "the caller has gone before the answer was whole")
    ] * 2


def test_a_caller_that_goes_before_its_request_is_whole_is_no_call_of_the_targets(proxy: Proxy) -> None:
    """Nothing is judged, and nothing is answered."""

    def never(connection: socket.socket) -> None:
        received(connection, b"never")

    with target(never) as to, proxy(to) as proxied:
        parts = urlsplit(proxied.url)
        with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
            time.sleep(0.2)
    assert [call.comment for call in proxied.calls] == ["the caller has gone before the request was whole"]
    assert (proxied.forwarder.left, proxied.forwarder.unanswered) == (1, 0)


def test_long_bodies_pass_and_are_not_kept(proxy: Proxy) -> None:
    """Nine megabytes there and back, the same; they are neither recorded nor judged, and counted."""
    body = bytes(range(256)) * (9 << 12)

    def mirror(connection: socket.socket) -> None:
        head, found = b"", bytearray()
        while b"\r\n\r\n" not in head:
            head += connection.recv(1)
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        while len(found) < length:
            found += connection.recv(1 << 20)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length + found)

    with target(mirror) as to, proxy(to) as proxied:
        assert httpx.post(proxied.url, content=body, timeout=30).content == body
    assert (proxied.calls, proxied.forwarder.unread) == ([], 1)


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        (b"gzip", b"not packed"),
        (b"gzip", gzip.compress(bytes(9 << 20), mtime=0)),
        (b"br", b'\x0b\x02\x80{"a": 1}\x03'),
        (b"gzip, zstd", b"{}"),
    ],
    ids=["not packed", "too long", "unknown", "unknown among others"],
)
def test_what_cannot_be_unpacked_is_handed_on_and_that_is_all(coding: bytes, packed: bytes, proxy: Proxy) -> None:
    """Nobody can say whether it is right, nor what secrets are in it."""

    def answer(connection: socket.socket) -> None:
        received(connection)
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (coding, len(packed)) + packed
        )

    with target(answer) as to, proxy(to) as proxied:
        got = proxied.sent(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert got.endswith(packed)
    assert (proxied.calls, proxied.forwarder.unread) == ([], 1)


def test_marked_answers_say_what_was_found(proxy: Proxy) -> None:
    """Whole and unchanged beside it; one that is too long is not held, and says so."""
    pieces = [b"x" * (1 << 20)] * 9

    def answer(connection: socket.socket) -> None:
        long = b"/long" in received(connection)
        content = b"".join(pieces) if long else b'{"a": "b"}'
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: %d\r\n\r\n" % len(content) + content)

    def mark(evidence: object) -> str:
        return 'failed;rules="A-1"'

    with target(answer) as to, proxy(to, mark=mark) as proxied:
        short, long = httpx.get(proxied.url), httpx.get(f"{proxied.url}/long", timeout=30)
    assert (short.headers["understudy-outcome"], short.headers["x-a"]) == ('failed;rules="A-1"', "b")
    assert json.loads(short.content) == {"a": "b"}
    assert (long.headers["understudy-outcome"], long.content) == ("unjudged", b"".join(pieces))


def test_a_defect_of_the_judge_costs_nobody_an_answer(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not judged, and the defect is told in the end."""

    def broken(*_: object) -> None:
        raise LookupError("a defect")

    def answer(connection: socket.socket) -> None:
        received(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    def through() -> None:
        with target(answer) as to, proxy(to, mark=lambda evidence: "passed") as proxied:
            answers.append(httpx.get(f"{proxied.url}/api/consentmanager/v1/datasubjects/profiles"))

    answers: list[httpx.Response] = []
    monkeypatch.setattr(History, "judge_alone", broken)
    with pytest.raises(LookupError, match="a defect"):
        through()
    (got,) = answers
    assert (got.status_code, got.content, got.headers["understudy-outcome"]) == (200, b"{}", "unjudged")


def test_a_packed_request_is_recorded_without_its_secrets(proxy: Proxy) -> None:
    """It passes as it is; a call with one that cannot be unpacked is not recorded."""
    heard: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(1)
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        heard.append(connection.recv(length, socket.MSG_WAITALL))
        connection.sendall(OK)

    packed = gzip.compress(b'{"client_secret": "hush", "a": 1}', mtime=0)
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    with target(answer) as to, proxy(to) as proxied:
        for body in (packed, b"client_secret=hush"):
            httpx.post(proxied.url, content=body, headers=headers)
    assert heard == [packed, b"client_secret=hush"]
    assert [call.body for call in proxied.calls] == [b'{"client_secret": "***", "a": 1}']
    assert proxied.forwarder.unread == 1
