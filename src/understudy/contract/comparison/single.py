"""Single calls to two targets: each operation as it is documented, by nobody, and on both sides of each constraint."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from understudy.contract.client import Client
from understudy.contract.comparison.contrast import CHECK, Contrast, Ignored, Tally, contrasted
from understudy.contract.comparison.normal import Normal
from understudy.contract.evidence import Outcome
from understudy.contract.exchange import Exchange
from understudy.contract.probes import LEAVES_ALONE, PROBED, Prober
from understudy.contract.samples import Sample
from understudy.contract.stateful.scenario import Taking
from understudy.contract.variants import variants
from understudy.spec.document import Operation
from understudy.spec.rules import Part, Rule
from understudy.values import SAFE_METHODS


@dataclass(frozen=True, slots=True)
class _Single:
    """A call, who makes it, the rule that it is about, and whether it is to be refused."""

    sample: Sample
    credential: str
    rule: str | None
    refused: bool = False


def single_calls(
    clients: tuple[Client, Client], pool: ThreadPoolExecutor, ignored: Ignored, tally: Tally
) -> Contrast | None:
    """Send single calls to both; return the first difference. Raises TargetError and OverError."""
    probers = [Prober(client) for client in clients]
    for operation_id in clients[0].judge.judged.operations:
        goods = _goods(probers, operation_id, CHECK)
        if not goods:  # a record that one alone can make is told apart by the operation that makes it
            tally.missing.append(operation_id)
            continue
        for pair in _calls(probers, operation_id, goods):
            exchanges = list(pool.map(_sent, probers, pair))
            if pair[0].refused and any(each.response.status not in LEAVES_ALONE for each in exchanges):
                for prober in probers:
                    prober.spoil()
            if not tally.compared(exchanges):
                continue
            normals = [Normal(client.run) for client in clients]
            found = tally.difference(normals, exchanges, ignored, bodies=_named(pair[0].sample.operation))
            if found is not None:
                departs = [_broken(client, each) for client, each in zip(clients, exchanges, strict=True)]
                curls = [each.request.curl() for each in exchanges]
                taking = Taking((), str)
                return contrasted(found, operation_id, pair[0].rule, departs, taking, curls)
    return None


def opens(client: Client) -> bool:
    """Whether the full credential is let in anywhere.

    Operations that have not told yet are called until one lets it in, reads first. Raises TargetError and OverError.
    """
    prober = Prober(client)
    operations = client.judge.judged.operations
    left = (each for each in operations if each in client.wanting - client.asked)
    for operation_id in sorted(left, key=lambda each: operations[each].method not in SAFE_METHODS):
        if client.met - {401, 403}:
            break
        good = prober.any(operation_id, f"{operation_id} {CHECK}")
        if good is not None:
            prober.send(good, CHECK)
    return bool(client.met - {401, 403})


def _calls(probers: Sequence[Prober], operation_id: str, goods: Sequence[Sample]) -> Iterator[tuple[_Single, ...]]:
    """Yield the calls of an operation, one for each target."""
    judge = probers[0].judge
    closing = judge.closing(goods[0].operation, 401)
    yield tuple(_Single(good, "none", closing[0].id if closing else None) for good in goods)
    yield tuple(_Single(good, "full", None) for good in goods)
    for rule in judge.rules:
        if rule.operation == operation_id and PROBED.get(rule.part or Part.ANSWER) == "constraints":
            bases = _goods(probers, operation_id, f"{rule.id} base")
            yield from zip(*map(_variants, probers, [rule] * len(bases), bases), strict=True)


def _goods(probers: Sequence[Prober], operation_id: str, label: str) -> list[Sample]:
    """Return a good request for each target, or none."""
    goods = [prober.good(operation_id, f"{operation_id} {label}") for prober in probers]
    return [good for good in goods if good is not None] if all(goods) else []


def _variants(prober: Prober, rule: Rule, base: Sample) -> Iterator[_Single]:
    for number, variant in enumerate(variants(rule, base)):
        sent = prober.moved(rule, base, variant, f"{rule.id} {number}")
        yield _Single(sent, "full", rule.id, refused=not variant.good)


def _sent(prober: Prober, single: _Single) -> Exchange:
    return prober.send(single.sample, CHECK, single.credential)


def _broken(client: Client, exchange: Exchange) -> str | None:
    """Return the rule that an answer breaks by itself, None where it breaks none."""
    failed = (each for each in client.judge.judge(exchange, CHECK) if each.outcome is Outcome.FAILED)
    return next((each.rule for each in failed if each.rule), None)


def _named(operation: Operation) -> bool:
    """Whether an operation's answers are about a record that it names: lists tell what else a target holds."""
    return bool(operation.naming_parameters or operation.naming_properties)
