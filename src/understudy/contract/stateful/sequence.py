"""One sequence of calls: each goes to the target and is run on the model, and the answers are compared.

Targets are not reset: every sequence has identifiers of its own, so that for it the target is empty.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from understudy.contract.demands import breaches
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.exchange import Exchange, repeated
from understudy.contract.samples import Sample, identifier, on_the_wire, token
from understudy.contract.stateful.adoption import adopt, reading_of, slot_of, texts
from understudy.contract.stateful.failures import Failure
from understudy.contract.stateful.plans import Plan
from understudy.contract.stateful.prediction import UNREADABLE, Prediction, alike, other_status, readable
from understudy.contract.stateful.scenario import Taken, Taking, text_at
from understudy.contract.throttle import OverError
from understudy.contract.verdict import weigh
from understudy.errors import TargetError
from understudy.model.call import ABSENT, Call, Reply
from understudy.model.oracle import Difference
from understudy.model.slots import Slot, filled
from understudy.spec.document import Operation
from understudy.spec.wire import text
from understudy.values import Json

if TYPE_CHECKING:
    from understudy.contract.stateful.course import Course

UNKNOWN, RESTRICTED = "A call without a credential is taken", "The restricted credential opens a call"


class Sequence:
    """One sequence of calls on a state of its own, at the target and in the model."""

    def __init__(self, course: "Course") -> None:
        course.count += 1
        self.course = course
        self.client = course.client
        self.judge = course.client.judge
        self.pack = self.judge.pack
        self.number = course.count
        self.prediction = Prediction(
            self.pack, f"{course.client.run.seed} {course.label} {self.number}", course.client.run.switches
        )
        if course.held is not None:
            self.prediction.assume(course.held)
        self.bindings = course.bindings
        self.calls: list[Taken] = []
        self.made: list[Json] = []
        self.contested: set[str] = set()
        """Identifiers that may stand for another record than the model thinks; no call has them any more."""
        self.lost = False
        """Whether what the target holds is not known any more: the sequence is over."""
        self.differs = False
        """Whether the last answer differs from the model's in what no rule that binds fixes."""
        self.misread = False
        """Whether that is a matter of what was asked for, so that nothing else is held than thought."""

    def play(self, plan: Plan) -> None:
        """Send one call to the target, run it on the model, and compare; raises BrokenError."""
        if self.lost or self.course.over:
            return
        exchange, mine = self.sent(plan)
        if exchange is not None and mine is not None:
            self._judged(mine, exchange, plan)

    def read_back(self) -> None:
        """Read the records that the sequence has touched, so that the last calls are looked at too."""
        for plan in self.readings():
            self.play(plan)

    def readings(self) -> Iterator[Plan]:
        """Yield the calls that read back the records that the sequence has touched, and list the first of them."""
        oracle, judged = self.pack.oracle, self.judge.judged.operations
        if oracle is None:
            return
        touched = {slot: call.plan for call in self.calls if (slot := slot_of(call.plan)) is not None}
        operation_id, body = oracle.reading or ("", None)
        for slot, plan in touched.items() if operation_id in judged else ():
            yield reading_of(self.pack.effective.operations[operation_id], plan, slot, body)
        listing = oracle.listing
        if listing is not None and listing.operation_id in judged and self.course.held is None:
            for slot in [*touched][:1]:
                if slot.kind != "made" and self._identifier(slot, theirs=True) not in self.contested:
                    yield Plan(listing.operation_id, {"query": listing.alone(slot)}, leeway="refuse")

    @property
    def taking(self) -> Taking:
        """The sequence as far as it was played."""
        return Taking(tuple(self.calls), self._plain, self.course.held)

    def sent(self, plan: Plan) -> tuple[Exchange | None, Sample | None]:
        """Send a call; return the exchange, and the call as the model sees it. None where the call is not made."""
        operation = self.pack.effective.operations[plan.operation_id]
        mine, theirs = self._filled(operation, plan, theirs=False), self._filled(operation, plan, theirs=True)
        if mine is None or theirs is None or not self.contested.isdisjoint(texts([theirs.parameters, theirs.body])):
            return None, None
        try:
            exchange = self._exchanged(theirs, plan.credential)
        except (OverError, TargetError) as error:
            self.course.ended = error
            return None, None
        self.calls.append(Taken(plan, exchange))
        return exchange, mine

    # --- what is sent -----------------------------------------------------------------------------------------------

    def _filled(self, operation: Operation, plan: Plan, *, theirs: bool) -> Sample | None:
        """Return the call with its identifiers, as the model or the target knows them; None where one is not made."""

        def named(slot: Slot) -> str:
            return self._identifier(slot, theirs=theirs)

        try:
            parameters = {where: filled(values, named) for where, values in plan.parameters.items()}
            body = filled(plan.body, named)
        except LookupError:
            return None
        return Sample(operation, parameters, body, plan.media_type)

    def _identifier(self, slot: Slot, *, theirs: bool) -> str:
        if slot.kind == "made":
            mine = self.made[slot.number]
            return str(self.bindings.theirs("id", mine) if theirs else mine)
        named = slot.text(self._plain(slot.number), self.course.client.run.prefix)
        if slot.kind == "longer" and slot.number == 0 and self.course.held is not None:
            named += token(self.client.run, f"{self.course.label} {self.number}")  # no other sequence's
        return named

    def _plain(self, number: int) -> str:
        if number == 0 and self.course.held is not None:
            return self.client.run.existing[0]
        return identifier(self.client.run, f"{self.course.label} {self.number} {number}")

    def _exchanged(self, sample: Sample, credential: str) -> Exchange:
        known = credential if self._closed(sample.operation, credential) else "full"
        request = on_the_wire(sample, self.client.run, secret=self.client.secret(known))
        return self.client.send(request, sample.operation.operation_id, self.course.check, known)

    def _closed(self, operation: Operation, credential: str) -> bool:
        """Whether that caller, if there is such a one, may not call the operation."""
        if credential == "none":
            return operation.is_closed
        known = self.client.run.credentials.restricted is not None
        return known and not operation.opens_to(self.pack.behaviour.restricted)

    # --- what is made of the answer ---------------------------------------------------------------------------------

    def _judged(self, mine: Sample, exchange: Exchange, plan: Plan) -> None:
        status = exchange.response.status
        if status >= 500 or status == 429:
            self.lost = True
            return
        if exchange.credential != "full" and status < 300:
            self._opened(mine.operation, exchange)
            return
        if exchange.credential != "full" or breaches(mine.operation, exchange.request):
            self.lost = status < 400  # whether that is a finding the judge of single exchanges has said
            return
        if plan.leeway == "any":
            self.lost = status < 400
            return
        call, reply, transaction = self.prediction.reply(mine)
        judged = self.judge.operation(mine.operation.operation_id)
        assert judged is not None
        gone = status == 404 and 404 in judged.statuses  # which speaks of the record, not of what was sent
        oracle = self.pack.oracle
        leeway = plan.leeway or (oracle is not None and oracle.refusable(mine.body))
        if leeway and (reply.accepted or reply.status == 404) and status >= 400 and not gone:
            return  # a record that the target has refused is not there for the model either
        if reply.accepted and status >= 400 and not self.judge.breaches(exchange, judged)[1]:
            return  # the vendored document forbids the request: an endpoint may refuse it
        self.calls[-1] = replace(self.calls[-1], reply=reply)
        due = status == reply.status or alike(judged, status, reply.status)
        if not due:
            self._other_status(reply, exchange)
            if self.lost or self.differs or status >= 400:
                self._go_on(mine, plan, exchange)
                return
        if reply.rules and due:
            self._add(Outcome.PASSED, reply.rules[0], exchange)
        if reply.accepted:
            transaction.commit()
            self._compare(call, reply, exchange)
            self._learn()
            self._go_on(mine, plan, exchange)

    def _learn(self) -> None:
        """Take note of a read that is right at once after a write; in a sequence played again it may have waited."""
        if len(self.calls) < 2 or self.course.again or self.lost or self.differs:
            return
        before, last = self.calls[-2:]
        wrote = before.exchange.response.status < 300 and not self.course.reads(before.plan)
        if wrote and self.course.reads(last.plan):
            self.client.patience.learn(0.0, helped=True)

    def _go_on(self, mine: Sample, plan: Plan, exchange: Exchange) -> None:
        """Have the model adopt what the target made of a call, where no rule that binds speaks against it."""
        if self.differs:
            self.differs = False
            if not self.misread:
                self.calls[-1] = replace(self.calls[-1], adopted=True)
                self.lost = not adopt(self, mine, plan, exchange)

    def _opened(self, operation: Operation, exchange: Exchange) -> None:
        """Miss the rules that close the operation to the caller; the access probes tell where no rule does."""
        judged = self.judge.operation(operation.operation_id)
        assert judged is not None
        refusal, title = (401, UNKNOWN) if exchange.credential == "none" else (403, RESTRICTED)
        rules = self.judge.closing(judged, refusal)
        if rules:
            self._missed(rules[0].id, exchange, title, str(refusal), str(exchange.response.status))
        self.lost = True  # what was done by it the model does not know, though the fault is known

    def _other_status(self, reply: Reply, exchange: Exchange) -> None:
        status, self.lost = exchange.response.status, True
        first = reply.rules[0] if reply.rules else None
        if reply.accepted and status >= 400:
            first = next((rule for rule in reply.rules if not self._binds(rule)), first)
        self._missed(first, exchange, other_status(reply, status), str(reply.status), str(status))
        if not self.differs and status < 400 and not (reply.accepted and status < 300):
            self.lost = True  # what was done the model does not know, though the fault is known

    def _compare(self, call: Call, reply: Reply, exchange: Exchange) -> None:
        oracle, operation_id = self.pack.oracle, call.operation_id
        assert oracle is not None
        body: Json = None
        if reply.body is not ABSENT:
            body = readable(self.judge, exchange)
            if body is UNREADABLE:
                self.lost = True  # told by the judge of single exchanges
                return
        if operation_id in oracle.generated:
            self.keep(reply.body, body, oracle.generated[operation_id])
        for difference in oracle.comparison(operation_id)(call, reply, body, self.bindings):
            self._differs(difference, exchange)
            if self.lost or self.differs:
                return

    def keep(self, mine: Json, theirs: Json, pointers: tuple[str, ...]) -> None:
        """Take note of the identifier that the target chose, where the model chose its own."""
        here, there = text_at(mine, pointers), text_at(theirs, pointers)
        if here is None or there is None:
            self.lost = True
            return
        self.bindings.kept("id", here, there)
        self.made.append(here)

    def _differs(self, difference: Difference, exchange: Exchange) -> None:
        expected, actual = text(difference.expected), text(difference.actual)
        self._missed(difference.rule, exchange, difference.title, expected, actual, difference)

    def _binds(self, rule_id: str) -> bool:
        """Whether a rule binds in this scope; one of another scope is left to it."""
        known = self.judge.rules.by_id.get(rule_id)
        return known is None or known.binding

    def _missed(
        self,
        rule_id: str | None,
        exchange: Exchange,
        title: str,
        expected: str,
        actual: str,
        difference: Difference | None = None,
    ) -> None:
        """Add a remark where the rule does not bind, and raise BrokenError where it does."""
        known = self.judge.rules.by_id.get(rule_id or "")
        evidence = self._evidence(Outcome.FAILED, rule_id, exchange, title, expected, actual)
        if known is None or weigh(evidence, known, strict=self.client.run.strict) is not Outcome.FAILED:
            self.lost = known is None
            self.differs, self.misread = known is not None, difference is not None and difference.asked
            if known is not None:
                self.client.collector.add([evidence])
            return
        self.lost = evidence.fingerprint not in self.course.known
        self.course.missed(Failure(evidence, self.taking, difference))

    def _add(self, outcome: Outcome, rule_id: str, exchange: Exchange) -> None:
        if rule_id in self.judge.rules.by_id:
            self.client.collector.add([self._evidence(outcome, rule_id, exchange)])

    def _evidence(
        self,
        outcome: Outcome,
        rule_id: str | None,
        exchange: Exchange,
        title: str = "",
        expected: str = "",
        actual: str = "",
    ) -> Evidence:
        curl = repeated([call.exchange.request for call in self.calls]) if outcome is not Outcome.PASSED else ""
        return Evidence(self.course.check, outcome, rule_id, exchange.operation_id, title, expected, actual, curl)
