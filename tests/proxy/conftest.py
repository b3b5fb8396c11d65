"""A proxy in a thread, before a target of the test's, with what it has recorded and found."""

import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import urlsplit

import pytest

from understudy import pack as packs
from understudy.contract.client import Collector
from understudy.contract.evidence import Evidence
from understudy.contract.history import History
from understudy.contract.judge import Judge
from understudy.contract.target import Secrets
from understudy.har import Recorded
from understudy.pack import Pack
from understudy.proxy.forwarder import Forwarder
from understudy.proxy.listener import Listener
from understudy.redaction import Redaction
from understudy.serving import listening


@dataclass
class Proxied:
    """A proxy: where it is, what it has recorded, and the rules that calls were found to break."""

    url: str
    forwarder: Forwarder
    calls: list[Recorded] = field(default_factory=list)

    def sent(self, message: bytes, *, ending: bytes | None = None) -> bytes:
        """Send bytes and return the answer's, up to some of them or to the connection's end."""
        parts = urlsplit(self.url)
        with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
            connection.sendall(message)
            found = b""
            while ending is None or not found.endswith(ending):
                piece = connection.recv(65536)
                if not piece:
                    break
                found += piece
        return found


Proxy: TypeAlias = Callable[..., AbstractContextManager[Proxied]]


@pytest.fixture(scope="session")
def onetrust() -> Pack:
    """Return OneTrust's pack."""
    return packs.load("onetrust")


@pytest.fixture
def proxy(onetrust: Pack) -> Proxy:
    """Return what starts a proxy before a target; everything is judged when the block ends."""

    @contextmanager
    def started(
        to: str, mark: Callable[[Iterable[Evidence]], str] | None = None, timeout: float = 20.0
    ) -> Iterator[Proxied]:
        calls: list[Recorded] = []
        history = History(Judge(onetrust, "full", strict=False), Collector(Secrets()))
        listener = Listener(history, lambda evidence: None)
        forwarder = Forwarder(
            to, listener, Redaction(onetrust.key_names), timeout=timeout, record=calls.append, mark=mark
        )
        with listening(forwarder, date=False, lifespan=True) as url:
            yield Proxied(url, forwarder, calls)
        listener.close()

    return started
