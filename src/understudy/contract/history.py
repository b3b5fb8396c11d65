"""Traffic judged that others cause: each exchange by the document and its rules, all in their order by the model.

The model starts with nothing. What a record was before the traffic touches it is nobody's fault: its first answer is
adopted, and what follows is held against it. Calls about one record that overlap in time are adopted as well. After a
call that may have changed something, or nothing, no record is known any more.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from understudy.contract.client import Collector
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.exchange import Exchange, Request, Response
from understudy.contract.judge import Judge
from understudy.contract.samples import Sample
from understudy.contract.stateful.prediction import UNREADABLE, Prediction, alike, readable
from understudy.contract.stateful.scenario import text_at
from understudy.har import Recorded
from understudy.model.call import ABSENT, Call, Reply
from understudy.model.oracle import Bindings
from understudy.recorded import Exchanged, Reader
from understudy.spec.document import Operation
from understudy.spec.extensions import IDENTIFIER
from understudy.spec.wire import text
from understudy.values import Json, dereference

SINGLE, MODEL = "recorded", "history"
"""What the two ways of judging are called."""
RESOLUTION = timedelta(milliseconds=1)
"""What archives tell times to: calls that overlap by less may have come one after the other."""
NOT_OF_THE_RECORD = frozenset({401, 403, 429})
"""Refusals that speak of the caller, whom traffic does not tell apart."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods of calls that change nothing (RFC 9110, section 9.2.1)."""
RECORDS = 100_000
"""How many records are remembered; then all are forgotten, so that traffic may go on for weeks."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A call of an operation in scope: as the model reads it, and as the judge does."""

    exchanged: Exchanged
    exchange: Exchange


@dataclass(slots=True)
class _Turn:
    """A call whose turn has come; `names` are the identifiers that it names."""

    exchanged: Exchanged
    exchange: Exchange
    judged: Operation
    names: frozenset[str]

    @property
    def began(self) -> datetime:
        return self.exchanged.recorded.began

    @property
    def ended(self) -> datetime:
        return self.began + timedelta(seconds=self.exchanged.recorded.seconds)

    @property
    def writes(self) -> bool:
        return self.exchange.request.method not in SAFE


class History:
    """Hears exchanges in the order in which they began, and adds what they show to a collector."""

    def __init__(self, judge: Judge, collector: Collector, switches: Mapping[str, str] | None = None) -> None:
        """`switches` are settings of the model's that hold for the target."""
        self.judge = judge
        self.collector = collector
        self.statuses: Counter[tuple[str, int]] = Counter()
        """How often each operation in scope was answered with a status."""
        self._reader = Reader(judge.pack.effective)
        self._switches = switches
        self._ends: dict[str | tuple[str, str], datetime] = {}
        self.forget()

    def forget(self) -> None:
        """Take no record to be known: something may have happened that nobody has seen."""
        self._prediction = Prediction(self.judge.pack, "history", self._switches)
        self._bindings = Bindings()
        self._seen: set[str] = set()
        self._vague: set[tuple[str, str]] = set()  # records that calls have written at the same time

    def hear(self, calls: Iterable[Recorded]) -> None:
        """Judge those of the calls that are of an operation in scope."""
        for call in sorted(calls, key=lambda each: each.began):
            heard = self.read(call)
            if heard is not None:
                self.judge_alone(heard)
                self.judge_in_order(heard)

    def read(self, call: Recorded) -> Heard | None:
        """Return a call as what is judged; None where it is of no operation in scope."""
        exchanged = next(iter(self._reader.read([call])), None)
        if exchanged is None or exchanged.operation.operation_id not in self.judge.judged.operations:
            return None
        return Heard(exchanged, _exchange(exchanged))

    def judge_alone(self, heard: Heard) -> list[Evidence]:
        """Hold one exchange against the document and its rules, and return what it shows; calls may come in any order.

        A call without an answer shows nothing.
        """
        exchange = heard.exchange
        if not exchange.response.status:
            return []
        self.statuses[exchange.operation_id or "", exchange.response.status] += 1
        return self._add(self.judge.judge(exchange, SINGLE))

    def judge_in_order(self, heard: Heard) -> list[Evidence]:
        """Hold the next exchange, after all that began before it, against the model; return what it shows."""
        if heard.exchange.response.status in NOT_OF_THE_RECORD:
            return []
        if not heard.exchange.response.status or heard.exchange.response.status >= 500:
            if heard.exchange.request.method not in SAFE:
                self.forget()
            return []
        if len(self._ends) > RECORDS:
            self._ends.clear()
            self.forget()
        return self._add(self._modelled(heard.exchanged, heard.exchange))

    def _add(self, evidence: Iterable[Evidence]) -> list[Evidence]:
        found = list(evidence)
        self.collector.add(found)
        return found

    def _modelled(self, exchanged: Exchanged, exchange: Exchange) -> list[Evidence]:
        judged = self.judge.operation(exchanged.operation.operation_id)
        if judged is None:
            return []
        self._prediction.touched.clear()
        turn = _Turn(exchanged, exchange, judged, frozenset(_identifiers(exchanged)))
        evidence = list(self._against_the_model(turn))
        if exchange.response.status < 400:
            if turn.writes and self._overlaps(turn):
                self._vague |= self._prediction.touched
            for key in turn.names | self._prediction.touched:
                self._ends[key] = max(turn.ended, self._ends.get(key, turn.ended))
        return evidence

    def _against_the_model(self, turn: "_Turn") -> Iterator[Evidence]:
        exchange, status, names = turn.exchange, turn.exchange.response.status, turn.names
        breaches, agreed = self.judge.breaches(exchange, turn.judged)
        call = self._prediction.call(_sample(turn.exchanged), turn.began)
        oracle = self.judge.pack.oracle
        if breaches or oracle is None or call.operation_id not in oracle.comparisons:
            self._adopt(call, turn)
            return
        reply, transaction = self._prediction.played(call)
        known = names <= self._seen and self._certain(turn)
        same = status == reply.status or alike(turn.judged, status, reply.status)
        if same and reply.accepted and not known and not names.isdisjoint(self._ends):
            self._adopt(call, turn)
        elif same and reply.accepted:
            pointers = oracle.generated.get(call.operation_id, ())
            if not pointers:  # else it is adopted, under the identifier that the server chose
                transaction.commit()
            evidence, held = self._compared(call, reply, exchange)
            yield from evidence
            turn.names |= frozenset(filter(None, [text_at(turn.exchanged.answer, pointers)]))
            self._seen |= turn.names
            if pointers or not held:
                self._adopt(call, turn)
        elif not same:
            refused = reply.accepted and status >= 400
            if known and not (refused and not agreed):
                yield from self._other_status(reply, exchange)
            self._adopt(call, turn)

    def _overlaps(self, turn: "_Turn") -> bool:
        """Whether a call has begun before the end of another one about a record of its."""
        begun = turn.began + RESOLUTION
        return any(begun < self._ends.get(key, begun) for key in turn.names | self._prediction.touched)

    def _certain(self, turn: "_Turn") -> bool:
        return self._vague.isdisjoint(self._prediction.touched) and not self._overlaps(turn)

    def _adopt(self, call: Call, turn: "_Turn") -> None:
        """Have the model hold what a good answer shows; where it does not show enough, the record is unknown again."""
        exchange, names = turn.exchange, turn.names
        if exchange.response.status >= 400 or not (turn.writes or self._certain(turn)):
            return
        spec = turn.judged.response(exchange.response.status)
        body = readable(self.judge, exchange) if spec is not None and spec.content else ABSENT
        contested = None if body is UNREADABLE else self._prediction.adopt(call, body)
        if contested is None:
            self._seen -= names
        else:
            self._seen = (self._seen | names) - contested
            self._vague -= self._prediction.touched

    def _compared(self, call: Call, reply: Reply, exchange: Exchange) -> tuple[list[Evidence], bool]:
        """Return what a good answer shows beside the model's, and whether the model may go on as it is."""
        oracle = self.judge.pack.oracle
        comparison = oracle.comparisons.get(call.operation_id) if oracle is not None else None
        body = None if reply.body is ABSENT else readable(self.judge, exchange)
        if comparison is None or body is UNREADABLE:
            return [], comparison is None
        differences = list(comparison(call, reply, body, self._bindings))
        for each in differences[:1]:
            texts = text(each.expected), text(each.actual)
            return list(self._shown(Outcome.FAILED, each.rule, exchange, each.title, *texts)), False
        return list(self._shown(Outcome.PASSED, next(iter(reply.rules), ""), exchange)), True

    def _other_status(self, reply: Reply, exchange: Exchange) -> Iterator[Evidence]:
        status = exchange.response.status
        if reply.accepted and status >= 400:
            title = f"A good request is refused where {reply.status} is due"
        elif status < 400 and not reply.accepted:
            title = f"A request is taken where {reply.status} is due"
        else:
            title = f"The answer has another status than {reply.status}"
        rule = next(iter(reply.rules), "")
        yield from self._shown(Outcome.FAILED, rule, exchange, title, str(reply.status), str(status))

    def _shown(
        self, outcome: Outcome, rule: str, exchange: Exchange, title: str = "", expected: str = "", actual: str = ""
    ) -> Iterator[Evidence]:
        if rule in self.judge.rules.by_id:
            curl = exchange.request.curl() if outcome is not Outcome.PASSED else ""
            yield Evidence(MODEL, outcome, rule, exchange.operation_id, title, expected, actual, curl)


def _exchange(exchanged: Exchanged) -> Exchange:
    call = exchanged.recorded
    request = Request(call.method.upper(), call.url, tuple(call.headers), call.body or None)
    response = Response(call.status, tuple(call.answer_headers), call.answer)
    return Exchange(request, response, call.seconds, exchanged.operation.operation_id)


def _sample(exchanged: Exchanged) -> Sample:
    parameters = {"path": exchanged.path, "query": exchanged.query, "header": exchanged.header}
    body = None if exchanged.body is ABSENT else exchanged.body
    return Sample(exchanged.operation, parameters, body, exchanged.media_type if exchanged.body is not ABSENT else None)


def _identifiers(exchanged: Exchanged) -> Iterator[str]:
    """Yield the identifiers that a call names: in its parameters, and at the top of its body."""
    operation = exchanged.operation
    sent: Mapping[str, Mapping[str, Json]] = {
        "path": exchanged.path,
        "query": exchanged.query,
        "header": exchanged.header,
    }
    for parameter in operation.parameters:
        value = sent.get(parameter.location, {}).get(parameter.name)
        if parameter.value.get(IDENTIFIER) and value is not None:
            yield str(value)
    schema = operation.bodies.get(exchanged.media_type or "")
    if schema is not None and isinstance(exchanged.body, Mapping):
        _, value = dereference(operation.document.value, schema.pointer)
        for name, each in value.get("properties", {}).items():
            if isinstance(each, Mapping) and each.get(IDENTIFIER) and name in exchanged.body:
                yield str(exchanged.body[name])
