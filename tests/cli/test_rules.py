"""`understudy rules`: the traceability table."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from understudy import pack as packs
from understudy.cli import main


def rules(*words: str) -> Result:
    """Call the command."""
    return CliRunner().invoke(main, ["rules", *words])


def test_every_rule_has_a_row_with_who_plays_and_what_verifies_it(tmp_path: Path) -> None:
    """As JSON, with its citation's file and line."""
    result = rules("onetrust", "--json", "--report", str(tmp_path))
    rows = {row["id"]: row for row in json.loads(result.stdout)}
    assert set(rows) == set(packs.load("onetrust").rules.by_id)
    row = rows["OT-LINK-3"]
    assert (row["basis"], row["level"], row["scope"], row["outcome"]) == ("documented", "must", "core", "")
    assert row["played_by"] == ["link"]
    assert "remove-identifiers" in row["scenarios"]
    assert (
        row["citation"].startswith("specs/onetrust/openapi.json:") or "/specs/onetrust/openapi.json:" in row["citation"]
    )


def test_the_table_can_be_searched(tmp_path: Path) -> None:
    """Rule ids are whole, however narrow the terminal is."""
    result = rules("onetrust", "--report", str(tmp_path))
    assert result.exit_code == 0
    for rule in packs.load("onetrust").rules:
        assert f"{rule.id} " in result.stdout


@pytest.mark.parametrize("place", ["report.json", "onetrust/report.json"])
def test_the_last_run_says_what_became_of_each_rule(place: str, tmp_path: Path) -> None:
    """From the report of the vendor alone, or from that of several."""
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"vendor": "onetrust", "rules": [{"id": "OT-ID-1", "outcome": "failed"}]}))
    rows = {row["id"]: row for row in json.loads(rules("onetrust", "--json", "--report", str(tmp_path)).stdout)}
    assert (rows["OT-ID-1"]["outcome"], rows["OT-ID-2"]["outcome"]) == ("failed", "")


@pytest.mark.parametrize("last", ["report.json", "onetrust/report.json"])
def test_the_last_of_two_runs_counts(last: str, tmp_path: Path) -> None:
    """One may have been of the vendor alone, the other of several."""
    (tmp_path / "onetrust").mkdir()
    for place in ("report.json", "onetrust/report.json"):
        outcome, when = ("failed", 2_000_000_000) if place == last else ("passed", 1_000_000_000)
        report = {"vendor": "onetrust", "rules": [{"id": "OT-ID-1", "outcome": outcome}]}
        (tmp_path / place).write_text(json.dumps(report))
        os.utime(tmp_path / place, (when, when))
    rows = {row["id"]: row for row in json.loads(rules("onetrust", "--json", "--report", str(tmp_path)).stdout)}
    assert rows["OT-ID-1"]["outcome"] == "failed"


def test_another_vendors_report_says_nothing(tmp_path: Path) -> None:
    """Ids may be alike."""
    (tmp_path / "report.json").write_text(
        json.dumps({"vendor": "other", "rules": [{"id": "OT-ID-1", "outcome": "failed"}]})
    )
    assert '"outcome": "failed"' not in rules("onetrust", "--json", "--report", str(tmp_path)).stdout


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"vendor": "onetrust"}'])
def test_what_is_no_report_is_wrong_usage(text: str, tmp_path: Path) -> None:
    """One line, exit 2."""
    (tmp_path / "report.json").write_text(text)
    result = rules("onetrust", "--report", str(tmp_path))
    assert (result.exit_code, "is no report" in result.stderr, "Traceback" in result.output) == (2, True, False)


def test_an_unknown_vendor_is_wrong_usage() -> None:
    """The known ones are listed."""
    result = rules("nobody")
    assert (result.exit_code, "use one of: " in result.stderr) == (2, True)
