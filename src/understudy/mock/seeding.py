"""Seed data sown into a store: the calls are checked against the effective document and played by the model."""

from understudy.errors import ContentError
from understudy.mock.answers import wrong
from understudy.mock.settings import Settings
from understudy.model.call import ABSENT, Call, Reply, Surroundings
from understudy.model.ids import Ids
from understudy.model.seed import Seed, SeedCall
from understudy.model.state import Store
from understudy.pack import Pack
from understudy.spec.document import Operation, Schema
from understudy.spec.wire import text

JSON = "application/json"


def sow(store: Store, seed: Seed, pack: Pack, settings: Settings, around: Surroundings) -> None:
    """Play the seed's calls; raises ContentError with file and line for one that is wrong or that the model refuses.

    Ids come from a source of their own, so that seed data does not change those of the calls that follow.
    """
    ids = Ids(f"{settings.seed} seed data")
    for call in seed.calls:
        operation = pack.effective.operations.get(call.operation_id)
        if operation is None:
            what = f"{pack.vendor} has no operation {call.operation_id!r}"
            raise _error(call, what, f"use one of: {', '.join(pack.effective.operations)}")
        _check(call, operation)
        transaction = store.begin()
        media_type = None if call.body is ABSENT else JSON
        reply = pack.behaviour.operations[call.operation_id](
            Call(
                call.operation_id,
                settings.clock.now(),
                ids.for_call(),
                call.path,
                call.query,
                call.header,
                call.body,
                media_type,
                frozenset(pack.behaviour.full),
                None,
                around,
            ),
            transaction,
        )
        _accept(call, operation, reply, pack)
        transaction.commit()


def _check(call: SeedCall, operation: Operation) -> None:
    sent = {"path": call.path, "query": call.query, "header": call.header}
    declared = {(each.location, each.name) for each in operation.parameters}
    for location, values in sent.items():
        for name in values:
            if (location, name) not in declared:
                known = ", ".join(each for place, each in sorted(declared) if place == location) or "none"
                what = f"{operation.operation_id} has no {location} parameter {name}"
                raise _error(call, what, f"its {location} parameters: {known}")
    if call.body is not ABSENT and JSON not in operation.bodies:
        raise _error(call, f"{operation.operation_id} takes no body that is {JSON}", "take the body out")
    for parameter in operation.parameters:
        values = sent.get(parameter.location, {})
        if parameter.name in values:
            _valid(call, f"{parameter.location} parameter {parameter.name}", parameter.schema, values[parameter.name])
        elif parameter.required:
            raise _error(call, f"{parameter.location} parameter {parameter.name} is missing", "add it")
    if call.body is not ABSENT:
        _valid(call, "the body", operation.bodies[JSON], call.body)
    elif operation.body_required:
        raise _error(call, "the body is missing", f"add a `body` that is {JSON}")


def _valid(call: SeedCall, what: str, schema: Schema, value: object) -> None:
    violation = next(schema.violations(value), None)
    if violation is not None:
        raise _error(call, f"{what}: {violation.message} at {violation.instance or 'the root'}", "mend the call")


def _accept(call: SeedCall, operation: Operation, reply: Reply, pack: Pack) -> None:
    refusal = wrong(operation, reply, pack.rules)
    if refusal is not None:
        raise _error(call, refusal.detail, "mend the model")
    if not reply.accepted:
        said = "" if reply.body is ABSENT else f" ({text(reply.body)})"
        raise _error(call, f"the model refuses {call.operation_id} with {reply.status}{said}", "mend the call")


def _error(call: SeedCall, what: str, todo: str) -> ContentError:
    return ContentError(f"seed data: {what}", where=call.where, todo=todo)
