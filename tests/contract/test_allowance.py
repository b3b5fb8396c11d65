"""What findings are held against: acceptances of pack and user, and a baseline."""

from datetime import date

from understudy.contract.accepted import Acceptance
from understudy.contract.allowance import Allowance
from understudy.contract.baseline import Baseline
from understudy.contract.evidence import Outcome
from understudy.contract.verdict import Finding, RuleOutcome
from understudy.errors import Where

TODAY = date(2026, 3, 2)
ONE, TWO, THREE = "1" * 16, "2" * 16, "3" * 16


def entry(fingerprint: str, reason: str = "The vendor's own.", expires: date | None = None) -> Acceptance:
    """Return an entry of accepted.yaml."""
    return Acceptance(fingerprint, reason, expires, Where("accepted.yaml", 2, "/verify/0"))


def finding(fingerprint: str, rule: str | None = "OT-ID-1") -> Finding:
    """Return a finding."""
    return Finding(fingerprint, rule, None, "The id changes", "one", "another", "curl")


def outcome(rule: str, seen: Outcome) -> RuleOutcome:
    """Return what became of a rule."""
    return RuleOutcome(rule, "documented", "must", "", "", seen)


def test_entries_of_pack_and_user_accept() -> None:
    """Where both have one, the user's reason is shown; the rest counts."""
    allowance = Allowance((entry(ONE), entry(TWO)), (entry(ONE, "Ours, see issue 12."),), today=TODAY)
    rows = allowance.marked([finding(ONE), finding(TWO), finding(THREE)])
    assert [(row.accepted, row.reason, row.counts) for row in rows] == [
        (True, "Ours, see issue 12.", False),
        (True, "The vendor's own.", False),
        (False, "", True),
    ]


def test_an_entry_that_expired_accepts_nothing_and_is_told() -> None:
    """In a part of a run as well: the finding is there."""
    allowance = Allowance(own=(entry(ONE, expires=date(2026, 3, 1)),), today=TODAY)
    assert allowance.marked([finding(ONE)])[0].counts
    (lapsed,) = allowance.lapsed([ONE], whole=False)
    assert (lapsed.why, lapsed.error) == ("the acceptance expired on 2026-03-01; look at the finding again", False)


def test_an_entry_that_accepts_nothing_is_told_of_a_whole_run() -> None:
    """The user's is an error, the pack's is not: it is for all targets, and this one may be better."""
    allowance = Allowance((entry(ONE),), (entry(TWO),), today=TODAY)
    assert allowance.lapsed([], whole=False) == ()
    assert [(each.fingerprint, each.error) for each in allowance.lapsed([], whole=True)] == [(ONE, False), (TWO, True)]
    assert allowance.lapsed([ONE, TWO], whole=True) == ()


def test_what_the_baseline_has_is_known() -> None:
    """A remark of it that has become a finding is new; a finding that has become a remark is known."""
    allowance = Allowance(baseline=Baseline((finding(ONE),), frozenset({TWO})))
    assert [row.known for row in allowance.marked([finding(ONE), finding(TWO), finding(THREE)])] == [True, False, False]
    remarks = allowance.marked([finding(ONE), finding(TWO), finding(THREE)], remarks=True)
    assert [row.known for row in remarks] == [True, True, False]


def test_what_is_gone_is_fixed_where_its_rule_was_exercised() -> None:
    """A run without the credential that showed it says nothing on it."""
    allowance = Allowance(baseline=Baseline((finding(ONE), finding(TWO, "OT-AUTH-2"), finding(THREE))))
    rules = [outcome("OT-ID-1", Outcome.PASSED), outcome("OT-AUTH-2", Outcome.NOT_EXERCISED)]
    assert [row.fingerprint for row in allowance.fixed({THREE}, rules)] == [ONE]
    assert Allowance().fixed((), rules) == ()
