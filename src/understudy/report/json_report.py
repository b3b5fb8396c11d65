"""report.json: the report as a JSON object, in the words of DESIGN, and the JSON Schema that it keeps."""

import json
from functools import cache
from importlib import resources
from typing import Any

from understudy.contract.verdict import Finding, ItemResult, Lapsed, OperationCoverage, Report, RuleOutcome
from understudy.errors import shown
from understudy.values import Json


@cache
def _schema_text() -> str:
    return (resources.files(__package__) / "report.schema.json").read_text("utf-8")


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of report.json."""
    loaded: dict[str, Any] = json.loads(_schema_text())
    return loaded


def render(report: Report) -> dict[str, Json]:
    """Return the report as a JSON object that keeps `schema()`; times are in seconds."""
    rendered: dict[str, Json] = _sound(
        {
            "verdict": report.verdict.value,
            "reason": report.reason,
            "vendor": report.vendor,
            "target": report.target,
            "scope": report.scope,
            "seed": report.seed,
            "started": report.started,
            "seconds": round(report.seconds, 3),
            "requests": report.requests,
            "prefix": report.prefix,
            "left_behind": report.left_behind,
            "understudy": report.version,
            "document": dict(report.document),
            "rules": [_rule(rule) for rule in report.rules],
            "operations": [_operation(operation) for operation in report.operations],
            "findings": [_finding(finding) for finding in report.findings],
            "remarks": [_finding(remark) for remark in report.remarks],
            "fixed": [_fixed(finding) for finding in report.fixed],
            "lapsed": [_lapsed(entry) for entry in report.lapsed],
            "items": [_item(item) for item in report.items],
        }
    )
    return rendered


def dumps(report: Report) -> str:
    """Return the text of report.json: ASCII alone, so that `cat` shows no control or bidi character of a target's."""
    return json.dumps(render(report), indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _rule(rule: RuleOutcome) -> dict[str, Json]:
    return {
        "id": rule.id,
        "basis": rule.basis,
        "level": rule.level,
        "text": rule.text,
        "citation": rule.citation,
        "outcome": rule.outcome.value,
        "reason": rule.reason,
        "checks": list(rule.checks),
    }


def _operation(operation: OperationCoverage) -> dict[str, Json]:
    return {
        "operation_id": operation.operation_id,
        "method": operation.method,
        "path": operation.path,
        "statuses": [
            {"status": count.status, "documented": count.documented, "reached": count.reached}
            for count in operation.statuses
        ],
    }


def _finding(finding: Finding) -> dict[str, Json]:
    return {
        "fingerprint": finding.fingerprint,
        "rule": finding.rule,
        "operation": finding.operation,
        "title": finding.title,
        "expected": finding.expected,
        "actual": finding.actual,
        "curl": finding.curl,
        "citation": {key: finding.citation.get(key) for key in ("file", "line", "pointer")},
        "check": finding.check,
        "item": finding.item,
        "count": finding.count,
        "accepted": finding.accepted,
        "scenario": finding.scenario_name,
        "relied": list(finding.relied),
        "reason": finding.reason,
        "known": finding.known,
    }


def _fixed(finding: Finding) -> dict[str, Json]:
    return {
        "fingerprint": finding.fingerprint,
        "rule": finding.rule,
        "operation": finding.operation,
        "title": finding.title,
    }


def _lapsed(entry: Lapsed) -> dict[str, Json]:
    return {
        "fingerprint": entry.fingerprint,
        "why": entry.why,
        "file": shown(entry.where.path),
        "line": entry.where.line,
        "error": entry.error,
    }


def _item(item: ItemResult) -> dict[str, Json]:
    return {
        "name": item.name,
        "kind": item.kind,
        "outcome": item.outcome,
        "seconds": round(item.seconds, 3),
        "message": item.message,
    }


def _sound(value: Json) -> Json:
    """Return the value with U+FFFD for lone surrogates, which a target can send and many JSON readers refuse."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_sound(key): _sound(child) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [_sound(child) for child in value]
    return value
