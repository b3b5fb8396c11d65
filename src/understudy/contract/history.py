"""Traffic judged that others cause: each exchange by the document and its rules, all in their order by the model.

The model starts with nothing. What a record was before the traffic touches it is nobody's fault: its first answer is
adopted, and what follows is held against it. Calls about one record that overlap in time are adopted as well. After a
call that may have changed something, or nothing, no record is known any more.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from understudy.contract.client import Collector
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.exchange import Exchange, Request, Response
from understudy.contract.judge import Judge
from understudy.contract.samples import Sample
from understudy.contract.stateful.prediction import UNREADABLE, Prediction, alike, other_status, readable, shown
from understudy.contract.stateful.scenario import text_at
from understudy.contract.trail import Trail
from understudy.har import Recorded, overlaps
from understudy.model.call import ABSENT, Call, Reply
from understudy.model.oracle import Bindings
from understudy.recorded import Exchanged, Reader
from understudy.redaction import HEADERS
from understudy.spec.document import Operation
from understudy.spec.extensions import IDENTIFIER
from understudy.spec.wire import text
from understudy.values import SAFE_METHODS, Json, dereference

SINGLE, MODEL = "recorded", "history"
"""What the two ways of judging are called."""
NOT_OF_THE_RECORD = frozenset({401, 403, 429})
"""Refusals that speak of the caller, whom traffic does not tell apart."""
Key: TypeAlias = str | tuple[str, str]
"""What stands for a record: an identifier that a call names, or collection and key of the model's."""
RECORDS = 100_000
"""How many records are remembered; then all are forgotten, so that traffic may go on for weeks."""


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A call that matters: as the model reads it, and as the judge does; None where it is of no known operation.

    `names` are the identifiers that it names, `in_scope` says whether it is judged.
    """

    recorded: Recorded
    exchanged: Exchanged | None = None
    exchange: Exchange | None = None
    names: frozenset[str] = frozenset()
    in_scope: bool = False

    @property
    def writes(self) -> bool:
        """Whether it has changed something, or may have."""
        return self.recorded.method.upper() not in SAFE_METHODS and not 400 <= self.recorded.status < 500


@dataclass(slots=True)
class _Turn:
    """A call whose turn has come, and what calls at the same time have written: None is anything."""

    exchanged: Exchanged
    exchange: Exchange
    judged: Operation
    names: frozenset[str]
    writes: bool
    others: frozenset[Key] | None


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
        self._secret = HEADERS | {name.lower() for name in judge.pack.key_names}
        self._bases: set[str] = set()
        self._trail = Trail("", judge.pack.effective.operations)
        self._met: set[str] = set()
        self.forget()

    def forget(self) -> None:
        """Take no record to be known: something may have happened that nobody has seen."""
        self._prediction = Prediction(self.judge.pack, "history", self._switches)
        self._bindings = Bindings()
        self._seen: set[str] = set()
        self._vague: set[Key] = set()  # records that were written nobody knows how, or in which order

    def hear(self, calls: Iterable[Recorded]) -> None:
        """Judge those of the calls that are of an operation in scope."""
        ordered = sorted(calls, key=lambda each: each.began)
        all_heard = [self.read(call) for call in ordered]
        for heard, numbers in zip(all_heard, overlaps(ordered), strict=True):
            if heard is not None:
                self.judge_alone(heard)
                self.judge_in_order(heard, [met for number in numbers if (met := all_heard[number]) is not None])

    def read(self, call: Recorded) -> Heard | None:
        """Return a call as what is judged; None where it can have changed nothing that matters.

        A write of an operation that the document does not have matters, where it goes to the same base URL.
        """
        exchanged = next(iter(self._reader.read([call])), None)
        if exchanged is None:
            heard = Heard(call)
            return heard if heard.writes and any(call.url.startswith(f"{base}/") for base in self._bases) else None
        self._bases.add(exchanged.base)
        in_scope = exchanged.operation.operation_id in self.judge.judged.operations
        return Heard(call, exchanged, _exchange(exchanged, self._secret), frozenset(_identifiers(exchanged)), in_scope)

    def judge_alone(self, heard: Heard) -> list[Evidence]:
        """Hold one exchange against the document and its rules, and return what it shows; calls may come in any order.

        A call without an answer shows nothing.
        """
        exchange = heard.exchange
        if exchange is not None:
            self._trail.note(exchange)
        if exchange is None or not heard.in_scope or not exchange.response.status:
            return []
        self.statuses[exchange.operation_id or "", exchange.response.status] += 1
        evidence = self.judge.judge(exchange, SINGLE)
        self.collector.add(evidence, partial(self._trail.told, exchange))
        return evidence

    def judge_in_order(self, heard: Heard, overlapping: Iterable[Heard] = ()) -> list[Evidence]:
        """Hold the next exchange, after all that began before it, against the model; return what it shows.

        `overlapping` are the calls that began before its end, and ended after its beginning.
        """
        status = heard.recorded.status
        if status in NOT_OF_THE_RECORD:
            return []
        if heard.exchanged is None or heard.exchange is None or not status or status >= 500:
            if heard.writes:
                self.forget()
            return []
        if len(self._met) + len(self._bases) > RECORDS:
            self._met.clear()
            self._bases.clear()
            self.forget()
        judged = self.judge.operation(heard.exchanged.operation.operation_id)
        others = self._written(overlapping)
        self._prediction.touched.clear()
        if not heard.in_scope or judged is None:
            self._blur(heard)
            return []
        turn = _Turn(heard.exchanged, heard.exchange, judged, heard.names, heard.writes, others)
        evidence = list(self._against_the_model(turn))
        self.collector.add(evidence, partial(self._trail.told, turn.exchange))
        if status < 400:
            self._met |= turn.names
            if turn.writes and not self._alone(turn):
                self._vague |= self._prediction.touched
        return evidence

    def _written(self, calls: Iterable[Heard]) -> frozenset[Key] | None:
        """Return the records that calls may have written, as far as the model knows them; None is anything."""
        found: set[Key] = set()
        for heard in calls:
            if heard.writes and heard.exchanged is None:
                return None
            if heard.writes and heard.exchanged is not None:
                self._prediction.touched.clear()
                self._play(heard.exchanged)
                found |= heard.names | self._prediction.touched
        return frozenset(found)

    def _play(self, exchanged: Exchanged) -> None:
        """See which records a call is about; nothing is kept of it."""
        call = self._prediction.call(_sample(exchanged), exchanged.recorded.began)
        self._prediction.played(call)

    def _blur(self, heard: Heard) -> None:
        """Take the records of a call that is not judged to be unknown, if it has written them."""
        if heard.writes and heard.exchanged is not None:
            self._play(heard.exchanged)
            self._vague |= self._prediction.touched
            self._seen -= heard.names
            self._met |= heard.names

    def _alone(self, turn: _Turn) -> bool:
        """Whether no other call has written the records of this one at the same time."""
        return turn.others is not None and turn.others.isdisjoint(turn.names | self._prediction.touched)

    def _certain(self, turn: _Turn) -> bool:
        """Whether the order of the calls about the records of this one is known."""
        return self._vague.isdisjoint(self._prediction.touched) and self._alone(turn)

    def _against_the_model(self, turn: _Turn) -> Iterator[Evidence]:
        exchange, status, names = turn.exchange, turn.exchange.response.status, turn.names
        breaches, agreed = self.judge.breaches(exchange, turn.judged)
        call = self._prediction.call(_sample(turn.exchanged), turn.exchanged.recorded.began)
        oracle = self.judge.pack.oracle
        if breaches or oracle is None or call.operation_id not in oracle.comparisons:
            self._adopt(call, turn)
            return
        reply, transaction = self._prediction.played(call)
        certain = self._certain(turn)
        known = certain and names <= self._seen
        fresh = certain and names.isdisjoint(self._met)
        same = status == reply.status or alike(turn.judged, status, reply.status)
        if same and reply.accepted and not (known or fresh):
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
            if known and not (refused and (not agreed or oracle.refusable(call.body))):
                yield from self._other_status(reply, exchange)
            self._adopt(call, turn)

    def _adopt(self, call: Call, turn: _Turn) -> None:
        """Have the model hold what a good answer shows; where it does not show enough, the record is unknown again."""
        exchange, names = turn.exchange, turn.names
        if exchange.response.status >= 400 or not (turn.writes or self._certain(turn)):
            return
        body = shown(self.judge, exchange)
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
        status, rule = exchange.response.status, next(iter(reply.rules), "")
        title = other_status(reply, status)
        yield from self._shown(Outcome.FAILED, rule, exchange, title, str(reply.status), str(status))

    def _shown(
        self, outcome: Outcome, rule: str, exchange: Exchange, title: str = "", expected: str = "", actual: str = ""
    ) -> Iterator[Evidence]:
        if rule in self.judge.rules.by_id:
            curl = exchange.request.curl() if outcome is not Outcome.PASSED else ""
            yield Evidence(MODEL, outcome, rule, exchange.operation_id, title, expected, actual, curl)


def _exchange(exchanged: Exchanged, secret: frozenset[str]) -> Exchange:
    call = exchanged.recorded
    request = Request(call.method.upper(), call.url, tuple(call.headers), call.body or None, secret_headers=secret)
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
