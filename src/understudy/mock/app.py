"""The ASGI application: finds vendor and session in the path, calls Connexion's stack, and answers every refusal."""

import asyncio
import sys
import traceback
from collections.abc import Mapping
from time import monotonic
from urllib.parse import unquote

from connexion.exceptions import ProblemException
from starlette.types import ASGIApp, Receive, Scope, Send

from understudy.errors import ContentError, UsageError, Where, told
from understudy.mock import breaking, deviant
from understudy.mock.adapter import LeanSecurityMiddleware, RoutingMiddleware, assemble, stage
from understudy.mock.answers import NO_RULE, Answer, RuleHeader, rendered, send_answer, unanswered, wrong
from understudy.mock.faults import Fault, Way
from understudy.mock.problems import MEDIA_TYPE
from understudy.mock.requests import RequestStage
from understudy.mock.security import SECURITY_MAP, authorization, basic, unauthorized
from understudy.mock.session import Session
from understudy.mock.sessions import DEFAULT, NoSessionError, Sessions, meant
from understudy.mock.terminal import ModelStage, nowhere
from understudy.mock.visit import KEY, NoRouteError, RefusedError, Visit, refuse
from understudy.model.behaviour import Refusal
from understudy.model.call import ABSENT, Reply
from understudy.pack import Pack
from understudy.serving import GoneError
from understudy.spec.rules import Part

CONTROL = "/_understudy/"
"""What the paths of the control plane begin with."""


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
        self.middlewares: list[type] = [
            RoutingMiddleware,
            stage(self._arrive),
            LeanSecurityMiddleware,
            stage(self._request),
            stage(self._model),
        ]
        self._requests: dict[str, RequestStage] = {}
        self._models: dict[str, ASGIApp] = {}
        self._stack = assemble(pack.effective, self.middlewares, nowhere, SECURITY_MAP)
        for operation in pack.effective.operations.values():  # compile now what would be compiled on a first request
            for status in operation.statuses:
                operation.response(status)

    def _request(self, next_app: ASGIApp, operation_id: str) -> ASGIApp:
        return self._requests.setdefault(operation_id, RequestStage(self.pack, next_app, operation_id))

    def _model(self, next_app: ASGIApp, operation_id: str) -> ASGIApp:
        return self._models.setdefault(operation_id, ModelStage(self.pack, self._header, operation_id))

    def _arrive(self, next_app: ASGIApp, operation_id: str) -> ASGIApp:
        """Note the operation before security, so that its refusals know whose they are."""
        operation = self.pack.effective.operations[operation_id]
        is_open = not operation.is_closed

        async def arrive(scope: Scope, receive: Receive, send: Send) -> None:
            visit: Visit = scope[KEY]
            visit.operation = operation
            if is_open:
                visit.basic = basic(scope)
            await next_app(scope, receive, send)

        return arrive

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request of a session, which the scope's visit holds."""
        visit: Visit = scope[KEY]
        if visit.session.faults:
            await self._faulty(scope, deviant.Kept(receive), send)
            return
        if visit.session.deviation is not None:
            receive = deviant.Kept(receive)
        await self._through(self._stack, scope, receive, send)

    async def _faulty(self, scope: Scope, receive: deviant.Kept, send: Send) -> None:
        """Serve a request that may meet a fault."""
        visit: Visit = scope[KEY]
        visit.operation = self.pack.effective.find(visit.method, visit.target)
        identifiers = await self._identifiers(visit, scope, receive)
        met = visit.session.faults.met(self.pack.vendor, visit.operation_id, identifiers)
        visit.fault = ", ".join(each.name for each in met)
        for latency in (each for each in met if each.way is Way.LATER):
            await asyncio.sleep(latency.delay.drawn(visit.session.faults.random))
        fault = next((each for each in met if each.way is not Way.LATER), None)
        if fault is None:
            await self._through(self._stack, scope, receive, send)
        elif fault.way is Way.SILENT:
            self._note(visit, Reply(0), unanswered)
            await breaking.silent(fault, scope, receive)
        elif fault.way is Way.BROKEN:
            await breaking.broken(fault, self._answering, scope, receive, send)
        else:
            await self._instead(fault, scope, send)

    async def _identifiers(self, visit: Visit, scope: Scope, receive: deviant.Kept) -> tuple[str, ...]:
        """Return the identifiers that a request names; the stages find the visit as it was."""
        if visit.operation is None:
            return ()
        read = Visit(visit.session, visit.method, visit.target)
        read.operation = visit.operation
        read.path = (self.pack.effective.paths.match(visit.target) or ("", {}))[1]
        await deviant.prepare(read, scope, receive, security=False)
        visit.raw = read.raw
        return read.identifiers()

    async def _answering(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._through(self._stack, scope, receive, send)

    async def _instead(self, fault: Fault, scope: Scope, send: Send) -> None:
        """Answer as the fault has it, in the model's place."""
        visit: Visit = scope[KEY]
        if fault.kind == "status":
            reply = _as_told(fault)
        elif fault.kind == "token-expired":
            visit.session.keyring.revoke(authorization(scope).partition(" ")[2].strip())
            reply = self._reply(visit, unauthorized(visit, "the token has expired").refusal)
        else:
            stage = self._requests.get(visit.operation_id or "")
            refused = (
                stage.exhausted(visit) if stage is not None else Refusal(429, "the quota is used up", where="quota")
            )
            reply = self._reply(visit, refused)
        answer = rendered(reply, self._header.value)
        self._note(visit, reply, answer)
        await send_answer(send, answer)

    async def _through(self, stack: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        visit: Visit = scope[KEY]
        try:
            await stack(scope, receive, send)
        except RefusedError as error:
            await self._refused(error.refusal, scope, receive, send)
        except NoRouteError as error:
            await self._answer(visit, self._misrouted(scope["method"], visit.target, error), send)
        except ProblemException as error:
            refused = unauthorized(visit, "no credentials were sent") if error.status == 401 else None
            refusal = refused.refusal if refused else Refusal(error.status, error.detail or "refused")
            await self._refused(refusal, scope, receive, send)
        except GoneError:  # there is nobody to answer, and nothing to do
            return
        except Exception as error:  # noqa: BLE001 (our own mistake, too, is answered, and told with its place)
            traceback.print_exception(error, file=sys.stderr)
            await self._answer(visit, Refusal(500, f"the mock failed: {told(error)}"), send)

    async def _refused(self, refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the refusal, or go on with the request where a deviation takes it."""
        visit: Visit = scope[KEY]
        deviation = visit.session.deviation
        if deviation is not None and visit.operation_id is not None and refusal.status != 500:
            other = deviation.refused(refusal, visit.operation_id)
            if other is None and isinstance(receive, deviant.Kept):
                security = refusal.status in (401, 403)
                stage = (self._requests if security else self._models)[visit.operation_id]
                await deviant.prepare(visit, scope, receive, security=security)
                await self._through(stage, scope, receive, send)
                return
            refusal = other or refusal
        await self._answer(visit, refusal, send)

    def _misrouted(self, method: str, target: str, error: NoRouteError) -> Refusal:
        if not error.offered:
            detail = f"no operation of {self.pack.vendor} has the path {target}"
            return refuse(self.pack.rules, None, 404, detail, where="path").refusal
        operations = [each for each in self.pack.effective.operations.values() if each.path == error.path]
        return refuse(
            self.pack.rules,
            operations[0],
            405,
            f"{method} is not offered here",
            broken=[(Part.ROUTING, operation.pointer) for operation in operations],
            where="method",
            headers=(("Allow", ", ".join(error.offered)),),
        ).refusal

    async def _answer(self, visit: Visit, refusal: Refusal, send: Send) -> None:
        reply = self._reply(visit, refusal)
        if visit.session.deviation is not None:
            reply = deviant.sent(visit.session, reply, visit.operation_id)
        elif visit.operation is not None and refusal.status != 500:
            broken = wrong(visit.operation, reply, self.pack.rules)
            reply = self._reply(visit, broken) if broken else reply
        answer = rendered(reply, self._header.value)
        self._note(visit, reply, answer)
        await send_answer(send, answer)

    @staticmethod
    def _note(visit: Visit, reply: Reply, answer: Answer) -> None:
        visit.session.journal.note(visit.entry(visit.session.clock.now(), reply, answer))

    def _reply(self, visit: Visit, refusal: Refusal) -> Reply:
        try:
            own = self.pack.behaviour.refused(refusal, visit.operation_id, visit.session.around.switches)
        except Exception as error:  # noqa: BLE001 (whatever a pack's function raises is answered with a 500)
            traceback.print_exception(error, file=sys.stderr)
            refusal, own = Refusal(500, f"the model's `refused` failed: {told(error)}"), None
        return own or refusal.reply(refusal.problem, MEDIA_TYPE)


class MockApp:
    """The whole server: `/<vendor>/...`, `/s/<session>/<vendor>/...`, and `/...` where there is one vendor only."""

    def __init__(self, packs: Mapping[str, Pack], sessions: Sessions, control: ASGIApp | None = None) -> None:
        """Make the vendors' pipelines; `control` serves the paths below /_understudy.

        Raises ContentError where a pack cannot be played, UsageError where there is none.
        """
        if not packs:
            raise UsageError("there is no vendor to serve", todo="name one, or change to a contract project's root")
        self._vendors = {vendor: VendorApp(pack) for vendor, pack in packs.items()}
        self._sessions = sessions
        self._control = control
        self._only = next(iter(packs)) if len(packs) == 1 else None
        for pack in packs.values():
            sessions.open(DEFAULT).part(pack)  # seed data that cannot be played is told at start

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve HTTP; lifespan events are answered, other protocols are not spoken."""
        if scope["type"] != "http":
            await _other(scope, receive, send)
            return
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        if path.startswith(CONTROL) and self._control is not None:
            await self._control(scope, receive, send)
            return
        name, vendor, target = self._address(path)
        if vendor is None:
            await self._lost(404, "no vendor in the path", send)
            return
        try:
            session = self._session(name, vendor)
        except NoSessionError as error:
            await self._lost(409 if error.full else 404, str(error), send)
            return
        scope[KEY] = Visit(session, scope["method"], target, scope["headers"], scope["query_string"])
        await self._vendors[vendor](scope, receive, send)

    def _session(self, name: str, vendor: str) -> Session:
        """Return the vendor's part of a session, made now if it is not there; raises NoSessionError."""
        app = self._vendors[vendor]
        universe = self._sessions.open(meant(unquote(name)))
        universe.used = monotonic()
        return universe.parts.get(vendor) or universe.part(app.pack)

    def _address(self, path: str) -> tuple[str, str | None, str]:
        name = DEFAULT
        if path.startswith("/s/"):
            name, _, rest = path[3:].partition("/")
            path = "/" + rest
        first, _, rest = path[1:].partition("/")
        if first in self._vendors:
            return name, first, "/" + rest
        return name, self._only, path

    async def _lost(self, status: int, what: str, send: Send) -> None:
        known = ", ".join(self._vendors)
        await send_answer(send, _nobodys(Refusal(status, f"{what}; the vendors here: {known}", where="path")))

    @staticmethod
    def unreadable(reason: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """Return headers and body of the answer to what is no HTTP/1.1 (RFC 9112, section 2.2)."""
        start, body = _nobodys(Refusal(400, f"the request cannot be read as HTTP/1.1: {reason}"))
        return start["headers"], body["body"]


def _nobodys(refusal: Refusal) -> Answer:
    """Return the answer to a request that no vendor is to have."""
    return rendered(refusal.reply(refusal.problem, MEDIA_TYPE), lambda rules: NO_RULE)


async def _other(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "lifespan":
        await send({"type": "websocket.close", "code": 1000})
        return
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _as_told(fault: Fault) -> Reply:
    """Return the answer of a fault of the kind `status`: text goes out as it is, anything else as JSON."""
    headers = {name.lower(): (name, value) for name, value in fault.headers}
    text = isinstance(fault.body, str)
    _, media_type = headers.pop("content-type", ("", "text/plain; charset=utf-8" if text else "application/json"))
    body = ABSENT if fault.body is None else fault.body.encode() if text else fault.body
    return Reply(fault.status, body, headers=tuple(headers.values()), media_type=media_type)
