"""One whole run: pytest is started on the pack's checks, evidence comes in, and the report goes out.

Nothing of the user's pytest configuration takes part: its own root, no ini file, no conftest, no PYTEST_ADDOPTS.
"""

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest

from understudy import __version__
from understudy.contract import scenarios
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.target import Run
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
from understudy.errors import TargetError, UsageError
from understudy.pack import Pack
from understudy.spec.rules import Part, Rule
from understudy.values import Json


class Watcher(Protocol):
    """Is told of the run while it goes on."""

    def started(self, vendor: str, target: str, scope: str, seed: int, items: int) -> None:
        """The checks are collected."""

    def progressed(self, name: str, outcome: str, requests: int) -> None:
        """A check has ended; `requests` is the run's total."""


class Trial:
    """Gathers what the items send home; a pytest plugin of the main process."""

    def __init__(self, pack: Pack, run: Run, watcher: Watcher) -> None:
        self.pack = pack
        self.run = run
        self._watcher = watcher
        self.evidence: list[tuple[Evidence, int]] = []
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.requests = 0
        self.items: list[ItemResult] = []
        self.narrowed = False
        self.fatal: tuple[int, str] | None = None
        self.crashes: list[str] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Tell the watcher how much there is to do."""
        self._watcher.started(self.pack.vendor, self.run.label, self.run.scope, self.run.seed, len(session.items))

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Note that the run is narrowed."""
        self.narrowed = self.narrowed or bool(items)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note what could not be collected."""
        if report.failed:
            self.crashes.append(str(report.longrepr))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the evidence of an item in."""
        if report.when != "call":
            if report.failed:
                self.crashes.append(f"{report.nodeid}: {report.longrepr}")
            return
        home: Mapping[str, Any] = getattr(report, "understudy", {})
        self.requests += home.get("requests", 0)
        for operation_id, status, count in home.get("statuses", []):
            self.statuses[operation_id, status] += count
        self.evidence += [(Evidence.from_json(value), count) for value, count in home.get("evidence", [])]
        if home.get("fatal") and self.fatal is None:
            self.fatal = (home["fatal"], home["note"])
        if report.failed and not home:
            self.crashes.append(f"{report.nodeid}: {report.longrepr}")
        name = report.nodeid.rpartition("::")[2]
        outcome = "not-exercised" if home.get("note") == "not-exercised" else str(report.outcome)
        self.items.append(ItemResult(name, home.get("kind", ""), outcome, report.duration, self._message(report, home)))
        self._watcher.progressed(name, outcome, self.requests)

    @staticmethod
    def _message(report: pytest.TestReport, home: Mapping[str, Any]) -> str:
        if report.failed:
            return str(report.longrepr)
        return str(home.get("note", "")) if home.get("note") not in ("passed", "not-exercised") else ""


def hold(pack: Pack, run: Run, watcher: Watcher, pytest_args: Iterable[str] = ()) -> Report:
    """Run all checks and return the report; raises TargetError where the target cannot be judged at all.

    `pytest_args` are the user's own words for pytest (`-k`, `-n`, `--lf`).
    """
    scenarios.files(pack)
    started, clock = datetime.now(UTC), time.monotonic()
    trial = Trial(pack, run, watcher)
    words = list(pytest_args)
    with _environment(run):
        code = pytest.main([*_arguments(pack), *words], plugins=[trial])
    if code == pytest.ExitCode.USAGE_ERROR:
        raise UsageError(f"pytest does not take {' '.join(words)!r}", todo="see pytest --help for its options")
    if trial.crashes:
        raise TargetError(
            f"the run broke off: {trial.crashes[0].strip().splitlines()[-1]}", todo="please report this with the seed"
        )
    return _Summary(trial, started, time.monotonic() - clock).report()


def _arguments(pack: Pack) -> list[str]:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "understudy" / pack.vendor
    return [
        *([str(pack.contracts.resolve())] if pack.scenarios else []),
        str(pack.source.path.resolve()),
        "-p", "understudy.contract.items",
        "-p", "no:terminal", "-p", "no:schemathesis", "-p", "no:randomly", "-p", "no:cov", "-p", "no:hypothesispytest",
        "-c", os.devnull, "--rootdir", str(pack.root.resolve()), "--noconftest", "-W", "ignore",
        "-o", f"cache_dir={cache}", "-o", "testpaths=", "--import-mode=importlib",
    ]  # fmt: skip


@contextmanager
def _environment(run: Run) -> Iterator[None]:
    before = dict(os.environ)
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    run.to_environment()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class _Summary:
    """Makes the report of a trial."""

    def __init__(self, trial: Trial, started: datetime, seconds: float) -> None:
        self.trial = trial
        self.pack = trial.pack
        self.run = trial.run
        self.judged = self.pack.judged(self.run.scope)
        self.rules = {
            rule.id: rule
            for rule in self.pack.rules.by_id.values()
            if rule.operation in self.judged.operations and self._in_scope(rule)
        }
        self.started = started
        self.seconds = seconds

    def _in_scope(self, rule: Rule) -> bool:
        return self.run.scope == "full" or rule.scope == "core" or rule.citation.page is None

    def report(self) -> Report:
        evidence = [*self.trial.evidence, *((piece, 1) for piece in self._never_reached())]
        findings, remarks = self._weighed(evidence)
        rules = tuple(
            self._rule(rule, [piece for piece, _ in evidence if piece.rule == rule.id]) for rule in self.rules.values()
        )
        verdict, reason = self._verdict(findings, rules)
        return Report(
            verdict=verdict,
            vendor=self.pack.vendor,
            target=self.run.label,
            scope=self.run.scope,
            seed=self.run.seed,
            started=self.started.isoformat(timespec="seconds"),
            seconds=round(self.seconds, 3),
            requests=self.trial.requests,
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
            items=tuple(self.trial.items),
            reason=reason,
        )

    def _verdict(self, findings: tuple[Finding, ...], rules: tuple[RuleOutcome, ...]) -> tuple[Verdict, str]:
        if findings:
            return Verdict.VIOLATES, self.trial.fatal[1] if self.trial.fatal else ""
        if self.trial.fatal:
            return Verdict.INCONCLUSIVE, self.trial.fatal[1]
        if not any(status < 300 for _, status in self.trial.statuses) and self.trial.requests:
            return Verdict.INCONCLUSIVE, "no request was accepted; check the credentials and the base URL"
        if not any(rule.outcome is Outcome.PASSED and rule.basis == "documented" for rule in rules):
            return Verdict.INCONCLUSIVE, "nothing was checked"
        return (
            (Verdict.PARTIAL, "only a part of the checks was asked for")
            if self.trial.narrowed
            else (Verdict.CONFORMS, "")
        )

    def _never_reached(self) -> Iterator[Evidence]:
        """A documented 2xx that was never reached, although some request of the operation was accepted or refused as bad."""
        if self.trial.narrowed or self.trial.fatal:
            return
        for operation in self.judged.operations.values():
            seen = {status for operation_id, status in self.trial.statuses if operation_id == operation.operation_id}
            if not seen - {401, 403, 429}:
                continue
            for status in sorted(
                declared for declared in operation.statuses if declared < 300 and declared not in seen
            ):
                pointer = f"{operation.pointer}/responses/{status}"
                rules = [
                    rule for rule in self.rules.values() if rule.citation.pointer in (pointer, f"{pointer}/description")
                ]
                for rule in rules or [None]:
                    yield Evidence(
                        "coverage",
                        Outcome.FAILED,
                        rule.id if rule else None,
                        operation.operation_id,
                        f"The documented status {status} is never reached",
                        f"{status} to at least one request",
                        f"only {', '.join(map(str, sorted(seen)))}",
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
        return tuple(f for o, f in counted if o is Outcome.FAILED), tuple(f for o, f in counted if o is Outcome.REMARK)

    def _finding(self, piece: Evidence) -> Finding:
        return Finding(
            fingerprint=piece.fingerprint,
            rule=piece.rule,
            operation=piece.operation,
            title=piece.title,
            expected=self._redacted(piece.expected),
            actual=self._redacted(piece.actual),
            curl=self._redacted(piece.curl),
            citation=self._citation(piece),
            check=piece.check,
            item=piece.item,
        )

    def _redacted(self, text: str) -> str:
        for secret in () if self.run.embedded else self.run.credentials.secrets():
            text = text.replace(secret, "***")
        return text

    def _citation(self, piece: Evidence) -> dict[str, Json]:
        rule = self.pack.rules.by_id.get(piece.rule or "")
        if rule is not None:
            where = self.pack.cited_at(rule)
        else:
            operation = self.pack.effective.operations.get(piece.operation or "")
            where = self.pack.source.where(operation.pointer if operation else "")
        return {"file": _relative(Path(where.path), self.pack.root), "line": where.line, "pointer": where.pointer or ""}

    def _rule(self, rule: Rule, evidence: list[Evidence]) -> RuleOutcome:
        weighed = [(weigh(piece, rule, strict=self.run.strict), piece) for piece in evidence]
        outcome = next(
            (o for o in (Outcome.FAILED, Outcome.REMARK, Outcome.PASSED) if any(w is o for w, _ in weighed)),
            Outcome.NOT_EXERCISED,
        )
        where = self.pack.cited_at(rule)
        return RuleOutcome(
            id=rule.id,
            basis=rule.basis.value,
            level=rule.level.value,
            text=rule.text,
            citation=f"{_relative(Path(where.path), self.pack.root)}:{where.line}",
            outcome=outcome,
            reason=self._reason(rule, evidence) if outcome is Outcome.NOT_EXERCISED else "",
            checks=tuple(dict.fromkeys(piece.check for w, piece in weighed if w is not Outcome.NOT_EXERCISED)),
        )

    def _reason(self, rule: Rule, evidence: list[Evidence]) -> str:
        given = next((piece.reason for piece in evidence if piece.reason), "")
        if given:
            return given
        if self.trial.narrowed:
            return "the checks asked for do not touch it"
        if rule.part is Part.LIMITS:
            return "no 429 was met; a target's quota is not used up on purpose"
        if rule.part is Part.SECURITY and self.run.credentials.restricted is None:
            return "needs --restricted-token"
        if rule.part is Part.ANSWER:
            return "no answer had the part that it speaks of"
        return "no check came to it"

    def _operations(self) -> Iterator[OperationCoverage]:
        for operation in self.judged.operations.values():
            seen = {
                status: n
                for (operation_id, status), n in self.trial.statuses.items()
                if operation_id == operation.operation_id
            }
            statuses = tuple(
                StatusCount(status, status in operation.statuses, seen.get(status, 0))
                for status in sorted({*operation.statuses, *seen})
            )
            yield OperationCoverage(operation.operation_id, operation.method, operation.path, statuses)


def _recounted(finding: Finding, count: int) -> Finding:
    return replace(finding, count=count)


def _relative(path: Path, root: Path) -> str:
    try:
        return str(path.resolve().relative_to(root.resolve()))
    except ValueError:
        return str(path)
