"""What GitHub Actions shows of a run, and that nothing of it is there elsewhere."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from understudy.contract.verdict import Lapsed, Report, Verdict
from understudy.errors import Where
from understudy.report import github

THERE = {"GITHUB_ACTIONS": "true"}


def test_findings_are_errors_at_the_line_of_the_document(sample: Callable[..., Report]) -> None:
    """Remarks are notices; the curl line comes along, on lines of its own."""
    error, notice = github.annotations(sample(), THERE)
    assert error.startswith(
        "::error file=specs/onetrust/openapi.json,line=431,title=OT-LINK-3%3A linkIdentifiers::"
        "An identifier that another data subject owns was linked%0Aexpected: 409"
    )
    assert "%0Acurl -sS -i -X POST" in error
    assert notice.startswith("::notice file=specs/onetrust/openapi.json,line=77,title=OT-RATE-2")


@pytest.mark.parametrize("environment", [{}, {"GITHUB_ACTIONS": "false"}, {"GITHUB_STEP_SUMMARY": "s.md"}])
def test_nothing_is_said_elsewhere(
    environment: dict[str, str], sample: Callable[..., Report], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither commands nor a summary, though another CI server may name a file for one."""
    monkeypatch.chdir(tmp_path)
    assert github.annotations(sample(), environment) == []
    assert github.summarise(sample(), environment) == ""
    assert list(tmp_path.iterdir()) == []


def test_values_are_escaped_as_the_runner_reads_them(sample: Callable[..., Report]) -> None:
    """A value ends neither its property nor its command, and the runner decodes it to what it was."""
    finding = replace(sample().findings[0], operation="a,b:c%d\r\n::error::x", title="100% of\n::error::y", curl="")
    (error, _) = github.annotations(sample(findings=(finding,)), THERE)
    assert len(error.splitlines()) == 1
    assert "title=OT-LINK-3%3A a%2Cb%3Ac%25d\\r%0A%3A%3Aerror%3A%3Ax::100%25 of%0A::error::y%0A" in error


def test_ten_of_each_are_shown(sample: Callable[..., Report]) -> None:
    """GitHub drops what is more; one fault that many checks see takes one place."""
    (finding,), (remark,) = sample().findings, sample().remarks
    findings = [replace(finding, operation=f"operation {number}") for number in range(12)]
    alike = [replace(findings[0], title=f"way {number}") for number in range(30)]
    remarks = [replace(remark, operation=f"operation {number}") for number in range(12)]
    lines = github.annotations(sample(findings=(*findings, *alike), remarks=tuple(remarks)), THERE)
    assert [line.split()[0] for line in lines] == ["::error"] * 10 + ["::notice"] * 10
    assert "(and 30 more like it)" in lines[0]


def test_what_does_not_count_is_not_annotated(sample: Callable[..., Report]) -> None:
    """Accepted and known findings and remarks; entries that do not hold are."""
    (finding,), (remark,) = sample().findings, sample().remarks
    report = sample(
        findings=(replace(finding, accepted=True), replace(finding, known=True)),
        remarks=(replace(remark, known=True),),
        lapsed=(
            Lapsed("0" * 16, "it expired", Where("a.yaml", 2)),
            Lapsed("1" * 16, "it is stale", Where("b.yaml", 3), error=True),
        ),
    )
    assert github.annotations(report, THERE) == [
        "::warning file=a.yaml,line=2,title=accepted.yaml::it expired",
        "::error file=b.yaml,line=3,title=accepted.yaml::it is stale",
    ]


def test_an_inconclusive_run_says_why(sample: Callable[..., Report]) -> None:
    """And what others than the full caller have met, but no remarks."""
    report = sample(verdict=Verdict.INCONCLUSIVE, reason="401 everywhere")
    first, *others = github.annotations(report, THERE)
    assert first == "::error title=onetrust%3A inconclusive::401 everywhere"
    assert ["title=OT-LINK-3%3A" in line for line in others] == [True]
    assert github.annotations(replace(report, findings=()), THERE) == [first]


def test_the_summary_is_added_to_the_steps(sample: Callable[..., Report], tmp_path: Path) -> None:
    """After what other commands of the step wrote there: verdict, counts, a table of findings."""
    file = tmp_path / "summary.md"
    file.write_text("# before\n")
    environment = {**THERE, "GITHUB_STEP_SUMMARY": str(file)}
    assert [github.summarise(sample(), environment) for _ in range(2)] == ["", ""]
    text = file.read_text("utf-8")
    assert text.startswith("# before\n## understudy: onetrust violates\n")
    assert text.count("## understudy") == 2
    assert "1 of 4 rules passed, 1 failed, 1 have remarks, 1 were not exercised; 1234 requests" in text
    row = next(line for line in text.splitlines() if line.startswith("| OT-LINK-3"))
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        "OT-LINK-3",
        "linkIdentifiers",
        "An identifier that another data subject owns was linked",
        "3",
        "specs/onetrust/openapi.json:431",
    ]


def test_what_is_accepted_stands_apart_with_its_reason(sample: Callable[..., Report]) -> None:
    """Fixed ones are counted, entries that do not hold are named."""
    (finding,) = sample().findings
    accepted = replace(finding, accepted=True, reason="The vendor's own.")
    lapsed = Lapsed("0" * 16, "it expired", Where("a.yaml", 2))
    text = github.summary(sample(findings=(accepted,), fixed=(finding,), lapsed=(lapsed,)))
    assert "### Findings" not in text
    assert "### Accepted, or known from the baseline" in text
    assert ": The vendor's own. |" in text
    assert "1 findings of the baseline are fixed." in text
    assert "- a.yaml:2: it expired\n" in text


@pytest.mark.parametrize(
    "text", ["a|b\\|c", "</pre></details><img src=x>", "$x$ `code` *a* _b_ [l](u) @all #1", "\n\n| x |"]
)
def test_values_are_no_markup(text: str, sample: Callable[..., Report]) -> None:
    """They add no cell, no element, no formula and no mention."""
    (finding,) = sample().findings
    made = github.summary(sample(findings=(replace(finding, title=text, actual=text, operation=text),)))
    row = next(line for line in made.splitlines() if line.startswith("| OT-LINK-3"))
    assert row.count("|") == 6
    assert not set("`*[]<>$@") & set(row)
    assert re.findall(r"<(/?\w+)", made) == ["details", "summary", "/summary", "pre", "/pre", "/details"]


def test_the_summary_has_the_room_that_is_left(sample: Callable[..., Report], tmp_path: Path) -> None:
    """GitHub drops one of more than a mebibyte as a whole; vendors judged at once share it."""
    (finding,) = sample().findings
    findings = tuple(replace(finding, operation=f"operation {number} é" * 6) for number in range(9000))
    file = tmp_path / "summary.md"
    environment = {**THERE, "GITHUB_STEP_SUMMARY": str(file)}
    for _ in range(2):
        assert github.summarise(sample(findings=findings), environment) == ""
        assert 1_000_000 < file.stat().st_size <= 1024 * 1024
    assert "`report.json` has it" in file.read_text("utf-8")[-100:]


def test_a_summary_that_cannot_be_written_is_told(sample: Callable[..., Report], tmp_path: Path) -> None:
    """In a line; it is no reason to fail."""
    told = github.summarise(sample(), {**THERE, "GITHUB_STEP_SUMMARY": str(tmp_path)})
    assert told == f"the step summary cannot be written to {tmp_path}: is a directory"


def test_hostile_text_is_one_line_each(hostile: Callable[[str], Report]) -> None:
    """Whatever a target answers, no command is forged, and the summary can be encoded."""
    report = hostile("\ud800\x1b[2J\u202e\n::error::x\r\n")
    for line in github.annotations(report, THERE):
        assert line.count("\n") == 0
        assert line.isprintable()
    assert "\x1b" not in github.summary(report)
    github.summary(report).encode()
