"""Bodies on their way: what is kept of them for the judge, and the caller's as it comes in."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
from starlette.types import Receive

from understudy.serving import GoneError, disconnected

Headers = list[tuple[bytes, bytes]]
KEPT = 8 << 20
"""Bytes of a body that are kept to be judged; a call with a longer one is handed on, and that is all."""


CODINGS = frozenset({b"identity", b"gzip", b"deflate"})
"""Content codings that are read (RFC 9110, section 8.4.1)."""


class Copy:
    """What is kept of a body that passes."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.cut = False

    def add(self, piece: bytes) -> None:
        """Keep a piece, as long as the whole is not too long."""
        self.cut = self.cut or len(self.body) + len(piece) > KEPT
        if not self.cut:
            self.body += piece

    def decoded(self, headers: Headers) -> bytes | None:
        """Return the body without its Content-Encoding; None where it is too long, or in none that is read here."""
        named = [value for name, value in headers if name.lower() == b"content-encoding"]
        codings = {each.strip().lower() for value in named for each in value.split(b",")}
        if self.cut or codings - CODINGS:
            return None
        if not codings:
            return bytes(self.body)
        found = bytearray()
        try:
            for piece in httpx.Response(200, headers=headers, stream=_Pieces(bytes(self.body))).iter_bytes():
                found += piece
                if len(found) > KEPT:
                    return None
        except httpx.DecodingError:
            return None
        return bytes(found)


class _Pieces(httpx.SyncByteStream):
    """Bytes a little at a time, so that what was packed grows a little at a time."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self._content), 4096):
            yield self._content[start : start + 4096]


class Body(httpx.AsyncByteStream):
    """A request's body as it comes in."""

    def __init__(self, receive: Receive, copy: Copy) -> None:
        self._receive = receive
        self._copy = copy
        self.whole = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while not self.whole.is_set():
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise GoneError
            piece: bytes = message.get("body", b"")
            self._copy.add(piece)
            if not message.get("more_body"):
                self.whole.set()
            if piece:
                yield piece

    async def gone(self) -> None:
        """Return when the caller has gone, after its request was whole."""
        await self.whole.wait()
        await disconnected(self._receive)
