"""junit.xml, read as a CI server reads it."""

from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from understudy.contract.evidence import Outcome
from understudy.contract.verdict import Report, Verdict
from understudy.report import junit


def parsed(report: Report) -> ET.Element:
    suite = ET.fromstring(junit.render(report)).find("testsuite")
    assert suite is not None
    return suite


def case(suite: ET.Element, name: str) -> ET.Element:
    return next(case for case in suite.iter("testcase") if case.attrib["name"].startswith(name))


def test_counts_are_those_of_the_cases(sample: Callable[..., Report]) -> None:
    """What suite and root declare is what they hold."""
    root = ET.fromstring(junit.render(sample()))
    assert root.tag == "testsuites"
    for element in (root, *root.findall("testsuite")):
        cases = list(element.iter("testcase"))
        assert int(element.attrib["tests"]) == len(cases) == 7
        assert int(element.attrib["failures"]) == sum(case.find("failure") is not None for case in cases) == 2
        assert int(element.attrib["skipped"]) == sum(case.find("skipped") is not None for case in cases) == 2
        assert int(element.attrib["errors"]) == 0
        assert element.attrib["time"] == "12.346"


def test_case_per_rule_and_item(sample: Callable[..., Report]) -> None:
    """Rules and items are cases under a class name each, which CI servers group by."""
    names = [(case.attrib["classname"], case.attrib["name"]) for case in parsed(sample()).iter("testcase")]
    assert names[0] == (
        "onetrust.rules",
        "OT-LINK-1 The answer to a link request names the identifiers that were linked.",
    )
    assert [classname for classname, _ in names] == ["onetrust.rules"] * 4 + [
        "onetrust.scenario",
        "onetrust.fuzz",
        "onetrust.auth",
    ]


def test_failed_rule_tells_its_findings(sample: Callable[..., Report]) -> None:
    """The failure of a rule says what was expected, what came, where it is documented, and how to repeat it."""
    failure = case(parsed(sample()), "OT-LINK-3").find("failure")
    assert failure is not None
    assert failure.attrib["message"] == "An identifier that another data subject owns was linked"
    assert failure.text is not None
    for line in (
        "expected: 409 with",
        "actual: 200 OK",
        "citation: specs/onetrust/openapi.json:431",
        "reproduce: curl -sS",
    ):
        assert line in failure.text


def test_remark_passes_and_is_readable(sample: Callable[..., Report]) -> None:
    """A rule with a remark is green, with the remark in its output."""
    found = case(parsed(sample()), "OT-RATE-2")
    assert found.find("failure") is None
    assert "A 429 came without Retry-After" in (found.findtext("system-out") or "")


def test_rule_not_exercised_is_skipped_with_its_reason(sample: Callable[..., Report]) -> None:
    """Skipped says why."""
    skipped = case(parsed(sample()), "OT-AUTH-4").find("skipped")
    assert skipped is not None
    assert skipped.attrib["message"] == "needs a restricted credential; give --restricted-token"


def test_finding_without_a_rule_fails_a_case(sample: Callable[..., Report]) -> None:
    """A finding that no rule covers is red as well, unless it is accepted."""
    finding = replace(sample().findings[0], rule=None)
    suite = parsed(sample(findings=(finding, replace(finding, accepted=True, title="known"))))
    red, accepted = (case for case in suite.iter("testcase") if case.attrib["classname"] == "onetrust.findings")
    assert red.find("failure") is not None
    assert accepted.find("failure") is None


def test_what_is_accepted_or_known_is_green(sample: Callable[..., Report]) -> None:
    """Its rule's case tells it; beside a finding that counts, that one alone is the failure."""
    (finding,) = sample().findings
    known = replace(finding, title="known one", known=True)
    accepted = replace(finding, title="accepted one", accepted=True, reason="The vendor's own.")
    rules = [replace(rule, outcome=Outcome.REMARK) if rule.id == "OT-LINK-3" else rule for rule in sample().rules]
    green = case(parsed(sample(findings=(known, accepted), rules=tuple(rules))), "OT-LINK-3")
    assert green.find("failure") is None
    told = green.findtext("system-out") or ""
    assert "known: in the baseline" in told
    assert "accepted: The vendor's own." in told
    red = case(parsed(sample(findings=(known, finding))), "OT-LINK-3")
    failure = red.find("failure")
    assert failure is not None
    assert "known one" not in failure.attrib["message"] + (failure.text or "")


def test_inconclusive_run_is_not_green(sample: Callable[..., Report]) -> None:
    """Where nothing could be decided, an error says so: skipped cases alone would look like success."""
    suite = parsed(sample(verdict=Verdict.INCONCLUSIVE, reason="401 everywhere", rules=(), findings=(), items=()))
    assert suite.attrib["errors"] == "1"
    error = suite.find("testcase/error")
    assert error is not None
    assert error.attrib["message"] == "401 everywhere"


@pytest.mark.parametrize("text", ["\x00\x0b\x1b[31m\ud800\ufffe", "]]><failure/>&amp;\"'", "x" * 100_000, "\r\n\t"])
def test_hostile_text_leaves_valid_xml(hostile: Callable[[str], Report], text: str) -> None:
    """Whatever a target answers, the file parses, with as many cases, and the characters XML forbids are spelt out."""
    suite = parsed(hostile(text))
    assert len(list(suite.iter("testcase"))) == 4 + 1 + 2
    assert b"\x1b" not in junit.render(hostile(text))
