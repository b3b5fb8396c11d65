"""SARIF: rows in, a document that code hosts take."""

from pathlib import Path

import pytest

from tests.report.sarif_shape import checked
from understudy.report.sarif import SarifResult, SarifRule, merged, render
from understudy.values import Json

RULES = [SarifRule("no-name", "A thing has no name.", "warning"), SarifRule("no-end", "A thing has no end.", "error")]


def result(**changes: Json) -> SarifResult:
    """Return a result with changes."""
    usual: dict[str, Json] = {
        "rule": "no-end",
        "level": "error",
        "message": "it goes on; end it",
        "path": Path("specs/a b.yaml"),
        "line": 3,
        "pointer": "/a",
        "fingerprint": "0" * 16,
    }
    return SarifResult(**usual | changes)


def rendered(*results: SarifResult) -> Json:
    """Return the parsed document, held against the standard's shape."""
    return checked(render(RULES, results))["runs"][0]


def test_a_result_names_rule_place_and_fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file relative to the current directory, which code hosts take for the repository's root."""
    monkeypatch.chdir(tmp_path)
    (shown,) = rendered(result())["results"]
    assert (shown["ruleId"], shown["ruleIndex"], shown["level"]) == ("no-end", 1, "error")
    (location,) = shown["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "specs/a%20b.yaml", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 3},
    }
    assert location["logicalLocations"] == [{"fullyQualifiedName": "/a"}]
    assert shown["partialFingerprints"] == {"understudy/v1": "0" * 16}


def test_an_accepted_result_is_suppressed_with_its_reason() -> None:
    """The others say that they are not."""
    first, second = rendered(result(accepted="The vendor's own."), result())["results"]
    suppression = {"kind": "external", "status": "accepted", "justification": "The vendor's own."}
    assert (first["suppressions"], second["suppressions"]) == ([suppression], [])


def test_a_file_elsewhere_is_named_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a place may be unknown."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (shown,) = rendered(result(path=tmp_path / "a.yaml", line=None, pointer=""))["results"]
    location = {"physicalLocation": {"artifactLocation": {"uri": (tmp_path / "a.yaml").as_uri()}}}
    assert shown["locations"] == [location]


def test_all_rules_are_declared_with_their_level() -> None:
    """Results or none."""
    run = rendered()
    assert run["results"] == []
    rules = run["tool"]["driver"]["rules"]
    assert [(rule["id"], rule["defaultConfiguration"]["level"]) for rule in rules] == [
        ("no-name", "warning"),
        ("no-end", "error"),
    ]


def test_runs_of_several_documents_are_kept_apart() -> None:
    """Each has a category of its own, without which code hosts take the last for the only one."""
    documents = [render(RULES, [result()], category=f"understudy/{vendor}") for vendor in ("one", "two")]
    runs = checked(merged(documents))["runs"]
    assert [run["automationDetails"]["id"] for run in runs] == ["understudy/one/", "understudy/two/"]
    assert [len(run["results"]) for run in runs] == [1, 1]
