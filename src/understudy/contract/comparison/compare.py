"""Comparing from start to end: single calls first, for what they show is the simplest, then sequences."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random

from understudy.contract.client import Client
from understudy.contract.comparison.contrast import Contrast, Ignored, Tally
from understudy.contract.comparison.sequences import Twins
from understudy.contract.comparison.single import opens, single_calls
from understudy.contract.stateful import machine, shrinking
from understudy.contract.stateful.plans import Plans
from understudy.contract.throttle import OverError

SHRINKING = 10.0
"""Seconds that the sequence before a difference is shrunk at most."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comparing came to: the difference, if there is one, how much was played on each, and what `note` says.

    That is why it ended early, or what it has left out.

    `taken` counts the calls that both have taken, of those that tell of credentials.
    """

    contrast: Contrast | None
    sequences: int
    calls: int
    taken: int
    note: str = ""


def compare(clients: tuple[Client, Client], sequences: int, ignored: Ignored) -> Comparison:
    """Play so many sequences at most, while the run lasts; the first difference is shrunk.

    `ignored` takes out of an answer's body what is not to be compared. Raises TargetError where a target stops
    answering.
    """
    first, tally = clients[0], Tally(clients[0].wanting)
    plans = _plans(first)
    if plans is None:
        return Comparison(None, 0, 0, 0, f"{first.judge.pack.vendor} has no oracle, which draws the calls")

    def hide(text: str) -> str:
        return clients[0].secrets.hide(clients[1].secrets.hide(text))

    def ended(contrast: Contrast | None, played: int, note: str) -> Comparison:
        shown = contrast.hidden(hide) if contrast is not None else None
        return Comparison(shown, played, first.requests, tally.taken, note)

    with ThreadPoolExecutor(2) as pool:
        twins = Twins(clients, pool, ignored, tally)
        played = 0
        try:
            contrast = single_calls(clients, pool, ignored, tally)
        except OverError as over:
            return ended(None, 0, _refusing(clients, tally) or str(over))
        if contrast is not None:
            refusing = _refusing(clients, tally, whole=True)
            return ended(None if refusing else contrast, 0, refusing)
        while played < sequences and not twins.over:
            random = Random(f"{first.run.seed} {played}")  # noqa: S311 (no secret is made of it)
            wanted = [plans.creation(random), *(plans.call(random) for _ in range(machine.STEPS))]
            contrast = twins.played(wanted, to_the_end=True)
            played += 1
            if contrast is not None:
                refusing = _refusing(clients, tally, whole=True)
                if refusing:
                    return ended(None, played, refusing)
                twins.last(SHRINKING)
                return ended(shrinking.shrunk(contrast, twins.played), played, "")
    return ended(None, played, _refusing(clients, tally) or twins.why() or tally.left_out())


def _plans(client: Client) -> Plans | None:
    """Return what the calls of sequences are drawn from; None where the pack has no oracle."""
    pack, judged, oracle = client.judge.pack, client.judge.judged.operations, client.judge.pack.oracle
    if oracle is None:
        return None
    exact = client.judge.rules.by_id.get(oracle.exact)
    named = [each for each in oracle.comparisons if each in judged]
    return Plans(pack.effective, oracle, named, case=exact is not None and exact.binding)


def _refusing(clients: tuple[Client, Client], tally: Tally, *, whole: bool = False) -> str:
    """Return which target lets the full caller do nothing; '' if each lets it, or nothing is known.

    Where the run is over before all operations were called, those that were are what is known; it is not enough where
    the `whole` has to be, since a difference would be given up for it.
    """
    for client in clients if tally.taken == 0 else ():
        try:
            refused = bool(client.met) and not opens(client)
        except OverError:
            refused = not whole and client.met <= {401, 403}
        if refused:
            return f"{client.run.label} refuses the credentials with {min(client.met)}"
    return ""
