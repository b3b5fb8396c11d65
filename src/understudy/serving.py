"""Serving an application over HTTP: in the foreground for the commands, in a thread for tests and what embeds one."""

import gc
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import httptools
import uvicorn
from starlette.types import ASGIApp, Receive
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from understudy.errors import UsageError

BACKLOG = 2048
TRANSPORT = "understudy.transport"
"""Where a scope holds the connection, for what is to break it."""


Unreadable: TypeAlias = Callable[[str], tuple[Iterable[tuple[bytes, bytes]], bytes]]
"""What an application may have as `unreadable`: makes headers and body of a 400, of why a request is no HTTP."""


_UPGRADING = (b"upgrade", b"http2-settings")
"""The headers that ask for another protocol."""


_NO_URL = "its target is no URL, or is longer than 65,535 bytes"


class GoneError(Exception):
    """The caller has gone before its request was whole."""


async def disconnected(receive: Receive) -> None:
    """Return when there is no connection any more; what still comes in is dropped."""
    while (await receive())["type"] != "http.disconnect":
        pass


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises UsageError where the address cannot be had. Port 0 takes a free one."""
    sock: socket.socket | None = None
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        sock = socket.socket(family, kind, proto)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except (OSError, OverflowError, UnicodeError) as error:  # UnicodeError: a host that no DNS name can be made of
        if sock is not None:
            sock.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"cannot listen on {host}:{port}: {reason}", todo="choose another --host or --port (0 for a free one)"
        ) from error
    return sock


def url_of(sock: socket.socket) -> str:
    """Return the base URL of a listening socket."""
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Protocol(HttpToolsProtocol):
    """uvicorn's, which also lets faults have the connection, and the application word what is no HTTP.

    An Upgrade, which Java's client sends with every call, is passed over (RFC 9110, section 7.8): the parser takes what
    follows its headers for another protocol, so the request is parsed once more without it.
    """

    _data, _again, _no_url = b"", b"", False

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope[TRANSPORT] = self.transport  # type: ignore[literal-required]

    def on_headers_complete(self) -> None:
        if self._upgrades:
            return
        try:
            super().on_headers_complete()
        except httptools.HttpParserInvalidURLError:
            self._no_url = True
            raise

    def on_message_complete(self) -> None:
        if not self._upgrades:
            super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        self._again = data
        while self._again:
            self._data, self._again = self._again, b""
            super().data_received(self._data)

    @property
    def _upgrades(self) -> bool:
        return bool(self.parser.should_upgrade()) and self.parser.get_method() != b"CONNECT"

    def _unsupported_upgrade_warning(self) -> None:
        """Have a request that asks for another protocol parsed again without that; called where the exception is."""
        error = sys.exc_info()[1]
        if not self._upgrades or error is None:
            return
        head = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())]
        for name, value in self.headers:
            if name == b"connection":
                options = (each.strip() for each in value.split(b","))
                value = b", ".join(each for each in options if each.lower() not in _UPGRADING)
            head += [b"%s: %s" % (name, value)] if name not in _UPGRADING else []
        self._again = b"\r\n".join((*head, b"", self._data[error.args[0] :]))
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot be read as HTTP/1.1 in the application's words, if it has any."""
        unreadable: Unreadable | None = getattr(self.config.app, "unreadable", None)
        if unreadable is None:
            super().send_400_response(msg)
            return
        headers, body = unreadable(_NO_URL if self._no_url else str(sys.exc_info()[1] or msg))
        lines = [b"HTTP/1.1 400 Bad Request", *(b"%s: %s" % each for each in headers), b"connection: close", b"", body]
        self.transport.write(b"\r\n".join(lines))
        self.transport.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


def serve(
    app: ASGIApp, sock: socket.socket, ready: Callable[[], None], *, date: bool = True, lifespan: bool = False
) -> None:
    """Serve on the socket until a signal or `KeyboardInterrupt`; `ready` is called once connections are accepted.

    Requests that have begun are answered before it returns. `date` says whether answers bear a
    Date header, `lifespan` whether the application is told of start and end.
    """
    gc.collect()
    gc.freeze()  # what is loaded by now stays: no collection needs to walk it again
    _server(app, ready, date=date, lifespan=lifespan).run(sockets=[sock])


def _server(app: ASGIApp, ready: Callable[[], None], *, date: bool, lifespan: bool) -> _Server:
    config = uvicorn.Config(
        app,
        http=_Protocol,
        loop="auto",
        ws="none",
        lifespan="on" if lifespan else "off",
        log_level="warning",
        access_log=False,
        date_header=date,
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    return _Server(config, ready)


@contextmanager
def listening(
    app: ASGIApp, sock: socket.socket | None = None, *, date: bool = True, lifespan: bool = False
) -> Iterator[str]:
    """Serve an application in a thread, on a free port unless a socket is given; yield its base URL, stop it then."""
    sock = sock or listen("127.0.0.1", 0)
    up = threading.Event()
    server = _server(app, up.set, date=date, lifespan=lifespan)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True, name="understudy-server")
    thread.start()
    try:
        while not up.wait(0.1):
            if not thread.is_alive():
                raise UsageError("the server did not start", todo="try again; `understudy serve` shows why")
        yield url_of(sock)
    finally:
        server.should_exit = True
        thread.join(timeout=15)
        sock.close()
