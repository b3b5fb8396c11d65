"""report.json and its schema."""

import json
from collections.abc import Callable
from dataclasses import replace

import jsonschema_rs
import pytest

from understudy.contract.verdict import Lapsed, Report, Verdict
from understudy.errors import Where
from understudy.report import json_report

FIELDS = {
    "verdict", "reason", "vendor", "target", "scope", "seed", "started", "seconds", "requests", "prefix",
    "left_behind", "understudy", "document", "rules", "operations", "findings", "remarks", "fixed", "lapsed", "items",
}  # fmt: skip


def validator() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(json_report.schema())


@pytest.mark.parametrize("verdict", Verdict)
def test_report_keeps_its_schema(sample: Callable[..., Report], verdict: Verdict) -> None:
    """Whatever the verdict, the object is valid against the schema that is shipped."""
    rendered = json_report.render(sample(verdict=verdict))
    assert [error.message for error in validator().iter_errors(rendered)] == []
    assert rendered["verdict"] == verdict.value


def test_schema_is_a_schema() -> None:
    """The shipped schema is itself valid."""
    jsonschema_rs.meta.validate(json_report.schema())


def test_fields_are_those_of_the_design(sample: Callable[..., Report]) -> None:
    """The names are an interface: none is missing, none is added."""
    rendered = json_report.render(sample())
    assert set(rendered) == FIELDS == set(json_report.schema()["required"])
    assert set(rendered["rules"][0]) == {
        "id", "basis", "level", "text", "citation", "outcome", "reason", "checks",
    }  # fmt: skip
    assert set(rendered["findings"][0]) == {
        "fingerprint", "rule", "operation", "title", "expected", "actual", "curl", "citation", "check", "item", "count",
        "accepted", "reason", "known", "scenario", "relied",
    }  # fmt: skip
    assert rendered["findings"][0]["citation"] == {
        "file": "specs/onetrust/openapi.json",
        "line": 431,
        "pointer": "/paths/~1v1~1datasubjects~1links/post/responses/409",
    }
    assert rendered["operations"][0]["statuses"][1] == {"status": 409, "documented": True, "reached": 0}


def test_unknown_field_is_refused(sample: Callable[..., Report]) -> None:
    """A misspelt field does not pass for a report."""
    rendered = json_report.render(sample())
    assert not validator().is_valid({**rendered, "verdikt": "conforms"})
    rendered["findings"][0]["acepted"] = True
    assert not validator().is_valid(rendered)


def test_finding_without_rule_or_citation_is_valid(sample: Callable[..., Report]) -> None:
    """A finding that no rule of the pack covers is reported with nulls, not with missing fields."""
    report = sample()
    report = replace(report, findings=(replace(report.findings[0], rule=None, operation=None, citation={}),))
    rendered = json_report.render(report)
    assert validator().is_valid(rendered)
    assert rendered["findings"][0]["citation"] == {"file": None, "line": None, "pointer": None}


def test_text_is_ascii_and_loads_again(sample: Callable[..., Report]) -> None:
    """Control and bidi characters are JSON escapes, and what a reader loads is what was rendered."""
    report = sample(reason="\x1b[31m\u202eé\n")
    text = json_report.dumps(report)
    assert text.isascii()
    assert "\x1b" not in text
    assert json.loads(text) == json_report.render(report)
    assert json.loads(text)["reason"] == "\x1b[31m\u202eé\n"


def test_lone_surrogates_do_not_make_it_unreadable(sample: Callable[..., Report]) -> None:
    """Half a surrogate pair, which a target may send, becomes U+FFFD; a whole pair becomes its character."""
    assert json.loads(json_report.dumps(sample(reason="a\ud800b \ud83c\udf88")))["reason"] == "a\ufffdb 🎈"


def test_what_changed_since_the_baseline_keeps_the_schema(sample: Callable[..., Report]) -> None:
    """Accepted, known and fixed findings, and entries of accepted.yaml that do not hold."""
    (finding,) = sample().findings
    report = sample(
        findings=(replace(finding, accepted=True, reason="The vendor's own."), replace(finding, known=True)),
        fixed=(finding,),
        lapsed=(Lapsed("0" * 16, "it expired", Where("a.yaml", 2)), Lapsed("1" * 16, "stale", Where("b"), error=True)),
    )
    rendered = json_report.render(report)
    assert [error.message for error in validator().iter_errors(rendered)] == []
    marks = [(each["accepted"], each["reason"], each["known"]) for each in rendered["findings"]]
    assert marks == [(True, "The vendor's own.", False), (False, "", True)]
    assert [each["fingerprint"] for each in rendered["fixed"]] == [finding.fingerprint]
    assert [(each["file"], each["line"], each["error"]) for each in rendered["lapsed"]] == [
        ("a.yaml", 2, False),
        ("b", None, True),
    ]
