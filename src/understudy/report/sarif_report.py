"""report.sarif: findings and remarks as SARIF results, at the lines of the document that the target does not keep."""

from pathlib import Path

from understudy.contract.verdict import Finding, Report, RuleOutcome
from understudy.report import sarif
from understudy.report.sarif import SarifResult, SarifRule
from understudy.report.text import clipped, visible
from understudy.values import Json

NO_RULE = SarifRule(
    "no-rule", "What no rule of the pack covers: a server error, a status or a body of no kind.", "error"
)
ROOT = "The directory that holds the pack's specs/: of a pack of one's own, the root of the repository."
_LIMIT = 2_000


def render(report: Report) -> bytes:
    """Return the SARIF document of a run; what is accepted, or known from the baseline, is suppressed in it."""
    rules = [*(_rule(rule) for rule in report.rules), NO_RULE]
    results = [
        _result(finding, level)
        for level, findings in (("error", report.findings), ("note", report.remarks))
        for finding in findings
    ]
    return sarif.render(rules, results, root=ROOT, category=f"understudy/{visible(report.vendor)}")


def _rule(rule: RuleOutcome) -> SarifRule:
    level = "error" if (rule.basis, rule.level) == ("documented", "must") else "note"
    told: dict[str, Json] = {"basis": rule.basis, "level": rule.level, "citation": visible(rule.citation)}
    help_text = f"{rule.basis}, {rule.level}; see {rule.citation}"
    return SarifRule(rule.id, visible(rule.text), level, visible(help_text), told)


def _result(finding: Finding, level: str) -> SarifResult:
    citation = finding.citation
    return SarifResult(
        rule=finding.rule or NO_RULE.id,
        level=level,
        message=_message(finding),
        path=Path(visible(citation.get("file") or ".")),
        line=citation.get("line"),
        pointer=visible(citation.get("pointer") or ""),
        fingerprint=finding.fingerprint,
        accepted=finding.reason if finding.accepted else "It stands in the baseline." if finding.known else None,
        count=finding.count,
        properties={
            "operation": visible(finding.operation or ""),
            "check": visible(finding.check),
            "curl": visible(finding.curl),
        },
    )


def _message(finding: Finding) -> str:
    parts = (("", finding.title), ("Expected: ", finding.expected), ("Actual: ", finding.actual))
    return "\n".join(label + visible(clipped(value, _LIMIT)) for label, value in parts if value)
