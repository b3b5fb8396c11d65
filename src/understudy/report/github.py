"""What GitHub Actions shows of a run: annotations, by workflow commands on standard output, and the step summary.

Nothing of it is written where GITHUB_ACTIONS is not `true`.
"""

import os
import re
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path

from understudy.contract.evidence import Outcome
from understudy.contract.verdict import Finding, Report, Verdict
from understudy.errors import shown
from understudy.report.groups import Group, grouped
from understudy.report.text import clipped, counts, duration, location, one_line, visible

LIMIT = 10
"""Annotations of a level that GitHub shows of one step; it drops the others."""
ROOM = 1024 * 1024
"""Bytes that GitHub takes of a step's summary; it drops a longer one as a whole."""
_TITLE, _VALUE = 200, 1_000
_MARKDOWN = re.compile(r"[\\`*_\[\]<>#|~$&@]")
_MORE = "\n\nThe rest did not fit in here; `report.json` has it.\n"


def annotations(report: Report, environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return the workflow commands that annotate the documents' lines: errors for findings, notices for remarks."""
    if environment.get("GITHUB_ACTIONS") != "true":
        return []
    errors = [_annotation("error", group) for group in grouped(report.findings) if group.first.counts]
    if report.verdict is Verdict.INCONCLUSIVE:
        return [_command("error", f"{report.vendor}: inconclusive", report.reason), *errors][:LIMIT]
    notices = [_annotation("notice", group) for group in grouped(report.remarks) if group.first.counts]
    lapsed = [
        _command(
            "error" if entry.error else "warning", "accepted.yaml", entry.why, shown(entry.where.path), entry.where.line
        )
        for entry in report.lapsed
    ]
    return [*errors[:LIMIT], *lapsed[:LIMIT], *notices[:LIMIT]]


def summarise(report: Report, environment: Mapping[str, str] = os.environ) -> str:
    """Append the Markdown summary to the step's; return what is wrong where that cannot be done, '' otherwise."""
    file = environment.get("GITHUB_STEP_SUMMARY")
    if environment.get("GITHUB_ACTIONS") != "true" or not file:
        return ""
    path = Path(file)
    try:
        used = path.stat().st_size if path.exists() else 0
        text = summary(report, ROOM - used)
        with path.open("ab") as out:  # one write, so that vendors judged side by side do not mix
            out.write(text.encode())
    except OSError as error:
        return f"the step summary cannot be written to {one_line(file)}: {(error.strerror or str(error)).lower()}"
    return ""


def summary(report: Report, room: int = ROOM) -> str:
    """Return the Markdown summary, of at most so many bytes: whole lines, and a note where some are left out."""
    pieces: list[str] = []
    left = room - len(_MORE)
    for piece in _pieces(report):
        left -= len(piece.encode())
        if left < 0:
            return "".join(pieces) + (_MORE if room >= len(_MORE) else "")
        pieces.append(piece)
    return "".join(pieces)


def _pieces(report: Report) -> Iterator[str]:
    """Yield the summary in pieces that can stand one without the next."""
    seen = counts(report)
    yield f"## understudy: {_plain(report.vendor)} {report.verdict}\n\n"
    if report.reason:
        yield f"{_plain(clipped(report.reason, _VALUE))}\n\n"
    yield (
        f"{seen[Outcome.PASSED]} of {len(report.rules)} rules passed, {seen[Outcome.FAILED]} failed, "
        f"{seen[Outcome.REMARK]} have remarks, {seen[Outcome.NOT_EXERCISED]} were not exercised; "
        f"{report.requests} requests to {_plain(report.target)} in {duration(report.seconds)}, "
        f"scope {_plain(report.scope)}, seed {report.seed}.\n\n"
    )
    new = [finding for finding in report.findings if finding.counts]
    yield from _table("Findings", grouped(new))
    yield from _table("Accepted, or known from the baseline", grouped(f for f in report.findings if not f.counts))
    if report.fixed:
        yield f"{len(report.fixed)} findings of the baseline are fixed.\n\n"
    for entry in report.lapsed:
        yield f"- {_plain(shown(entry.where.path))}:{entry.where.line}: {_plain(entry.why)}\n"
    if report.lapsed:
        yield "\n"
    if report.remarks:
        yield f"{len(grouped(report.remarks))} remarks, which fail nothing, stand in the report.\n\n"
    for group in grouped(new)[:LIMIT]:
        yield _details(group.first)


def _table(heading: str, groups: tuple[Group, ...]) -> Iterator[str]:
    if not groups:
        return
    yield f"### {heading}\n\n| rule | operation | what | seen | documented at |\n| --- | --- | --- | ---: | --- |\n"
    for group in groups:
        first = group.first
        why = f": {first.reason}" if first.reason else " (known)" if first.known else ""
        cells = (
            first.rule or "no rule",
            first.operation or "",
            clipped(first.title, _TITLE) + _beside(group) + clipped(why, _VALUE),
            str(group.count),
            location(first.citation),
        )
        yield f"| {' | '.join(_plain(cell) for cell in cells)} |\n"
    yield "\n"


def _details(finding: Finding) -> str:
    """Return how to repeat a finding, folded; within `pre` nothing is Markdown, and a blank line ends nothing."""
    heading = f"{finding.rule or 'no rule'}: {clipped(finding.title, _TITLE)}"
    parts = (("expected: ", finding.expected), ("actual: ", finding.actual), ("", finding.curl))
    lines = [label + clipped(value, 4 * _VALUE) for label, value in parts if value]
    text = escape(visible("\n".join(lines)), quote=False)
    return f"<details><summary>{_plain(heading)}</summary>\n<pre>{text}</pre>\n</details>\n\n"


def _annotation(level: str, group: Group) -> str:
    first = group.first
    parts = [clipped(first.title, _TITLE) + _beside(group)]
    parts += [f"expected: {clipped(first.expected, _VALUE)}"] if first.expected else []
    parts += [f"actual: {clipped(first.actual, _VALUE)}"] if first.actual else []
    parts += [clipped(first.curl, 2 * _VALUE)] if first.curl else []
    title = ": ".join(filter(None, (first.rule or "no rule", first.operation)))
    return _command(level, title, "\n".join(parts), first.citation.get("file"), first.citation.get("line"))


def _beside(group: Group) -> str:
    return f" (and {len(group.others)} more like it)" if group.others else ""


def _command(level: str, title: str, message: str, file: str | None = None, line: int | None = None) -> str:
    """Return one workflow command, escaped as the runner's own toolkit does it."""
    named = {"file": file, "line": str(line) if file and line else None, "title": title}
    properties = ",".join(f"{name}={_property(value)}" for name, value in named.items() if value)
    return f"::{level} {properties}::{_data(message)}"


def _data(text: str) -> str:
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _plain(text: str) -> str:
    """Return the text so that Markdown, its tables, formulas and mentions leave it as it is, on one line."""
    return _MARKDOWN.sub(_entity, one_line(text))


def _entity(match: re.Match[str]) -> str:
    return f"&#{ord(match.group())};"
