"""The application: a call goes to the target as it came, and its answer back as it came, piece by piece.

What concerns one connection alone (RFC 9110, section 7.6.1) is not handed on, Host names the target, and the names of
headers, which have no case, are in lower case.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx
from starlette.types import Message, Receive, Scope, Send

from understudy.contract.evidence import Evidence
from understudy.har import Recorded
from understudy.proxy.bodies import Body, Copy, Headers
from understudy.proxy.listener import Listener
from understudy.proxy.mark import UNJUDGED
from understudy.redaction import Redaction
from understudy.serving import TRANSPORT, GoneError, disconnected

CONNECT = 10.0
"""Seconds that the target may take to accept a connection."""
IDLE = 1.0
"""Seconds that a connection to the target is kept for a next call: less than servers keep theirs."""
LINGER = 5.0
"""Seconds that an answer is still read for the judge's sake when its caller has gone."""
LAST_STATUS = 599
"""The last status that HTTP knows (RFC 9110, section 15)."""
OUTCOME = b"understudy-outcome"
"""The header that marks an answer."""
_OF_THE_CONNECTION = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=IDLE)


class Forwarder:
    """Hands calls on to a target, and tells a listener, and whoever records, of each."""

    def __init__(
        self,
        to: str,
        listener: Listener,
        redaction: Redaction,
        *,
        timeout: float,
        record: Callable[[Recorded], None] | None = None,
        mark: Callable[[Iterable[Evidence]], str] | None = None,
    ) -> None:
        """`to` is the target's base URL, `timeout` the seconds that it may take to begin an answer.

        `mark` says what an answer's header is to say of what was found; answers are held until they are whole then.
        """
        parts = urlsplit(to)
        self.to = to
        self.timeout = timeout
        self.mark = mark
        self.unread = 0
        """How many calls had a body that is too long to be judged, or cannot be decoded."""
        self.unanswered = 0
        """How many calls got no answer from the target, or none that was whole."""
        self.left = 0
        """How many callers left before that."""
        self._base = httpx.URL(to)
        self._origin, self._path = f"{parts.scheme}://{parts.netloc}", parts.path.encode()
        self._listener = listener
        self._redaction = redaction
        self._record = record
        self._transport: httpx.AsyncHTTPTransport

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call, or hear of start and end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        ticket = await self._listener.begun()
        passage = Passage(self, scope, receive, send, partial(self._listener.answered, ticket))
        try:
            await passage.through(self._transport)
        finally:
            call = self._recorded(passage)
            self.unread += call is None
            self.left += passage.left
            self.unanswered += passage.status == 0 and not passage.left
            jobs = self._listener.ended(ticket, call)
        if passage.held:
            await passage.release(UNJUDGED if call is None else await self._marked(jobs))

    async def _marked(self, jobs: Iterable[Future[list[Evidence]]]) -> str:
        """Return what an answer's mark says; a defect of the judge's, of which the listener tells, costs no answer."""
        try:
            found = [piece for job in jobs for piece in await asyncio.wrap_future(job)]
        except Exception:  # noqa: BLE001 (whatever it is)
            return UNJUDGED
        return self.mark(found) if self.mark is not None else UNJUDGED

    async def _live(self, receive: Receive, send: Send) -> None:
        """Keep connections to the target from start to end; there are none before."""
        await receive()
        async with httpx.AsyncHTTPTransport(limits=_LIMITS) as self._transport:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    def request(self, scope: Scope, body: httpx.AsyncByteStream, timeout: dict[str, float | None]) -> httpx.Request:
        """Return what the target is sent for a call."""
        query: bytes = scope["query_string"]
        target = self._path + scope["raw_path"] + (b"?" + query if query else b"")
        headers = list(_handed_on(scope["headers"], b"host"))
        if any(name == b"transfer-encoding" for name, _ in scope["headers"]):
            headers = [each for each in headers if each[0] != b"content-length"]
            headers.append((b"transfer-encoding", b"chunked"))
        return httpx.Request(
            scope["method"],
            self._base,
            headers=[(b"host", self._base.netloc), *headers],
            stream=body,
            extensions={"target": target, "timeout": timeout},
        )

    def _recorded(self, passage: "Passage") -> Recorded | None:
        """Return a call that is over without its secrets, and have it recorded; None where a body cannot be read."""
        scope, redaction = passage.scope, self._redaction
        body, answer = passage.sent.decoded(scope["headers"]), passage.got.decoded(passage.headers)
        if body is None or answer is None:
            return None
        query = redaction.query(scope["query_string"].decode("latin-1"))
        path = (self._path + scope["raw_path"]).decode("latin-1")
        call = Recorded(
            scope["method"],
            f"{self._origin}{path}{'?' if query else ''}{query}",
            redaction.raw_headers(scope["headers"]),
            redaction.body(body),
            passage.status,
            redaction.raw_headers(passage.headers),
            redaction.body(answer),
            passage.began,
            passage.seconds if passage.status else time.monotonic() - passage.clock,
            passage.failure,
        )
        if self._record is not None:
            self._record(call)
        return call


class Passage:
    """One call on its way: `status` is that of the target's answer, 0 until it is there, and where it is not whole."""

    def __init__(
        self, forwarder: Forwarder, scope: Scope, receive: Receive, send: Send, answered: Callable[[], None]
    ) -> None:
        """`answered` is called when the target begins to answer."""
        self.began, self.clock = datetime.now(UTC), time.monotonic()
        self.seconds = 0.0
        """How long it took, up to the last piece of the answer: before its caller has that."""
        self.scope = scope
        self.status = 0
        self.headers: Headers = []
        self.sent, self.got = Copy(), Copy()
        self.failure = ""
        self.left = False
        """Whether the caller has left before the answer was whole."""
        self.held: list[Message] = []
        """The answer, where it waits to be marked."""
        self._forwarder = forwarder
        self._on_answer = answered
        self._receive = receive
        self._body = Body(receive, self.sent)
        self._send = send
        self._holding = forwarder.mark is not None

    async def through(self, transport: httpx.AsyncHTTPTransport) -> None:
        """Send the request and hand on the answer; without one, or where it breaks off, say so in `failure`."""
        answering = asyncio.create_task(self._answered(transport))
        leaving = asyncio.create_task(self._body.gone())
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                await asyncio.wait({answering}, timeout=LINGER)
            if answering.done():
                answering.result()
            else:
                self.status, self.failure, self.left = 0, "the caller has gone before the answer was whole", True
        finally:
            for task in (answering, leaving):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def release(self, outcome: str) -> None:
        """Send the answer that waited, marked."""
        messages, self.held = self.held, []
        messages[0]["headers"] = [*messages[0]["headers"], (OUTCOME, outcome.encode("ascii"))]
        for message in messages:
            await self._send(message)

    async def _answered(self, transport: httpx.AsyncHTTPTransport) -> None:
        timeout: dict[str, float | None] = {"connect": CONNECT, "read": self._forwarder.timeout}
        try:
            response = await transport.handle_async_request(self._forwarder.request(self.scope, self._body, timeout))
        except GoneError:
            self.failure, self.left = "the caller has gone before the request was whole", True
            return
        except httpx.TransportError as error:
            await self._unreached(error)
            return
        self._on_answer()
        timeout["read"] = None  # an answer that has begun may take its time
        try:
            await self._hand_back(response)
        except httpx.TransportError as error:
            self.status, self.failure = 0, f"the target breaks its answer off: {_reason(error)}"
            await self._break_off()
        finally:
            await response.aclose()

    async def _hand_back(self, response: httpx.Response) -> None:
        self.headers, status = list(response.headers.raw), response.status_code
        if status > LAST_STATUS:
            self.status = status
            await self._answer(HTTPStatus.BAD_GATEWAY, f"{self._forwarder.to} answers {status}, which is no status")
            return
        headers = list(_handed_on(self.headers))
        await self._pass_on({"type": "http.response.start", "status": status, "headers": headers})
        assert isinstance(response.stream, httpx.AsyncByteStream)
        async for piece in response.stream:
            self.got.add(piece)
            await self._pass_on({"type": "http.response.body", "body": piece, "more_body": True})
        self.status = status
        await self._pass_on({"type": "http.response.body"})

    async def _pass_on(self, message: Message) -> None:
        """Send a message, or hold it until the answer is marked; one that grows too long is not held any more."""
        if message.get("body") or message["type"] == "http.response.start":
            self.seconds = time.monotonic() - self.clock
        if not self._holding:
            await self._send(message)
            return
        self.held.append(message)
        if self.got.cut:
            self._holding = False
            await self.release(UNJUDGED)

    async def _unreached(self, error: httpx.TransportError) -> None:
        """Answer in the target's place that it does not."""
        if isinstance(error, httpx.ReadTimeout):
            reason = f"{self._forwarder.to} does not answer within {self._forwarder.timeout:g} s"
            await self._answer(HTTPStatus.GATEWAY_TIMEOUT, reason)
        else:
            await self._answer(HTTPStatus.BAD_GATEWAY, f"{self._forwarder.to} cannot be reached: {_reason(error)}")

    async def _answer(self, status: HTTPStatus, failure: str) -> None:
        """Answer by ourselves, with problem details."""
        self.failure = f"understudy proxy: {failure}"
        problem = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": self.failure}
        content = json.dumps(problem).encode("ascii")
        headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(content)).encode())]
        await self._send({"type": "http.response.start", "status": status.value, "headers": headers})
        await self._send({"type": "http.response.body", "body": content})

    async def _break_off(self) -> None:
        """Break off the answer as the target did."""
        self.held.clear()
        transport: asyncio.Transport | None = self.scope.get(TRANSPORT)
        if transport is not None:
            transport.close()
        await disconnected(self._receive)


def _handed_on(headers: Headers, *others: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the headers that do not concern the connection alone, without some others."""
    named = {
        token.strip().lower() for name, value in headers if name.lower() == b"connection" for token in value.split(b",")
    }
    left_out = _OF_THE_CONNECTION | named | frozenset(others)
    return ((name, value) for name, value in headers if name.lower() not in left_out)


def _reason(error: httpx.TransportError) -> str:
    return str(error) or type(error).__name__
