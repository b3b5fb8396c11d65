"""The request side of the pipeline: limits, parameters and body of one operation, with validators made at start."""

from math import ceil
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from understudy.mock.bodies import Bodies
from understudy.mock.parameters import Parameters
from understudy.mock.session import Session
from understudy.mock.visit import KEY, RefusedError, Visit, refuse
from understudy.model.behaviour import Exceeded, Quota, Refusal
from understudy.pack import Pack


class RequestStage:
    """Checks the requests of one operation and fills in the visit."""

    def __init__(self, pack: Pack, next_app: ASGIApp, operation_id: str) -> None:
        self.operation = pack.effective.operations[operation_id]
        self._next = next_app
        self._rules = pack.rules
        self._limited = pack.behaviour.limited
        self._parameters = Parameters(self.operation, self._refused)
        pointer = self.operation.body_pointer
        self._bodies = Bodies(self.operation, pointer, self._refused) if pointer is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the request and pass it on; raises RefusedError where it breaks the document."""
        visit: Visit = scope[KEY]
        if visit.session.limits:
            self._count(visit)
        headers = dict(reversed(scope["headers"]))  # of a header sent twice, the first counts
        parameters = self._parameters
        visit.header = parameters.header(headers)
        if parameters.in_path:
            visit.path = parameters.path(visit.path)
        if parameters.in_query:
            visit.query = parameters.query(scope["query_string"])
        if self._bodies is not None:
            await self._bodies.read(visit, headers, receive)
        await self._next(scope, receive, send)

    def _count(self, visit: Visit) -> None:
        session = visit.session
        now = session.clock.now().timestamp()
        exceeded = session.limits.count(self.operation.operation_id, now, session.ids.for_call()("rate limit"))
        if exceeded is not None:
            raise self._too_many(session, exceeded)

    def exhausted(self, visit: Visit) -> Refusal:
        """Return the refusal of a call as if the session's first quota, or the vendor's, were used up now."""
        session = visit.session
        now = session.clock.now().timestamp()
        regimes = (session.limits.quotas, *session.pack.behaviour.quotas.values(), (Quota(1, 60),))
        quota = next(regime for regime in regimes if regime)[0]
        wait = max(1, ceil(quota.seconds - now % quota.seconds))
        exceeded = Exceeded(quota, wait, quota.limit + 1, session.ids.for_call()("rate limit"))
        return self._too_many(session, exceeded).refusal

    def _too_many(self, session: Session, exceeded: Exceeded) -> RefusedError:
        quota = exceeded.quota
        detail = f"{exceeded.made} requests made, {quota.limit} allowed in {quota.seconds} seconds"
        return self._refused(429, detail, where="quota", headers=self._limited(exceeded, session.around.switches))

    def _refused(self, status: int, detail: str, **more: Any) -> RefusedError:
        return refuse(self._rules, self.operation, status, detail, **more)
