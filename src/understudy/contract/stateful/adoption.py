"""Going on as the target does: where only an inferred rule has it otherwise, the model adopts what the target shows."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from understudy.contract.exchange import Exchange
from understudy.contract.samples import Sample
from understudy.contract.stateful.plans import Plan
from understudy.contract.stateful.prediction import shown
from understudy.model.slots import Slot
from understudy.spec.document import Operation
from understudy.values import Json

if TYPE_CHECKING:
    from understudy.contract.stateful.sequence import Sequence


def adopt(sequence: "Sequence", mine: Sample, plan: Plan, exchange: Exchange) -> bool:
    """Have the model hold what the target does after its answer; return whether that could be done.

    A refused call has changed nothing. An answer that shows no record, or one whose identifier the server chose, is
    followed by a read, where that is in scope. A list is no record.
    """
    if exchange.response.status >= 400:
        return True
    oracle = sequence.pack.oracle
    assert oracle is not None
    if mine.operation.operation_id in oracle.surveyed:
        return False
    body = _record(sequence, exchange)
    if mine.operation.operation_id in oracle.generated or body is None:
        found = _read(sequence, plan)
        if found is None:
            return False
        mine, body = found
    contested = sequence.prediction.adopt(sequence.prediction.call(mine), body)
    sequence.contested |= contested or set()
    return contested is not None


def texts(value: Json) -> Iterator[str]:
    """Yield each text in a value, without the blanks around it."""
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from texts(each)


def slot_of(plan: Plan) -> Slot | None:
    """Return the identifier of the record that a call is about, or None."""
    found = [value for values in plan.parameters.values() for value in values.values() if isinstance(value, Slot)]
    return found[0] if found else None


def reading_of(operation: Operation, plan: Plan, slot: Slot, body: Json) -> Plan:
    """Return the call that reads back what another was about: the same parameters as far as both have them."""
    sent = {name: value for values in plan.parameters.values() for name, value in values.items()}
    parameters: dict[str, dict[str, Json]] = {}
    for parameter in operation.parameters:
        if parameter.required:
            value = slot if isinstance(sent.get(parameter.name, slot), Slot) else sent[parameter.name]
            parameters.setdefault(parameter.location, {})[parameter.name] = value
    return Plan(operation.operation_id, parameters, body, next(iter(operation.bodies), None))


def _read(sequence: "Sequence", plan: Plan) -> tuple[Sample, Json] | None:
    """Read the record of a call from the target; return the read as the model sees it, and what it shows."""
    oracle = sequence.pack.oracle
    slot = slot_of(plan)
    if oracle is None or oracle.reading is None or oracle.reading[0] not in sequence.judge.judged.operations:
        return None
    if plan.operation_id in oracle.generated and sequence.made:
        slot = Slot(len(sequence.made) - 1, "made")
    if slot is None:
        return None
    operation_id, body = oracle.reading
    exchange, mine = sequence.sent(reading_of(sequence.pack.effective.operations[operation_id], plan, slot, body))
    if exchange is None or mine is None or exchange.response.status >= 400:
        return None
    record = _record(sequence, exchange)
    return None if record is None else (mine, record)


def _record(sequence: "Sequence", exchange: Exchange) -> Json:
    body = shown(sequence.judge, exchange)
    return body if isinstance(body, dict) else None
