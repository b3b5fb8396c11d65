"""The texts that stand in a scenario in the places of identifiers."""

from understudy.model.slots import Slot

RUNS = ("aaaaaaaaaaaa", "bbbbbbbbbbbb")
"""Two stand-ins for the input `run` of a scenario: what depends on it differs between them."""


def in_scenario(slot: Slot, prefix: str, run: str) -> str:
    """Return the identifier as a scenario has it, for that value or expression of its input `run`."""
    return run.join(slot.text(f"{prefix}\0-{slot.number}@example.com", prefix).split("\0"))
