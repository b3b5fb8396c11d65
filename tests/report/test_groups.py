"""What is shown as one fault."""

from collections.abc import Callable
from dataclasses import replace

from understudy.contract.verdict import Report
from understudy.report.groups import grouped


def test_one_fault_that_many_checks_see_is_one_group(sample: Callable[..., Report]) -> None:
    """The same rule, operation and expectation: the first stands for all, and their counts add up."""
    (finding,) = sample().findings
    other = replace(finding, title="seen elsewhere", fingerprint="1" * 16, actual="201", count=2)
    (group,) = grouped([finding, other])
    assert (group.first, group.others, group.count) == (finding, (other,), 5)


def test_what_is_the_shortest_to_repeat_stands_for_all(sample: Callable[..., Report]) -> None:
    """One call rather than three, and any line rather than none."""
    (finding,) = sample().findings
    three, none, one = (
        replace(finding, title=curl, curl=curl) for curl in ("curl a\ncurl b\ncurl c", "", "curl abcdefg")
    )
    (group,) = grouped([none, three, one])
    assert (group.first, group.others, group.findings) == (one, (none, three), (none, three, one))


def test_what_differs_stays_apart(sample: Callable[..., Report]) -> None:
    """Another operation, another expectation, another rule; and what is accepted or known hides nothing that counts."""
    (finding,) = sample().findings
    rows = [
        finding,
        replace(finding, operation="other"),
        replace(finding, expected="404"),
        replace(finding, rule=None),
        replace(finding, accepted=True, reason="one"),
        replace(finding, accepted=True, reason="two"),
        replace(finding, known=True),
    ]
    assert [group.findings for group in grouped([*rows, finding])] == [
        (finding, finding),
        *((row,) for row in rows[1:]),
    ]
