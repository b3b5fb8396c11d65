"""Records that must be there before an operation can do anything: given by the user, or created on the target."""

from understudy.contract.client import Client
from understudy.contract.samples import Sample, identifier, on_the_wire, sample
from understudy.contract.target import Run
from understudy.spec.document import Document, Operation
from understudy.spec.extensions import CREATES

LACKING = "needs a record that is there: give --existing ID, or --scope full where the vendor can create one"


def creator(judged: Document, effective: Document) -> Operation | None:
    """Return the operation of the judged document by which a record is created, as the effective one has it."""
    for operation_id in judged.operations:
        operation = effective.operations[operation_id]
        if operation.value.get(CREATES):
            return operation
    return None


def obtainable(run: Run, judged: Document, effective: Document) -> bool:
    """Whether a run can have a record that is there."""
    return bool(run.existing) or creator(judged, effective) is not None


def held(run: Run, judged: Document, effective: Document) -> Sample | None:
    """Return the call that would create the record that the user has named; None where the run creates its own."""
    if not run.existing or creator(judged, effective) is not None:
        return None
    operation = creator(effective, effective)
    return sample(operation, run, "held", run.existing[0]) if operation is not None else None


def record(client: Client, label: str, *, spared: bool = True) -> str | None:
    """Return the identifier of a record that is there, one for each label if it can be created; None if there is none.

    What the user has named is used where nothing can be created, and never if the record is not going to be spared: we
    delete what we made, no more.
    """
    if label not in client.records:
        client.records[label] = _created(client, label)
    known = client.records[label]
    return client.run.existing[0] if known is None and spared and client.run.existing else known


def _created(client: Client, label: str) -> str | None:
    judge = client.judge
    operation = creator(judge.judged, judge.pack.effective)
    sent = sample(operation, client.run, label) if operation is not None else None
    if operation is None or sent is None:
        return None
    request = on_the_wire(sent, client.run, secret=client.secret("full"))
    exchange = client.send(request, operation.operation_id, "response")
    return identifier(client.run, label) if exchange.response.status < 300 else None
