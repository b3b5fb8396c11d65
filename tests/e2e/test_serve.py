"""The real command, as a process of its own: what it prints, how it ends, and that two runs are equal to the byte."""

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree

import pytest

from tests.e2e.processes import refused, started
from tests.mock.exchange import (
    FULL,
    JSON,
    PAGE,
    READ,
    TOKEN,
    WRITE,
    call,
    connected,
    exchange,
    onetrust,
    request,
    write,
)

READY = r"understudy: serving onetrust on (http://(?:127\.0\.0\.1|0\.0\.0\.0):\d+)\n"


@contextmanager
def serving(*options: str, cwd: Path | None = None) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Serve OneTrust's mock; yield process and base URL once it is ready."""
    with started("serve", "onetrust", *options, ready=READY, cwd=cwd) as (process, found):
        yield process, found[1].replace("0.0.0.0", "127.0.0.1")


def test_the_first_line_says_what_is_served_and_where() -> None:
    """Flushed once connections are accepted; the next lines tell the credentials and the seed."""
    with serving("onetrust", "--seed", "7") as (process, url):
        assert process.stdout is not None
        rest = "".join(process.stdout.readline() for _ in range(3))
        assert call(url, "GET", PAGE, READ, ("identifier", "x")).status == 200
    assert all(word in rest for word in ("understudy-full", "understudy-read", "secret understudy", "seed           7"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_ends_with_0(number: signal.Signals) -> None:
    """A request that has begun is answered; nothing is written to standard error."""
    with serving() as (process, url):
        head = request("POST", WRITE, FULL, ("dataSubjectIdentifier", "drained"), JSON, body=b"{}")
        with connected(url) as connection:
            connection.sendall(head[:-1])
            call(url, "GET", PAGE)  # answered, so the server has seen the beginning of the other request too
            process.send_signal(number)
            wait_until_closed(url)
            connection.sendall(head[-1:])
            assert b"".join(iter(lambda: connection.recv(65536), b"")).startswith(b"HTTP/1.1 201 ")
        assert process.wait(timeout=20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def wait_until_closed(url: str) -> None:
    """Return when the server accepts no connection any more."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            with connected(url) as connection:
                connection.settimeout(1)
                connection.sendall(request("GET", PAGE))
                if connection.recv(1) == b"":
                    return
        except (ConnectionError, TimeoutError):
            return
    raise AssertionError(f"{url} still accepts connections")


def transcript(seed: str) -> bytes:
    """Return every byte that a run answers to a fixed sequence of requests."""
    query = f"{TOKEN}?grant_type=client_credentials&client_id=understudy&client_secret=understudy"
    with serving("--seed", seed, "--clock", "2026-01-31T09:30:00Z", "--set", "onetrust.catalogue=City") as (_, url):
        granted = exchange(url, request("POST", query))
        found = re.search(rb'"access_token":"([^"]+)"', granted)
        assert found
        bearer = ("Authorization", f"Bearer {found[1].decode()}")
        me = ("dataSubjectIdentifier", "byte")
        element = b'{"dataElements":[{"name":"City","value":"x"},{"name":"Other"}]}'
        sent = [
            request("POST", WRITE, bearer, me, JSON, body=element),
            request("POST", WRITE, bearer, me, JSON, body=b"[]"),
            request("GET", PAGE, bearer, ("identifier", "byte")),
            request("GET", "/rest/api/consent/v4/datasubjects/basic-details", bearer, ("identifier", "byte")),
            request("PUT", WRITE, bearer),
            request("GET", "/nowhere"),
            request("POST", WRITE, ("Authorization", "Bearer x"), me, JSON, body=b"{}"),
        ]
        return granted + b"".join(exchange(url, each) for each in sent)


def test_two_runs_with_the_same_seed_and_clock_are_equal_to_the_byte() -> None:
    """Tokens, ids and headers included; another seed makes other ids."""
    first = transcript("11")
    assert first == transcript("11")
    assert first.count(b"HTTP/1.1 ") == 8
    assert b"date:" not in first.lower()
    assert first != transcript("12")


def test_options_of_serve_reach_the_mock() -> None:
    """Body limit, switches, and a second name for the vendor."""
    with serving("onetrust", "onetrust", "--max-body", "10", "--set", "onetrust.default-identifier-type=Visitor") as (
        _,
        url,
    ):
        assert write(url, "x", {}).json["identifierType"] == "Visitor"
        assert write(url, "x", b'{"language":""}', JSON).status == 413
        assert write(f"{url}/onetrust", "x", {}).status == 200


def test_a_journal_on_a_full_disk_costs_no_answer() -> None:
    """It is told once that calls are missing."""
    with serving("--journal", "/dev/full") as (process, url):
        assert [call(url, "GET", "/nowhere").status for _ in range(2)] == [404, 404]
        process.terminate()
        told = process.communicate()[1]
    assert told == (
        "understudy: /dev/full: calls are missing in the journal: No space left on device; make room, and serve anew\n"
    )


def test_a_journal_goes_on_after_a_line_that_was_cut(tmp_path: Path) -> None:
    """As by a full disk, in an earlier run."""
    (tmp_path / "journal.jsonl").write_text('{"cut": tr')
    with serving("--journal", "journal.jsonl", cwd=tmp_path) as (_, url):
        assert call(url, "GET", "/nowhere").status == 404
        cut, whole = (tmp_path / "journal.jsonl").read_text().splitlines()
    assert (cut, json.loads(whole)["status"]) == ('{"cut": tr', 404)


def test_seed_data_of_a_file_is_there_and_every_call_is_in_the_journal(tmp_path: Path) -> None:
    """A line of JSON each, written before the answer is sent."""
    (tmp_path / "seed.yaml").write_text(
        "vendor: onetrust\ncalls:\n  - operation: createOrUpdateDataSubjectUsingPOST\n"
        "    header: {dataSubjectIdentifier: ada@example.com}\n    body: {}\n"
    )
    with serving("--seed-data", "seed.yaml", "--journal", "journal.jsonl", cwd=tmp_path) as (_, url):
        assert write(url, "ada@example.com", {}).status == 200
        (line,) = (tmp_path / "journal.jsonl").read_text().splitlines()
    entry = json.loads(line)
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", WRITE, 200)
    assert "OT-UPDATE-1" in entry["rules"]


def test_a_switch_may_stand_in_understudy_toml(tmp_path: Path) -> None:
    """For every run in that directory."""
    (tmp_path / "understudy.toml").write_text('[switches]\n"onetrust.default-identifier-type" = "Visitor"\n')
    with serving(cwd=tmp_path) as (_, url):
        assert write(url, "x", {}).json["identifierType"] == "Visitor"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--seed-data", "none.yaml"), "cannot read none.yaml: No such file or directory"),
        (
            ("--seed-data", "other.yaml"),
            "other.yaml: seed data of 'other', which is not served; the vendors here: onetrust",
        ),
        (("--seed-data", "wrong.yaml"), "wrong.yaml:3 (/calls/0): seed data: onetrust has no operation 'nothing'"),
        (("--journal", "none/journal"), "none/journal: cannot write the journal: No such file or directory"),
        (("--pid", "2147483647"), "--pid 2147483647: there is no such process; give that of one that runs"),
        (
            ("--set", "onetrust.quota=none"),
            "--set onetrust.quota=none: 'none' is not a value of quota; use one of: off",
        ),
    ],
)
def test_what_serve_is_told_wrongly_is_refused_in_one_line(options: tuple[str, str], told: str, tmp_path: Path) -> None:
    """Before a port is opened."""
    (tmp_path / "other.yaml").write_text("vendor: other\ncalls: []\n")
    (tmp_path / "wrong.yaml").write_text("vendor: onetrust\ncalls:\n  - operation: nothing\n")
    assert refused("serve", "onetrust", "--port", "0", *options, cwd=tmp_path).startswith(f"understudy: {told}")


def test_rate_limits_can_be_switched_on() -> None:
    """Off by default; a documented regime by its name."""
    with serving("--set", "onetrust.quota=newer", "--clock", "2026-01-31T09:30:00Z") as (_, url):
        kept = request("GET", PAGE, FULL, ("identifier", "x")).replace(b"Connection: close\r\n", b"")
        received = exchange(url, kept * 1000 + request("GET", PAGE, FULL, ("identifier", "x")))
    assert received.count(b"HTTP/1.1 200") == 1000
    assert received.count(b"HTTP/1.1 429") == 1


def test_a_port_in_use_is_refused() -> None:
    """With what to do."""
    with serving() as (_, url):
        port = url.rpartition(":")[2]
        line = refused("serve", "--port", port)
    assert line.startswith(f"understudy: cannot listen on 127.0.0.1:{port}: ")
    assert "choose another" in line


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("nobody",), "unknown vendor 'nobody'; use one of: "),
        (
            ("--set", "onetrust.quota=some"),
            "--set onetrust.quota=some: 'some' is not a value of quota; use one of: off, older",
        ),
        (("--set", "onetrust.size=1"), "--set onetrust.size=1: onetrust has no switch 'size'; use one of: default-"),
        (("--set", "quota=off"), "--set quota=off: not VENDOR.SWITCH=VALUE; the vendors here: onetrust"),
        (("--set", "onetrust.quota"), "--set onetrust.quota: not VENDOR.SWITCH=VALUE"),
        (("--clock", "noon"), "--clock: Invalid isoformat string: 'noon'; give an RFC 3339 time"),
        (("--clock", "2026-01-31T09:30:00"), "--clock: '2026-01-31T09:30:00' has no offset from UTC"),
        (("--host", "0.0.0.0"), "0.0.0.0 is not this machine alone, and the control plane would be open to anybody"),
        (("--admin-token", ""), "--admin-token is empty, and would be anybody's"),
        (("--host", "0.0.0.0", "--admin-token", ""), "--admin-token is empty, and would be anybody's"),
        (("--host", "no.such.host.invalid"), "cannot listen on no.such.host.invalid:"),
    ],
)
def test_a_wrong_option_is_refused_in_one_line(options: tuple[str, ...], told: str) -> None:
    """What was wrong, and what there is."""
    assert refused("serve", "onetrust", "--port", "0", *options).startswith(f"understudy: {told}")


def test_with_an_admin_token_every_address_may_be_served() -> None:
    """The vendors are open as ever, the control plane to the token alone."""
    with serving("--host", "0.0.0.0", "--admin-token", "s3cret") as (_, url):
        assert call(url, "GET", "/_understudy/sessions").status == 401
        assert call(url, "GET", "/_understudy/sessions", ("Authorization", "Bearer s3cret")).status == 200


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing document": (lambda specs: (specs / "openapi.json").unlink(), r"specs/onetrust: no openapi.json"),
    "edited document": (
        lambda specs: (specs / "openapi.json").write_text("{}"),
        r"specs/onetrust/openapi.json: the document was changed",
    ),
    "broken overlay": (
        lambda specs: (specs / "overlays" / "10-corrections.yaml").write_text("overlay: 1.1.0\nactions: {}\n"),
        r"specs/onetrust/overlays/10-corrections.yaml:2 \(/actions\): ",
    ),
    "broken rules": (
        lambda specs: (specs / "rules.yaml").write_text("rules:\n  - id: 7\n"),
        r"specs/onetrust/rules.yaml:2 \(/rules/0",
    ),
    "broken model": (
        lambda specs: (specs.parents[1] / "mock" / "onetrust.py").write_text("behaviour = 1 / 0\n"),
        r"mock/onetrust.py:1: the model cannot be loaded: ZeroDivisionError",
    ),
}


@pytest.mark.parametrize("mistake", BROKEN)
def test_a_mistake_in_a_project_is_refused_in_one_line(tmp_path: Path, mistake: str) -> None:
    """The pack of the current directory counts; the line says what, where and what to do."""
    root = onetrust().root
    for folder in ("specs", "mock"):
        copytree(root / folder, tmp_path / folder)
    make, told = BROKEN[mistake]
    make(tmp_path / "specs" / "onetrust")
    line = refused("serve", "--port", "0", cwd=tmp_path)
    assert re.match(rf"understudy: {told}", line), line
    assert "; " in line


def test_a_model_that_fails_is_traced_on_standard_error_and_serving_goes_on(tmp_path: Path) -> None:
    """The client gets a 500 that names the operation."""
    root = onetrust().root
    for folder in ("specs", "mock"):
        copytree(root / folder, tmp_path / folder)
    model = tmp_path / "mock" / "onetrust.py"
    text = model.read_text()
    model.write_text(
        text.replace('    identifier = call.header["dataSubjectIdentifier"]\n', "    identifier = 1 / 0\n", 1)
    )
    with serving(cwd=tmp_path) as (process, url):
        answer = write(url, "x", {})
        assert (answer.status, answer.json["detail"]) == (
            500,
            "the model of createOrUpdateDataSubjectUsingPOST failed: ZeroDivisionError: division by zero",
        )
        assert call(url, "GET", PAGE, FULL, ("identifier", "x")).status == 200
        process.terminate()
        assert process.wait(timeout=20) == 0
        assert process.stderr is not None
        assert "identifier = 1 / 0" in process.stderr.read()
