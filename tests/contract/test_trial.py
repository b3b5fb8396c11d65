"""One whole run through pytest: what the watcher hears, what ends it, and what of the user's it leaves alone."""

import os
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.e2e.breaking import has
from tests.e2e.servers import FULL, READ, Endpoint
from tests.e2e.serving import running
from understudy.contract import trial
from understudy.contract.probes import Prober
from understudy.contract.target import Credentials, Run
from understudy.contract.verdict import Report, Verdict
from understudy.errors import TargetError, UsageError
from understudy.pack import Pack


class Watcher:
    """Remembers what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    def started(self, vendor: str, target: str, scope: str, seed: int, items: int) -> None:
        """Hear that a run begins."""
        self.heard.append((vendor, target, scope, seed, items))

    def progressed(self, name: str, outcome: str, requests: int) -> None:
        """Hear that a check has ended."""
        self.heard.append((name, outcome, requests))


Hold: TypeAlias = Callable[..., Report]


@pytest.fixture
def watcher() -> Watcher:
    """Return a watcher."""
    return Watcher()


@pytest.fixture
def hold(pack: Pack, run: Run, watcher: Watcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hold:
    """Return a function that holds a run on an endpoint."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def held(endpoint: Endpoint, *words: str) -> Report:
        with running(endpoint) as base_url:
            mine = replace(run, base_url=base_url, credentials=Credentials(FULL, READ))
            return trial.hold(pack, mine, watcher, words)

    return held


def test_the_watcher_hears_of_every_check(hold: Hold, watcher: Watcher) -> None:
    """First how many there are, then each with its outcome and the requests up to then."""
    report = hold(Endpoint(), "-k", "access or constraints")
    assert watcher.heard[0][:4] == ("onetrust", "a target", "core", 7)
    assert watcher.heard[0][4] == len(watcher.heard) - 1 == len(report.items)
    assert [item.name for item in report.items] == [name for name, *_ in watcher.heard[1:]]
    assert watcher.heard[-1][2] == report.requests > 0


WRITE, READS = "createOrUpdateDataSubjectUsingPOST", ["getDataSubjectDetailsUsingGET", "getDataSubjectProfilesUsingGET"]


@pytest.mark.parametrize(
    ("full", "asked", "called", "ends"),
    [
        ({401: 20}, [WRITE, *READS], [], True),
        ({401: 19, 403: 1}, [WRITE, *READS], [], True),
        ({401: 19}, [WRITE, *READS], [], False),
        ({401: 20}, [WRITE, READS[0]], [], False),
        ({401: 1, 429: 19}, [WRITE, *READS], [], False),
        ({401: 20, 200: 1}, [WRITE, *READS], [], False),
        ({429: 40}, [WRITE, *READS], [], False),
        ({404: 20}, [WRITE, *READS], [(WRITE, 404)], True),
        ({404: 20}, [WRITE, *READS], [(each, 404) for each in READS], False),
        ({404: 20}, [WRITE, *READS], [(WRITE, 404), (WRITE, 201)], False),
        ({404: 20}, [WRITE, *READS], [(WRITE, 429), (READS[0], 404)], False),
    ],
)
def test_a_run_ends_early_where_its_credentials_open_nothing(
    full: dict[int, int],
    asked: list[str],
    called: list[tuple[str, int]],
    ends: bool,
    pack: Pack,
    run: Run,
    watcher: Watcher,
    request: pytest.FixtureRequest,
) -> None:
    """By what enough answers have told on enough operations; a 429 tells nothing."""
    made, session = trial.Trial(pack, replace(run, scope="full"), watcher), copy(request.session)
    report = pytest.TestReport("x", ("x", 0, "x"), {}, "passed", None, "call")
    statuses = [(operation_id, status, 1) for operation_id, status in called]
    report.understudy = {"full": list(full.items()), "asked": asked, "statuses": statuses}  # type: ignore[attr-defined]
    made.pytest_collection_finish(session)
    made.pytest_runtest_logreport(report)
    assert bool(session.shouldstop) == ends


def test_a_failed_check_is_an_item_that_says_what_it_found(hold: Hold) -> None:
    """With the rule and the title, for JUnit."""
    report = hold(Endpoint(has("id", "1234")), "-k", "access[")
    (item,) = [item for item in report.items if item.kind == "access"]
    assert (item.outcome, "OT-ANSWER-6: The body of 201 breaks the schema" in item.message) == ("failed", True)


def test_a_broken_inferred_rule_is_a_remark_of_its_item(hold: Hold) -> None:
    """Our endpoint finds nobody by an additional identifier, which no document says that it must."""
    report = hold(Endpoint(), "-k", "found-by-additional")
    assert [(item.outcome, item.message) for item in report.items] == [("remark", "")]
    assert report.verdict is Verdict.PARTIAL


@pytest.mark.parametrize(
    ("make", "verdict"),
    [(Endpoint, Verdict.INCONCLUSIVE), (lambda: Endpoint(has("id", "1")), Verdict.VIOLATES)],
    ids=["nothing found", "something found"],
)
def test_a_check_that_crashes_leaves_a_report(
    make: Callable[[], Endpoint], verdict: Verdict, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It never conforms, it says so in one line, and what was found stands."""

    def broken(self: Prober, operation_id: str) -> None:
        raise ZeroDivisionError(f"with {FULL} in it")

    monkeypatch.setattr(Prober, "access", broken)
    report = hold(make(), "-k", "constraints or access[")
    assert (report.verdict, "the run broke off: " in report.reason) == (verdict, True)
    assert FULL not in report.reason
    assert len(report.reason.splitlines()) == 1
    assert all(FULL not in item.message for item in report.items)


def test_a_target_that_cannot_be_judged_ends_the_run(hold: Hold, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks after that are not begun."""

    def gone(self: Prober, operation_id: str) -> None:
        raise TargetError("it is gone")

    monkeypatch.setattr(Prober, "constraints", gone)
    report = hold(Endpoint(), "-k", "constraints or access[")
    assert (report.verdict, report.reason, len(report.items)) == (Verdict.INCONCLUSIVE, "it is gone", 1)


def test_an_interrupt_ends_the_run_without_conforming(hold: Hold, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C."""

    def interrupted(self: Prober, operation_id: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Prober, "access", interrupted)
    report = hold(Endpoint(), "-k", "constraints or access[")
    assert (report.verdict, report.reason) == (Verdict.INCONCLUSIVE, "the run was interrupted")


def test_words_that_pytest_does_not_take_are_wrong_usage(hold: Hold) -> None:
    """They are the user's."""
    with pytest.raises(UsageError, match=r"pytest does not take '-k \('"):
        hold(Endpoint(), "-k", "(")


def test_the_environment_is_left_as_it_was(hold: Hold, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no secret stays in it."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    before = dict(os.environ)
    hold(Endpoint(), "-k", "no-token")
    after = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    assert after == {name: value for name, value in before.items() if name != "PYTEST_CURRENT_TEST"}
    assert all(FULL not in value for value in after.values())
