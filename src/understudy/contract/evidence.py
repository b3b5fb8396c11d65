"""Evidence: one check's outcome on one rule or operation. Who weighs it is `verdict`."""

import hashlib
from dataclasses import asdict, dataclass, fields
from enum import StrEnum

from understudy.values import Json


class Outcome(StrEnum):
    """What a check saw of a rule."""

    PASSED = "passed"
    FAILED = "failed"
    REMARK = "remark"
    NOT_EXERCISED = "not-exercised"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One check's outcome.

    `check` names the check (`scenario`, `response`, `constraints`, `model`, ...), `rule` the rule it is
    about (None where no rule of the pack covers it), `item` the pytest item that made it. `title` is one sentence
    without values that change from run to run, since the fingerprint is made of it; values go to `actual`. `reason`
    says why something was not exercised, `cut` that it is for the run's limits. `curl` repeats the
    request, after those that it rests on; so does `scenario`, the text of an Arazzo file, if there is one. `relied` are
    the rules by which the model came to what it expected. `status` is that of the answer that shows it by itself; 0
    where it takes several, or none.
    """

    check: str
    outcome: Outcome
    rule: str | None = None
    operation: str | None = None
    title: str = ""
    expected: str = ""
    actual: str = ""
    curl: str = ""
    reason: str = ""
    item: str = ""
    scenario: str = ""
    relied: tuple[str, ...] = ()
    cut: bool = False
    status: int = 0

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that stay the same for the same fault from run to run."""
        return hashlib.sha256("\n".join((self.rule or "", self.operation or "", self.title)).encode()).hexdigest()[:16]

    def as_json(self) -> dict[str, Json]:
        """Return the evidence as a JSON object; `from_json` is its inverse."""
        return {**asdict(self), "outcome": self.outcome.value}

    @classmethod
    def from_json(cls, value: dict[str, Json]) -> "Evidence":
        """Return the evidence of a JSON object that `as_json` made."""
        names = {field.name for field in fields(cls)}
        known = {k: v for k, v in value.items() if k in names}
        relied = tuple(value.get("relied", ()))
        return cls(**{**known, "outcome": Outcome(value["outcome"]), "relied": relied})
