"""The scales: what a failure counts for, and how a run exits."""

import pytest

from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.verdict import Verdict, weigh
from understudy.pack import Pack

FAILURE = Evidence("test", Outcome.FAILED)


@pytest.mark.parametrize(
    ("rule", "normal", "strict"),
    [
        ("OT-ID-1", Outcome.FAILED, Outcome.FAILED),  # documented must
        ("OT-LIMIT-2", Outcome.REMARK, Outcome.REMARK),  # documented should
        ("OT-ID-3", Outcome.REMARK, Outcome.FAILED),  # inferred must
        ("OT-TOKEN-8", Outcome.REMARK, Outcome.FAILED),  # observed must
    ],
)
def test_a_failure_weighs_as_its_rule_binds(rule: str, normal: Outcome, strict: Outcome, pack: Pack) -> None:
    """A documented must is binding, and with --strict every must."""
    found = pack.rules.by_id[rule]
    assert (weigh(FAILURE, found, strict=False), weigh(FAILURE, found, strict=True)) == (normal, strict)


def test_a_failure_that_no_rule_covers_is_binding() -> None:
    """The checks raise none but what DESIGN calls a finding."""
    assert weigh(FAILURE, None, strict=False) is Outcome.FAILED


@pytest.mark.parametrize("outcome", [Outcome.PASSED, Outcome.REMARK, Outcome.NOT_EXERCISED])
def test_what_is_no_failure_stays_what_it_is(outcome: Outcome, pack: Pack) -> None:
    """Strict or not."""
    assert weigh(Evidence("test", outcome), pack.rules.by_id["OT-ID-3"], strict=True) is outcome


def test_each_verdict_has_its_exit_code() -> None:
    """Conforming and partial runs end with 0, violations with 1, and what cannot be told with 3."""
    codes = {verdict.value: verdict.exit_code for verdict in Verdict}
    assert codes == {"conforms": 0, "partial": 0, "violates": 1, "inconclusive": 3}
