"""What comes after the last check: the records that the run has made are deleted, if the vendor offers it."""

from understudy.contract.client import Client
from understudy.contract.made import Made
from understudy.contract.samples import on_the_wire
from understudy.contract.throttle import OverError
from understudy.errors import TargetError

GONE = frozenset({404, 410})
"""Statuses that say that a record is not there any more: a check has deleted it itself."""
CHECK = "clean-up"


def clean(client: Client) -> int:
    """Delete the records that the run has made; return how many are left behind, with those beside them.

    Ends where the limits of the run end it, or the target does not answer. What it sends is not judged.
    """
    made: Made = client.made
    identifiers = made.take()
    client.restart()
    left = len(made.beside)
    for number, identifier in enumerate(identifiers):
        deletion = made.deletion(identifier)
        if deletion is None:
            return left + len(identifiers)
        try:
            request = on_the_wire(deletion, client.run, secret=client.secret("full"))
            status = client.send(request, deletion.operation.operation_id, CHECK, judged=False).response.status
        except (OverError, TargetError):
            return left + len(identifiers) - number
        left += not (200 <= status < 300 or status in GONE)
    return left
