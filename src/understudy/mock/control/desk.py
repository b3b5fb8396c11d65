"""What the handlers of the control plane share: how they are registered, find things, and turn requests down."""

import time
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from http import HTTPStatus

from understudy.mock.problems import MEDIA_TYPE
from understudy.mock.session import Session
from understudy.mock.sessions import NoSessionError, Sessions, Universe, meant
from understudy.model.behaviour import Behaviour
from understudy.model.call import Call, Reply
from understudy.model.state import Transaction
from understudy.values import Json

Handler = Callable[[Call], Reply]

MANY = 12
"""How many names that could have been given are told in a sentence."""


class DeniedError(Exception):
    """Raised by a handler that turns a request down; `known` is what could have been named instead of `named`."""

    def __init__(self, status: int, detail: str, known: Iterable[str] | None = None, named: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.known = None if known is None else sorted(known)
        self.named = named

    def reply(self) -> Reply:
        """Return the problem details (RFC 9457)."""
        detail = str(self)
        if self.known is not None:
            told = self.known
            if len(told) > MANY:  # `known` has them all
                near = get_close_matches(self.named, told, MANY, 0.0)
                told = [*near, f"and {len(told) - MANY} others"]
            detail += f"; there {'are' if len(self.known) != 1 else 'is'}: {', '.join(told) or 'none'}"
        body: dict[str, Json] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": detail,
        }
        return Reply(self.status, body | ({} if self.known is None else {"known": self.known}), media_type=MEDIA_TYPE)


class Desk:
    """The way of the handlers to the sessions of a server."""

    def __init__(self, behaviour: Behaviour, sessions: Sessions) -> None:
        self.sessions = sessions
        self._behaviour = behaviour

    def answers(self, operation_id: str) -> Callable[[Handler], Handler]:
        """Register what answers an operation."""

        def register(handler: Handler) -> Handler:
            def operation(call: Call, state: Transaction) -> Reply:
                try:
                    return handler(call)
                except NoSessionError as error:
                    return DeniedError(409 if error.full else 404, str(error)).reply()
                except DeniedError as error:
                    return error.reply()

            self._behaviour.operation(operation_id)(operation)
            return handler

        return register

    def universe(self, call: Call) -> Universe:
        """Return the session that the path names; raises NoSessionError where there is none."""
        return _used(self.sessions.get(meant(str(call.path["session"]))))

    def opened(self, call: Call) -> Universe:
        """Return the session that the path names, made now if it is not there; raises NoSessionError."""
        return _used(self.sessions.open(meant(str(call.path["session"]))))

    def looked_at(self, call: Call) -> Universe:
        """Return the session that the path names, to look at it: looking makes none but those that have a template.

        Raises NoSessionError.
        """
        name = meant(str(call.path["session"]))
        return _used(self.sessions.open(name) if name in self.sessions.templates else self.sessions.get(name))

    def part(self, call: Call, *, to_look: bool = False) -> Session:
        """Return a vendor's part of a session, which is made now if it is not there, unless it is only `to_look`.

        Raises DeniedError and NoSessionError.
        """
        vendor = str(call.path["vendor"])
        if vendor not in self.sessions.packs:
            raise DeniedError(404, f"no vendor {vendor!r} is served", self.sessions.packs)
        universe = self.looked_at(call) if to_look else self.opened(call)
        return universe.part(self.sessions.packs[vendor])


def body_of(call: Call) -> dict[str, Json]:
    """Return the body of a call, which its document has as an object."""
    return call.body if isinstance(call.body, dict) else {}


def _used(universe: Universe) -> Universe:
    """Return a session that is not idle: whoever asks for it has a use for it."""
    universe.used = time.monotonic()
    return universe
