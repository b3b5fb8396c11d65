"""junit.xml: one suite for the vendor, a case for every rule and every item, for the test views of CI servers."""

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from understudy.contract.evidence import Outcome
from understudy.contract.verdict import Finding, ItemResult, Report, RuleOutcome, Verdict
from understudy.report.text import clipped, location, one_line, visible

_LIMIT = 20_000


def render(report: Report) -> bytes:
    """Return the JUnit XML document, UTF-8; what XML 1.0 forbids in a value is spelt out."""
    suite = ET.Element("testsuite", name=one_line(report.vendor), timestamp=one_line(report.started))
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(report).items():
        ET.SubElement(properties, "property", name=name, value=one_line(value))
    suite.extend(_cases(report))
    root = ET.Element("testsuites", name="understudy")
    root.append(suite)
    for element in (suite, root):
        _count(element, suite, report.seconds)
    return _document(root)


def merged(documents: Iterable[bytes]) -> bytes:
    """Return one document with the suites of several that `render` made."""
    root = ET.Element("testsuites", name="understudy")
    for document in documents:
        root.extend(ET.fromstring(document))  # noqa: S314 (our own)
    for name in ("failures", "errors", "skipped", "tests"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", f"{max((float(suite.get('time', '0')) for suite in root), default=0):.3f}")
    return _document(root)


def _document(root: ET.Element) -> bytes:
    ET.indent(root)
    text: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _properties(report: Report) -> dict[str, str]:
    return {
        "verdict": report.verdict.value,
        "reason": report.reason,
        "target": report.target,
        "scope": report.scope,
        "seed": str(report.seed),
        "requests": str(report.requests),
        "understudy": report.version,
        "document.sha256": str(report.document.get("sha256", "")),
    }


def _cases(report: Report) -> Iterable[ET.Element]:
    rules = {rule.id for rule in report.rules}
    if report.verdict is Verdict.INCONCLUSIVE:
        case = _case(report.vendor, "verdict", "the run is conclusive")
        _add(case, "error", report.reason or "nothing could be decided")
        yield case
    for rule in report.rules:
        yield _rule(report, rule)
    for finding in report.findings:
        if finding.rule not in rules:
            yield _uncovered(report.vendor, finding)
    for item in report.items:
        yield _item(report.vendor, item)


def _rule(report: Report, rule: RuleOutcome) -> ET.Element:
    case = _case(report.vendor, "rules", f"{rule.id} {rule.text}")
    findings = [finding for finding in report.findings if finding.rule == rule.id]
    counting = [finding for finding in findings if finding.counts]
    remarks = [remark for remark in report.remarks if remark.rule == rule.id]
    if rule.outcome is Outcome.FAILED:
        _add(case, "failure", _titles(counting) or rule.reason or "the rule is broken", _texts(counting))
    elif rule.outcome is Outcome.NOT_EXERCISED:
        _add(case, "skipped", rule.reason or "not exercised")
    aside = [finding for finding in findings if not finding.counts] + remarks
    if aside or rule.outcome is Outcome.REMARK:
        ET.SubElement(case, "system-out").text = visible(_texts(aside) or rule.reason)
    return case


def _uncovered(vendor: str, finding: Finding) -> ET.Element:
    """Return the case of a finding that no rule's case shows, so that a run that violates is never all green."""
    case = _case(vendor, "findings", " ".join(filter(None, (finding.operation, finding.title))))
    if not finding.counts:
        ET.SubElement(case, "system-out").text = visible(_texts([finding]))
    else:
        _add(case, "failure", finding.title, _texts([finding]))
    return case


def _item(vendor: str, item: ItemResult) -> ET.Element:
    case = _case(vendor, item.kind, item.name, item.seconds)
    skipped = dict.fromkeys(("skipped", "not-exercised", "ended-early"), "skipped")
    element = {"failed": "failure", "error": "error", **skipped}.get(item.outcome)
    if element:
        _add(case, element, item.message.partition("\n")[0] or item.outcome, item.message)
    elif item.message:
        ET.SubElement(case, "system-out").text = visible(clipped(item.message, _LIMIT))
    return case


def _case(vendor: str, kind: str, name: str, seconds: float = 0.0) -> ET.Element:
    return ET.Element("testcase", classname=one_line(f"{vendor}.{kind}"), name=one_line(name), time=f"{seconds:.3f}")


def _add(case: ET.Element, tag: str, message: str, text: str = "") -> None:
    element = ET.SubElement(case, tag, message=one_line(clipped(message, _LIMIT)))
    element.text = visible(text) or None


def _titles(findings: Iterable[Finding]) -> str:
    return "; ".join(finding.title for finding in findings)


def _texts(findings: Iterable[Finding]) -> str:
    return "\n\n".join(_text(finding) for finding in findings)


def _text(finding: Finding) -> str:
    lines = (
        ("", finding.title),
        ("operation: ", finding.operation or ""),
        ("expected: ", clipped(finding.expected, _LIMIT)),
        ("actual: ", clipped(finding.actual, _LIMIT)),
        ("citation: ", location(finding.citation)),
        ("fingerprint: ", finding.fingerprint),
        ("accepted: ", finding.reason),
        ("known: ", "in the baseline" if finding.known else ""),
        ("reproduce: ", finding.curl),
    )
    return "\n".join(label + value for label, value in lines if value)


def _count(element: ET.Element, suite: ET.Element, seconds: float) -> None:
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(name, str(len(suite.findall(f"testcase/{tag}"))))
    element.set("tests", str(len(suite.findall("testcase"))))
    element.set("time", f"{seconds:.3f}")
