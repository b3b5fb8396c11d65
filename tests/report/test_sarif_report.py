"""report.sarif: a run's findings as SARIF results."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.sarif_shape import checked
from understudy.contract.verdict import Report
from understudy.report import sarif_report
from understudy.values import Json


def run_of(report: Report) -> Json:
    (run,) = checked(sarif_report.render(report))["runs"]
    return run


def test_a_finding_is_an_error_at_the_line_of_the_document(sample: Callable[..., Report]) -> None:
    """Relative to where the pack's specs/ is; with its fingerprint, how often it was seen, and the curl line."""
    error, note = run_of(sample())["results"]
    assert (error["level"], error["ruleId"], error["occurrenceCount"]) == ("error", "OT-LINK-3", 3)
    (location,) = error["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "specs/onetrust/openapi.json", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 431},
    }
    assert error["partialFingerprints"] == {"understudy/v1": "3f0c9d1b2a4e5f60"}
    assert error["properties"]["curl"] == sample().findings[0].curl
    assert error["message"]["text"].startswith("An identifier that another data subject owns was linked\nExpected: 409")
    assert (note["level"], note["ruleId"]) == ("note", "OT-RATE-2")
    assert "occurrenceCount" not in note


def test_rules_have_their_sentence_basis_and_citation(sample: Callable[..., Report]) -> None:
    """A documented must is of level error, all others of level note."""
    rules = {rule["id"]: rule for rule in run_of(sample())["tool"]["driver"]["rules"]}
    assert rules["OT-LINK-3"]["shortDescription"]["text"].startswith("Linking an identifier")
    assert rules["OT-LINK-3"]["help"]["text"] == "documented, must; see specs/onetrust/openapi.json:431"
    assert rules["OT-LINK-3"]["properties"]["basis"] == "documented"
    levels = {name: rule["defaultConfiguration"]["level"] for name, rule in rules.items()}
    assert (levels["OT-LINK-3"], levels["OT-RATE-2"]) == ("error", "note")


def test_what_does_not_count_is_suppressed(sample: Callable[..., Report]) -> None:
    """With the reason; what counts says that it is not suppressed."""
    (finding,) = sample().findings
    rows = (replace(finding, accepted=True, reason="The vendor's own."), replace(finding, known=True), finding)
    results = run_of(sample(findings=rows, remarks=()))["results"]
    justified = [[each["justification"] for each in result["suppressions"]] for result in results]
    assert justified == [["The vendor's own."], ["It stands in the baseline."], []]


def test_a_finding_without_a_rule_has_one_to_stand_under(sample: Callable[..., Report]) -> None:
    """Code hosts show no result without."""
    findings = (replace(sample().findings[0], rule=None, citation={}),)
    assert run_of(sample(findings=findings))["results"][0]["ruleId"] == "no-rule"


def test_vendors_are_kept_apart(sample: Callable[..., Report]) -> None:
    """By a category each."""
    assert run_of(sample())["automationDetails"] == {"id": "understudy/onetrust/"}


@pytest.mark.parametrize("text", ["\x00\x1b[31m\ud800\u202e", "a" * 100_000, "%20 {0} [link](1)"])
def test_hostile_text_leaves_a_document(text: str, hostile: Callable[[str], Report]) -> None:
    """It parses, and control characters are spelt out."""
    written = sarif_report.render(hostile(text))
    assert checked(written)
    assert b"\\u001b" not in written


def test_the_place_does_not_depend_on_where_the_call_was_made(
    sample: Callable[..., Report], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A built-in pack's document lies in no repository, and its name is the same everywhere."""
    here = sarif_report.render(sample())
    monkeypatch.chdir(tmp_path)
    assert sarif_report.render(sample()) == here
    assert os.fsencode(tmp_path) not in here
