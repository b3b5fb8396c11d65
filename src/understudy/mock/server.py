"""Serving the application: in the foreground for `understudy serve`, in a thread for tests and `understudy verify`."""

import gc
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from understudy.errors import UsageError
from understudy.mock.app import MockApp
from understudy.mock.breaking import TRANSPORT
from understudy.mock.control.plane import control_plane
from understudy.mock.journal import Listener
from understudy.mock.sessions import Sessions
from understudy.mock.settings import Settings
from understudy.pack import Pack

BACKLOG = 2048


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
    """uvicorn's, which also lets faults have the connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope[TRANSPORT] = self.transport  # type: ignore[literal-required]


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


def serve(app: MockApp, sock: socket.socket, ready: Callable[[], None], *, date: bool = True) -> None:
    """Serve on the socket until a signal or `KeyboardInterrupt`; `ready` is called once connections are accepted.

    Requests that have begun are answered before it returns. `date` says whether answers bear a Date header.
    """
    gc.collect()
    gc.freeze()  # what is loaded by now stays: no collection needs to walk it again
    _server(app, ready, date=date).run(sockets=[sock])


def _server(app: MockApp, ready: Callable[[], None], *, date: bool) -> _Server:
    config = uvicorn.Config(
        app,
        http=_Protocol,
        loop="auto",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        date_header=date,
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    return _Server(config, ready)


def has_date(sessions: Mapping[str, Settings]) -> bool:
    """Whether answers bear a Date header: not where a clock stands still, for then two runs are equal to the byte."""
    return not any(settings.clock.frozen for settings in sessions.values())


@contextmanager
def running(
    packs: Mapping[str, Pack],
    sessions: Mapping[str, Settings],
    listener: Listener | None = None,
    *,
    control: bool = False,
) -> Iterator[str]:
    """Run a server in a thread on a free port; yield its base URL, stop it at the end. `listener` hears each call.

    `sessions` are the settings of the first ones, and templates for others; `control` adds the control plane.
    """
    universes = Sessions(packs, sessions, listener)
    plane = control_plane(universes) if control else None
    with listening(MockApp(packs, universes, plane), date=has_date(sessions)) as url:
        yield url


@contextmanager
def listening(app: MockApp, sock: socket.socket | None = None, *, date: bool = True) -> Iterator[str]:
    """Serve an application in a thread, on a free port unless a socket is given; yield its base URL, stop it then."""
    sock = sock or listen("127.0.0.1", 0)
    up = threading.Event()
    server = _server(app, up.set, date=date)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True, name="understudy-mock")
    thread.start()
    try:
        while not up.wait(0.1):
            if not thread.is_alive():
                raise UsageError("the embedded mock did not start", todo="try: understudy serve")
        yield url_of(sock)
    finally:
        server.should_exit = True
        thread.join(timeout=15)
        sock.close()
