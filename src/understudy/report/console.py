"""What a run prints: progress on a terminal, what it found, and last the verdict line. No value is markup to rich."""

import os
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from understudy.contract.client import OF_THE_CLIENT, VARIABLES
from understudy.contract.evidence import Outcome
from understudy.contract.target import EMBEDDED
from understudy.contract.verdict import Finding, Lapsed, OperationCoverage, Report, RuleOutcome
from understudy.credentials import FULL, READ, SECRET
from understudy.errors import shown
from understudy.report.groups import Group, grouped
from understudy.report.text import clipped, counts, left_behind, location, one_line, verdict_line, visible

_STYLES = {
    "passed": "green",
    "failed": "red",
    "error": "red",
    "remark": "yellow",
    "conforms": "green",
    "violates": "red",
    "inconclusive": "yellow",
}
_VALUE_LIMIT = 2_000
_AT = re.compile(r"http://127\.0\.0\.1:(\d+)")
_REMARKS_SHOWN = 10
_OTHERS_SHOWN = 3
_COMMANDS = ("curl ", "printf ", "for ", "sleep ", "wait", "# here were ")
"""What lines begin with that repeat a finding."""


class _Console(Console):
    """Goes on in silence where nobody reads any more (`| head`): the exit code is the verdict's all the same."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def default_console() -> Console:
    """Return a console on standard output; where that is no terminal and COLUMNS is not set, lines may be 120 wide."""
    console = _Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = 120
    return console


def wide_console(width: int = 160) -> Console:
    """Return a console for tables: where standard output is no terminal, lines may be that wide at least."""
    console = default_console()
    if not console.is_terminal:
        console.width = max(console.width, width)
    return console


class ConsoleWriter:
    """Prints one vendor's run: `started`, `progressed` for every item, `finished`; or `close` where it broke off.

    Rules that were not exercised are listed with their reasons, unless it is to be brief.
    Values are printed as they are, but for control characters: spelt out, so that no answer can drive the terminal.
    """

    def __init__(self, console: Console | None = None, *, verbose: bool = False, brief: bool = False) -> None:
        self.console = console or default_console()
        self.verbose = verbose
        self.brief = brief
        self._progress: Progress | None = None
        self._task = TaskID(0)

    def started(self, vendor: str, target: str, scope: str, seed: int, items: int) -> None:
        """Say what is judged, and on a terminal show a progress line for that many items."""
        run = f"(scope {one_line(scope)}, seed {seed}, {items} items)"
        self._say(f"understudy: judging {one_line(vendor)} at {one_line(target)} {run}")
        if self.console.is_interactive and self.console.file.isatty():  # FORCE_COLOR alone makes no terminal
            self._progress = Progress(
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[requests]} requests", markup=False),
                # one line whatever the item is called, so that the display does not jump
                TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, ratio=1)),
                console=self.console,
                transient=True,
                expand=True,
            )
            self._task = self._progress.add_task("", total=items or None, requests=0)
            self._progress.start()

    def progressed(self, name: str, outcome: str, requests: int) -> None:
        """Take note of a finished item; `requests` is how many the run has sent up to now."""
        if self._progress:
            self._progress.update(self._task, advance=1, requests=requests, description=self._encodable(one_line(name)))
        if self.verbose:
            self._say(f"{one_line(outcome)} {one_line(name)}", _STYLES.get(outcome, ""))

    def finished(self, report: Report, files: tuple[Path, ...] = ()) -> None:
        """Print what the run found; the last line is `text.verdict_line`, plain."""
        self.close()
        self._rules(report)
        self.found(report)
        self._allowed("Accepted", [finding for finding in report.findings if finding.accepted])
        self._allowed("Known, in the baseline", [f for f in report.findings if f.known and not f.accepted])
        self._allowed("Fixed since the baseline", report.fixed)
        self._remarks(report.remarks)
        self._operations(report.operations)
        self._lapsed(report.lapsed)
        self._say("")
        for path in files:
            self._say(f"wrote {one_line(shown(path))}")
        if served := _served(report):
            self._say(served)
            if exported := _exported(report):
                self._say(exported)
        if report.left_behind:
            self._say(one_line(left_behind(report)))
        if report.reason:
            self._say(f"because: {one_line(report.reason)}", _STYLES.get(report.verdict, ""))
        self._say(verdict_line(report))

    def found(self, report: Report) -> None:
        """Print the findings that count."""
        self.close()
        rules = {rule.id: rule.text for rule in report.rules}
        for group in grouped(finding for finding in report.findings if finding.counts):
            self._group(group, rules.get(group.first.rule or "", ""))

    def say(self, lines: Iterable[str]) -> None:
        """Print lines as they are, each whole and plain."""
        self.close()
        for line in lines:
            self._say(line)

    def close(self) -> None:
        """Take the progress line away, and give the cursor back; harmless when there is none."""
        if self._progress:
            self._progress.stop()
            self._progress = None

    def _rules(self, report: Report) -> None:
        left_out = {Outcome.PASSED, Outcome.NOT_EXERCISED} if self.brief else {Outcome.PASSED}
        rules = [rule for rule in report.rules if self.verbose or rule.outcome not in left_out]
        if rules:
            table = self._table("Rule", "Outcome", "Text", "Reason")
            for rule in rules:
                table.add_row(*self._rule(rule))
            self._heading("Rules")
            self.console.print(table)
        passed = counts(report)[Outcome.PASSED]
        if passed and not self.verbose:
            self._say(f"{passed} rules passed")

    def _rule(self, rule: RuleOutcome) -> tuple[Text, ...]:
        style = _STYLES.get(rule.outcome, "")
        return (
            self._text(rule.id, style),
            self._text(rule.outcome, style),
            self._text(rule.text),
            self._text(clipped(rule.reason, _VALUE_LIMIT)),
        )

    def _group(self, group: Group, rule: str) -> None:
        finding = group.first
        times = f" ({group.count} times)" if group.count > 1 else ""
        self._heading(f"Finding {_titled(finding)}{times}", _STYLES["failed"])
        self._field("rule", rule)
        self._field("operation", finding.operation or "")
        self._field("expected", finding.expected)
        self._field("actual", finding.actual)
        self._field("citation", location(finding.citation))
        self._say(f"  fingerprint: {finding.fingerprint}")
        if finding.curl:
            for line in _commands(finding.curl):
                self._say(f"  {one_line(line)}")
        self._others(group.others)

    def _others(self, others: tuple[Finding, ...]) -> None:
        """List, in a line each, what breaks the same rule in the same way."""
        listed = others if self.verbose else others[:_OTHERS_SHOWN]
        for finding in listed:
            self._say(f"  also:      {one_line(clipped(finding.title, 500))}")
        if len(others) > len(listed):
            self._say(f"  and {len(others) - len(listed)} more like it, all in the report")

    def _allowed(self, heading: str, findings: Sequence[Finding]) -> None:
        """List, in a line each, findings that do not count."""
        if not findings:
            return
        self._heading(heading)
        for group in grouped(findings):
            finding = group.first
            more = f" (and {len(group.others)} more like it)" if group.others else ""
            why = f"; {clipped(finding.reason, 500)}" if finding.reason else ""
            self._say(f"  {_titled(finding)}{more}{one_line(why)}")

    def _lapsed(self, entries: tuple[Lapsed, ...]) -> None:
        """List the entries of accepted.yaml that do not hold."""
        if not entries:
            return
        self._heading("Entries of accepted.yaml")
        for entry in entries:
            place = f"{shown(entry.where.path)}:{entry.where.line or 1}"
            line = f"{place}: {entry.fingerprint}: {entry.why}"
            self._say(f"  {one_line(line)}", _STYLES["failed"] if entry.error else "")

    def _field(self, label: str, value: str) -> None:
        """Print a value, a bar before its further lines, so that none can pass for a line of ours or a CI server's."""
        if value:
            lines = visible(clipped(value, _VALUE_LIMIT)).split("\n")
            self._say("\n".join([f"  {label + ':':<10} {lines[0]}", *(f"  {'':<10} | {line}" for line in lines[1:])]))

    def _remarks(self, remarks: tuple[Finding, ...]) -> None:
        if not remarks:
            return
        self._heading("Remarks")
        shown_remarks = remarks if self.verbose else remarks[:_REMARKS_SHOWN]
        for remark in shown_remarks:
            place = location(remark.citation)
            accepted = f" (accepted: {clipped(remark.reason, 500)})" if remark.accepted else ""
            known = " (known)" if remark.known else ""
            line = f"{remark.rule or 'no rule'}: {clipped(remark.title, 500)}{accepted}{known}"
            self._say("  " + one_line(f"{line} [{place}]" if place else line))
        if len(remarks) > len(shown_remarks):
            self._say(f"  and {len(remarks) - len(shown_remarks)} more, all in the report")

    def _operations(self, operations: tuple[OperationCoverage, ...]) -> None:
        if not operations:
            return
        table = self._table("Operation", "Statuses")
        for operation in operations:
            table.add_row(self._text(operation.operation_id), self._statuses(operation))
        self._heading("Operations")
        self.console.print(table)

    def _statuses(self, operation: OperationCoverage) -> Text:
        words = Text()
        for count in operation.statuses:
            words.append("  " if words else "")
            if not count.documented:
                words.append(f"{count.status} x{count.reached} undocumented", "yellow")
            elif count.reached:
                words.append(f"{count.status} x{count.reached}")
            else:
                words.append(f"{count.status} never", "dim")
        return words

    def _table(self, *headers: str) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for index, header in enumerate(headers):
            table.add_column(header, no_wrap=index == 0 and len(headers) > 2, overflow="fold")
        return table

    def _heading(self, heading: str, style: str = "") -> None:
        self._say("")
        self._say(heading, f"bold {style}".strip())

    def _say(self, line: str, style: str = "") -> None:
        """Print without wrapping, so that a line can be copied and searched for."""
        self.console.print(Text(self._encodable(line), style), soft_wrap=True)

    def _text(self, value: str, style: str = "") -> Text:
        return Text(self._encodable(one_line(value)), style)

    def _encodable(self, text: str) -> str:
        """Return the text with what the terminal's encoding lacks spelt out, rather than fail at the end of a run."""
        return text.encode(self.console.encoding, "backslashreplace").decode(self.console.encoding)


def _titled(finding: Finding) -> str:
    return one_line(f"{finding.rule or 'no rule'}: {clipped(finding.title, _VALUE_LIMIT)}")


def _served(report: Report) -> str:
    """Return the command that serves the mock once more which the lines of findings call; '' where none does."""
    told = [finding.curl for finding in report.findings if finding.counts]
    lines = [curl for curl in told if "/s/" not in curl]  # no sessions of the run's own
    found = next(filter(None, map(_AT.search, lines)), None)
    if found is None or report.target != EMBEDDED:
        return ""
    return (
        f"before a line is repeated: understudy serve {report.vendor} --strict --port {found[1]} --seed {report.seed}"
    )


def _exported(report: Report) -> str:
    """Return the command after which the lines of findings have the credentials of a mock; '' where none is in them."""
    lines = "\n".join(finding.curl for finding in report.findings if finding.counts)
    known = ((VARIABLES["full"], FULL), (VARIABLES["restricted"], READ), (OF_THE_CLIENT, SECRET))
    named = [f"{name}={value}" for name, value in known if re.search(rf"\$\{{?{name}\b", lines)]
    return " ".join(("and in the shell of the line: export", *named)) if named else ""


def _commands(curl: str) -> list[str]:
    """Return the commands that repeat a sequence, one by one; what is no such sequence is one line."""
    lines = curl.split("\n")
    return lines if all(line.startswith(_COMMANDS) for line in lines) else [curl]
