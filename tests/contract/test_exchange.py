"""Requests and responses, and the curl line that repeats a request to the byte."""

import http.server
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from understudy.contract.exchange import Request, Response, retry_after


class Recorder(http.server.BaseHTTPRequestHandler):
    """Keeps what it is sent."""

    seen: list[tuple[str, str, dict[str, bytes], bytes]]

    def do_POST(self) -> None:
        """Take a request in."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value.encode("latin-1") for name, value in self.headers.items()}
        self.seen.append((self.command, self.path, headers, body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def recorder() -> Iterator[tuple[str, list[tuple[str, str, dict[str, bytes], bytes]]]]:
    """Yield the base URL of a recording server and what it has seen."""
    seen: list[tuple[str, str, dict[str, bytes], bytes]] = []
    handler = type("Mine", (Recorder,), {"seen": seen})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", seen
        server.shutdown()


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"",
        b"it's",
        b"$HOME `ls` \\n !",
        "Ångström\n\t\x7f\u202e".encode(),
        b"\x00\xff\xfe",
        b"@/etc/hostname",
        "'\\'\u2028é\x01".encode(),
    ],
)
def test_a_curl_line_sends_the_same_body(
    body: bytes, recorder: tuple[str, list[tuple[str, str, dict[str, bytes], bytes]]]
) -> None:
    """Quotes, backslashes, control characters and bytes that are no text survive the shell."""
    base_url, seen = recorder
    curl = Request("POST", f"{base_url}/a?b=%20&c='", (("Content-Type", "text/plain"),), body).curl()
    subprocess.run(["sh", "-c", curl], check=True, capture_output=True)
    assert [(method, path, sent) for method, path, _, sent in seen] == [("POST", "/a?b=%20&c='", body)]


def test_a_curl_line_sends_the_same_headers(
    recorder: tuple[str, list[tuple[str, str, dict[str, bytes], bytes]]], tmp_path: Path
) -> None:
    """An empty header is sent, letters beyond ASCII go out as their bytes, the token comes from the environment."""
    base_url, seen = recorder
    sent = {
        "X-Empty": "",
        "X-Name": "Åsa's".encode().decode("latin-1"),
        "X-Latin": "\xe9",
        "Authorization": "Bearer secret",
    }
    curl = Request("POST", base_url, tuple(sent.items()), b"{}").curl()
    assert "secret" not in curl
    subprocess.run(
        ["sh", "-c", curl], check=True, capture_output=True, env={"UNDERSTUDY_TOKEN": "s3", "PATH": "/usr/bin:/bin"}
    )
    headers = seen[0][2]
    assert headers["x-latin"] == b"\xe9"
    assert (headers["x-empty"], headers["x-name"], headers["authorization"]) == (b"", "Åsa's".encode(), b"Bearer s3")


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", "Basic YXBpa2V5OnRvcHNlY3JldA==", '-u apikey:"$UNDERSTUDY_TOKEN"'),
        ("Authorization", "Basic no base64", '-H "Authorization: Basic $UNDERSTUDY_TOKEN"'),
        ("Cookie", "session=topsecret; second=topsecret", "session=$UNDERSTUDY_TOKEN; second=$UNDERSTUDY_TOKEN"),
    ],
)
def test_the_variable_stands_where_the_secret_stood(name: str, value: str, shown: str) -> None:
    """In what is base64 else, and for each of several cookies: the line sends what was sent."""
    curl = Request("GET", "http://127.0.0.1/x", ((name, value),)).curl()
    assert shown in curl
    assert "topsecret" not in curl


def test_a_token_that_is_no_secret_is_shown() -> None:
    """A made-up token must be in the line, or the line would not repeat the request."""
    request = Request("GET", "http://target", (("Authorization", "Bearer made-up"),), variable="")
    assert "'Authorization: Bearer made-up'" in request.curl()


def test_headers_are_found_in_whatever_case() -> None:
    """The first of several counts."""
    response = Response(200, (("CONTENT-type", "Text/HTML; charset=x"), ("content-type", "b")))
    assert (response.header("Content-Type"), response.media_type) == ("Text/HTML; charset=x", "text/html")
    assert (Response(200).media_type, Request("GET", "http://target").header("x")) == (None, None)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:10 GMT", "Date": "Wed, 21 Oct 2015 07:28:00 GMT"}, 10.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"Retry-After": " 0 "}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "1.5"}, None),
        ({"Retry-After": "٣"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    """Both forms of RFC 9110 are understood, and the date is measured against the server's own clock."""
    assert retry_after(Response(429, tuple(headers.items()))) == seconds
