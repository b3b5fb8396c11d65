"""Serving the application: in the foreground for `understudy serve`, in a thread for tests and for `understudy verify`."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import uvicorn

from understudy.errors import UsageError
from understudy.mock.app import MockApp
from understudy.mock.settings import Settings
from understudy.pack import Pack

BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises UsageError where the address cannot be had. Port 0 takes a free one."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        sock = socket.socket(family, kind, proto)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"cannot listen on {host}:{port}: {reason}", todo="choose another --port, 0 for a free one"
        ) from error
    return sock


def url_of(sock: socket.socket) -> str:
    """Return the base URL of a listening socket."""
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


def serve(
    packs: Mapping[str, Pack], sessions: Mapping[str, Settings], sock: socket.socket, ready: Callable[[], None]
) -> _Server:
    """Return a server on the socket, not yet running; `ready` is called once it accepts connections."""
    config = uvicorn.Config(
        MockApp(packs, sessions),
        http="httptools",
        loop="auto",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        date_header=not any(settings.clock.frozen for settings in sessions.values()),
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    return _Server(config, ready)


@contextmanager
def running(packs: Mapping[str, Pack], sessions: Mapping[str, Settings]) -> Iterator[str]:
    """Run a server in a thread on a free port; yield its base URL, stop it at the end."""
    sock = listen("127.0.0.1", 0)
    up = threading.Event()
    server = serve(packs, sessions, sock, up.set)
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
