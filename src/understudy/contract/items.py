"""The run as pytest sees it: a plugin that collects scenarios, probes and fuzzing phases, and sends evidence home.

Loaded with `-p understudy.contract.items` in the main process and in xdist's workers; the run comes by environment.
"""

import gc
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from understudy import pack as packs
from understudy.contract import scenarios
from understudy.contract.cleaning import clean, make_room
from understudy.contract.client import Client
from understudy.contract.evidence import Outcome
from understudy.contract.judge import Judge
from understudy.contract.probes import Prober
from understudy.contract.samples import sample
from understudy.contract.stateful import concurrency, course, extremes, machine
from understudy.contract.target import LIMITED, REGIME, Run
from understudy.contract.throttle import TIME, OverError, Throttle
from understudy.contract.verdict import weigh
from understudy.errors import UnderstudyError
from understudy.pack import Pack

PACK = pytest.StashKey[Pack]()
CLIENT = pytest.StashKey[Client]()
FILES = pytest.StashKey[Mapping[str, type[pytest.File]]]()
"""The kinds of files that checks come from, by their paths."""
CLEANED = pytest.StashKey[Mapping[str, Any]]()
NARROWED = pytest.StashKey[bool]()
BINDING, EXPLORING, OTHERS, FUZZING, LAST = 1, 2, 3, 4, 5
"""The order of the checks: probes; scenarios whose rules bind; the model, and other settings; scenarios that can only
leave remarks; fuzzing, which takes what time is left; and more of the model where it has not."""
RESERVE = 1.0
"""Seconds of the budget that are kept for what comes after the last check."""
EXPLORED = 3
"""One of so many parts of what is left is the model's, before Schemathesis: on a slow target most is found by it."""


PHASES = ("examples", "coverage", "fuzzing", "stateful")
"""Of Schemathesis."""
FUZZ, _FUZZ = "fuzz", "understudy.contract.fuzz"
"""What their checks are called, and the module that is imported for them."""
SHOWN, DRY_SECONDS = 3, 1.0
"""What a dry run shows of checks whose requests the answers decide: examples, and the seconds spent on them."""


class BrokenRulesError(Exception):
    """A check found broken rules; pytest shows the item as failed."""


def pytest_configure(config: pytest.Config) -> None:
    """Open this process's way to the target; the main process has the pack already, a worker of xdist reads it."""
    run = Run.from_environment()
    pack = config.stash.get(PACK, None) or packs.load(run.vendor)
    worker: Mapping[str, Any] = getattr(config, "workerinput", {"workerid": "gw0", "workercount": 1})
    throttle = Throttle.shared(run, int(worker["workerid"].removeprefix("gw")), worker["workercount"])
    config.stash[CLIENT] = Client(run, Judge(pack, run.scope, strict=run.strict), throttle)
    files: dict[str, type[pytest.File]] = {}
    files.update((str(path.resolve()), ScenarioFile) for path in (*pack.scenarios, *map(Path, run.scenarios)))
    files[str(pack.source.path.resolve())] = DocumentFile
    config.stash[FILES] = files


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Clean up after the last check; a worker of xdist hands on what came of it."""
    config = session.config
    client = config.stash[CLIENT]
    cleaned: Mapping[str, Any] = {"left_behind": clean(client), "requests": client.requests, "sent": _curls(client)}
    config.stash[CLEANED] = cleaned
    if hasattr(config, "workeroutput"):
        config.workeroutput["understudy"] = cleaned


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close it."""
    config.stash[CLIENT].close()


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Note that not all checks were asked for; with xdist only the workers are told."""
    for item in items:
        item.config.stash[NARROWED] = True


def pytest_collection_finish(session: pytest.Session) -> None:
    """Note that `--lf` leaves out what did not fail last time: whole files of it without a word.

    Schemathesis is imported before the first check where its phases are asked for: it takes half as long as all else.
    """
    config = session.config
    if config.getoption("lf", default=False) and config.cache is not None and config.cache.get("cache/lastfailed", {}):
        config.stash[NARROWED] = True
    if any(isinstance(item, CheckItem) and item.kind == FUZZ for item in session.items):
        import_module(_FUZZ)
        gc.freeze()  # as all that was imported before


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what is quick and binds: where the budget ends a run early, most of the rules have been looked at."""
    items.sort(key=lambda item: item.rank if isinstance(item, CheckItem) else 0)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the scenarios of the pack's Arazzo files, and the checks that its document gives."""
    kind = parent.config.stash[FILES].get(str(file_path))
    return None if kind is None else kind.from_parent(parent, path=file_path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the evidence of an item on its report, which xdist carries to the main process."""
    report = yield
    if isinstance(item, CheckItem) and call.when == "call":
        report.understudy = item.home  # type: ignore[attr-defined]
    return report


class CheckItem(pytest.Item):
    """One check of the run; `kind` is the check's name, `rank` its place, `home` what goes to the main process."""

    kind: str

    def __init__(self, *, kind: str, action: Callable[[Client], str | None], rank: int = 0, **more: Any) -> None:
        super().__init__(**more)
        self.kind = kind
        self.rank = rank
        self.action = action
        self.home: dict[str, Any] = {}

    def runtest(self) -> None:
        """Do the check; raises BrokenRulesError for findings."""
        client = self.config.stash[CLIENT]
        client.restart()
        if self.rank <= BINDING and not hasattr(self.config, "workerinput"):
            make_room(client)
        note, cut = "", ""
        try:
            note = self.action(client) or ""
        except OverError as over:
            note, cut = f"ended early: {over}", over.limit
        except UnderstudyError as error:
            self.home = self._home(client, str(error), fatal=error.exit_code)
            raise
        self.home = self._home(client, note, cut=cut)
        rules = client.judge.rules.by_id
        failures = [
            piece
            for piece in client.collector.failures()
            if weigh(piece, rules.get(piece.rule or ""), strict=client.run.strict) is Outcome.FAILED
        ]
        if failures:
            raise BrokenRulesError("\n".join(f"{piece.rule or 'no rule'}: {piece.title}" for piece in failures))

    def _home(self, client: Client, note: str, fatal: int = 0, *, cut: str = "") -> dict[str, Any]:
        if note == "aborted":
            note, cut = "ended early: the budget is used up", TIME
        binds = self.rank <= BINDING  # the others can go on for ever, or bind nobody
        return {
            "kind": self.kind,
            "note": client.secrets.hide(note),
            "fatal": fatal,
            "cut": cut if binds else "",
            "ended": bool(cut) and (binds or self.kind == "scenario"),
            "short": bool(cut) and cut != TIME,
            "narrowed": self.config.stash.get(NARROWED, False),
            "full": list(client.full.items()),
            "asked": sorted(client.asked),
            "requests": client.requests,
            "sent": _curls(client) if binds or self.kind == "scenario" else _curls(client)[:SHOWN],
            "statuses": [[operation_id, status, count] for (operation_id, status), count in client.statuses.items()],
            "evidence": [
                [piece.as_json() | {"item": piece.item or self.name, "cut": piece.cut and binds}, count]
                for piece, count in client.collector
            ],
        }

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        """Show findings and user errors as they are, other exceptions with their traceback."""
        plain = isinstance(excinfo.value, BrokenRulesError | UnderstudyError)
        text = str(excinfo.value if plain else super().repr_failure(excinfo, style))
        return self.config.stash[CLIENT].secrets.hide(text)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Say where the check comes from."""
        return self.path, None, self.name


class ScenarioFile(pytest.File):
    """An Arazzo file: an item per workflow in scope."""

    def collect(self) -> Iterator[CheckItem]:
        """Yield the workflows."""
        client = self.config.stash[CLIENT]
        file = scenarios.read(self.path)
        for workflow in file.workflows:
            if client.run.scenarios or scenarios.in_scope(client.judge.pack, file, workflow, client.run.scope):

                def action(client: Client, workflow: Any = workflow) -> str:
                    return scenarios.play(client, file, workflow)

                known = client.judge.rules.by_id
                binds = any(known[rule].binding for rule in workflow.all_rules() if rule in known)
                rank = BINDING if binds else OTHERS
                yield CheckItem.from_parent(self, name=workflow.workflow_id, kind="scenario", action=action, rank=rank)


def _curls(client: Client) -> list[str]:
    return [request.curl() for request in client.sent]


def _seconds(client: Client, parts: int) -> float:
    """Return the time for one of so many parts of what is left."""
    seconds = (client.left - RESERVE) / parts
    return min(seconds, DRY_SECONDS) if client.run.dry else seconds


def _explored(client: Client) -> str:
    return machine.explore(client, _seconds(client, EXPLORED))


def _further(client: Client) -> str:
    if client.wanted is not None:
        return "not-exercised"  # an audit asks what the first sequences find
    return machine.explore(client, _seconds(client, 1), further=True)


def _extremes(client: Client, operation_id: str) -> None:
    seconds = min(extremes.SECONDS, (client.run.remaining - RESERVE) / extremes.SHARE)
    extremes.probe(client, operation_id, seconds)


def _fuzzed(client: Client, phase: str, left: int) -> None:
    import_module(_FUZZ).phase(client, phase, _seconds(client, left))


class DocumentFile(pytest.File):
    """The pack's document: probes per operation, then Schemathesis's phases."""

    def collect(self) -> Iterator[CheckItem]:
        """Yield the checks."""
        client = self.config.stash[CLIENT]
        for operation_id in client.judge.judged.operations:
            for kind in ("constraints", "access"):

                def probe(client: Client, kind: str = kind, operation_id: str = operation_id) -> None:
                    getattr(Prober(client), kind)(operation_id)

                if sample(client.judge.pack.effective.operations[operation_id], client.run, "collect") is not None:
                    yield CheckItem.from_parent(self, name=f"{kind}[{operation_id}]", kind=kind, action=probe)
        yield from self._hard(client)
        yield from self._limits(client.judge.pack, client)
        yield from self._also(client)
        if client.judge.pack.oracle is not None:
            yield CheckItem.from_parent(self, name="model", kind=course.CHECK, action=_explored, rank=EXPLORING)
            yield CheckItem.from_parent(self, name="model[further]", kind=course.CHECK, action=_further, rank=LAST)
        for number, phase in enumerate(PHASES):
            action = partial(_fuzzed, phase=phase, left=len(PHASES) - number)
            yield CheckItem.from_parent(self, name=f"fuzz[{phase}]", kind=FUZZ, action=action, rank=FUZZING)

    def _hard(self, client: Client) -> Iterator[CheckItem]:
        """Yield what operations that change something are put to: calls at once, and values that hurt."""
        oracle, judged = client.judge.pack.oracle, client.judge.judged.operations
        for operation_id in oracle.comparisons if oracle is not None else ():
            if operation_id in judged and judged[operation_id].method not in ("GET", "DELETE"):
                for kind, action in ((concurrency.CHECK, concurrency.probe), (extremes.CHECK, _extremes)):
                    name, sends = f"{kind}[{operation_id}]", partial(action, operation_id=operation_id)
                    yield CheckItem.from_parent(self, name=name, kind=kind, action=sends, rank=EXPLORING)

    def _limits(self, pack: Pack, client: Client) -> Iterator[CheckItem]:
        operations = (o for o in client.judge.judged.operations.values() if 429 in o.statuses)
        limited = next((o.operation_id for o in operations if o.operation_id in pack.vendored.operations), None)
        for kind, session in (("limits", LIMITED), ("regime", REGIME)):
            if session in client.run.sessions and limited is not None:

                def action(client: Client, kind: str = kind, operation_id: str = limited) -> None:
                    getattr(Prober(client), kind)(operation_id)

                yield CheckItem.from_parent(self, name=f"{kind}[{limited}]", kind="limits", action=action)

    def _also(self, client: Client) -> Iterator[CheckItem]:
        """Yield an item for each of the embedded mock's further sessions with other settings: all scenarios, there."""
        for name in client.run.sessions:
            if name not in (LIMITED, REGIME):

                def action(client: Client, name: str = name) -> None:
                    with client.elsewhere(client.run.sessions[name]):
                        for file in scenarios.files(client.judge.pack):
                            for workflow in file.workflows:
                                if scenarios.in_scope(client.judge.pack, file, workflow, client.run.scope):
                                    scenarios.play(client, file, workflow)

                yield CheckItem.from_parent(self, name=f"also[{name}]", kind="scenario", action=action, rank=EXPLORING)
