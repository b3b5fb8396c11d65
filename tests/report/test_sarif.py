"""SARIF: rows in, a document that code hosts take."""

import json
from pathlib import Path

import jsonschema_rs
import pytest

from understudy.report.sarif import SarifResult, SarifRule, render
from understudy.values import Json

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
SHAPE: Json = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id"],
                                            "properties": {
                                                "shortDescription": TEXT,
                                                "defaultConfiguration": {"properties": {"level": LEVEL}},
                                            },
                                        },
                                    }
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message", "ruleId", "locations", "partialFingerprints"],
                            "properties": {
                                "message": TEXT,
                                "level": LEVEL,
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "partialFingerprints": {"additionalProperties": {"type": "string"}},
                                "locations": {
                                    "type": "array",
                                    "items": {
                                        "required": ["physicalLocation"],
                                        "properties": {
                                            "physicalLocation": {
                                                "required": ["artifactLocation"],
                                                "properties": {
                                                    "artifactLocation": {
                                                        "required": ["uri"],
                                                        "properties": {"uri": {"format": "uri-reference"}},
                                                    },
                                                    "region": {
                                                        "properties": {"startLine": {"type": "integer", "minimum": 1}}
                                                    },
                                                },
                                            }
                                        },
                                    },
                                },
                                "suppressions": {
                                    "type": "array",
                                    "items": {
                                        "required": ["kind"],
                                        "properties": {
                                            "kind": {"enum": ["inSource", "external"]},
                                            "status": {"enum": ["accepted", "underReview", "rejected"]},
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}
"""What SARIF 2.1.0 demands of the parts that are written (sections 3.13 to 3.35)."""

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
    document = json.loads(render(RULES, results))
    errors = jsonschema_rs.Draft202012Validator(SHAPE, validate_formats=True).iter_errors(document)
    assert [error.message for error in errors] == []
    return document["runs"][0]


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
