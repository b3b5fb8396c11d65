"""From what the checks sent home to the report: outcomes, findings, what was never reached, the verdict."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.contract.conftest import WRITE
from tests.mock.exchange import project
from understudy import pack as packs
from understudy.contract.accepted import Acceptance
from understudy.contract.allowance import Allowance
from understudy.contract.baseline import Baseline
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.exchange import NO_ANSWER
from understudy.contract.summary import Gathered, summarise
from understudy.contract.target import Run
from understudy.contract.throttle import TIME
from understudy.contract.verdict import Finding, ItemResult, Report, Verdict
from understudy.errors import Where
from understudy.pack import Pack

ALL = {(WRITE, status): 1 for status in (200, 201, 400, 401)}
PASSED = (Evidence("test", Outcome.PASSED, "OT-CREATE-1", WRITE), 1)
FAILED = (Evidence("test", Outcome.FAILED, "OT-ID-1", WRITE, "The id changes", "one", "another", "curl"), 2)


def gathered(
    *evidence: tuple[Evidence, int],
    statuses: dict[tuple[str, int], int] = ALL,
    full: tuple[int, ...] = (200, 201, 400),
    **more: object,
) -> Gathered:
    """Return what a run gathered that saw all that it needs."""
    items = [ItemResult("one", "scenario", "passed", 0.1)]
    kept = Gathered([*evidence], Counter(statuses), Counter(full), requests=4, items=items)
    for name, value in more.items():
        setattr(kept, name, value)
    return kept


def report(pack: Pack, run: Run, found: Gathered, allowance: Allowance | None = None) -> Report:
    """Return the report of what was gathered."""
    return summarise(pack, run, found, datetime(2026, 1, 31, tzinfo=UTC), 1.23456, allowance)


def accepting(*fingerprints: str) -> Allowance:
    """Return what accepts findings."""
    where = Where("accepted.yaml", 2)
    return Allowance(own=tuple(Acceptance(each, "The vendor's own.", None, where) for each in fingerprints))


def test_a_run_without_findings_conforms(pack: Pack, run: Run) -> None:
    """A rule that is not exercised does not stop it."""
    made = report(pack, run, gathered(PASSED))
    assert (made.verdict, made.reason, made.findings) == (Verdict.CONFORMS, "", ())
    assert made.count(Outcome.PASSED) == 1
    assert made.count(Outcome.NOT_EXERCISED) == len(made.rules) - 1
    assert made.document["sha256"] == pack.provenance.sha256


def test_a_finding_violates_with_its_citation(pack: Pack, run: Run) -> None:
    """File and line of the sentence, and how often it was seen."""
    made = report(pack, run, gathered(PASSED, FAILED, FAILED))
    (finding,) = made.findings
    assert (made.verdict, finding.rule, finding.count) == (Verdict.VIOLATES, "OT-ID-1", 4)
    assert finding.citation["file"] == "specs/onetrust/openapi.json"
    assert finding.citation["line"] == pack.cited_at(pack.rules.by_id["OT-ID-1"]).line
    assert next(rule.outcome for rule in made.rules if rule.id == "OT-ID-1") is Outcome.FAILED


def test_a_finding_without_a_rule_cites_its_operation(pack: Pack, run: Run) -> None:
    """Where that is declared."""
    for operation in ("createOrUpdateDataSubjectUsingPOST", "getDataSubjectsUsingGET"):
        made = report(pack, run, gathered(PASSED, (replace(FAILED[0], rule=None, operation=operation), 1)))
        where = pack.declared_at(operation)
        assert made.findings[0].citation["line"] == where.line
        assert Path(where.path).name in made.findings[0].citation["file"]


def test_what_is_accepted_does_not_count(pack: Pack, run: Run) -> None:
    """The finding is shown with the reason, its rule is no failure, and the verdict says why it is good."""
    made = report(pack, run, gathered(PASSED, FAILED), accepting(FAILED[0].fingerprint))
    (finding,) = made.findings
    assert (finding.accepted, finding.reason) == (True, "The vendor's own.")
    assert (made.verdict, made.exit_code) == (Verdict.CONFORMS, 0)
    assert made.reason == "no finding counts: 1 accepted"
    rule = next(rule for rule in made.rules if rule.id == "OT-ID-1")
    assert (rule.outcome, rule.reason) == (Outcome.REMARK, "broken, accepted: The vendor's own.")


def test_what_the_baseline_has_does_not_count_beside_what_is_new(pack: Pack, run: Run) -> None:
    """What is gone is fixed."""
    earlier = report(pack, run, gathered(PASSED, FAILED))
    gone = replace(earlier.findings[0], fingerprint="0" * 16)
    allowance = Allowance(baseline=Baseline((*earlier.findings, gone)))
    made = report(pack, run, gathered(PASSED, FAILED), allowance)
    assert (made.verdict, made.reason) == (Verdict.CONFORMS, "no finding counts: 1 known from the baseline")
    assert made.fixed == (gone,)
    new = (replace(FAILED[0], rule="OT-ID-2"), 1)
    made = report(pack, run, gathered(PASSED, FAILED, new), allowance)
    assert (made.verdict, [finding.counts for finding in made.findings]) == (Verdict.VIOLATES, [False, True])


def test_an_item_that_failed_for_what_does_not_count_is_no_failure(pack: Pack, run: Run) -> None:
    """One that failed for something else too, or broke down, is."""
    fingerprint = FAILED[0].fingerprint
    new = (replace(FAILED[0], rule="OT-ID-2"), 1)
    fails = [{fingerprint}, {fingerprint, new[0].fingerprint}, set[str]()]
    items = [ItemResult("one", "scenario", "failed", 0.1, failures=frozenset(each)) for each in fails]
    made = report(pack, run, gathered(PASSED, FAILED, new, items=items), accepting(fingerprint))
    assert [item.outcome for item in made.items] == ["remark", "failed", "failed"]


@pytest.mark.parametrize("excuse", ["", "narrowed", "cut", "fatal"])
def test_only_a_whole_run_tells_what_does_not_occur(excuse: str, pack: Pack, run: Run) -> None:
    """An entry of the user's that accepts nothing fails a good run, with exit code 2; a bad one stays bad."""
    allowance = replace(accepting("0" * 16), baseline=Baseline((Finding("1" * 16, None, None, "x", "", "", ""),)))
    found = gathered(PASSED)
    if excuse:
        setattr(found, excuse, "gone" if excuse == "fatal" else True)
    made = report(pack, run, found, allowance)
    assert (bool(made.lapsed), bool(made.fixed)) == (not excuse, not excuse)
    assert made.exit_code == (3 if excuse == "fatal" else 0 if excuse else 2)
    assert report(pack, run, gathered(PASSED, FAILED), allowance).exit_code == 1


def test_a_remark_leaves_the_verdict(pack: Pack, run: Run) -> None:
    """An inferred rule that is broken; with --strict it violates."""
    broken = (Evidence("test", Outcome.FAILED, "OT-ID-3", WRITE, "Case is ignored"), 1)
    made = report(pack, run, gathered(PASSED, broken))
    assert (made.verdict, [each.rule for each in made.remarks]) == (Verdict.CONFORMS, ["OT-ID-3"])
    assert report(pack, replace(run, strict=True), gathered(PASSED, broken)).verdict is Verdict.VIOLATES


def test_a_failure_outweighs_what_passed(pack: Pack, run: Run) -> None:
    """Whoever saw it, and in whatever order."""
    passed = (Evidence("other", Outcome.PASSED, "OT-ID-1", WRITE), 9)
    made = report(pack, run, gathered(FAILED, passed))
    (rule,) = [rule for rule in made.rules if rule.id == "OT-ID-1"]
    assert (rule.outcome, rule.checks) == (Outcome.FAILED, ("test", "other"))


@pytest.mark.parametrize(("status", "rule"), [(200, "OT-UPDATE-1"), (201, "OT-CREATE-1")])
def test_a_documented_2xx_that_is_never_reached_is_a_finding(status: int, rule: str, pack: Pack, run: Run) -> None:
    """Although all it needs was there."""
    seen = {key: count for key, count in ALL.items() if key[1] != status}
    made = report(pack, run, gathered(PASSED, statuses=seen))
    assert [(each.rule, each.title) for each in made.findings] == [
        (rule, f"The documented status {status} is never reached")
    ]


@pytest.mark.parametrize(("status", "titles"), [(204, []), (404, ["The documented status 2XX is never reached"])])
def test_a_declared_range_is_reached_by_any_status_in_it(
    status: int, titles: list[str], tmp_path: Path, run: Run
) -> None:
    """Such a status counts as documented, too."""
    get = {"operationId": "a", "responses": {"2XX": {"description": "ok"}, "404": {"description": "none"}}}
    document = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {"/a": {"get": get}}}
    toy = project(tmp_path, document, "")
    made = report(toy, replace(run, vendor="toy"), gathered(PASSED, statuses={("a", status): 1}))
    assert [each.title for each in made.findings] == titles
    assert {count.status: count.documented for count in made.operations[0].statuses} == {status: True, 404: True}


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [((404, 400, 401), Verdict.INCONCLUSIVE), ((404, 204), Verdict.VIOLATES), ((404, 500), Verdict.VIOLATES)],
)
def test_an_existing_record_that_is_not_there_is_inconclusive(
    statuses: tuple[int, ...], verdict: Verdict, run: Run
) -> None:
    """404 to whatever names it is the user's mistake, not the target's fault."""
    px = replace(run, vendor="gainsight_px", existing=("nobody",))
    found = gathered(FAILED, statuses={("updateUser", status): 3 for status in statuses})
    made = report(packs.load("gainsight_px"), px, found)
    assert (made.verdict, "check --existing" in made.reason) == (verdict, verdict is Verdict.INCONCLUSIVE)


def test_a_run_that_took_no_request_is_inconclusive(pack: Pack, run: Run) -> None:
    """A limit ended it, and whatever it sent until then was refused: green would say that something was judged."""
    found = gathered(PASSED)
    found.cut, found.full = TIME, Counter({429: 300, 400: 2})
    made = report(pack, run, found)
    assert (made.verdict, made.verdict.exit_code) == (Verdict.INCONCLUSIVE, 3)
    assert made.reason == "no request of the full caller that wants credentials was taken: every answer is 400, 429"
    found.full[201] = 1
    assert report(pack, run, found).verdict is Verdict.PARTIAL
    found.full = Counter({429: 300})
    assert report(pack, replace(run, scenarios=("mine.arazzo.yaml",)), found).verdict is Verdict.PARTIAL


def test_a_run_that_the_budget_cut_is_partial(pack: Pack, run: Run) -> None:
    """It has no findings, and has not looked everywhere."""
    found = gathered(PASSED)
    found.cut = TIME
    made = report(pack, run, found)
    assert (made.verdict, made.verdict.exit_code) == (Verdict.PARTIAL, 0)
    assert "was used up before all checks were done" in made.reason


def test_a_rule_that_was_not_looked_at_to_the_end_has_not_passed(pack: Pack, run: Run) -> None:
    """What one check saw of it was right; another one would have looked further, had the limits let it."""
    early = Evidence("scenario", Outcome.NOT_EXERCISED, "OT-CREATE-1", reason="the time was up at step b", cut=True)
    made = report(pack, run, gathered(PASSED, (early, 1), cut=TIME))
    rule = next(each for each in made.rules if each.id == "OT-CREATE-1")
    assert (rule.outcome, rule.checks) == (Outcome.NOT_EXERCISED, ("test",))
    assert rule.reason == "not to the end, the time was up at step b; what was seen of it was right"
    assert made.verdict is Verdict.PARTIAL  # something was checked


def test_a_rule_that_another_check_lacks_something_for_has_passed(pack: Pack, run: Run) -> None:
    """Nothing but the run's limits takes away from what was seen."""
    lacking = Evidence("scenario", Outcome.NOT_EXERCISED, "OT-CREATE-1", reason="needs --restricted-token")
    assert report(pack, run, gathered(PASSED, (lacking, 1))).count(Outcome.PASSED) == 1


def test_what_only_other_operations_show_is_not_exercised_in_core(run: Run) -> None:
    """The archive is read by an operation of another page, and the reason says how to have it read."""
    rules = report(packs.load("consentgrid"), replace(run, vendor="consentgrid"), gathered(statuses={})).rules
    reasons = {rule.id: rule.reason for rule in rules if rule.id == "CG-ARCHIVE-1"}
    assert reasons == {"CG-ARCHIVE-1": "its scenarios use the vendor's other operations; give --scope full"}


@pytest.mark.parametrize("excuse", ["narrowed", "cut", "fatal"])
def test_what_was_not_looked_for_is_not_missed(excuse: str, pack: Pack, run: Run) -> None:
    """A part of the checks, a check that ended early, a target that went away."""
    found = gathered(PASSED, statuses={(WRITE, 400): 9})
    setattr(found, excuse, "gone" if excuse == "fatal" else True)
    made = report(pack, run, found)
    assert made.findings == ()


def test_what_lacks_a_credential_is_not_missed(pack: Pack, run: Run) -> None:
    """The token endpoint's 200, where no client is known; the write's 2xx are missed all the same."""
    lacking = (
        Evidence("scenario", Outcome.NOT_EXERCISED, "OT-TOKEN-4", reason="needs --client-id and --client-secret"),
        1,
    )
    restricted = (Evidence("scenario", Outcome.NOT_EXERCISED, "OT-AUTH-2", reason="needs --restricted-token"), 1)
    seen = {(WRITE, 201): 1, ("GetOAuthToken", 400): 1}
    made = report(pack, replace(run, scope="full"), gathered(PASSED, lacking, restricted, statuses=seen))
    assert [(each.operation, each.rule) for each in made.findings] == [(WRITE, "OT-UPDATE-1")]
    again = report(pack, replace(run, scope="full"), gathered(PASSED, statuses=seen))
    assert ("GetOAuthToken", "OT-TOKEN-4") in [(each.operation, each.rule) for each in again.findings]


def test_a_documented_500_that_is_never_reached_is_listed(pack: Pack, run: Run) -> None:
    """So are the other documented statuses; none of them is judged."""
    (operation,) = report(pack, run, gathered(PASSED, statuses={**ALL, (WRITE, 415): 2})).operations
    documented = {count.status: count.reached for count in operation.statuses if count.documented}
    assert documented == {200: 1, 201: 1, 400: 1, 401: 1, 403: 0, 429: 0, 500: 0}
    assert [(count.status, count.reached) for count in operation.statuses if not count.documented] == [(415, 2)]


@pytest.mark.parametrize("full", [(401,), (403,), (401, 429), (400, 403)])
def test_full_credentials_refused_everywhere_are_inconclusive(full: tuple[int, ...], pack: Pack, run: Run) -> None:
    """No rule passes and no finding stays: they would be about somebody else's credentials."""
    refused = [(replace(FAILED[0], title=str(status), status=status), 1) for status in full]
    found = gathered(FAILED, PASSED, *refused, full=full, statuses={(WRITE, 302): 1, ("GetOAuthToken", 200): 1})
    made = report(pack, run, found)
    assert (made.verdict, "credentials are refused" in made.reason) == (Verdict.INCONCLUSIVE, True)
    assert (made.findings, {rule.outcome for rule in made.rules}) == ((), {Outcome.NOT_EXERCISED})


@pytest.mark.parametrize("status", [200, 302, 500, NO_ANSWER])
def test_what_others_met_is_told_though_the_full_credentials_are_refused(status: int, pack: Pack, run: Run) -> None:
    """Such as a success without any, or a breakdown: that is no matter of the credentials."""
    told = replace(FAILED[0], rule="OT-AUTH-1", status=status)
    found = gathered(FAILED, (told, 2), full=(403,), statuses={(WRITE, 403): 2, (WRITE, status): 1})
    failures = frozenset({told.fingerprint, FAILED[0].fingerprint})
    found.items = [ItemResult(name, "probe", "failed", 1.0, failures=failures) for name in ("access", "scenario")]
    found.items[1] = replace(found.items[1], failures=frozenset({FAILED[0].fingerprint}))
    made = report(pack, run, found)
    assert (made.verdict, [(each.rule, each.count) for each in made.findings]) == (
        Verdict.INCONCLUSIVE,
        [("OT-AUTH-1", 2)],
    )
    assert [(item.outcome, len(item.failures)) for item in made.items] == [("failed", 1), ("not-exercised", 0)]
    assert {each.status for each in made.operations[0].statuses if each.reached} == {403, status} - {NO_ANSWER}


@pytest.mark.parametrize("full", [(200, 403), (400,), (500, 401), ()])
def test_full_credentials_that_open_something_are_not_refused(full: tuple[int, ...], pack: Pack, run: Run) -> None:
    """A success, a refusal of the request, a server error: the caller was let in."""
    assert report(pack, run, gathered(FAILED, full=full)).verdict is Verdict.VIOLATES


def test_404_everywhere_is_a_wrong_base_url(pack: Pack, run: Run) -> None:
    """The reason says what a base URL is."""
    nothing = {(WRITE, 404): 9, (WRITE, 429): 1}
    made = report(pack, run, gathered(FAILED, full=(404,), statuses=nothing))
    assert (made.verdict, "ends before" in made.reason) == (Verdict.INCONCLUSIVE, True)
    assert (made.findings, {rule.outcome for rule in made.rules}) == ((), {Outcome.NOT_EXERCISED})
    assert {rule.reason for rule in made.rules} == {made.reason}
    assert {item.outcome for item in made.items} == {"not-exercised"}


def test_a_narrowed_run_is_partial_and_violates_with_findings(pack: Pack, run: Run) -> None:
    """It never conforms."""
    assert report(pack, run, gathered(PASSED, narrowed=True)).verdict is Verdict.PARTIAL
    assert report(pack, run, gathered(PASSED, FAILED, narrowed=True)).verdict is Verdict.VIOLATES


def test_a_run_that_broke_off_is_inconclusive_or_violates(pack: Pack, run: Run) -> None:
    """With the reason either way."""
    broken = report(pack, run, gathered(PASSED, fatal="cannot reach"))
    assert (broken.verdict, broken.reason) == (Verdict.INCONCLUSIVE, "cannot reach")
    found = report(pack, run, gathered(FAILED, fatal="cannot reach"))
    assert (found.verdict, found.reason) == (Verdict.VIOLATES, "cannot reach")


def test_nothing_checked_is_inconclusive(pack: Pack, run: Run) -> None:
    """Inferred rules alone are nothing to conform to."""
    inferred = (Evidence("test", Outcome.PASSED, "OT-ID-3"), 1)
    for found in (gathered(), gathered(inferred)):
        made = report(pack, run, found)
        assert (made.verdict, made.reason.startswith("nothing was checked")) == (Verdict.INCONCLUSIVE, True)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("OT-LIMIT-1", "no 429 was met; a target's quota is not used up on purpose"),
        ("OT-ANSWER-7", "no answer had the part that it speaks of"),
        ("OT-LINK-3", "no check came to it"),
    ],
)
def test_a_rule_that_is_not_exercised_says_why(rule: str, reason: str, pack: Pack, run: Run) -> None:
    """In words for who reads the report."""
    made = report(pack, run, gathered(PASSED))
    assert next(each.reason for each in made.rules if each.id == rule) == reason


def test_a_limit_that_was_met_is_not_said_to_be_none(pack: Pack, run: Run) -> None:
    """How long it goes on is another matter."""
    found = gathered(PASSED)
    found.statuses["createOrUpdateDataSubjectUsingPOST", 429] = 4
    reasons = {each.id: each.reason for each in report(pack, run, found).rules}
    assert reasons["OT-LIMIT-1"] == "how long a 429 goes on is not measured: others may use the quota up"


def test_the_reason_that_a_check_gave_goes_before(pack: Pack, run: Run) -> None:
    """It knows best."""
    told = (Evidence("scenario", Outcome.NOT_EXERCISED, "OT-LINK-3", reason="elements are not shown"), 1)
    made = report(pack, run, gathered(PASSED, told))
    assert next(each.reason for each in made.rules if each.id == "OT-LINK-3") == "elements are not shown"


def test_core_has_the_rules_of_the_vendored_document_alone(pack: Pack, run: Run) -> None:
    """Full has them all."""
    core = {rule.id for rule in report(pack, run, gathered(PASSED)).rules}
    full = {rule.id for rule in report(pack, replace(run, scope="full"), gathered(PASSED)).rules}
    assert full - core >= {"OT-BODY-15", "OT-TOKEN-1", "OT-READ-1"}
    assert full == set(pack.rules.by_id)
