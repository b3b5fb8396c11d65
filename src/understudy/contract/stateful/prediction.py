"""The model as oracle: the same call that goes to the target, run on a state of its own."""

from collections.abc import Mapping
from datetime import UTC, datetime

from understudy.contract.demands import parse_json
from understudy.contract.exchange import Exchange
from understudy.contract.judge import Judge
from understudy.contract.samples import Sample
from understudy.model.call import ABSENT, Call, Reply, Surroundings
from understudy.model.ids import Ids
from understudy.model.state import Store, Traced, Transaction
from understudy.pack import Pack
from understudy.spec.document import Operation
from understudy.spec.wire import header_text
from understudy.values import Json

STANCE = {"profile": "documented", "quota": "off"}
"""The engine's own switches as the oracle has them: what is documented, and no limits."""
UNREADABLE = object()
"""Stands for a body that is not what the judged document says."""


class Prediction:
    """One state of the model's, beside the target's; two sequences of calls share none."""

    def __init__(self, pack: Pack, seed: str, chosen: Mapping[str, str] | None = None) -> None:
        """`chosen` are settings of the model's switches that hold for the target."""
        self._pack = pack
        self._store = Store()
        self.touched: set[tuple[str, str]] = set()
        """Which records calls have looked at or written, by collection and key; for the caller to clear."""
        self._ids = Ids(f"{seed} oracle")
        switches = {switch.name: switch.default for switch in pack.behaviour.switches} | dict(chosen or {}) | STANCE
        self._around = Surroundings(switches=switches)

    def assume(self, made: Sample) -> None:
        """Take a record to be there, as the call that would create it has it; nothing is sent anywhere."""
        _, reply, transaction = self.reply(made)
        if reply.accepted:
            transaction.commit()

    def reply(self, sample: Sample) -> tuple[Call, Reply, Transaction]:
        """Return the call as the model sees it, its reply, and the transaction, which the caller may commit."""
        call = self.call(sample)
        return call, *self.played(call)

    def played(self, call: Call) -> tuple[Reply, Transaction]:
        """Return the model's reply to a call, and the transaction, which the caller may commit."""
        transaction = Traced(self._store, self.touched)
        return self._pack.behaviour.operations[call.operation_id](call, transaction), transaction

    def adopt(self, call: Call, body: Json) -> frozenset[str] | None:
        """Have the records as the body of the target's answer shows them; see Adoption for what is returned."""
        adoption = self._pack.behaviour.adoptions.get(call.operation_id)
        if adoption is None:
            return None
        transaction = Traced(self._store, self.touched)
        contested = adoption(call, body, transaction)
        if contested is not None:
            transaction.commit()
        return contested

    def call(self, sample: Sample, now: datetime | None = None) -> Call:
        """Return the call as the model sees it, made at that time or now."""
        return Call(
            sample.operation.operation_id,
            now or datetime.now(UTC),
            self._ids.for_call(),
            self._values(sample, "path"),
            self._values(sample, "query"),
            self._values(sample, "header"),
            ABSENT if sample.media_type is None else sample.body,
            sample.media_type,
            frozenset(self._pack.behaviour.full),
            None,
            self._around,
        )

    @staticmethod
    def _values(sample: Sample, location: str) -> dict[str, Json]:
        """Return the parameters as a server reads them: texts typed by their schemas, blanks around headers gone."""
        readers = {each.name: each.reader for each in sample.operation.parameters if each.location == location}
        found = {}
        for name, value in sample.parameters.get(location, {}).items():
            texts = readers[name].texts(value)
            if location == "header":
                texts = [header_text(each.encode("utf-8", "surrogatepass")) for each in texts]
            if texts:
                found[name] = readers[name].value(texts)
        return found


def other_status(reply: Reply, status: int) -> str:
    """Return the title of a finding where an answer has another status than the model's."""
    if reply.accepted and status >= 400:
        return f"A good request is refused where {reply.status} is due"
    if status < 400 and not reply.accepted:
        return f"A request is taken where {reply.status} is due"
    return f"The answer has another status than {reply.status}"


def readable(judge: Judge, exchange: Exchange) -> Json:
    """Return an answer's body, or UNREADABLE, of which the judge of single exchanges tells."""
    operation = judge.operation(exchange.operation_id)
    spec = operation.response(exchange.response.status) if operation is not None else None
    declared = spec.declared(exchange.response.media_type or "") if spec else None
    schema = spec.content.get(declared) if spec and declared else None
    if schema is None and spec is not None and spec.content:
        return UNREADABLE
    try:
        body = parse_json(exchange.response.body)
        return UNREADABLE if schema is not None and not schema.is_valid(body) else body
    except (ValueError, RecursionError):
        return UNREADABLE


def shown(judge: Judge, exchange: Exchange) -> Json:
    """Return what an answer shows that is as the document has it; ABSENT where that has no body, else UNREADABLE."""
    operation, response = judge.operation(exchange.operation_id), exchange.response
    spec = operation.response(response.status) if operation is not None and response.status < 300 else None
    if spec is None:
        return UNREADABLE
    if not spec.content:
        return ABSENT
    return readable(judge, exchange)


def alike(operation: Operation, one: int, other: int) -> bool:
    """Whether the document has both statuses in one range, such as 2XX, and so makes no difference between them."""
    first, second = operation.response(one), operation.response(other)
    return first is not None and second is not None and first.declared_at == second.declared_at
