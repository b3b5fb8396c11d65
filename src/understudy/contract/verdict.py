"""The scales: evidence and rules go in, outcomes, findings, remarks and the verdict come out. No I/O, no check."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from understudy.contract.evidence import Evidence, Outcome
from understudy.errors import Where
from understudy.spec.rules import Level, Rule
from understudy.values import Json


class Verdict(StrEnum):
    """What a run says of its target; DESIGN's words."""

    CONFORMS = "conforms"
    VIOLATES = "violates"
    INCONCLUSIVE = "inconclusive"
    PARTIAL = "partial"

    @property
    def exit_code(self) -> int:
        """The process exit code of a run with this verdict."""
        return {"conforms": 0, "partial": 0, "violates": 1, "inconclusive": 3}[self.value]


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What a run found out on one rule; `text` and `citation` are the rule's own, for the reader's sake.

    `checks` are those that saw something of it: of one that is not exercised, too little.
    """

    id: str
    basis: str
    level: str
    text: str
    citation: str
    outcome: Outcome
    reason: str = ""
    checks: tuple[str, ...] = ()

    @property
    def exercised(self) -> bool:
        """Whether the run has anything to say on the rule."""
        return self.outcome is not Outcome.NOT_EXERCISED


@dataclass(frozen=True, slots=True)
class StatusCount:
    """How often an operation answered with a status, and whether the judged document declares it."""

    status: int
    documented: bool
    reached: int


@dataclass(frozen=True, slots=True)
class OperationCoverage:
    """The statuses of one operation: all declared ones, and all that were seen."""

    operation_id: str
    method: str
    path: str
    statuses: tuple[StatusCount, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding or a remark, as the report carries it; `citation` is `{file, line, pointer}`.

    `scenario` is the text of an Arazzo file that shows it again, '' if there is none; `relied` are the rules by which
    the model came to what it expected. `accepted` says that accepted.yaml has it, with that `reason`; `known` that it
    stands in the baseline.
    """

    fingerprint: str
    rule: str | None
    operation: str | None
    title: str
    expected: str
    actual: str
    curl: str
    citation: Mapping[str, Json] = field(default_factory=dict)
    check: str = ""
    item: str = ""
    count: int = 1
    accepted: bool = False
    scenario: str = ""
    relied: tuple[str, ...] = ()
    reason: str = ""
    known: bool = False

    @property
    def scenario_name(self) -> str | None:
        """The path of the scenario's file in the report's directory; None where there is no scenario."""
        return f"failing/{self.rule or 'no-rule'}-{self.fingerprint}.arazzo.yaml" if self.scenario else None

    @property
    def counts(self) -> bool:
        """Whether it decides the verdict: it is neither accepted nor known."""
        return not self.accepted and not self.known


@dataclass(frozen=True, slots=True)
class Lapsed:
    """An entry of accepted.yaml that does not hold: the finding it names, why it does not, and where it stands.

    `error` says that the call fails for it, since it is the user's to remove.
    """

    fingerprint: str
    why: str
    where: Where
    error: bool = False


@dataclass(frozen=True, slots=True)
class ItemResult:
    """One pytest item of the run: a scenario, a probe or a fuzzing phase; `kind` is the check's name.

    `failures` are the fingerprints of what it failed for, none where it failed for no finding.
    """

    name: str
    kind: str
    outcome: str
    seconds: float
    message: str = ""
    failures: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a run has to say; the writers of `understudy.report` render it and add nothing.

    `left_behind` counts the records, their identifiers beginning with `prefix`, that the run made and could not delete.
    `fixed` are the baseline's findings that are gone, `lapsed` the entries of accepted.yaml that do not hold.
    """

    verdict: Verdict
    vendor: str
    target: str
    scope: str
    seed: int
    started: str
    seconds: float
    requests: int
    version: str
    document: Mapping[str, Json]
    rules: tuple[RuleOutcome, ...]
    operations: tuple[OperationCoverage, ...]
    findings: tuple[Finding, ...]
    remarks: tuple[Finding, ...]
    items: tuple[ItemResult, ...]
    reason: str = ""
    prefix: str = ""
    left_behind: int = 0
    fixed: tuple[Finding, ...] = ()
    lapsed: tuple[Lapsed, ...] = ()

    @property
    def exit_code(self) -> int:
        """The exit code of the run: the verdict's, but 2 for a good one beside an entry that has to be removed."""
        return self.verdict.exit_code or (2 if any(entry.error for entry in self.lapsed) else 0)

    def count(self, outcome: Outcome) -> int:
        """Return how many rules have that outcome."""
        return sum(rule.outcome is outcome for rule in self.rules)


def weigh(evidence: Evidence, rule: Rule | None, *, strict: bool) -> Outcome:
    """Return what evidence counts for: a failure of a rule that does not bind is a remark.

    Binding is a documented *must*; with `strict`, every *must*. What no rule of the pack covers is binding too: checks
    raise such failures only for what is a finding without a rule (a 5xx, an undeclared 2xx).
    """
    if evidence.outcome is not Outcome.FAILED or rule is None or rule.binding:
        return evidence.outcome
    return Outcome.FAILED if strict and rule.level is Level.MUST else Outcome.REMARK
