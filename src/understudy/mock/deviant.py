"""Playing a deviation: what must be refused is taken, and answers go out past the mock's own check of them."""

from dataclasses import replace
from traceback import extract_tb
from urllib.parse import parse_qsl

import orjson
from starlette.types import Message, Receive, Scope

from understudy.mock.session import Session
from understudy.mock.visit import Visit
from understudy.model.behaviour import Operation
from understudy.model.call import ABSENT, Absent, Call, Reply
from understudy.model.deviation import Deviation
from understudy.model.state import Transaction
from understudy.spec.wire import content_type, header_text
from understudy.values import Json

HEADER = "Understudy-Deviation"
"""Bears the name of what is played, on every answer of its session."""


class Kept:
    """A request's body as ASGI gives it, kept so that it can be received again."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._messages: list[Message] = []
        self._next = 0

    async def __call__(self) -> Message:
        """Return the next message."""
        if self._next == len(self._messages):
            self._messages.append(await self._receive())
        self._next += 1
        return self._messages[self._next - 1]

    async def again(self) -> bytes:
        """Return the whole body, and begin anew."""
        self._next = 0
        more = True
        while more:
            message = await self()
            more = message["type"] == "http.request" and message.get("more_body", False)
        self._next = 0
        return b"".join(message.get("body", b"") for message in self._messages)


async def prepare(visit: Visit, scope: Scope, receive: Kept, *, security: bool) -> None:
    """Fill in what the stage that refused the request would have: the caller's scopes, or the request's values.

    Values are read as far as they can be read; nothing is checked any more.
    """
    visit.raw = body = await receive.again()
    if security:
        visit.scopes = visit.scopes or frozenset(visit.session.pack.behaviour.full)
        return
    operation = visit.operation
    assert operation is not None
    headers = {key.decode("latin-1").lower(): header_text(value) for key, value in reversed(scope["headers"])}
    query = dict(reversed(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)))
    for parameter in operation.parameters:
        if parameter.location == "header" and parameter.name.lower() in headers:
            visit.header = {**visit.header, parameter.name: parameter.reader.value(headers[parameter.name.lower()])}
        elif parameter.location == "query" and parameter.name in query:
            visit.query = {**visit.query, parameter.name: parameter.reader.value(query[parameter.name])}
    if operation.body_pointer is not None and visit.body is ABSENT:
        visit.media_type = content_type(headers.get("content-type", ""))[0]
        visit.body = _read(body)


def _read(body: bytes) -> Json | Absent:
    try:
        return orjson.loads(body) if body else ABSENT
    except ValueError:
        return body.decode("utf-8", "replace")


def played(session: Session, call: Call, state: Transaction, operation: Operation) -> Reply:
    """Return the reply that the deviation makes of a call.

    What the model cannot play, since a request was taken that it never meets, is answered as the last one was that it
    could: a server that takes what it should not says so by its status.
    """
    deviation = session.deviation
    assert deviation is not None
    try:
        reply = deviation.played(call, state, operation)
    except Exception as error:
        if _own(deviation, error):
            raise
        state.forget()  # the model is not made for requests that break the document
        reply = session.taken.get(call.operation_id, Reply(200))
    else:
        if reply.accepted:
            session.taken[call.operation_id] = reply
    return sent(session, reply, call.operation_id)


def _own(deviation: Deviation, error: Exception) -> bool:
    """Whether an error is a mistake of the deviation's own function, and not of the model that it calls."""
    code = getattr(deviation.play, "__code__", None)
    return code is not None and extract_tb(error.__traceback__)[-1].filename == code.co_filename


def sent(session: Session, reply: Reply, operation_id: str | None) -> Reply:
    """Return a reply as the deviation sends it, with its name."""
    deviation = session.deviation
    assert deviation is not None
    other = deviation.sent(reply, operation_id)
    return replace(other, headers=(*other.headers, (HEADER, deviation.name)))
