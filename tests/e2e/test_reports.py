"""Reports of faulty endpoints over several runs: fingerprints that stay, runs that repeat, what does not count."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.breaking import has, status
from tests.e2e.conftest import Judged, Verify
from tests.e2e.faults import NewId
from tests.e2e.servers import FULL, Endpoint
from tests.report.sarif_shape import checked
from understudy.contract.stateful import course

QUICK = ("-k", "not fuzz and not model")
BRIEF = ("-k", "access or same-id")
Make = Callable[[], Endpoint]
FAULTY: dict[str, Make] = {
    "wrong status": lambda: Endpoint(status(201, 200)),
    "wrong answer": lambda: Endpoint(has("id", "1234"), has("canBePrimary", "yes")),
    "wrong state": NewId,
    "wrong everywhere": lambda: Endpoint(status(200, 500)),
}


def rows(judged: Judged) -> Iterator[dict[str, Any]]:
    """Yield findings and remarks."""
    yield from (*judged.report["findings"], *judged.report["remarks"])


def named(judged: Judged) -> dict[str, tuple[str, str, str]]:
    """Return what each fingerprint stands for."""
    return {row["fingerprint"]: (row["rule"], row["operation"], row["title"]) for row in rows(judged)}


def commands(judged: Judged) -> set[tuple[str, str]]:
    """Return the fingerprints with their curl lines, apart from the port and the identifiers of the run."""
    own = re.compile(r"understudy-[a-z2-7]{12}|127\.0\.0\.1:\d+")
    return {(row["fingerprint"], own.sub("<own>", row["curl"])) for row in rows(judged)}


@pytest.mark.parametrize("make", FAULTY.values(), ids=FAULTY)
def test_fingerprints_are_those_of_the_fault_whatever_the_seed(make: Make, verify: Verify) -> None:
    """Other seeds, other identifiers, another port: the same findings, by the same fingerprints."""
    first, second = (verify(make(), *QUICK, "--seed", seed) for seed in ("11", "12"))
    assert named(first) == named(second)
    assert first.report["findings"]


def test_what_is_drawn_has_the_same_fingerprint_when_it_is_found_again(verify: Verify) -> None:
    """Fuzzing and the model find a fault by other requests each time."""
    found = [verify(FAULTY["wrong answer"](), "-k", "fuzz or model", "--seed", seed) for seed in ("11", "12")]
    first, second = ({row["fingerprint"] for row in each.report["findings"]} for each in found)
    assert first == second != set()


@pytest.mark.parametrize("make", [FAULTY["wrong status"], NewId], ids=["status", "id"])
def test_a_failing_run_repeats_exactly_with_the_printed_seed(
    make: Make, verify_briefly: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same findings by the same requests; identifiers alone are a run's own, for a target keeps its records.

    With time enough: what the budget cuts off depends on how fast the target is.
    """
    monkeypatch.setattr(course, "SHRINKING", 100.0)
    enough = ("--budget", "10m")
    first = verify_briefly(make(), *enough, "--seed", "123")
    printed = re.search(r"seed (\d+)\)$", first.output.strip())
    assert printed is not None
    second = verify_briefly(make(), *enough, "--seed", printed[1])
    assert commands(first) == commands(second) != set()
    assert [item["outcome"] for item in first.report["items"]] == [item["outcome"] for item in second.report["items"]]


def accepting(folder: Path, judged: Judged, **more: str) -> Path:
    """Write a file that accepts all findings of a run."""
    entries = [
        {"fingerprint": row["fingerprint"], "reason": "Known to the vendor.", **more}
        for row in judged.report["findings"]
    ]
    path = folder / "mine.yaml"
    path.write_text(json.dumps({"verify": entries}))
    return path


def test_what_is_accepted_is_shown_and_fails_nothing(verify: Verify, tmp_path: Path) -> None:
    """Neither the verdict nor a JUnit case; once it has expired it does again."""
    file = accepting(tmp_path, verify(NewId(), *BRIEF))
    judged = verify(NewId(), *BRIEF, "--accepted", str(file))
    assert (judged.exit_code, judged.report["verdict"], judged.outcome("OT-ID-1")) == (0, "partial", "remark")
    assert {(row["accepted"], row["reason"]) for row in judged.report["findings"]} == {(True, "Known to the vendor.")}
    assert "; Known to the vendor." in judged.output
    assert b"<failure" not in (judged.directory / "junit.xml").read_bytes()
    late = verify(NewId(), *BRIEF, "--accepted", str(accepting(tmp_path, judged, expires="2020-01-31")))
    assert (late.exit_code, late.report["verdict"]) == (1, "violates")
    assert "the acceptance expired on 2020-01-31" in late.output


def test_an_entry_that_accepts_nothing_fails_a_whole_run_alone(verify_briefly: Verify, tmp_path: Path) -> None:
    """With exit code 2 and the line of the entry; a run of a part of the checks cannot tell."""
    file = accepting(tmp_path, verify_briefly(NewId(), *BRIEF))
    part = verify_briefly(Endpoint(), *BRIEF, "--accepted", str(file))
    assert (part.exit_code, part.report["lapsed"]) == (0, [])
    whole = verify_briefly(Endpoint(), "--accepted", str(file))
    assert (whole.exit_code, whole.report["verdict"]) == (2, "conforms"), whole.output
    assert "mine.yaml:1 (/verify/0): what this entry accepts no longer occurs; remove the entry" in whole.output
    assert whole.output.splitlines()[-1].startswith("verdict: conforms (")


def test_a_baseline_leaves_what_is_new(verify: Verify, tmp_path: Path) -> None:
    """The report of one run is the baseline of the next: what it has is known, what came since fails."""
    earlier = verify(NewId(), *BRIEF)
    baseline = tmp_path / "earlier.json"
    baseline.write_bytes((earlier.directory / "report.json").read_bytes())
    again = verify(NewId(), *BRIEF, "--baseline", str(baseline))
    assert (again.exit_code, again.report["verdict"], {row["known"] for row in again.report["findings"]}) == (
        0,
        "partial",
        {True},
    )
    assert "Known, in the baseline\n  OT-ID-1: " in again.output
    worse = verify(NewId(has("canBePrimary", "yes")), *BRIEF, "--baseline", str(baseline))
    assert worse.exit_code == 1
    assert {row["rule"] for row in worse.report["findings"] if not row["known"]} == {"OT-ANSWER-7"}


def test_what_is_fixed_since_the_baseline_is_told(verify_briefly: Verify, tmp_path: Path) -> None:
    """By a whole run."""
    earlier = verify_briefly(NewId(), *BRIEF)
    baseline = tmp_path / "earlier.json"
    baseline.write_bytes((earlier.directory / "report.json").read_bytes())
    mended = verify_briefly(Endpoint(), "--baseline", str(baseline))
    assert (mended.exit_code, mended.report["verdict"]) == (0, "conforms")
    assert [row["rule"] for row in mended.report["fixed"]] == [row["rule"] for row in earlier.report["findings"]]
    assert "Fixed since the baseline\n  OT-ID-1: " in mended.output


def test_sarif_goes_where_it_is_wanted(verify: Verify, tmp_path: Path) -> None:
    """--sarif writes the document that stands in the report's folder; each finding is at a line of the document."""
    judged = verify(Endpoint(has("id", "1234")), *BRIEF, "--sarif", str(tmp_path / "mine.sarif"))
    written = (tmp_path / "mine.sarif").read_bytes()
    assert written == (judged.directory / "report.sarif").read_bytes()
    (run,) = checked(written)["runs"]
    errors = [result for result in run["results"] if result["level"] == "error"]
    assert {result["ruleId"] for result in errors} == judged.found >= {"OT-ANSWER-6"}
    places = {each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in errors}
    assert places == {"specs/onetrust/openapi.json"}
    assert FULL.encode() not in written


def test_github_is_told_of_findings_before_the_verdict(
    verify: Verify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Annotations and summary; the last line stays the verdict's, and a summary that has no place is no failure."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    judged = verify(Endpoint(has("id", "1234")), *BRIEF)
    errors = [line for line in judged.output.splitlines() if line.startswith("::error ")]
    assert errors
    assert all(line.startswith("::error file=specs/onetrust/openapi.json,line=") for line in errors)
    assert judged.output.splitlines()[-1].startswith("verdict: violates (")
    assert "| OT-ANSWER-6 |" in (tmp_path / "summary.md").read_text()
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    again = verify(Endpoint(has("id", "1234")), "-k", "access")
    assert again.exit_code == 1
    assert f"understudy: the step summary cannot be written to {tmp_path}: is a directory\n" in again.output
