"""The end of the pipeline: the model is called, its answer checked, its state kept, and the answer sent."""

import sys
import traceback

from starlette.types import Receive, Scope, Send

from understudy.errors import told
from understudy.mock import deviant
from understudy.mock.answers import RuleHeader, rendered, send_answer, wrong
from understudy.mock.visit import KEY, RefusedError, Visit
from understudy.model.behaviour import Refusal
from understudy.model.call import Call
from understudy.pack import Pack


class ModelStage:
    """Answers the calls of one operation by its model function."""

    def __init__(self, pack: Pack, header: RuleHeader, operation_id: str) -> None:
        self.operation = pack.effective.operations[operation_id]
        self._operation_id = operation_id
        self._play = pack.behaviour.operations[operation_id]
        self._rules = pack.rules
        self._named = header.value

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the model in a transaction that is kept only if the call was accepted and its answer is right.

        Nothing is awaited between the first look at the state and the commit, so that no two calls interleave.
        """
        visit: Visit = scope[KEY]
        session = visit.session
        now = session.clock.now()
        call = Call(
            self._operation_id,
            now,
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
            if session.deviation is None:
                reply = self._play(call, transaction)
                refusal = wrong(self.operation, reply, self._rules)
            else:
                reply, refusal = deviant.played(session, call, transaction, self._play), None
            if refusal is None:
                answer = rendered(reply, self._named, visit.remarks)
        except Exception as error:
            traceback.print_exception(error, file=sys.stderr)  # a pack's author needs the line, the client does not
            raise RefusedError(Refusal(500, f"the model of {self._operation_id} failed: {told(error)}")) from error
        if refusal is not None:
            raise RefusedError(refusal)
        if reply.accepted:
            if transaction.exceeds(session.settings.max_records):
                raise RefusedError(too_many(session.settings.max_records))
            transaction.commit()
        session.journal.note(visit.entry(now, reply, answer))
        await send_answer(send, answer)


def too_many(most: int) -> Refusal:
    """Return the refusal of a record for which there is no room."""
    detail = f"the session holds {most} records and takes no more; delete some, or reset the session"
    return Refusal(413, detail, where="session")


async def nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    """Stand behind the last stage, where no request ever comes."""
    raise RuntimeError("the model stage passes nothing on")
