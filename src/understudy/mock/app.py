"""The ASGI application: finds vendor and session in the path, calls Connexion's stack, and answers every refusal."""

from collections.abc import Mapping
from functools import partial

from connexion.exceptions import ProblemException
from connexion.middleware.routing import RoutingMiddleware
from connexion.middleware.security import SecurityMiddleware
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from understudy.errors import ContentError, Where
from understudy.mock.adapter import assemble, stage
from understudy.mock.answers import send_reply, wrong
from understudy.mock.problems import MEDIA_TYPE, problem
from understudy.mock.requests import RequestStage
from understudy.mock.security import SECURITY_MAP, basic, unauthorized
from understudy.mock.session import RuleHeader, Session
from understudy.mock.settings import Settings
from understudy.mock.terminal import ModelStage, nowhere
from understudy.mock.visit import KEY, RefusedError, Visit, refuse
from understudy.model.behaviour import Refusal
from understudy.model.call import Reply
from understudy.pack import Pack
from understudy.spec.document import Operation
from understudy.spec.rules import Part

DEFAULT = ""
"""The name of the session that is meant where the path names none."""


class VendorApp:
    """One vendor's pipeline: routing, security, request, model; every refusal becomes an answer here."""

    def __init__(self, pack: Pack) -> None:
        missing = sorted(set(pack.effective.operations) - set(pack.behaviour.operations))
        if missing:
            where = Where(pack.root / "mock" / f"{pack.vendor}.py")
            raise ContentError(
                f"no function plays {', '.join(missing)}", where=where, todo="add @behaviour.operation(...)"
            )
        self.pack = pack
        self._header = RuleHeader(pack)
        self._stack = assemble(
            pack.effective,
            [
                RoutingMiddleware,
                stage(self._arrive),
                SecurityMiddleware,
                stage(partial(RequestStage, pack)),
                stage(lambda next_app, operation_id: ModelStage(pack, self._header, operation_id)),
            ],
            nowhere(pack),
            SECURITY_MAP,
        )
        for operation in pack.effective.operations.values():  # compile now what would be compiled on a first request
            for status in operation.statuses:
                operation.response(status)

    def _arrive(self, next_app: ASGIApp, operation_id: str) -> ASGIApp:
        """Note the operation before security, so that its refusals know whose they are."""
        operation = self.pack.effective.operations[operation_id]

        async def arrive(scope: Scope, receive: Receive, send: Send) -> None:
            visit: Visit = scope[KEY]
            visit.operation = operation
            if not operation.security:
                visit.basic = basic(scope)
            await next_app(scope, receive, send)

        return arrive

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request of a session, which the scope's visit holds."""
        visit: Visit = scope[KEY]
        try:
            await self._stack(scope, receive, send)
        except RefusedError as error:
            await self._answer(visit, error.refusal, send)
        except ProblemException as error:  # before HTTPException, which some of them are too
            refused = unauthorized(visit, "no bearer token was sent") if error.status == 401 else None
            refusal = refused.refusal if refused else Refusal(error.status, error.detail or "refused")
            await self._answer(visit, refusal, send)
        except HTTPException:
            await self._answer(visit, self._misrouted(scope), send)

    def _misrouted(self, scope: Scope) -> Refusal:
        path = scope["path"]
        offered = {
            method: operation
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
            if (operation := self.pack.effective.find(method, path)) is not None
        }
        if not offered:
            return Refusal(404, f"no operation of {self.pack.vendor} has the path {path}")
        first: Operation = next(iter(offered.values()))
        return refuse(
            self.pack.rules,
            first,
            405,
            f"{scope['method']} is not offered here",
            broken=[(Part.ROUTING, operation.pointer) for operation in offered.values()],
            headers=(("Allow", ", ".join(offered)),),
        ).refusal

    async def _answer(self, visit: Visit, refusal: Refusal, send: Send) -> None:
        reply = self._reply(visit, refusal)
        if visit.operation is not None and refusal.status != 500:
            broken = wrong(visit.operation, reply, self.pack.rules)
            reply = self._reply(visit, broken) if broken else reply
        await send_reply(send, reply, self._header)

    def _reply(self, visit: Visit, refusal: Refusal) -> Reply:
        operation_id = visit.operation.operation_id if visit.operation else None
        media_type, body = self.pack.behaviour.refused(refusal, operation_id) or (MEDIA_TYPE, problem(refusal))
        return Reply(refusal.status, body, refusal.rules, refusal.headers, media_type)


class MockApp:
    """The whole server: `/<vendor>/...`, `/s/<session>/<vendor>/...`, and `/...` where there is one vendor only."""

    def __init__(self, packs: Mapping[str, Pack], sessions: Mapping[str, Settings]) -> None:
        """Make the vendors' pipelines and the named sessions; the one called '' is meant where the path names none."""
        self._vendors = {vendor: VendorApp(pack) for vendor, pack in packs.items()}
        self._sessions = {
            (name, vendor): Session(pack, settings)
            for name, settings in sessions.items()
            for vendor, pack in packs.items()
        }
        self._only = next(iter(packs)) if len(packs) == 1 else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve HTTP; lifespan events are answered, other protocols are not spoken."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        name, vendor, path = self._address(scope["path"])
        session = self._sessions.get((name, vendor)) if vendor is not None else None
        if vendor is None or session is None:
            await self._lost(name, send)
            return
        await self._vendors[vendor]({**scope, "path": path, "root_path": "", KEY: Visit(session)}, receive, send)

    def _address(self, path: str) -> tuple[str, str | None, str]:
        name = DEFAULT
        if path.startswith("/s/"):
            name, _, rest = path[3:].partition("/")
            path = "/" + rest
        first, slash, rest = path[1:].partition("/")
        if first in self._vendors:
            return name, first, "/" + rest
        return name, self._only, path

    async def _lost(self, name: str, send: Send) -> None:
        known = sorted({session for session, _ in self._sessions if session})
        what = (
            f"there is no session {name!r}; there are: {', '.join(known) or 'none'}"
            if name
            else "no vendor in the path"
        )
        refusal = Refusal(404, f"{what}; the vendors here: {', '.join(self._vendors)}")
        header = RuleHeader(next(iter(self._vendors.values())).pack)
        await send_reply(send, Reply(404, problem(refusal), media_type=MEDIA_TYPE), header)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
