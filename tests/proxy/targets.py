"""Targets that answer what a test has written down, over plain sockets: nothing between the bytes and the test."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from understudy.serving import listen, url_of

Conversation: TypeAlias = Callable[[socket.socket], None]

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@contextmanager
def target(conversation: Conversation) -> Iterator[str]:
    """Have each connection talked to, each in a thread of its own; yield the base URL."""
    with listen("127.0.0.1", 0) as sock:

        def talk(connection: socket.socket) -> None:
            with connection:
                connection.settimeout(20)
                conversation(connection)

        def accept() -> None:
            while True:
                try:
                    connection, _ = sock.accept()
                except OSError:
                    return
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield url_of(sock)
        finally:
            sock.shutdown(socket.SHUT_RDWR)


def received(connection: socket.socket, end: bytes = b"\r\n\r\n") -> bytes:
    """Return what comes in until it ends with some bytes, or the other side has nothing more to say."""
    found = b""
    while not found.endswith(end):
        piece = connection.recv(65536)
        if not piece:
            break
        found += piece
    return found
