"""The end of the pipeline: the model is called, its answer checked, its state kept, and the answer sent."""

import sys
import traceback

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from understudy.mock.answers import send_reply, wrong
from understudy.mock.session import RuleHeader
from understudy.mock.visit import KEY, RefusedError, Visit
from understudy.model.behaviour import Refusal
from understudy.model.call import Call
from understudy.pack import Pack


class ModelStage:
    """Answers the calls of one operation by its model function."""

    def __init__(self, pack: Pack, header: RuleHeader, operation_id: str) -> None:
        self.operation = pack.effective.operations[operation_id]
        self._play = pack.behaviour.operations[operation_id]
        self._rules = pack.rules
        self._header = header

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the model in a transaction that is kept only if the call was accepted and its answer is right."""
        visit: Visit = scope[KEY]
        session = visit.session
        call = Call(
            self.operation.operation_id,
            session.clock.now(),
            session.ids.for_call(),
            visit.path,
            visit.query,
            visit.header,
            visit.body,
            visit.media_type,
            visit.scopes,
            visit.basic,
            session.around,
        )
        transaction = session.store.begin()
        try:
            reply = self._play(call, transaction)
        except Exception as error:
            traceback.print_exception(error, file=sys.stderr)  # a pack's author needs the line, the client does not
            raise RefusedError(Refusal(500, f"the model of {self.operation.operation_id} failed: {error!r}")) from error
        refusal = wrong(self.operation, reply, self._rules)
        if refusal is not None:
            raise RefusedError(refusal)
        if reply.accepted:
            transaction.commit()
        await send_reply(send, reply, self._header)


def nowhere(pack: Pack) -> ASGIApp:
    """Return the application that requests to no operation end at."""

    async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
        raise HTTPException(404, f"no operation of {pack.vendor} has this path")

    return not_found
