"""Contradictions inside an OpenAPI document, found by checks that need nothing but the document.

A check is a row of its module's `CHECKS`; `CHECKS` here is all of them. What is accepted is not known here.
"""

from pathlib import Path

from understudy.errors import Where, shown
from understudy.spec.lint import examples, keywords, prose, references, responses, structure
from understudy.spec.lint.finding import Check, Fault, LintFinding, LintLevel, fingerprint
from understudy.spec.lint.view import View
from understudy.spec.source import Source
from understudy.spec.source import read as read_source

__all__ = ["CHECKS", "Check", "LintFinding", "LintLevel", "lint", "read"]

CHECKS: tuple[Check, ...] = (
    *structure.CHECKS,
    *references.CHECKS,
    *examples.CHECKS,
    *keywords.CHECKS,
    *responses.CHECKS,
    *prose.CHECKS,
)


def read(path: Path) -> Source:
    """Read a file to be checked; raises ContentError where it is missing, too large, or neither JSON nor YAML."""
    if path.is_file():
        structure.check_size(path.stat().st_size, shown(path))
    return read_source(path)


def lint(source: Source) -> list[LintFinding]:
    """Return the contradictions of a document by place; raises ContentError where it is no OpenAPI 3.0 or 3.1."""
    view = View(structure.admit(source))
    found: dict[str, LintFinding] = {}
    for check in CHECKS:
        for fault in check.run(view):
            finding = _finding(source, view, check, fault)
            found.setdefault(finding.fingerprint, finding)
    return sorted(found.values(), key=lambda finding: (finding.where.line or 0, finding.pointer, finding.check))


def _finding(source: Source, view: View, check: Check, fault: Fault) -> LintFinding:
    place = Where(source.path, source.line(fault.pointer), fault.pointer)
    name = fingerprint(check.id, view.place(fault.pointer), fault.subject)
    return LintFinding(check.id, check.level, f"{fault.what}; {fault.todo}", fault.pointer, place, name)
