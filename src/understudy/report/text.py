"""How values are worded for readers, alike in every format: control characters, lengths, places, the verdict line."""

import re
from collections.abc import Mapping
from datetime import datetime

from understudy.contract.evidence import Outcome
from understudy.contract.verdict import Report
from understudy.values import Json

_HIDDEN = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 and C1 controls but tab and line feed: terminal escapes, and XML forbids most
    "\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible, or turn the text around
    "\ud800-\udfff\ufffe\uffff\U000e0000-\U000e007f"  # lone surrogates, noncharacters, tags
    "]"
)


def visible(text: str) -> str:
    r"""Return the text with control, invisible and bidi characters spelt out, as in `\x1b`; tabs and lines stay."""
    return _HIDDEN.sub(lambda match: _escape(match.group()), text)


def one_line(text: str) -> str:
    r"""Return the text as `visible` does, tabs and line feeds spelt out too, so that it can forge no line of ours."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def clipped(text: str, limit: int) -> str:
    """Return the text, or its first `limit` characters and a note that report.json has all of it."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… [{limit:,} of {len(text):,} characters; report.json has them all]"


def location(citation: Mapping[str, Json]) -> str:
    """Return `file:line` of a finding's citation, or as much of it as is known."""
    file, line = citation.get("file"), citation.get("line")
    if not file:
        return str(citation.get("pointer") or "")
    return f"{file}:{line}" if line else str(file)


def duration(seconds: float) -> str:
    """Return a time in seconds as a reader wants it: `12.3 s`, `2 min 5 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def moment(started: str) -> str:
    """Return an RFC 3339 time as `2026-03-02 14:05:11 UTC`; what is no such time comes back as it is."""
    try:
        time = datetime.fromisoformat(started)
    except ValueError:
        return started
    return f"{time:%Y-%m-%d %H:%M:%S} {time.tzname() or ''}".rstrip()


def counts(report: Report) -> dict[Outcome, int]:
    """Return how many rules had each outcome, in the order of the verdict line."""
    return {outcome: report.count(outcome) for outcome in Outcome}


def verdict_line(report: Report) -> str:
    """Return the one line that sums the run up; its form is an interface, for it is what CI logs are searched for."""
    seen = counts(report)
    rules = (
        f"{len(report.rules)} rules: {seen[Outcome.PASSED]} passed, {seen[Outcome.FAILED]} failed, "
        f"{seen[Outcome.REMARK]} remarks, {seen[Outcome.NOT_EXERCISED]} not exercised"
    )
    other = sum(finding.rule is None and finding.counts for finding in report.findings)
    rules += f", {other} finding{'s' if other > 1 else ''} on no rule" if other else ""
    noted = sum(remark.rule is None and remark.counts for remark in report.remarks)
    rules += f", {noted} remark{'s' if noted > 1 else ''} on no rule" if noted else ""
    run = f"{report.requests} requests in {report.seconds:.1f} s; seed {report.seed}"
    return f"verdict: {report.verdict} ({rules}; {run})"


def left_behind(report: Report) -> str:
    """Return a line on the records that the run has made and could not delete; '' where there are none."""
    count = report.left_behind
    records = "record" if count == 1 else "records"
    return f"left behind: {count} {records} starting with {report.prefix}" if count else ""


def _escape(char: str) -> str:
    code = ord(char)
    if char == "\r":
        return "\\r"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
