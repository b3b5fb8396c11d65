"""Plays the faults of the connection: what is sent is broken on its way, or nothing is sent at all."""

import asyncio
import socket
import struct

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from understudy.mock.answers import BODILESS
from understudy.mock.faults import Fault
from understudy.serving import TRANSPORT, disconnected

HEADLESS = {"cut": b"HTTP/1.1 20", "malformed-chunk": b"understudy\r\nno head\r\n\r\n"}
"""What is sent of an answer that has no body to break."""


async def silent(fault: Fault, scope: Scope, receive: Receive) -> None:
    """End the connection without an answer, by FIN or by RST."""
    transport: asyncio.Transport | None = scope.get(TRANSPORT)
    if transport is not None:
        if fault.kind == "reset":
            sock = transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # no FIN, but RST
            transport.abort()
        else:
            transport.close()
    await disconnected(receive)


async def broken(fault: Fault, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Have the call answered, and send the answer broken as the fault has it."""
    messages: list[Message] = []

    async def kept(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, kept)
    if not messages:
        return  # the client has left before its request was complete
    start = messages[0]
    body = b"".join(message.get("body", b"") for message in messages[1:])
    transport: asyncio.Transport | None = scope.get(TRANSPORT)
    if fault.kind == "empty":
        await _sent(send, start, b"")
    elif fault.kind == "truncated-json":
        await _sent(send, start, body[: len(body) // 2])
    elif fault.kind == "dribble":
        await _dribbled(send, start, body, fault.seconds)
    else:
        if start["status"] in BODILESS or scope["method"] == "HEAD":
            if transport is not None:
                transport.write(HEADLESS[fault.kind])
        elif fault.kind == "cut":
            await send(start)
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        else:
            headers = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
            await send({**start, "headers": headers})
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            if transport is not None:
                transport.write(b"understudy\r\nno chunk\r\n")
        if transport is not None:
            transport.close()
        await disconnected(receive)


async def _sent(send: Send, start: Message, body: bytes) -> None:
    headers = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
    await send({**start, "headers": [*headers, (b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


async def _dribbled(send: Send, start: Message, body: bytes, seconds: float) -> None:
    await send(start)
    for number in range(len(body)):
        await send({"type": "http.response.body", "body": body[number : number + 1], "more_body": True})
        await asyncio.sleep(seconds)
    await send({"type": "http.response.body", "body": b""})
