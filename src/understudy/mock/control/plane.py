"""The control plane as an application: its own document, served by the same pipeline as a vendor's."""

import copy
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from understudy import __version__
from understudy.mock.app import CONTROL, VendorApp
from understudy.mock.control import calls, metrics, records, settings, universes
from understudy.mock.control.desk import DeniedError, Desk
from understudy.mock.problems import MEDIA_TYPE
from understudy.mock.session import Session
from understudy.mock.sessions import Sessions
from understudy.mock.settings import MEBIBYTE, Settings
from understudy.mock.visit import KEY, Visit
from understudy.model.behaviour import Behaviour
from understudy.model.call import Call, Reply
from understudy.model.seed import Seed
from understudy.pack import Pack
from understudy.spec.document import Document
from understudy.spec.rules import Rules
from understudy.spec.source import read

DOCUMENT = Path(__file__).with_name("openapi.yaml")
MAX_BODY = 16 * MEBIBYTE
"""Bytes that a request may have: a state is larger than a vendor's call."""


@dataclass(frozen=True)
class ControlPack(Pack):
    """The control plane's document and handlers in the form of a pack: it has no rules, and no other files."""

    made: Behaviour = field(kw_only=True)
    closed: bool = field(kw_only=True)
    served: tuple[str, ...] = field(kw_only=True)

    @cached_property
    def effective(self) -> Document:
        """The document, with a vendor that is served for an example; without an admin token nothing is secured."""
        value = copy.deepcopy(read(DOCUMENT).value)
        value["components"]["parameters"]["vendor"]["example"] = next(iter(self.served), "none")
        if not self.closed:
            del value["security"]
        self._check(value)
        return Document(value)

    @cached_property
    def rules(self) -> Rules:
        """No rules."""
        return Rules(read(DOCUMENT), [])

    @cached_property
    def behaviour(self) -> Behaviour:
        """The handlers."""
        return self.made

    @cached_property
    def seed(self) -> Seed | None:
        """No seed data."""
        return None


class ControlPlane:
    """Serves the paths below `/_understudy`, to whoever has the admin token, if there is one."""

    def __init__(self, sessions: Sessions, admin_token: str | None = None) -> None:
        behaviour = Behaviour(full=(), restricted=())
        pack = ControlPack(
            "control plane",
            DOCUMENT.parent,
            made=behaviour,
            closed=admin_token is not None,
            served=tuple(sessions.packs),
        )
        desk = Desk(behaviour, sessions)
        for part in (universes, records, calls, settings, metrics):
            part.add(desk)
        _add_status(desk, pack)
        self._pack = pack
        self._app = VendorApp(pack)
        self._session = Session(pack, Settings(seed=secrets.randbits(64), max_body=MAX_BODY))
        self._session.keyring.ready = {admin_token: frozenset()} if admin_token is not None else {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        target = path[len(CONTROL) - 1 :]
        denied = self._unread(scope["method"], target, scope["query_string"])
        if denied is not None:
            reply = denied.reply()
            await JSONResponse(reply.body, reply.status, media_type=MEDIA_TYPE)(scope, receive, send)
            return
        scope[KEY] = Visit(self._session, scope["method"], target)
        await self._app(scope, receive, send)

    def _unread(self, method: str, target: str, query: bytes) -> DeniedError | None:
        """Return what is told of a parameter that an operation with others does not have: a filter that filters not."""
        operation = self._pack.effective.find(method, target)
        named = [each.name for each in operation.parameters if each.location == "query"] if operation else []
        sent = [name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True)]
        unknown = next((name for name in sent if named and name not in named), None)
        return None if unknown is None else DeniedError(400, f"query: there is no parameter {unknown!r}", named)


def control_plane(sessions: Sessions, admin_token: str | None = None) -> ASGIApp:
    """Return the control plane of a server's sessions."""
    return ControlPlane(sessions, admin_token)


def _add_status(desk: Desk, pack: ControlPack) -> None:
    @desk.answers("health")
    def health(call: Call) -> Reply:
        return Reply(200, {"status": "ok"})

    @desk.answers("ready")
    def ready(call: Call) -> Reply:
        return Reply(200, {"status": "ok"})  # all is compiled before the first connection is taken

    @desk.answers("version")
    def version(call: Call) -> Reply:
        return Reply(200, {"version": __version__, "vendors": list(desk.sessions.packs)})

    @desk.answers("describe")
    def describe(call: Call) -> Reply:
        return Reply(200, pack.effective.value)
