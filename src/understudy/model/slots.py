"""The places of identifiers in calls that are drawn before a run, and filled in by it."""

from collections.abc import Callable
from dataclasses import dataclass

from understudy.values import Json


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of an identifier: the record's number in the sequence, and how its name differs from the plain one.

    `kind` is plain, longer or case, or made for one that the server chose. `before` and `tail` are what stands around
    the name in the same text.
    """

    number: int
    kind: str = "plain"
    tail: str = ""
    before: str = ""

    def text(self, plain: str, prefix: str = "") -> str:
        """Return the identifier, from the record's plain one; the run's prefix stays as it is."""
        if self.kind == "case":
            plain = plain[: len(prefix)] + plain[len(prefix) :].swapcase()
        return self.before + plain + ("x" if self.kind == "longer" else "") + self.tail


def filled(value: Json, named: Callable[[Slot], Json]) -> Json:
    """Return the value with its slots replaced by what they are named."""
    if isinstance(value, Slot):
        return named(value)
    if isinstance(value, dict):
        return {key: filled(each, named) for key, each in value.items()}
    return [filled(each, named) for each in value] if isinstance(value, list) else value
