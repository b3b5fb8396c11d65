"""Judging the judge: each deviation is played by the mock and judged. One that no check finds has survived."""

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from queue import SimpleQueue
from typing import Any

import pytest

from understudy import pack as packs
from understudy.contract.embedded import embedded_mock
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.items import CLIENT, CheckItem
from understudy.contract.target import Run
from understudy.contract.trial import hold
from understudy.contract.verdict import Verdict, weigh
from understudy.errors import UnderstudyError
from understudy.model.deviation import Deviation
from understudy.pack import Pack

PROBES, SCENARIOS, MODEL, SCHEMATHESIS = TECHNIQUES = ("probes", "scenarios", "model", "schemathesis")
"""What a judge can find a deviation by; each is scored alone."""
RENEWED = 20
"""How many deviations one process judges: what was drawn stays in its caches, tens of megabytes each time."""
_OF_KIND = {
    "scenario": SCENARIOS,
    "model": MODEL,
    "extremes": MODEL,
    "concurrency": MODEL,
    "fuzz": SCHEMATHESIS,
    "constraints": PROBES,
    "access": PROBES,
    "limits": PROBES,
}


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a deviation: the techniques that found it alone, the check that was first, and after how long.

    Times are in seconds. `named` are the rules of the findings, for the survivor's reader; `error` says why a run broke
    off; `accepted` is the reason why a survivor is let be.
    """

    vendor: str
    deviation: str
    rule: str
    text: str
    by: tuple[str, ...] = ()
    first: str = ""
    after: float = 0.0
    seconds: float = 0.0
    requests: int = 0
    named: tuple[str, ...] = ()
    error: str = ""
    accepted: str = ""

    @property
    def killed(self) -> bool:
        """Whether some check named the broken rule."""
        return bool(self.by)

    @property
    def fingerprint(self) -> str:
        """What stands for the survivor in accepted.yaml."""
        return fingerprint(self.vendor, self.deviation)


def fingerprint(vendor: str, deviation: str) -> str:
    """Return sixteen hex digits for a deviation."""
    return hashlib.sha256(f"audit\n{vendor}\n{deviation}".encode()).hexdigest()[:16]


class _Hunt:
    """A pytest plugin that notes which technique finds the deviation first, and spares it the rest of its checks.

    With `first` all techniques are spared the rest as soon as one has found it.
    """

    def __init__(self, pack: Pack, deviation: Deviation, *, first: bool) -> None:
        self._first = first
        self._rules = pack.rules.by_id
        self._deviation = deviation
        relaxing = pack.rules.relaxed.get(deviation.rule)
        self._wanted = {deviation.rule, *deviation.beside, relaxing.id if relaxing else ""} - {""}
        self._lenient = deviation.rule != "" and (relaxing is not None or not self._rules[deviation.rule].binding)
        self._started = time.monotonic()
        self.found: dict[str, tuple[str, float]] = {}

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Leave out the checks of techniques that have found it."""
        if not isinstance(item, CheckItem):
            return
        if technique(item.kind) in self.found or (self._first and self.found):
            pytest.skip("found already")
        item.config.stash[CLIENT].wanted = self.right

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Look for it in what a check has sent home."""
        home: Mapping[str, Any] = getattr(report, "understudy", {})
        if not home:
            return
        by = technique(home["kind"])
        if by not in self.found and any(self.right(Evidence.from_json(value)) for value, _ in home.get("evidence", [])):
            self.found[by] = (report.nodeid.rpartition("::")[2], time.monotonic() - self._started)

    def right(self, piece: Evidence) -> bool:
        """Whether the evidence names the broken rule or, where none is broken, is on the operation that deviates."""
        weight = weigh(piece, self._rules.get(piece.rule or ""), strict=False)
        if weight is not Outcome.FAILED and not (self._lenient and weight is Outcome.REMARK):
            return False
        return piece.rule in self._wanted if self._wanted else piece.operation in self._deviation.operations


class _Silent:
    """Watches a run and says nothing."""

    def started(self, vendor: str, target: str, scope: str, seed: int, items: int) -> None:
        """Hear that the checks are collected."""

    def progressed(self, name: str, outcome: str, requests: int) -> None:
        """Hear that a check has ended."""


def technique(kind: str) -> str:
    """Return the technique that a check of the kind belongs to."""
    return _OF_KIND[kind]


def judge(pack: Pack, name: str, seed: int, budget: float, *, first: bool = False) -> Judged:
    """Play one deviation and judge it, in this process."""
    deviation = pack.deviations.by_name[name]
    started = time.monotonic()
    hunt = _Hunt(pack, deviation, first=first)
    with embedded_mock(pack, seed, deviation) as (base_url, sessions, credentials):
        run = Run(
            vendor=pack.vendor,
            base_url=base_url,
            label=f"embedded mock, {name}",
            scope="full",
            seed=seed,
            run_id=f"{seed:x}",
            deadline=time.time() + budget,
            budget=budget,
            embedded=True,
            sessions=sessions,
            credentials=credentials,
        )
        report = hold(pack, run, _Silent(), plugins=[hunt])
    check, after = min(hunt.found.values(), key=lambda each: each[1], default=("", 0.0))
    return Judged(
        pack.vendor,
        name,
        deviation.rule,
        deviation.text,
        tuple(each for each in TECHNIQUES if each in hunt.found),
        check,
        round(after, 2),
        round(time.monotonic() - started, 2),
        report.requests,
        tuple(dict.fromkeys(finding.rule or "no rule" for finding in report.findings)),
        report.reason if report.verdict is Verdict.INCONCLUSIVE else "",
    )


_load = cache(packs.load)


def _judge(vendor: str, name: str, seed: int, budget: float, *, first: bool) -> Judged:
    """Do the same in a worker, which judges many deviations and reads a pack once; what breaks off is told."""
    pack = _load(vendor)
    try:
        return judge(pack, name, seed, budget, first=first)
    except UnderstudyError as error:
        deviation = pack.deviations.by_name[name]
        return Judged(vendor, name, deviation.rule, deviation.text, error=str(error))


def _end_with(parent: int) -> None:
    """Have this process end when the one that has started it does, however that ends."""

    def wait() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


class _Lane:
    """A process that judges one deviation after the other; one that has judged enough, or has died, is followed."""

    def __init__(self, judged: Callable[[str, str], Judged]) -> None:
        self._judged = judged
        self._pool, self._taken = self._opened(), 0

    def _renew(self) -> None:
        self.close()
        self._pool, self._taken = self._opened(), 0

    @staticmethod
    def _opened() -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, get_context("spawn"), _end_with, (os.getpid(),))

    def judge(self, vendor: str, name: str) -> Judged:
        """Judge a deviation; where its process dies that is its error."""
        if self._taken == RENEWED:
            self._renew()
        for _ in range(2):  # the process may have died before it came to it
            self._taken += 1
            try:
                return self._pool.submit(self._judged, vendor, name).result()
            except BrokenProcessPool:
                self._renew()
        played = _load(vendor).deviations.by_name[name]
        return Judged(vendor, name, played.rule, played.text, error="its process died: out of memory, or killed")

    def close(self) -> None:
        """Let the process end once it is done with what it judges."""
        self._pool.shutdown(wait=False)


def audit(
    names: Iterable[tuple[str, str]], seed: int, budget: float, workers: int, *, first: bool = False
) -> Iterator[Judged]:
    """Judge deviations, given as vendor and name, in several processes; yield each as it is done.

    With `first` a deviation is done with as soon as one technique has found it, which leaves the others unscored. One
    whose process dies is told with an error, and the others are judged all the same.
    """
    lanes = [_Lane(partial(_judge, seed=seed, budget=budget, first=first)) for _ in range(workers)]
    free: SimpleQueue[_Lane] = SimpleQueue()
    for lane in lanes:
        free.put(lane)

    def judged(vendor: str, name: str) -> Judged:
        lane = free.get()
        try:
            return lane.judge(vendor, name)
        finally:
            free.put(lane)

    threads = ThreadPoolExecutor(workers)
    try:
        for done in as_completed([threads.submit(judged, *name) for name in names]):
            yield done.result()
    finally:  # one that is broken off plays nothing more
        threads.shutdown(wait=False, cancel_futures=True)
        for lane in lanes:
            lane.close()
