"""Findings put together for readers: one fault that many checks run into is shown once. Machines get them all."""

from collections.abc import Iterable
from dataclasses import dataclass

from understudy.contract.verdict import Finding


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one operation that break one rule by not meeting the same expectation; there is at least one."""

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The finding that stands for all: the one that is the shortest to repeat, as far as any can be repeated."""
        return min(self.findings, key=lambda finding: (not finding.curl, finding.curl.count("\n"), len(finding.curl)))

    @property
    def others(self) -> tuple[Finding, ...]:
        """The findings beside the first one."""
        return tuple(finding for finding in self.findings if finding is not self.first)

    @property
    def count(self) -> int:
        """How often any of them was seen."""
        return sum(finding.count for finding in self.findings)


def grouped(findings: Iterable[Finding]) -> tuple[Group, ...]:
    """Return the findings in groups, in the order in which they begin; those that count stay among themselves."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        key = (finding.rule, finding.operation, finding.expected, finding.accepted, finding.reason, finding.known)
        groups.setdefault(key, []).append(finding)
    return tuple(Group(tuple(group)) for group in groups.values())
