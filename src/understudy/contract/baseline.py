"""A report.json of an earlier run, by which a later one tells what is new. Who compares the two is `allowance`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jsonschema_rs

from understudy.contract.verdict import Finding
from understudy.errors import UsageError, Where
from understudy.spec.source import read
from understudy.values import Json, join

_ROW = {
    "type": "object",
    "required": ["fingerprint", "rule", "operation", "title"],
    "properties": {
        "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
        "rule": {"type": ["string", "null"]},
        "operation": {"type": ["string", "null"]},
        "title": {"type": "string"},
    },
}
_VALIDATOR = jsonschema_rs.Draft202012Validator(
    {
        "type": "object",
        "required": ["vendor", "findings", "remarks"],
        "properties": {
            "vendor": {"type": "string"},
            "findings": {"type": "array", "items": _ROW},
            "remarks": {"type": "array", "items": _ROW},
        },
    }
)
"""What is read of a report; other versions may have more fields, or fewer, than this one writes."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What an earlier run found, as far as a later one can be held against it: no answers, no curl lines."""

    findings: tuple[Finding, ...] = ()
    remarks: frozenset[str] = frozenset()

    @property
    def fingerprints(self) -> frozenset[str]:
        """Those of the findings. A remark that has become a finding, by --strict, is new."""
        return frozenset(finding.fingerprint for finding in self.findings)


def load(path: Path, vendor: str) -> Baseline:
    """Read a report.json; raises ContentError where it is none, UsageError where it is of another vendor."""
    source = read(path)
    for error in _VALIDATOR.iter_errors(source.value):
        todo = "give a report.json that understudy verify --report wrote"
        raise source.error(f"not a report: {error.message[:200]}", join(*error.instance_path), todo)
    found = source.value
    if found["vendor"] != vendor:
        raise UsageError(
            f"the baseline is a report on {found['vendor']!r}, not on {vendor}",
            where=Where(path, source.line("/vendor")),
            todo=f"give one on {vendor}",
        )
    return Baseline(
        tuple(_finding(row) for row in found["findings"]), frozenset(row["fingerprint"] for row in found["remarks"])
    )


def _finding(row: Mapping[str, Json]) -> Finding:
    return Finding(row["fingerprint"], row["rule"], row["operation"], row["title"], expected="", actual="", curl="")
