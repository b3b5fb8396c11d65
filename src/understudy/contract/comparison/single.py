"""Single calls to two targets: each operation as it is documented, by nobody, and on both sides of each constraint."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from understudy.contract.client import Client
from understudy.contract.comparison.contrast import CHECK, Contrast, Ignored, Tally, contrasted, difference
from understudy.contract.comparison.normal import Normal
from understudy.contract.evidence import Outcome
from understudy.contract.exchange import Exchange
from understudy.contract.probes import PROBED, Prober
from understudy.contract.samples import Sample
from understudy.contract.stateful.scenario import Taking
from understudy.contract.variants import variants
from understudy.spec.document import Operation
from understudy.spec.rules import Part, Rule


@dataclass(frozen=True, slots=True)
class _Single:
    """A call, who makes it, and the rule that it is about."""

    sample: Sample
    credential: str
    rule: str | None


def single_calls(
    clients: tuple[Client, Client], pool: ThreadPoolExecutor, ignored: Ignored, tally: Tally
) -> Contrast | None:
    """Send single calls to both; return the first difference. Raises TargetError and OverError."""
    probers = [Prober(client) for client in clients]
    for operation_id in clients[0].judge.judged.operations:
        for pair in zip(*(_calls(prober, operation_id) for prober in probers), strict=True):
            exchanges = list(pool.map(_sent, probers, pair))
            if not tally.compared(exchanges):
                continue
            normals = [Normal(client.run) for client in clients]
            found = difference(normals, exchanges, ignored, bodies=_named(pair[0].sample.operation))
            if found is not None:
                departs = [_broken(client, each) for client, each in zip(clients, exchanges, strict=True)]
                curls = [each.request.curl() for each in exchanges]
                taking = Taking((), str)
                return contrasted(found, operation_id, pair[0].rule, departs, taking, curls)
    return None


def _calls(prober: Prober, operation_id: str) -> Iterator[_Single]:
    """Yield the calls of an operation; those that need a record that cannot be had are left out."""
    good = prober.good(operation_id, f"{operation_id} {CHECK}")
    if good is None:
        return
    closing = prober.judge.closing(good.operation, 401)
    yield _Single(good, "none", closing[0].id if closing else None)
    yield _Single(good, "full", None)
    for rule in prober.judge.rules:
        if rule.operation == operation_id and PROBED.get(rule.part or Part.ANSWER) == "constraints":
            base = prober.good(operation_id, f"{rule.id} base")
            yield from _variants(prober, rule, base) if base is not None else ()


def _variants(prober: Prober, rule: Rule, base: Sample) -> Iterator[_Single]:
    for number, variant in enumerate(variants(rule, base)):
        own = prober.good(rule.operation, f"{rule.id} {number}")
        sent = variant.sample
        if own is not None and rule.part is not Part.PARAMETERS:
            sent = sent.moved(base, own)
        yield _Single(sent, "full", rule.id)


def _sent(prober: Prober, single: _Single) -> Exchange:
    return prober.send(single.sample, CHECK, single.credential)


def _broken(client: Client, exchange: Exchange) -> str | None:
    """Return the rule that an answer breaks by itself, None where it breaks none."""
    failed = (each for each in client.judge.judge(exchange, CHECK) if each.outcome is Outcome.FAILED)
    return next((each.rule for each in failed if each.rule), None)


def _named(operation: Operation) -> bool:
    """Whether an operation's answers are about a record that it names: lists tell what else a target holds."""
    return bool(operation.naming_parameters or operation.naming_properties)
