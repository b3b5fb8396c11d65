"""The connections to a target: a request goes out as it is, an answer comes in up to a bound.

Redirects are not followed and cookies not sent back: what is sent is what the judge knows of, and what a report shows.
"""

import ssl
import time
from collections.abc import Callable
from functools import cache
from threading import local
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpcore
import httpx

from understudy import __version__
from understudy.contract.exchange import Request, Response
from understudy.contract.throttle import OverError
from understudy.errors import TargetError

TIMEOUT = 10.0
"""Seconds that a target may take to connect, or between two pieces of an answer."""
LONGEST = 30.0
"""Seconds that one whole answer may take, its head as well."""
MAX_ANSWER = 8 * 1024 * 1024
"""Bytes that are read of an answer's body."""
BODILESS = frozenset({204, 304})
"""Statuses whose answers have no body (RFC 9110, section 6.4.1)."""
_OWN = {
    b"accept": b"*/*",
    b"accept-encoding": b"gzip, deflate",
    b"user-agent": f"understudy/{__version__}".encode("ascii"),
}
"""Headers that go with each request that has no others of that name."""


class _Deadline(local):
    """When the exchange of this thread has to be over, by the clock of `time.perf_counter`."""

    at = float("inf")

    def within(self, timeout: float | None) -> float:
        """Return the seconds that one more piece may take; raises httpcore.ReadTimeout where there are none."""
        left = self.at - time.perf_counter()
        if left <= 0:
            raise httpcore.ReadTimeout("the answer does not end")
        return left if timeout is None else min(timeout, left)


_DEADLINE = _Deadline()


class _Stream(httpcore.NetworkStream):
    """A connection that is read no longer than the deadline, though each piece comes in time."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _DEADLINE.within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(*args, **kwargs))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    """Opens such connections."""

    def connect_tcp(self, host: str, port: int, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        return _Stream(super().connect_tcp(host, port, *args, **kwargs))


@cache
def _tls() -> ssl.SSLContext:
    """Return one context for all: to read the certificates of all authorities takes as long as ten requests."""
    return httpx.create_ssl_context(trust_env=False)


def _transport() -> httpx.HTTPTransport:
    transport = httpx.HTTPTransport(verify=_tls(), trust_env=False)
    transport._pool._network_backend = _Backend()  # httpx hands none on
    return transport


class Connections:
    """Sends requests, from many threads if wanted; whoever sends one alone may have them renewed first."""

    def __init__(self) -> None:
        self._transport = _transport()
        self._spoilt = False

    def close(self) -> None:
        """Close them."""
        self._transport.close()

    def renew(self) -> None:
        """Make new ones, where what an answer has left behind would be taken for the next one."""
        if self._spoilt:
            self._transport.close()
            self._transport, self._spoilt = _transport(), False

    def spoil(self) -> None:
        """Have them renewed before the next request."""
        self._spoilt = True

    def send(self, request: Request, left: Callable[[], float]) -> Response:
        """Return the answer to a request; `left` tells how many seconds there are, or raises OverError.

        Raises OverError where the time is up before the target has had its own, and TargetError where it gives no
        answer.
        """
        started = time.perf_counter()
        there = left()
        timeout = min(TIMEOUT, there)
        _DEADLINE.at = started + min(LONGEST, there)
        try:
            answer = self._transport.handle_request(_wired(request, timeout))
            try:
                response = self._read(answer, request, started, left)
            finally:
                answer.close()
        except (httpx.TransportError, httpx.InvalidURL, httpx.DecodingError) as error:
            late, past = isinstance(error, httpx.TimeoutException), time.perf_counter() >= _DEADLINE.at
            if late and (timeout < TIMEOUT or (past and there < LONGEST)):
                raise OverError("the budget ended before an answer came") from error
            if late and past:
                raise _endless(request) from error
            raise _unreached(request, error) from error
        if response.status in BODILESS and _has_body(answer):
            self._spoilt = True
        return response

    @staticmethod
    def _read(answer: httpx.Response, request: Request, started: float, left: Callable[[], float]) -> Response:
        """Return the answer, read up to a length, and for so long."""
        body = bytearray()
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > MAX_ANSWER:
                break
            left()
            if time.perf_counter() - started > LONGEST:
                raise _endless(request)
        headers = tuple((key.decode("latin-1"), value.decode("latin-1")) for key, value in answer.headers.raw)
        return Response(answer.status_code, headers, bytes(body[:MAX_ANSWER]), cut=len(body) > MAX_ANSWER)


def _wired(request: Request, timeout: float) -> httpx.Request:
    headers = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in request.headers]
    given = {key.lower() for key, _ in headers}
    own = [(key, value) for key, value in _OWN.items() if key not in given]
    seconds = dict.fromkeys(("connect", "read", "write", "pool"), timeout)
    return httpx.Request(
        request.method, request.url, headers=own + headers, content=request.body, extensions={"timeout": seconds}
    )


def _host(request: Request) -> str:
    return urlunsplit(urlsplit(request.url)._replace(path="", query=""))


class UnreadableError(TargetError):
    """An answer comes, and cannot be read: it does not end, or is not in the coding that it names."""


def _endless(request: Request) -> UnreadableError:
    return UnreadableError(
        f"{_host(request)} does not end its answer within {LONGEST:g} s", todo="look at it with curl"
    )


class SilentError(TargetError):
    """A connection is there, and no answer comes by it, or none that is HTTP and whole."""


def _unreached(request: Request, error: Exception) -> TargetError:
    """Return what a user is told of a request without an answer: what the target does, as far as it shows."""
    host, detail = _host(request), str(error) or type(error).__name__
    look = "look at it with curl"
    if isinstance(error, httpx.DecodingError):
        return UnreadableError(f"{request.url} answers what cannot be decoded: {detail}", todo=look)
    if isinstance(error, httpx.ReadTimeout):
        return SilentError(f"{host} takes connections and does not answer within {TIMEOUT:g} s", todo=look)
    if isinstance(error, httpx.ReadError | httpx.WriteError):
        return SilentError(f"{host} breaks the connection off before an answer is there: {detail}", todo=look)
    if isinstance(error, httpx.RemoteProtocolError):
        return SilentError(f"{host} does not answer in HTTP, or not to the end: {detail}", todo=look)
    return TargetError(f"cannot reach {host}: {detail}", todo="check that it runs and that the base URL is right")


def _has_body(response: httpx.Response) -> bool:
    """Whether the head says that a body follows, of a status that has none."""
    return response.headers.get("content-length", "0") != "0" or "transfer-encoding" in response.headers
