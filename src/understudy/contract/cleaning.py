"""Records that a run has made are deleted, if the vendor offers it: after the last check, some before, if need be."""

from understudy.contract.client import Client
from understudy.contract.samples import on_the_wire
from understudy.contract.throttle import OverError
from understudy.errors import TargetError

GONE = frozenset({404, 410})
"""Statuses that say that a record is not there any more: a check has deleted it itself."""
CHECK = "clean-up"
ROOM, BATCH = 3.0, 100
"""Seconds that a check should have before it, and how many records are deleted at once to get them."""


def clean(client: Client) -> int:
    """Delete the records that the run has made; return how many are left behind, with those beside them.

    Ends where the limits of the run end it, or the target does not answer. What it sends is not judged.
    """
    identifiers = client.made.take()
    client.restart()
    return len(client.made.beside) + len(_deleted(client, identifiers))


def make_room(client: Client) -> None:
    """Delete records of earlier checks where the time that is kept back for that would leave none for the next one.

    They go at the pace that the target has then, which may be another than when it was slow; a later check that wants
    one of them makes it again. Only for a process that is the run's only one, since others may be looking.
    """
    while client.left < ROOM < client.run.remaining and client.made.pending:
        waiting = client.made.take()[::-1]  # so that no time is kept back for any of them meanwhile
        batch = waiting[:BATCH]
        left = _deleted(client, batch)
        client.made.keep([*left, *waiting[BATCH:]])
        client.records = {label: each for label, each in client.records.items() if each not in batch or each in left}
        if left:
            return


def _deleted(client: Client, identifiers: list[str]) -> list[str]:
    """Delete records; return the identifiers of those that are left."""
    left: list[str] = []
    for number, identifier in enumerate(identifiers):
        deletion = client.made.deletion(identifier)
        if deletion is None:
            return identifiers
        try:
            request = on_the_wire(deletion, client.run, secret=client.secret("full"))
            status = client.send(request, deletion.operation.operation_id, CHECK, judged=False).response.status
        except (OverError, TargetError):
            return [*left, *identifiers[number:]]
        if not (200 <= status < 300 or status in GONE):
            left.append(identifier)
    return left
