"""What the servers of our own share: a request, a response, how a fault stands before them, and the way to a socket."""

import asyncio
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, TypeAlias, TypeVar
from urllib.parse import parse_qsl, unquote

import uvicorn

Json: TypeAlias = Any


@dataclass
class Call:
    """A request: header names in lower case, the body as bytes, `who` is full or read once the credential is known."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    who: str = ""
    raw_path: str = ""
    query: list[tuple[str, str]] = field(default_factory=list)

    @property
    def segments(self) -> list[str]:
        """The segments of the path, decoded one by one."""
        return [unquote(each) for each in self.raw_path.split("/")[1:]]

    def asked(self, name: str) -> str | None:
        """Return a parameter of the query."""
        return dict(self.query).get(name)


@dataclass
class Answer:
    """A response; a body that is not bytes goes out as JSON. With status 0 the connection breaks instead."""

    status: int
    body: Json = b""
    headers: dict[str, str] = field(default_factory=dict)

    def raw(self) -> bytes:
        """Return the body's bytes."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Step: TypeAlias = Callable[[Call], Answer]
Fault: TypeAlias = Callable[["Served", Call, Step], Answer]


class Bad(Exception):  # noqa: N818 (it is an answer)
    """The request is refused with 400."""


Made = TypeVar("Made", bound="Served")


class Served:
    """A server of a vendor; faults and freedoms override a method, or stand before `respond` as `faults`.

    With `threaded` calls are answered at the same time, as by servers with workers.
    """

    threaded = False
    vendor: ClassVar[str]
    full: ClassVar[str]
    read: ClassVar[str]

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        self.seen: list[Call] = []
        self.delay = 0.0

    def respond(self, call: Call) -> Answer:
        """Answer as the document says."""
        raise NotImplementedError

    def serve(self, call: Call) -> Answer:
        """Answer a call, faults first."""
        self.seen.append(call)
        step: Step = self.respond
        for fault in reversed(self.faults):
            step = self._before(fault, step)
        return step(call)

    def _before(self, fault: Fault, step: Step) -> Step:
        return lambda call: fault(self, call, step)

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        """Serve as an ASGI application."""
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode("latin-1").lower(): _text(value) for name, value in scope["headers"]}
        raw_path = scope["raw_path"].decode("latin-1").partition("?")[0]
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        call = Call(scope["method"], scope["path"], headers, body, raw_path=raw_path, query=query)
        answer = await asyncio.to_thread(self.serve, call) if self.threaded else self.serve(call)
        if self.delay:
            await asyncio.sleep(self.delay)
        if not answer.status:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"Content-Length", b"9")]})
            with suppress(RuntimeError):  # for want of these bytes, at which uvicorn ends the connection
                await send({"type": "http.response.body"})
            return
        raw = answer.raw()
        kept = {"Content-Type": "application/json"} if not isinstance(answer.body, bytes) else {}
        pairs = [(name.encode(), value.encode("latin-1")) for name, value in {**kept, **answer.headers}.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": pairs})
        await send({"type": "http.response.body", "body": raw})


def mixes(plain: type[Made], *groups: tuple[type[Made] | Fault, ...]) -> dict[str, Callable[[], Made]]:
    """Return servers by name: one without freedoms, and one for each group that uses all of the group's."""
    named = {"+".join(each.__name__ for each in group): partial(_mixed, plain, group) for group in groups}
    return {"plain": plain, **named}


def _mixed(plain: type[Made], freedoms: tuple[type[Made] | Fault, ...]) -> Made:
    """Make a server that uses several freedoms; two that override the same would hide one another."""
    classes = tuple(each for each in freedoms if isinstance(each, type)) or (plain,)
    overridden = [name for each in classes for name in vars(each) if name == "__init__" or not name.startswith("__")]
    assert len(overridden) == len(set(overridden)), (freedoms, overridden)
    mixed: type[Made] = type("Mixed", classes, {})
    return mixed(*(each for each in freedoms if not isinstance(each, type)))


def _text(raw: bytes) -> str:
    try:
        return raw.strip(b" \t").decode()
    except UnicodeDecodeError:
        return raw.strip(b" \t").decode("latin-1")


def parsed(body: bytes) -> Json:
    """Return what a body holds, with NaN as Python's own parser has it; raises Bad where it is no JSON."""
    try:
        return json.loads(body.decode())
    except (ValueError, RecursionError) as error:
        raise Bad("not JSON") from error


def media_type(call: Call) -> str:
    """Return the media type of a body, without its parameters."""
    return call.headers.get("content-type", "").partition(";")[0].strip().lower()


def _end(until: threading.Event, server: uvicorn.Server, sock: socket.socket) -> None:
    until.wait()
    server.should_exit = server.force_exit = True
    sock.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


@contextmanager
def running(served: Served, until: threading.Event | None = None) -> Iterator[str]:
    """Serve in a thread on a free port, no longer than until the event; yield the base URL."""
    config = uvicorn.Config(served, port=0, lifespan="off", log_level="critical", access_log=False)
    sock = config.bind_socket()
    server = _Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    server.up.wait(10)
    if until is not None:
        threading.Thread(target=_end, args=(until, server, sock), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        sock.close()
