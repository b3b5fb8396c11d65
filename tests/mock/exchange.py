"""What the tests of the mock share: requests as bytes over a socket, packs with a function replaced, small projects."""

import hashlib
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from understudy import pack as packs
from understudy.mock.server import running
from understudy.mock.settings import Settings
from understudy.model.behaviour import Operation
from understudy.pack import Pack
from understudy.spec.document import Document
from understudy.values import Json

WRITE = "/api/consentmanager/v1/datasubjects/dataelements"
TOKEN = "/api/access/v1/oauth/token"
PAGE = "/api/consentmanager/v2/datasubjects"
PROFILES = "/api/consentmanager/v1/datasubjects/profiles"
DETAILS = "/rest/api/consent/v4/datasubjects/basic-details"
DELETE = "/rest/api/consent/v4/data-subjects"
PURGE = "/api/consent/v2/datasubjects"
WRITE_ID = "createOrUpdateDataSubjectUsingPOST"
FULL = ("Authorization", "Bearer understudy-full")
READ = ("Authorization", "Bearer understudy-read")
JSON = ("Content-Type", "application/json")


@dataclass(frozen=True)
class Answer:
    """One HTTP answer: status, headers by lower-case name, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def rules(self) -> list[str]:
        """The ids in Understudy-Rules."""
        return [item.split(";")[0] for item in self.headers["understudy-rules"].split(", ")]


def request(method: str, path: str, *headers: tuple[str, str | bytes], body: bytes | None = None) -> bytes:
    """Return a request's bytes; Host, Connection: close and Content-Length are added."""
    lines = [f"{method} {path} HTTP/1.1".encode(), b"Host: mock", b"Connection: close"]
    lines += [
        name.encode() + b": " + (value if isinstance(value, bytes) else value.encode()) for name, value in headers
    ]
    if body is not None:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")


def exchange(url: str, sent: bytes) -> bytes:
    """Send bytes over a connection of its own and return all that comes back."""
    with connected(url) as connection:
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    """Yield a connection to the server."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        yield connection


def parsed(received: bytes) -> Answer:
    """Return the answer that the bytes are."""
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Answer(int(first.split()[1]), headers, body)


def call(
    url: str, method: str, path: str, *headers: tuple[str, str | bytes], body: Json | bytes | None = None
) -> Answer:
    """Exchange one request; a body that is not bytes is sent as JSON."""
    if body is not None and not isinstance(body, bytes):
        body, headers = json.dumps(body).encode(), (*headers, JSON)
    base = urlsplit(url).path
    return parsed(exchange(url, request(method, base + path, *headers, body=body)))


def write(url: str, identifier: str | bytes, body: Json | bytes, *headers: tuple[str, str | bytes]) -> Answer:
    """Create or update a subject with the full token."""
    return call(url, "POST", WRITE, FULL, ("dataSubjectIdentifier", identifier), *headers, body=body)


def with_operation(pack: Pack, operation_id: str, function: Operation) -> Pack:
    """Return a copy of the pack in which the function plays the operation."""
    copy = Pack(pack.vendor, pack.root)
    behaviour = replace(pack.behaviour, operations={**pack.behaviour.operations, operation_id: function})
    copy.__dict__["behaviour"] = behaviour  # where its cached property would keep it
    return copy


def project(root: Path, document: Json, model: str, rules: str = "", *, overlay: str = "") -> Pack:
    """Write a contract project with one vendor, `toy`, and return its pack."""
    specs = root / "specs" / "toy"
    specs.mkdir(parents=True)
    (root / "mock").mkdir()
    content = json.dumps(document, indent=2).encode()
    (specs / "openapi.json").write_bytes(content)
    (specs / "provenance.yaml").write_text(
        "title: Toy\naddress: none\nretrieved: '2026-01-31'\nlicense: none\n"
        f"sha256: {hashlib.sha256(content).hexdigest()}\n"
    )
    named = next(iter(Document(document).operations), "none")
    (specs / "rules.yaml").write_text(
        rules
        or f"rules: [{{id: TOY-1, text: It plays at all., basis: documented, level: must, operation: '{named}', "
        "citation: {pointer: /paths}}]\n"
    )
    if overlay:
        (specs / "overlays").mkdir()
        (specs / "overlays" / "10-toy.yaml").write_text(overlay)
    (root / "mock" / "toy.py").write_text(model)
    return Pack("toy", root)


@contextmanager
def served(pack: Pack, settings: Settings | None = None, **sessions: Settings) -> Iterator[str]:
    """Serve one pack, and named sessions of it; yield the base URL of the default session."""
    with running({pack.vendor: pack}, {"": settings or Settings(seed=1), **sessions}) as url:
        yield url


def onetrust() -> Pack:
    """Return a fresh pack of OneTrust."""
    return packs.load("onetrust")
