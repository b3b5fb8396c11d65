"""An earlier report, as a later run reads it."""

import json
from pathlib import Path

import pytest

from understudy.contract.baseline import load
from understudy.errors import UnderstudyError
from understudy.values import Json

ROW = {"fingerprint": "0" * 16, "rule": "OT-ID-1", "operation": None, "title": "The id changes", "curl": "curl"}
REPORT = {"vendor": "onetrust", "findings": [ROW], "remarks": [{**ROW, "fingerprint": "1" * 16}], "verdict": "violates"}


def written(folder: Path, value: Json) -> Path:
    """Write a report."""
    path = folder / "report.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value, indent=1))
    return path


def test_findings_and_remarks_are_read(tmp_path: Path) -> None:
    """Whatever else the report has."""
    baseline = load(written(tmp_path, REPORT), "onetrust")
    assert (set(baseline.fingerprints), set(baseline.remarks)) == ({"0" * 16}, {"1" * 16})
    (finding,) = baseline.findings
    assert (finding.rule, finding.title) == ("OT-ID-1", "The id changes")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("", "report.json:1: not JSON"),
        ("{\n'vendor'", "report.json:2: not JSON"),
        ("[]", 'report.json:1: not a report: [] is not of type "object"; give a report.json that understudy verify'),
        ({"swagger": "2.0"}, "report.json:1: not a report: "),
        (
            {**REPORT, "findings": [{**ROW, "fingerprint": "x"}]},
            "report.json:5 (/findings/0/fingerprint): not a report",
        ),
        ({**REPORT, "findings": [{"fingerprint": "0" * 16}]}, "report.json:4 (/findings/0): not a report"),
        (
            {**REPORT, "vendor": "other"},
            "report.json:2: the baseline is a report on 'other', not on onetrust; give one",
        ),
    ],
)
def test_what_is_no_report_of_the_vendor_is_told_with_its_line(
    value: Json, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2."""
    monkeypatch.chdir(tmp_path)
    written(tmp_path, value)
    with pytest.raises(UnderstudyError) as raised:
        load(Path("report.json"), "onetrust")
    assert str(raised.value).startswith(told)
    assert raised.value.exit_code == 2
