"""Recorded traffic judged: each exchange by the document and its rules, all of them in their order by the model.

The model starts with nothing. What a record was before the traffic touches it is nobody's fault: its first answer is
adopted, and what follows is held against it. Calls about one record that overlap in time are adopted as well.
"""

from collections.abc import Iterable, Iterator, Mapping
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
from understudy.spec.extensions import IDENTIFIER
from understudy.spec.wire import text
from understudy.values import Json, dereference

SINGLE, MODEL = "recorded", "history"
"""What the two ways of judging are called."""
RESOLUTION = timedelta(milliseconds=1)
"""What archives tell times to: calls that overlap by less may have come one after the other."""
NOT_OF_THE_RECORD = frozenset({401, 403, 429})
"""Refusals that speak of the caller, whom traffic does not tell apart."""


class History:
    """Hears exchanges in the order in which they began, and adds what they show to a collector."""

    def __init__(self, judge: Judge, collector: Collector, switches: Mapping[str, str] | None = None) -> None:
        """`switches` are settings of the model's that hold for the target."""
        self.judge = judge
        self.collector = collector
        self.heard: list[Exchange] = []
        self._reader = Reader(judge.pack.effective)
        self._prediction = Prediction(judge.pack, "history", switches)
        self._bindings = Bindings()
        self._seen: set[str] = set()
        self._ends: dict[str, datetime] = {}

    def hear(self, calls: Iterable[Recorded]) -> None:
        """Judge those of the calls that are of an operation in scope."""
        for exchanged in self._reader.read(sorted(calls, key=lambda call: call.began)):
            if exchanged.operation.operation_id in self.judge.judged.operations and exchanged.recorded.status:
                exchange = _exchange(exchanged)
                self.heard.append(exchange)
                self.collector.add(self.judge.judge(exchange, SINGLE))
                self._modelled(exchanged, exchange)

    def _modelled(self, exchanged: Exchanged, exchange: Exchange) -> None:
        status, operation = exchange.response.status, exchanged.operation
        judged = self.judge.operation(operation.operation_id)
        if judged is None or status >= 500 or status in NOT_OF_THE_RECORD:
            return
        names = frozenset(_identifiers(exchanged))
        began = exchanged.recorded.began
        known = names <= self._seen and not any(began + RESOLUTION < self._ends.get(name, began) for name in names)
        ended = began + timedelta(seconds=exchanged.recorded.seconds)
        self._ends |= {name: max(ended, self._ends.get(name, ended)) for name in names}
        breaches, agreed = self.judge.breaches(exchange, judged)
        call = self._prediction.call(_sample(exchanged), began)
        oracle = self.judge.pack.oracle
        if breaches or oracle is None or operation.operation_id not in oracle.comparisons:
            self._adopt(call, exchange, names)
            return
        reply, transaction = self._prediction.played(call)
        same = status == reply.status or alike(judged, status, reply.status)
        if same and reply.accepted:
            pointers = oracle.generated.get(operation.operation_id, ())
            if not pointers:  # else it is adopted, under the identifier that the server chose
                transaction.commit()
            differs = self._compared(call, reply, exchange)
            names |= frozenset(filter(None, [text_at(exchanged.answer, pointers)]))
            self._seen |= names
            if differs or pointers:
                self._adopt(call, exchange, names)
        elif not same:
            refused = reply.accepted and status >= 400
            if known and not (refused and not agreed):
                self._other_status(reply, exchange)
            self._adopt(call, exchange, names)

    def _adopt(self, call: Call, exchange: Exchange, names: frozenset[str]) -> None:
        """Have the model hold what a good answer shows; where it does not show enough, the record is unknown again."""
        if exchange.response.status >= 400:
            return
        operation = self.judge.operation(exchange.operation_id)
        spec = operation.response(exchange.response.status) if operation is not None else None
        body = readable(self.judge, exchange) if spec is not None and spec.content else ABSENT
        contested = None if body is UNREADABLE else self._prediction.adopt(call, body)
        if contested is None:
            self._seen -= names
        else:
            self._seen = (self._seen | names) - contested

    def _compared(self, call: Call, reply: Reply, exchange: Exchange) -> bool:
        """Add what a good answer has otherwise than the model; return whether there is anything."""
        oracle = self.judge.pack.oracle
        comparison = oracle.comparisons.get(call.operation_id) if oracle is not None else None
        body = None if reply.body is ABSENT else readable(self.judge, exchange)
        if comparison is None or body is UNREADABLE:
            return comparison is not None
        differences = list(comparison(call, reply, body, self._bindings))
        for each in differences[:1]:
            self._add(Outcome.FAILED, each.rule, exchange, each.title, text(each.expected), text(each.actual))
        if not differences and reply.rules:
            self._add(Outcome.PASSED, reply.rules[0], exchange)
        return bool(differences)

    def _other_status(self, reply: Reply, exchange: Exchange) -> None:
        status = exchange.response.status
        if reply.accepted and status >= 400:
            title = f"A good request is refused where {reply.status} is due"
        elif status < 400 and not reply.accepted:
            title = f"A request is taken where {reply.status} is due"
        else:
            title = f"The answer has another status than {reply.status}"
        self._add(Outcome.FAILED, next(iter(reply.rules), ""), exchange, title, str(reply.status), str(status))

    def _add(
        self, outcome: Outcome, rule: str, exchange: Exchange, title: str = "", expected: str = "", actual: str = ""
    ) -> None:
        if rule in self.judge.rules.by_id:
            curl = exchange.request.curl() if outcome is not Outcome.PASSED else ""
            evidence = Evidence(MODEL, outcome, rule, exchange.operation_id, title, expected, actual, curl)
            self.collector.add([evidence])


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
