"""Runs one workflow of an Arazzo file against a target and says what that proves. The steps are taken in `session`.

It sends through a `Sender`, and knows nothing of pytest, of credentials or of limits: status 429 is a status.
"""

import time
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf

from understudy.contract.arazzo.findings import Ledger
from understudy.contract.arazzo.nodes import ArazzoFile, Workflow
from understudy.contract.arazzo.patience import Patience, Place
from understudy.contract.arazzo.requests import Problem, inputs_of
from understudy.contract.arazzo.session import OperationRef, Operations, Sender, Session, StepRun, TimeUp
from understudy.contract.evidence import Evidence
from understudy.contract.exchange import repeated
from understudy.errors import UsageError
from understudy.values import Json


class Ending(StrEnum):
    """How a run ended."""

    PASSED = "passed"
    FAILED = "failed"
    ABORTED = "aborted"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a run: `outputs` are those of the workflow, `evidence` speaks of every rule that is named in it.

    `late` are the steps that a retry has mended, with the seconds that were waited for each.
    """

    outcome: Ending
    steps: tuple[StepRun, ...]
    outputs: Mapping[str, Json]
    evidence: tuple[Evidence, ...]
    late: Mapping[Place, float] = field(default_factory=dict)

    def failed(self, places: Container[Place]) -> list[Place]:
        """Return which of those steps failed, in a run that failed."""
        wrong = [each.place for each in self.steps if not each.passed and each.place in places]
        return wrong if self.outcome is Ending.FAILED else []

    def passed(self, places: Iterable[Place]) -> bool:
        """Whether all of those steps passed."""
        return {each.place for each in self.steps if each.passed} >= {*places}


def bind(file: ArazzoFile, operations: Operations) -> dict[str, OperationRef]:
    """Return the operation of each step by the step's pointer; raises ContentError where there is no such operation."""
    bound: dict[str, OperationRef] = {}
    for step in (step for workflow in file.workflows for step in workflow.steps if not step.workflow_id):
        key, name = (
            ("operationId", step.operation_id) if step.operation_id else ("operationPath", step.operation_path or "")
        )
        try:
            find = operations.by_id if key == "operationId" else operations.by_pointer
            bound[step.pointer] = find(name or "")
        except KeyError as error:
            todo = "name an operation of the document"
            raise file.source.error(f"there is no operation {name!r}", f"{step.pointer}/{key}", todo) from error
    return bound


def run(
    file: ArazzoFile,
    workflow: Workflow,
    *,
    send: Sender,
    inputs: Mapping[str, Json],
    operations: Operations,
    deadline: Callable[[], bool],
    sleep: Callable[[float], None] = time.sleep,
    patience: Patience | None = None,
    before: Mapping[Place, float] | None = None,
) -> Result:
    """Run a workflow until it ends, fails, or `deadline()` says that the time is up; `sleep` takes seconds.

    `patience` bounds what retries wait for, and is shared by the runs on one target; without it they wait as they say.
    `before` are steps that so many seconds are waited for before they are taken, and that are not tried again then.

    Raises ContentError for an operation that is not there and UsageError for inputs that the workflow's schema forbids;
    both before anything is sent. What the sender raises, OSError aside, passes through.
    """
    bound = bind(file, operations)
    try:
        inputs_of(workflow, inputs)
    except Problem as problem:
        raise UsageError(
            problem.actual, where=file.source.where(problem.pointer), todo="give other inputs"
        ) from problem
    ledger = Ledger("scenario", f"{file.name}::{workflow.workflow_id}")
    session = Session(file, bound, send, deadline, sleep, ledger, patience or Patience(inf, inf), before or {})
    try:
        end = session.workflow(workflow, inputs, (), 0)
    except TimeUp as stop:
        reason = f"the time was up at step {stop.step_id}"
        left = named(file, workflow, {each.place for each in session.steps if each.passed})
        evidence = (*ledger.evidence((), None, reason), *ledger.cut(left, reason))
        return Result(Ending.ABORTED, tuple(session.steps), {}, evidence)
    outcome = Ending.FAILED if end.fault else Ending.PASSED
    reason = "the scenario passed without the step that shows it"
    if end.fault is not None:
        reason = f"the scenario ended at step {end.fault.step_id}"
    curl = repeated(step.exchange.request for step in session.steps if step.exchange is not None)
    evidence = ledger.evidence(named(file, workflow), end.fault, reason, curl)
    return Result(outcome, tuple(session.steps), end.outputs, evidence, session.late)


def named(file: ArazzoFile, workflow: Workflow, done: Collection[Place] = ()) -> list[str]:
    """Return the rules that a workflow and those that it leads to verify, but for the steps of `done`."""
    return [
        rule
        for reached in _reachable(file, workflow)
        for rule in reached.all_rules({step for name, step in done if name == reached.workflow_id})
    ]


def _reachable(file: ArazzoFile, workflow: Workflow) -> Iterable[Workflow]:
    found: dict[str, Workflow] = {}
    waiting: list[str | None] = [workflow.workflow_id]
    while waiting:
        name = waiting.pop()
        reached = file.workflow(name) if name and name not in found else None
        if reached:
            found[reached.workflow_id] = reached
            actions = [
                action for step in reached.steps for action in (*reached.on_success(step), *reached.on_failure(step))
            ]
            waiting += [*reached.depends_on, *(s.workflow_id for s in reached.steps), *(a.workflow_id for a in actions)]
    return found.values()
