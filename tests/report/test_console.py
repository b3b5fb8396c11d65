"""What a run prints."""

import io
import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from understudy.cli.serve import serve
from understudy.contract.evidence import Outcome
from understudy.contract.verdict import Lapsed, Report, Verdict
from understudy.errors import Where
from understudy.report.console import ConsoleWriter, default_console

LINE = "verdict: violates (4 rules: 1 passed, 1 failed, 1 remarks, 1 not exercised; 1234 requests in 12.3 s; seed 42)"


def printed(
    report: Report, *, verbose: bool = False, brief: bool = False, files: tuple[Path, ...] = (), width: int = 120
) -> str:
    file = io.StringIO()
    writer = ConsoleWriter(Console(file=file, width=width, highlight=False), verbose=verbose, brief=brief)
    writer.started(report.vendor, report.target, report.scope, report.seed, len(report.items))
    for item in report.items:
        writer.progressed(item.name, item.outcome, 100)
    writer.finished(report, files)
    return file.getvalue()


def read_all(descriptor: int) -> str:
    """Return what a pseudo-terminal holds; it hands it out in pieces."""
    pieces = []
    while select.select([descriptor], [], [], 0.05)[0]:
        pieces.append(os.read(descriptor, 4096))
    return b"".join(pieces).decode()


def test_last_line_is_the_verdict(sample: Callable[..., Report]) -> None:
    """The last line has a fixed form and is not wrapped however narrow the console is."""
    assert printed(sample(), width=40).splitlines()[-1] == LINE


def test_verdict_line_is_plain_in_colour(sample: Callable[..., Report]) -> None:
    """Where colours are on, the line that logs are searched for has none."""
    file = io.StringIO()
    ConsoleWriter(Console(file=file, force_terminal=True, width=60)).finished(sample())
    assert file.getvalue().splitlines()[-1] == LINE


def test_only_what_is_not_simply_passed_is_listed(sample: Callable[..., Report]) -> None:
    """Passed rules are counted; the others stand there with outcome and reason."""
    text = printed(sample())
    assert "OT-LINK-1" not in text
    assert "1 rules passed" in text
    for words in ("OT-LINK-3", "OT-RATE-2", "OT-AUTH-4", "not-exercised", "needs a restricted credential"):
        assert words in text


def test_verbose_lists_all_rules_and_items(sample: Callable[..., Report]) -> None:
    """With `verbose`, passed rules are in the table and every finished item has a line."""
    text = printed(sample(), verbose=True)
    assert "OT-LINK-1" in text
    assert "passed fuzz::listDataSubjects" in text
    assert "fuzz::listDataSubjects" not in printed(sample())


def test_finding_can_be_understood_and_repeated(sample: Callable[..., Report]) -> None:
    """A finding shows rule, title, both sides, place, and the curl command on one line."""
    report = sample()
    lines = printed(report, width=60).splitlines()
    assert "Finding OT-LINK-3: An identifier that another data subject owns was linked (3 times)" in lines
    assert "  expected:  409 with a body that says which identifier is taken" in lines
    assert "  actual:    200 OK" in lines
    assert '             | {"linked": ["a@example.org"]}' in lines
    assert "  citation:  specs/onetrust/openapi.json:431" in lines
    assert f"  {report.findings[0].curl}" in lines


def test_one_fault_that_many_checks_see_is_shown_once(sample: Callable[..., Report]) -> None:
    """With the first as the example, three more by name and the rest counted; with `verbose`, all of them."""
    (finding,) = sample().findings
    findings = tuple(replace(finding, title=f"way {number}", fingerprint=f"{number:016x}") for number in range(25))
    text = printed(sample(findings=findings))
    assert text.count("\nFinding ") == 1
    assert "Finding OT-LINK-3: way 0 (75 times)\n" in text
    assert "  fingerprint: 0000000000000000\n" in text
    assert "  also:      way 3\n  and 21 more like it, all in the report\n" in text
    assert "  also:      way 24\n" in printed(sample(findings=findings), verbose=True)


def test_what_does_not_count_is_a_line(sample: Callable[..., Report]) -> None:
    """Under a heading of its own, with the reason; so is what is fixed, and an entry that does not hold."""
    (finding,), (remark,) = sample().findings, sample().remarks
    accepted = replace(finding, accepted=True, reason="The vendor's own.")
    known = replace(finding, title="one", known=True)
    report = sample(
        findings=(accepted, known, replace(known, title="two")),
        remarks=(replace(remark, known=True),),
        fixed=(replace(finding, title="gone"),),
        lapsed=(Lapsed("0" * 16, "it expired", Where("a.yaml", 2)),),
    )
    text = printed(report, width=400)
    assert "\nFinding " not in text
    assert (
        "\nAccepted\n  OT-LINK-3: An identifier that another data subject owns was linked; The vendor's own.\n" in text
    )
    assert "\nKnown, in the baseline\n  OT-LINK-3: one (and 1 more like it)\n" in text
    assert "\nFixed since the baseline\n  OT-LINK-3: gone\n" in text
    assert "  OT-RATE-2: A 429 came without Retry-After (known) [" in text
    assert "\nEntries of accepted.yaml\n  a.yaml:2: 0000000000000000: it expired\n" in text


def test_statuses_and_files_are_listed(sample: Callable[..., Report], tmp_path: Path) -> None:
    """Each operation shows its statuses, the never reached and the undocumented as such; written files are named."""
    text = printed(sample(), files=(tmp_path / "report.json",), width=400)
    assert "200 x34  409 never  418 x2 undocumented" in text
    assert f"wrote {tmp_path / 'report.json'}" in text


def test_remarks_are_brief(sample: Callable[..., Report]) -> None:
    """Ten remarks take a line each; the rest is counted."""
    remarks = tuple(replace(sample().remarks[0], title=f"remark {number}") for number in range(13))
    text = printed(sample(remarks=remarks))
    assert "  OT-RATE-2: remark 9 [specs/onetrust/openapi.json:77]" in text
    assert "remark 10" not in text
    assert "  and 3 more, all in the report" in text
    assert "remark 12" in printed(sample(remarks=remarks), verbose=True)


def test_rules_that_were_not_exercised_are_left_out_of_what_is_brief(sample: Callable[..., Report]) -> None:
    """As of a part of the checks, of which most rules are none."""
    reason = "needs a restricted credential; give --restricted-token"
    assert [reason in printed(sample(), brief=brief, width=200) for brief in (False, True)] == [True, False]


def test_conforming_run_is_short(sample: Callable[..., Report]) -> None:
    """Nothing to tell means no table of rules and no finding."""
    rules = tuple(replace(rule, outcome=Outcome.PASSED) for rule in sample().rules)
    text = printed(sample(verdict=Verdict.CONFORMS, rules=rules, findings=(), remarks=(), operations=()))
    assert "Rules" not in text
    assert text.splitlines()[-1].startswith(
        "verdict: conforms (4 rules: 4 passed, 0 failed, 0 remarks, 0 not exercised;"
    )


def test_findings_on_no_rule_are_counted_apart(sample: Callable[..., Report]) -> None:
    """Of rules none has failed then, and the verdict says why it is one all the same."""
    (finding,) = sample().findings
    assert ", 2 findings on no rule; " in printed(sample(findings=(replace(finding, rule=None),) * 2)).splitlines()[-1]
    (remark, *_) = sample().remarks
    assert ", 1 remark on no rule; " in printed(sample(remarks=(replace(remark, rule=None),))).splitlines()[-1]
    known = replace(remark, rule=None, accepted=True)
    assert ", 1 remark on no rule; " in printed(sample(remarks=(known, replace(remark, rule=None)))).splitlines()[-1]
    assert "on no rule" not in printed(sample()).splitlines()[-1]


def test_a_finding_says_its_rule(sample: Callable[..., Report]) -> None:
    """The sentence that is broken, whatever the check is called."""
    text = printed(sample(), width=200)
    assert "  rule:      Linking an identifier that another data subject owns is refused with 409." in text.splitlines()


def test_lines_of_a_mock_that_is_gone_come_with_the_way_to_serve_it(sample: Callable[..., Report]) -> None:
    """At the port that they call; a target of the user's is still there."""
    (finding,) = sample().findings
    mine = replace(finding, curl="curl -X POST http://127.0.0.1:39449/api")
    told = "before a line is repeated: understudy serve onetrust --strict --port 39449 --seed 42"
    for variables, exported in (
        (["$UNDERSTUDY_TOKEN"], "UNDERSTUDY_TOKEN=understudy-full"),
        (["${UNDERSTUDY_RESTRICTED_TOKEN}"], "UNDERSTUDY_RESTRICTED_TOKEN=understudy-read"),
        (
            ["$UNDERSTUDY_CLIENT_SECRET", "$UNDERSTUDY_TOKEN"],
            "UNDERSTUDY_TOKEN=understudy-full UNDERSTUDY_CLIENT_SECRET=understudy",
        ),
        (["$UNDERSTUDY_TOKENS", "$UNDERSTUDY_CLIENT_SECRET"], "UNDERSTUDY_CLIENT_SECRET=understudy"),
    ):
        sent = replace(mine, curl=" ".join((mine.curl, *variables)))
        shown = printed(sample(findings=(sent,), target="embedded mock")).splitlines()
        assert shown[shown.index(told) + 1] == f"and in the shell of the line: export {exported}"
    assert told in printed(sample(findings=(mine,), target="embedded mock")).splitlines()
    assert serve.make_context("serve", told.split()[6:]).params["port"] == 39449
    assert told not in printed(sample(findings=(replace(mine, accepted=True),), target="embedded mock"))
    assert told not in printed(sample(findings=(mine,), target="http://127.0.0.1:39449"))
    assert told not in printed(sample(findings=(), target="embedded mock"))
    own = replace(mine, curl="curl -X POST http://127.0.0.1:39449/s/limited/api")  # which is a session that it had made
    assert told not in printed(sample(findings=(own,), target="embedded mock"))


def test_reason_is_given(sample: Callable[..., Report]) -> None:
    """A verdict that needs a reason comes with it."""
    assert "because: 401 everywhere" in printed(sample(verdict=Verdict.INCONCLUSIVE, reason="401 everywhere"))


@pytest.mark.parametrize("text", ["[red]bold[/red] [/nope]", ":smile: [link=x]y[/link]", "a\\[b]"])
def test_markup_is_printed_as_it_is(hostile: Callable[[str], Report], text: str) -> None:
    """Square brackets and emoji codes of a target's are text."""
    output = printed(hostile(text), verbose=True, width=400)
    assert f"Finding no rule: {text}" in output
    assert f"judging {text} at {text} (" in output


def test_a_reader_that_is_gone_changes_no_exit_code() -> None:
    """`| head -1` takes what it wants, and the verdict stays what it is."""
    words = [sys.executable, "-m", "understudy", "verify", "onetrust", "-k", "access", "-v", "--seed", "1"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("understudy: judging onetrust")
        process.stdout.close()
        assert (process.stderr.read(), process.wait(timeout=60)) == ("", 0)


def test_a_sequence_is_shown_command_by_command(sample: Callable[..., Report]) -> None:
    """Each on a line of its own, to be copied."""
    finding = replace(sample().findings[0], curl="curl -sS a\ncurl -sS b")
    lines = printed(replace(sample(), findings=(finding,))).splitlines()
    assert [line for line in lines if "curl" in line] == ["  curl -sS a", "  curl -sS b"]


def test_escapes_cannot_drive_the_terminal_or_forge_a_line(hostile: Callable[[str], Report]) -> None:
    """Control characters are spelt out, and no line of a value begins like one of ours or a CI command."""
    output = printed(hostile("\x1b[2J\x9b31m\u202e\nverdict: conforms\n::error::x\r"), verbose=True, width=400)
    assert not any(char in output for char in "\x1b\x9b\u202e\r")
    assert "\\x1b[2J" in output
    lines = output.splitlines()
    assert [line for line in lines if line.startswith("verdict:")] == lines[-1:]
    assert not any(line.strip().startswith("::") for line in lines)


def test_long_values_are_cut_and_say_so(sample: Callable[..., Report]) -> None:
    """A megabyte of answer does not flood the log; the note says where it is."""
    text = printed(sample(findings=(replace(sample().findings[0], actual="x" * 1_000_000),)))
    assert len(text) < 10_000
    assert "report.json has them all" in text


def test_encoding_that_lacks_a_character_is_no_failure(sample: Callable[..., Report]) -> None:
    """On a Latin-1 console the rest is spelt out instead of an exception at the end of a run."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="latin-1")
    ConsoleWriter(Console(file=file, width=100)).finished(
        sample(findings=(replace(sample().findings[0], title="日本"),))
    )
    file.flush()
    assert b"\\u65e5\\u672c" in raw.getvalue()


def test_terminal_shows_progress_and_is_left_clean(sample: Callable[..., Report]) -> None:
    """On a terminal a progress line moves while the run lasts; it is gone, and the cursor back, before the results."""
    ours, theirs = pty.openpty()
    with open(theirs, "w", encoding="utf-8") as file:  # noqa: PTH123  (a descriptor, not a path)
        writer = ConsoleWriter(Console(file=file, width=100, force_terminal=True, _environ={"TERM": "xterm"}))
        writer.started("onetrust", "https://api.example.com", "core", 42, 3)
        writer.progressed("links[red]", "passed", 17)
        writer.close()
        writer.close()
        file.flush()
        output = read_all(ours)
    os.close(ours)
    assert "1/3" in output
    assert "17 requests" in output
    assert "links[red]" in output
    assert output.rindex("\x1b[?25h") > output.rindex("\x1b[?25l")


def test_colours_alone_animate_nothing(sample: Callable[..., Report]) -> None:
    """A CI log with FORCE_COLOR gets colours and no progress line."""
    file = io.StringIO()
    writer = ConsoleWriter(Console(file=file, width=100, force_terminal=True))
    writer.started("onetrust", "https://api.example.com", "core", 42, 3)
    writer.progressed("links", "passed", 17)
    assert file.getvalue() == "understudy: judging onetrust at https://api.example.com (scope core, seed 42, 3 items)\n"


def test_log_is_wider_than_eighty(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal the tables may be 120 wide, unless COLUMNS says otherwise."""
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    assert default_console().width == 120
    monkeypatch.setenv("COLUMNS", "66")
    assert default_console().width == 66
