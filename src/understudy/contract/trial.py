"""One whole run: pytest is started on the pack's checks, evidence comes in, and the report goes out.

Nothing of the user's pytest configuration takes part: its own root, no ini file, no conftest, no PYTEST_ADDOPTS.
"""

import gc
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest

from understudy import folders
from understudy.contract import scenarios
from understudy.contract.allowance import Allowance
from understudy.contract.authentication import wanting
from understudy.contract.cleaning import CHECK as CLEANING
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.items import CLEANED, PACK
from understudy.contract.records import creator
from understudy.contract.summary import Gathered, summarise
from understudy.contract.target import Run, Secrets
from understudy.contract.verdict import ItemResult, Report
from understudy.errors import TargetError, UsageError
from understudy.pack import Pack


class Watcher(Protocol):
    """Is told of the run while it goes on."""

    def started(self, vendor: str, target: str, scope: str, seed: int, items: int) -> None:
        """Hear that the checks are collected."""

    def progressed(self, name: str, outcome: str, requests: int) -> None:
        """Hear that a check has ended; `requests` is the run's total."""


ENOUGH, DIFFERENT = 20, 3
"""Requests with the full credential, and operations, all refused for it: more would only bother the target."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What one check of a dry run has sent: curl lines, all or, where the answers decide, some of so many requests.

    `reason` says why there is nothing, where that is known.
    """

    name: str
    kind: str
    curls: list[str]
    requests: int
    reason: str = ""


class Trial:
    """Gathers what the items send home; a pytest plugin of the main process."""

    def __init__(self, pack: Pack, run: Run, watcher: Watcher) -> None:
        self.pack = pack
        self.run = run
        self._watcher = watcher
        judged = pack.judged(run.scope)
        self._wanting, self._creates = wanting(judged), creator(judged, pack.effective)
        self.gathered = Gathered()
        self.crashes: list[str] = []
        self.sent: list[Sent] = []
        self._session: pytest.Session | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Hand the pack on to the checks."""
        config.stash[PACK] = self.pack

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Tell the watcher how much there is to do."""
        self._session = session
        self._watcher.started(self.pack.vendor, self.run.label, self.run.scope, self.run.seed, len(session.items))

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Note that the run is narrowed, even where nothing is left of it."""
        self.gathered.narrowed = self.gathered.narrowed or bool(items)

    def pytest_internalerror(self, excrepr: object) -> None:
        """Note that pytest itself, or one of its plugins, broke down."""
        self.crashes.append(str(excrepr))

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
        gathered = self.gathered
        gathered.requests += home.get("requests", 0)
        for operation_id, status, count in home.get("statuses", []):
            gathered.statuses[operation_id, status] += count
        gathered.full.update(dict(home.get("full", [])))
        gathered.narrowed = gathered.narrowed or bool(home.get("narrowed"))
        gathered.cut = gathered.cut or home.get("cut", "")
        gathered.short = gathered.short or bool(home.get("short"))
        evidence = [(Evidence.from_json(value), count) for value, count in home.get("evidence", [])]
        gathered.evidence += evidence
        if home.get("fatal") and not gathered.fatal:
            gathered.fatal = home["note"]
        gathered.asked.update(home.get("asked", []))
        if (gathered.fatal or self._in_vain()) and self._session is not None:
            self._session.shouldstop = gathered.fatal or "the full credentials are refused, or 404 is all there is"
        if report.failed and not home:
            self.crashes.append(f"{report.nodeid}: {report.longrepr}")
        item = self._item(report, home, frozenset(p.fingerprint for p, _ in evidence if p.outcome is Outcome.FAILED))
        if self.run.dry:
            reason = next((piece.reason for piece, _ in evidence if piece.reason), "")
            self.sent.append(Sent(item.name, item.kind, home.get("sent", []), home.get("requests", 0), reason))
        gathered.items.append(item)
        self._watcher.progressed(item.name, item.outcome, gathered.requests)

    def _item(self, report: pytest.TestReport, home: Mapping[str, Any], failures: frozenset[str]) -> ItemResult:
        """Return what became of a check; one that could not go on has shown nothing of the target."""
        outcome = str(report.outcome)
        if report.passed:
            outcome = {"not-exercised": "not-exercised", "failed": "remark"}.get(home.get("note", ""), outcome)
            outcome = "ended-early" if home.get("ended") else outcome
        shown = frozenset[str]() if home.get("fatal") else failures
        name, message = report.nodeid.rpartition("::")[2], self._message(report, home)
        return ItemResult(name, home.get("kind", ""), outcome, report.duration, message, shown)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Hear from a worker of xdist how it has cleaned up."""
        self._cleaned(getattr(node, "workeroutput", {}).get("understudy", {}))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Take note of how this process has cleaned up."""
        self._cleaned(session.config.stash.get(CLEANED, {}))

    def _cleaned(self, cleaned: Mapping[str, Any]) -> None:
        if cleaned.get("sent"):
            self.sent.append(Sent(CLEANING, CLEANING, cleaned["sent"], cleaned["requests"]))
        self.gathered.left_behind += cleaned.get("left_behind", 0)
        self.gathered.requests += cleaned.get("requests", 0)

    def _in_vain(self) -> bool:
        """Whether the full credential opens nothing, or nothing is there, not even what creates a record.

        One operation that it does not open is a fault of the target's.
        """
        gathered, seen = self.gathered, self.gathered.met
        told = sum(count for status, count in gathered.full.items() if status in seen)
        if told < ENOUGH or len(gathered.asked) < min(DIFFERENT, len(self._wanting)):
            return False
        creates = self._creates is not None and (self._creates.operation_id, 404) in gathered.statuses
        return (gathered.lost and creates) or seen <= {401, 403}

    @staticmethod
    def _message(report: pytest.TestReport, home: Mapping[str, Any]) -> str:
        if report.failed:
            return str(report.longrepr)
        return str(home.get("note", "")) if home.get("note") not in ("passed", "failed", "not-exercised") else ""


def hold(
    pack: Pack,
    run: Run,
    watcher: Watcher,
    pytest_args: Iterable[str] = (),
    *,
    allowance: Allowance | None = None,
    plugins: Iterable[object] = (),
) -> Report:
    """Run all checks and return the report, inconclusive where the run broke off before anything was found.

    `pytest_args` are the user's own words for pytest (`-k`, `-n`, `--lf`), `plugins` further ones of the main process;
    what the allowance has does not count. Raises UsageError for words that pytest does not take, and ContentError for a
    pack, or a scenario of the user's, that cannot be used.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    trial, code = _tried(pack, run, watcher, list(pytest_args), plugins)
    gathered = trial.gathered
    if trial.crashes:
        gathered.fatal = gathered.fatal or f"the run broke off: {_crash(trial)}; please report this with the seed"
    elif code == pytest.ExitCode.INTERRUPTED:
        gathered.fatal = gathered.fatal or "the run was interrupted"
    return summarise(pack, run, gathered, started, time.monotonic() - clock, allowance)


def rehearse(pack: Pack, run: Run, watcher: Watcher, pytest_args: Iterable[str] = ()) -> list[Sent]:
    """Run all checks of a dry run and return what they have sent, and what cleaning up would send.

    Raises TargetError where what stands in for the target does not do.
    """
    trial, _ = _tried(pack, run, watcher, list(pytest_args))
    if trial.crashes or trial.gathered.fatal:
        raise TargetError(f"the dry run broke off: {trial.gathered.fatal or _crash(trial)}", todo="please report this")
    return trial.sent


def _tried(
    pack: Pack, run: Run, watcher: Watcher, words: list[str], plugins: Iterable[object] = ()
) -> tuple[Trial, int]:
    """Start pytest; raises UsageError for words that it does not take, ContentError for a pack that cannot be used."""
    _ = pack.effective, pack.rules, pack.behaviour  # whatever is wrong with the pack is told before anything is sent
    scenarios.files(pack)
    for path in run.scenarios:
        scenarios.checked(pack, Path(path))
    trial = Trial(pack, run, watcher)
    trial.gathered.narrowed = bool(run.scenarios)
    with _environment(run):
        gc.freeze()  # what is there by now is used to the end: to look through it each time takes a twentieth of a run
        try:
            code = pytest.main([*_arguments(pack, run), *words], plugins=[trial, *plugins])
        finally:
            gc.unfreeze()
    if code == pytest.ExitCode.USAGE_ERROR:
        raise UsageError(f"pytest does not take {' '.join(words)!r}", todo="see pytest --help for its options")
    return trial, int(code)


def _crash(trial: Trial) -> str:
    return Secrets(() if trial.run.dry else trial.run.secrets()).hide(trial.crashes[0].strip().splitlines()[-1])


def _arguments(pack: Pack, run: Run) -> list[str]:
    everything = [*([str(pack.contracts.resolve())] if pack.scenarios else []), str(pack.source.path.resolve())]
    return [
        *(run.scenarios or everything),
        "-p", "understudy.contract.items",
        "-p", "no:terminal", "-p", "no:schemathesis", "-p", "no:randomly", "-p", "no:cov", "-p", "no:hypothesispytest",
        "-p", "no:understudy",
        "-p", "no:unraisableexception", "-p", "no:threadexception",  # what they tell is ignored, and costs collections
        "-c", os.devnull, "--rootdir", str(pack.root.resolve()), "--noconftest", "-W", "ignore",
        "--assert=plain",  # else pytest rewrites every module of Schemathesis and Hypothesis, which are its plugins
        "-o", f"cache_dir={folders.cache() / pack.vendor}", "-o", "testpaths=", "--import-mode=importlib",
    ]  # fmt: skip


@contextmanager
def _environment(run: Run) -> Iterator[None]:
    before = dict(os.environ)
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    run.to_environment()
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(folders.cache() / "hypothesis"))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
