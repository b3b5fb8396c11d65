"""A broken rule that a sequence of calls shows, and how it is told."""

from dataclasses import dataclass, replace

from understudy.contract.client import Client
from understudy.contract.evidence import Evidence
from understudy.contract.exchange import repeated
from understudy.contract.stateful.scenario import Taking, exported
from understudy.model.oracle import Difference


class BrokenError(Exception):
    """A sequence shows that a rule is broken."""

    def __init__(self, failure: "Failure") -> None:
        super().__init__(failure.evidence.title)
        self.failure = failure


class UnfinishedError(Exception):
    """A sequence that is to be played once more did not come to its last call."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A broken rule and the sequence that shows it; `difference` is None where the status shows it."""

    evidence: Evidence
    taking: Taking
    difference: Difference | None

    def told(self, client: Client) -> Evidence:
        """Return the evidence with what repeats the sequence: curl lines and, if it can be one, a scenario."""
        curl = repeated([call.exchange.request for call in self.taking.calls])
        hide = client.secrets.hide  # before the scenario escapes what is in them
        expected, actual = hide(self.evidence.expected), hide(self.evidence.actual)
        told = replace(self.evidence, expected=expected, actual=actual, curl=curl, relied=self.taking.relied())
        return replace(told, scenario=exported(client, told, self.taking, self.difference))
