"""What plays sequences on a base URL, and what they have shown."""

from collections.abc import Mapping
from typing import Protocol

from understudy.contract.client import Client, Wanted
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.stateful import course
from understudy.contract.target import Credentials
from understudy.contract.verdict import weigh


class Explore(Protocol):
    """Plays sequences on a base URL, until what is `wanted` has come in; returns the client with the evidence.

    `switches` are how the target reads what is open, as the judge is told.
    """

    def __call__(
        self,
        base_url: str,
        vendor: str,
        scope: str,
        credentials: Credentials,
        wanted: Wanted | None = None,
        *,
        seed: int = 5,
        seconds: float = 50,
        switches: Mapping[str, str] | None = None,
    ) -> Client: ...


def outcomes(client: Client, outcome: Outcome) -> list[Evidence]:
    """Return the evidence of the model's check that counts for that."""
    rules = client.judge.rules.by_id
    pieces = [piece for piece, _ in client.collector if piece.check == course.CHECK and piece.rule is not None]
    return [piece for piece in pieces if weigh(piece, rules.get(piece.rule or ""), strict=False) is outcome]
