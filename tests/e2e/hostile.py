"""Servers that do what no target should, on bare sockets: whatever a stream can carry, or not carry."""

import asyncio
import re
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias

Writer: TypeAlias = asyncio.StreamWriter
Answer: TypeAlias = Callable[[Writer], Awaitable[None]]
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
PIECE = b"x" * 65536


def answering(status: str, body: bytes = b"", *headers: str) -> Answer:
    """Return what answers every request alike."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]

    async def answer(writer: Writer) -> None:
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return answer


async def garbage(writer: Writer) -> None:
    """Answer with bytes that are no HTTP."""
    writer.write(bytes(range(256)) * 4)
    writer.close()


async def reset(writer: Writer) -> None:
    """Reset the connection (RST) in the place of an answer."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def hang(writer: Writer) -> None:
    """Answer nothing, and keep the connection."""
    await asyncio.sleep(3600)


def without_an_end(beginning: bytes, piece: bytes) -> Answer:
    """Return what answers with a beginning, and then with one piece after the other."""

    async def answer(writer: Writer) -> None:
        writer.write(beginning)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.05)

    return answer


drip = without_an_end(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n", b" ")
early_hints = without_an_end(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
long_head = without_an_end(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x")


def huge(size: int) -> Answer:
    """Return what answers with so many bytes that pass for JSON at the beginning."""

    async def answer(writer: Writer) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n[".encode())
        for _ in range(size // len(PIECE)):
            writer.write(PIECE)
            await writer.drain()

    return answer


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """Serve on a free port in a thread; yield the base URL."""
    loop = asyncio.new_event_loop()
    writers: list[Writer] = []

    async def connected(reader: asyncio.StreamReader, writer: Writer) -> None:
        writers.append(writer)
        with suppress(OSError, asyncio.IncompleteReadError):  # whoever is judged so hangs up when it has seen enough
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                await reader.readexactly(int(length[1]) if length else 0)
                await answer(writer)
                await writer.drain()
        writer.close()

    async def ended() -> None:
        """Leave no connection behind for the garbage collector to find, in whatever test that may be."""
        server.close()
        for writer in writers:
            writer.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)

    server = loop.run_until_complete(asyncio.start_server(connected, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(ended(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
