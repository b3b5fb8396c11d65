"""report.html: one page without script or network, that nothing a target says can change."""

from functools import cache
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from understudy.contract.evidence import Outcome
from understudy.contract.verdict import Finding, Report, Verdict
from understudy.errors import shown
from understudy.report.groups import grouped
from understudy.report.text import clipped, counts, duration, location, moment, visible

_SAYINGS = {
    Verdict.CONFORMS: "Nothing that the documentation requires was found broken.",
    Verdict.VIOLATES: "The target does what its documentation rules out.",
    Verdict.INCONCLUSIVE: "This run cannot tell whether the target keeps its documentation.",
    Verdict.PARTIAL: "Only a part of the rules was checked; nothing was found in that part.",
}
_TONES = {
    Verdict.CONFORMS: Outcome.PASSED,
    Verdict.VIOLATES: Outcome.FAILED,
    Verdict.INCONCLUSIVE: Outcome.REMARK,
    Verdict.PARTIAL: Outcome.NOT_EXERCISED,
}
_ITEM_TONES = {
    "passed": Outcome.PASSED,
    "failed": Outcome.FAILED,
    "error": Outcome.FAILED,
    "remark": Outcome.REMARK,
}
_PLAIN, _CODE = Markup("{}"), Markup("<code>{}</code>")


def render(report: Report) -> str:
    """Return the page; every value is escaped, and its control and invisible characters are spelt out."""
    statuses = [count for operation in report.operations for count in operation.statuses if count.documented]
    return template("report.html.j2").render(
        report=report,
        counting=grouped(finding for finding in report.findings if finding.counts),
        allowed=grouped(finding for finding in report.findings if not finding.counts),
        saying=_saying(report),
        tone=_TONES[report.verdict],
        counts=counts(report),
        documented=len(statuses),
        reached=sum(count.reached > 0 for count in statuses),
        anchors=_anchors(report),
        texts={rule.id: rule.text for rule in report.rules},
        failing_items=sum(item.outcome in ("failed", "error") for item in report.items),
    )


def _saying(report: Report) -> str:
    if report.findings and report.verdict in (Verdict.CONFORMS, Verdict.PARTIAL):
        return "Nothing was found broken that is not accepted, or known from the baseline."
    return _SAYINGS[report.verdict]


def _anchors(report: Report) -> dict[str, str]:
    """Return, by rule, the id of the first finding or remark on it, for the rules table to link to."""
    anchors: dict[str, str] = {}
    shown = [("finding", group.first) for group in grouped(report.findings)]
    for kind, finding in (*shown, *(("remark", remark) for remark in report.remarks)):
        if finding.rule:
            anchors.setdefault(finding.rule, _anchor(finding, kind))
    return anchors


def _anchor(finding: Finding, kind: str) -> str:
    return f"{kind}-{finding.fingerprint}"


@cache
def template(name: str) -> Template:
    """Return a page's template: every value is escaped, and its hidden characters are spelt out."""
    environment = Environment(
        autoescape=True,
        finalize=_finalized,
        loader=FunctionLoader(_source),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"clipped": clipped, "duration": duration, "location": location, "moment": moment}
    environment.filters["ticked"] = _ticked
    environment.filters["place_of"] = lambda where: f"{shown(where.path)}:{where.line or 1}"
    environment.filters |= {
        "anchor": _anchor,
        "item_tone": lambda outcome: _ITEM_TONES.get(outcome, Outcome.NOT_EXERCISED),
    }
    return environment.get_template(name)


def _source(name: str) -> str:
    return (resources.files(__package__) / name).read_text("utf-8")


def _finalized(value: object) -> object:
    """Spell out hidden characters in what an expression yields; Markup has been through here, in a macro of ours."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _ticked(text: str) -> Markup:
    """Return the text with what stands between backticks as code, the way rules and titles are written."""
    parts = visible(text).split("`")
    if len(parts) % 2 == 0:
        return _PLAIN.format("`".join(parts))
    return Markup("").join((_CODE if odd % 2 else _PLAIN).format(part) for odd, part in enumerate(parts))
