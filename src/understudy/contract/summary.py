"""From what the checks of a run sent home to its report: rules weighed, findings cited, the verdict reached."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from understudy import __version__
from understudy.contract import scenarios
from understudy.contract.allowance import Allowance
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.exchange import NO_ANSWER, said, telling
from understudy.contract.judge import in_scope
from understudy.contract.records import creator, obtainable
from understudy.contract.target import Run
from understudy.contract.throttle import REQUESTS
from understudy.contract.verdict import (
    Finding,
    ItemResult,
    OperationCoverage,
    Report,
    RuleOutcome,
    StatusCount,
    Verdict,
    weigh,
)
from understudy.pack import Pack
from understudy.spec.document import Operation
from understudy.spec.rules import Part, Rule
from understudy.values import Json


@dataclass
class Gathered:
    """What the checks of a run sent home: evidence with how often it was seen, statuses, requests, items.

    Of the operations that tell what the full credential opens, `full` counts the statuses that it met, and `asked` are
    those that told. `narrowed` says that only a part was asked for, `traffic` that others chose what was sent, `cut` by
    which option's limit a check that binds ended before it was done, `short` that any check did for want of requests,
    `fatal` why the run could not go on; `left_behind` counts records that could not be deleted.
    """

    evidence: list[tuple[Evidence, int]] = field(default_factory=list)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    full: Counter[int] = field(default_factory=Counter)
    asked: set[str] = field(default_factory=set)
    requests: int = 0
    items: list[ItemResult] = field(default_factory=list)
    narrowed: bool = False
    traffic: bool = False
    cut: str = ""
    short: bool = False
    fatal: str = ""
    left_behind: int = 0

    @property
    def met(self) -> set[int]:
        """The statuses that say what the full credential opens."""
        return telling(self.full)

    @property
    def lost(self) -> bool:
        """Whether 404 is all that the full credential met, and nobody was served anything."""
        return self.met == {404} and all(status >= 300 for _, status in self.statuses)


def summarise(
    pack: Pack, run: Run, gathered: Gathered, started: datetime, seconds: float, allowance: Allowance | None = None
) -> Report:
    """Return the report of a run that began at `started` and took so many seconds; what is allowed does not count."""
    return _Summary(pack, run, gathered, started, seconds, allowance or Allowance()).report()


class _Summary:
    """Makes the report of a run."""

    def __init__(
        self, pack: Pack, run: Run, gathered: Gathered, started: datetime, seconds: float, allowance: Allowance
    ) -> None:
        self.allowance = allowance
        self.gathered = gathered
        self.pack = pack
        self.run = run
        self.judged = self.pack.judged(self.run.scope)
        self.rules = {
            rule.id: rule
            for rule in self.pack.rules.by_id.values()
            if rule.operation in self.judged.operations and in_scope(rule, run.scope)
        }
        self._full = _beyond(pack) if run.scope == "core" else frozenset()
        self._records = obtainable(run, self.judged, pack.effective)
        self.started = started
        self.seconds = seconds

    def report(self) -> Report:
        vain, evidence = self._in_vain(), [*self.gathered.evidence]
        if vain:
            evidence = [(piece, count) for piece, count in evidence if self._stands(piece)]
        else:
            evidence += [(piece, 1) for piece in self._never_reached()]
        findings, remarks = self._weighed(evidence)
        rules = tuple(
            self._rule(rule, [piece for piece, _ in evidence if piece.rule == rule.id], findings)
            for rule in self.rules.values()
        )
        verdict, reason = (Verdict.INCONCLUSIVE, vain) if vain else self._verdict(findings, rules)
        seen = {finding.fingerprint for finding in (*findings, *remarks)}
        whole = self._whole and verdict is not Verdict.INCONCLUSIVE
        return Report(
            verdict=verdict,
            vendor=self.pack.vendor,
            target=self.run.label,
            scope=self.run.scope,
            seed=self.run.seed,
            started=self.started.isoformat(timespec="seconds"),
            seconds=round(self.seconds, 3),
            requests=self.gathered.requests,
            version=__version__,
            document={
                "title": self.pack.provenance.title,
                "version": self.pack.provenance.version,
                "sha256": self.pack.provenance.sha256,
            },
            rules=rules,
            operations=tuple(self._operations()),
            findings=findings,
            remarks=remarks,
            items=tuple(_allowed(_voided(item, seen) if vain else item, findings) for item in self.gathered.items),
            reason=reason,
            prefix=self.run.prefix,
            left_behind=self.gathered.left_behind,
            fixed=self.allowance.fixed(seen, rules) if whole else (),
            lapsed=self.allowance.lapsed(seen, whole=whole),
        )

    @property
    def _whole(self) -> bool:
        """Whether all was looked for, so that what was not found is not there."""
        gathered = self.gathered
        return not (gathered.narrowed or gathered.traffic or gathered.cut or gathered.fatal)

    def _stands(self, piece: Evidence) -> bool:
        """Whether evidence stands though the run was in vain.

        It does where an answer shows it by itself that let somebody in or broke down, since the full caller was but
        refused; and where that one was let in, on operations that need no record.
        """
        operation = self.pack.effective.operations.get(piece.operation or "")
        elsewhere = operation is not None and not operation.needs_record and min(self.gathered.met, default=400) < 400
        return elsewhere or (piece.status > 0 and not 400 <= piece.status < 500)

    def _in_vain(self) -> str:
        """Return why the full caller met nothing of what was to be judged, if so."""
        seen = self.gathered.met
        if seen & {401, 403} and min(seen) >= 400 and max(seen) < 500:
            return "the full credentials are refused everywhere; check them and the base URL"
        if self.gathered.lost and not (self.run.scenarios and self.run.embedded):
            also = ", though that is what the scenario asks for: play it with others" if self.run.scenarios else ""
            return f"404 everywhere; check that {self.run.base_url} ends before the document's paths{also}"
        if self._not_there():
            named = ", ".join(self.run.existing)
            return f"no record is there under {named}: 404 to all that names it; check --existing"
        return ""

    def _verdict(self, findings: tuple[Finding, ...], rules: tuple[RuleOutcome, ...]) -> tuple[Verdict, str]:
        gathered = self.gathered
        if any(finding.counts for finding in findings):
            return Verdict.VIOLATES, gathered.fatal
        if gathered.fatal:
            return Verdict.INCONCLUSIVE, gathered.fatal
        right = (Outcome.PASSED, Outcome.NOT_EXERCISED)  # of which the latter was not looked at to the end
        if not any(rule.checks and rule.outcome in right and rule.basis == "documented" for rule in rules):
            return Verdict.INCONCLUSIVE, self._why_nothing()
        if gathered.traffic:
            return Verdict.PARTIAL, "only the calls that others have made are judged"
        if gathered.narrowed:
            return Verdict.PARTIAL, "only a part of the checks was asked for"
        if gathered.cut and not self.run.scenarios and gathered.full and min(gathered.full) >= 400:
            refused = ", ".join(said(status) for status in sorted(gathered.full))
            which = " that wants credentials" if any(each.is_closed for each in self.judged.operations.values()) else ""
            told = f"no request of the full caller{which} was taken: every answer is {refused}"
            return Verdict.INCONCLUSIVE, told
        if gathered.cut:
            return Verdict.PARTIAL, f"{self._limit()} before all checks were done; give more with {gathered.cut}"
        return Verdict.CONFORMS, _counted_out(findings)

    def _limit(self) -> str:
        if self.gathered.cut == REQUESTS:
            return f"all {self.run.max_requests} requests were sent"
        return f"the budget of {self.run.budget:g} s, and what of it is kept for cleaning up, was used up"

    def _not_there(self) -> bool:
        """Whether the records that the user says are there are unknown to the target."""
        if self.run.scenarios or not self.run.existing or creator(self.judged, self.pack.effective) is not None:
            return False
        operations = self.pack.effective.operations
        seen = {
            status
            for operation_id, status in self.gathered.statuses
            if operation_id in self.judged.operations and operations[operation_id].needs_record
        }
        return 404 in seen and not any(200 <= status < 300 or status >= 500 for status in seen)

    def _why_nothing(self) -> str:
        if not self.gathered.items:
            return "nothing was checked: no check matches; see their names with --verbose"
        if self.gathered.cut:
            return f"nothing was checked: {self._limit()}; give more with {self.gathered.cut}"
        return "nothing was checked: no documented rule was exercised; see why with --verbose"

    def _never_reached(self) -> Iterator[Evidence]:
        """Yield a failure for each documented 2xx that no request of an operation that answered reached."""
        if self.gathered.short or not self._whole:
            return
        lacking = {piece.rule for piece, _ in self.gathered.evidence if piece.reason.startswith("needs ")}
        for operation in self.judged.operations.values():
            seen = {status for operation_id, status in self.gathered.statuses if operation_id == operation.operation_id}
            if not telling(seen) - {401, 403}:
                continue
            if self.pack.effective.operations[operation.operation_id].needs_record and not self._records:
                continue
            for status in _unreached(operation, seen):
                yield from self._unreached(operation, status, seen, lacking)

    def _unreached(
        self, operation: Operation, status: str, seen: set[int], lacking: set[str | None]
    ) -> Iterator[Evidence]:
        pointer = f"{operation.pointer}/responses/{status}"
        rules = [rule for rule in self.rules.values() if rule.citation.pointer in (pointer, f"{pointer}/description")]
        if any(rule.id in lacking for rule in rules):
            return
        for rule in [rule.id for rule in rules] or (None,):
            yield Evidence(
                "coverage",
                Outcome.FAILED,
                rule,
                operation.operation_id,
                f"The documented status {status} is never reached",
                f"{status} to at least one request",
                f"only {', '.join(said(each) for each in sorted(seen))}",
            )

    def _weighed(self, evidence: list[tuple[Evidence, int]]) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
        kept: dict[str, Finding] = {}
        counts: Counter[str] = Counter()
        outcomes: dict[str, Outcome] = {}
        for piece, count in evidence:
            outcome = weigh(piece, self.pack.rules.by_id.get(piece.rule or ""), strict=self.run.strict)
            if outcome in (Outcome.FAILED, Outcome.REMARK):
                counts[piece.fingerprint] += count
                kept.setdefault(piece.fingerprint, self._finding(piece))
                outcomes.setdefault(piece.fingerprint, outcome)
        counted = [(outcomes[key], _recounted(finding, counts[key])) for key, finding in kept.items()]
        mark = self.allowance.marked
        return (
            mark(finding for outcome, finding in counted if outcome is Outcome.FAILED),
            mark((finding for outcome, finding in counted if outcome is Outcome.REMARK), remarks=True),
        )

    def _finding(self, piece: Evidence) -> Finding:
        return Finding(
            fingerprint=piece.fingerprint,
            rule=piece.rule,
            operation=piece.operation,
            title=piece.title,
            expected=piece.expected,
            actual=piece.actual,
            curl=piece.curl,
            citation=self._citation(piece),
            check=piece.check,
            item=piece.item,
            scenario=piece.scenario,
            relied=piece.relied,
        )

    def _citation(self, piece: Evidence) -> dict[str, Json]:
        rule = self.pack.rules.by_id.get(piece.rule or "")
        where = self.pack.declared_at(piece.operation) if rule is None else self.pack.cited_at(rule)
        return {"file": _relative(Path(where.path), self.pack.root), "line": where.line, "pointer": where.pointer or ""}

    def _rule(self, rule: Rule, evidence: list[Evidence], findings: tuple[Finding, ...]) -> RuleOutcome:
        broken = [finding for finding in findings if finding.rule == rule.id]
        allowed = bool(broken) and not any(finding.counts for finding in broken)
        weighed = [(weigh(piece, rule, strict=self.run.strict), piece) for piece in evidence]
        outcome = next(
            (o for o in (Outcome.FAILED, Outcome.REMARK, Outcome.PASSED) if any(w is o for w, _ in weighed)),
            Outcome.NOT_EXERCISED,
        )
        cut = next((piece.reason for piece in evidence if piece.cut), "")
        reason = ""
        if allowed:
            outcome = Outcome.REMARK
            reason = "broken, " + "; ".join(dict.fromkeys(_why_allowed(finding) for finding in broken))
        elif outcome is Outcome.NOT_EXERCISED:
            reason = self._reason(rule, evidence)
        elif outcome is Outcome.PASSED and cut:
            outcome, reason = Outcome.NOT_EXERCISED, f"not to the end, {cut}; what was seen of it was right"
        where = self.pack.cited_at(rule)
        return RuleOutcome(
            id=rule.id,
            basis=rule.basis.value,
            level=rule.level.value,
            text=rule.text,
            citation=f"{_relative(Path(where.path), self.pack.root)}:{where.line}",
            outcome=outcome,
            reason=reason,
            checks=tuple(dict.fromkeys(piece.check for w, piece in weighed if w is not Outcome.NOT_EXERCISED)),
        )

    def _reason(self, rule: Rule, evidence: list[Evidence]) -> str:
        given = next((piece.reason for piece in evidence if piece.reason), self._in_vain())
        if given:
            return given
        if self.gathered.traffic:
            return "no call touches it"
        if self.gathered.narrowed:
            return "the checks asked for do not touch it"
        if rule.part is Part.LIMITS and self.run.embedded:
            return "how many requests are allowed is not measured"
        if rule.part is Part.LIMITS and 429 in {status for _, status in self.gathered.statuses}:
            return "how long a 429 goes on is not measured: others may use the quota up"
        if rule.part is Part.LIMITS:
            return "no 429 was met; a target's quota is not used up on purpose"
        if rule.part is Part.SECURITY and self.run.credentials.restricted is None:
            return "needs --restricted-token"
        if rule.id in self._full:
            return "its scenarios use the vendor's other operations; give --scope full"
        if rule.part is Part.ANSWER:
            return "no answer had the part that it speaks of"
        return "no check came to it"

    def _operations(self) -> Iterator[OperationCoverage]:
        for operation in self.judged.operations.values():
            seen = {
                status: n
                for (operation_id, status), n in self.gathered.statuses.items()
                if operation_id == operation.operation_id and status != NO_ANSWER
            }
            statuses = tuple(
                StatusCount(status, operation.response(status) is not None, seen.get(status, 0))
                for status in sorted({*operation.statuses, *seen})
            )
            yield OperationCoverage(operation.operation_id, operation.method, operation.path, statuses)


def _beyond(pack: Pack) -> frozenset[str]:
    """Return the rules that scenarios verify, but none that the vendored document's operations are enough for."""
    within: set[str] = set()
    known: set[str] = set()
    for file in scenarios.files(pack):
        for workflow in file.workflows:
            (within if scenarios.in_scope(pack, file, workflow, "core") else known).update(workflow.all_rules())
    return frozenset(known - within)


def _unreached(operation: Operation, seen: set[int]) -> Iterator[str]:
    """Yield the declared 2xx statuses, one by one or as the range of them, that are not among the seen ones."""
    for status in sorted(declared for declared in operation.statuses if declared < 300 and declared not in seen):
        yield str(status)
    if "2XX" in operation.value.get("responses", {}) and not any(200 <= status < 300 for status in seen):
        yield "2XX"


def _counted_out(findings: tuple[Finding, ...]) -> str:
    """Return why a run conforms though there are findings, none of which counts."""
    accepted = sum(finding.accepted for finding in findings)
    known = len(findings) - accepted
    told = [f"{accepted} accepted"] * bool(accepted) + [f"{known} known from the baseline"] * bool(known)
    return f"no finding counts: {', '.join(told)}" if told else ""


def _why_allowed(finding: Finding) -> str:
    return f"accepted: {finding.reason}" if finding.accepted else "known, in the baseline"


def _allowed(item: ItemResult, findings: tuple[Finding, ...]) -> ItemResult:
    """Return the item, with a remark in place of a failure where none of what it failed for counts."""
    counting = {finding.fingerprint for finding in findings if finding.counts}
    if item.outcome != "failed" or not item.failures or item.failures & counting:
        return item
    return replace(item, outcome="remark")


def _voided(item: ItemResult, told: set[str]) -> ItemResult:
    """Return the item of a run in vain: what it failed for is told as far as others have met it."""
    if item.failures & told:
        return replace(item, failures=item.failures & told)
    return replace(item, outcome="not-exercised", failures=frozenset())


def _recounted(finding: Finding, count: int) -> Finding:
    return replace(finding, count=count)


def _relative(path: Path, root: Path) -> str:
    try:
        return str(path.resolve().relative_to(root.resolve()))
    except ValueError:
        return str(path)
