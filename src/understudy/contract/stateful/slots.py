"""The places of identifiers in a sequence of calls, and the texts that stand there in a run and in a scenario of it."""

from collections.abc import Callable
from dataclasses import dataclass

from understudy.values import Json

RUNS = ("aaaaaaaaaaaa", "bbbbbbbbbbbb")
"""Two stand-ins for the input `run` of a scenario: what depends on it differs between them."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of an identifier: the record's number in the sequence, and how its name differs from the plain one.

    `kind` is plain, longer or case, or made for one that the server chose; `tail` is what the name ends with.
    """

    number: int
    kind: str = "plain"
    tail: str = ""

    def text(self, plain: str, prefix: str = "") -> str:
        """Return the identifier, from the record's plain one; the run's prefix stays as it is."""
        if self.kind == "case":
            return plain[: len(prefix)] + plain[len(prefix) :].swapcase()
        return plain + ("x" if self.kind == "longer" else self.tail)


def filled(value: Json, named: Callable[[Slot], Json]) -> Json:
    """Return the value with its slots replaced by what they are named."""
    if isinstance(value, Slot):
        return named(value)
    if isinstance(value, dict):
        return {key: filled(each, named) for key, each in value.items()}
    return [filled(each, named) for each in value] if isinstance(value, list) else value


def in_scenario(slot: Slot, prefix: str, run: str) -> str:
    """Return the identifier as a scenario has it, for that value or expression of its input `run`."""
    return run.join(slot.text(f"{prefix}\0-{slot.number}@example.com", prefix).split("\0"))
