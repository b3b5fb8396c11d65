"""What a scenario's run says of rules: which held, which was broken, and which it did not come to. No verdict."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from understudy.contract.arazzo.criteria import Criterion, Judgement
from understudy.contract.arazzo.nodes import ArazzoFile, Step, Workflow
from understudy.contract.arazzo.requests import Problem
from understudy.contract.evidence import Evidence, Outcome


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a step, and with it the scenario, failed; `step_id` is where. It becomes evidence if nothing mends it."""

    rules: tuple[str, ...]
    step_id: str
    title: str
    expected: str
    actual: str
    operation: str | None = None


@dataclass(frozen=True, slots=True)
class _Holding:
    title: str
    operation: str | None


@dataclass(slots=True)
class Ledger:
    """Gathers, while a scenario runs, the rules that held, each with the first place where it did.

    `vague` are those of which an answer says nothing though it is as it should be, and why.
    """

    check: str
    item: str
    held: dict[str, _Holding] = field(default_factory=dict)
    vague: dict[str, str] = field(default_factory=dict)

    def hold(self, rules: Iterable[str], title: str, operation: str | None = None) -> None:
        """Note that rules held."""
        for rule in rules:
            self.held.setdefault(rule, _Holding(title, operation))

    def leave(self, rules: Iterable[str], reason: str) -> None:
        """Note that nothing was said of rules."""
        for rule in rules:
            self.vague.setdefault(rule, reason)

    def evidence(self, named: Iterable[str], fault: Fault | None, reason: str, curl: str = "") -> tuple[Evidence, ...]:
        """Return one piece per rule, the failed ones first, with `curl` that repeats the run.

        `reason` is for those that the run did not come to.
        """
        failed = [self._failed(rule, fault, curl) for rule in (fault.rules or (None,))] if fault else []
        open_rules = dict.fromkeys((*self.held, *self.vague, *named))
        others = (rule for rule in open_rules if not fault or rule not in fault.rules)
        return (*failed, *(self._other(rule, reason) for rule in others))

    def cut(self, named: Iterable[str], reason: str) -> tuple[Evidence, ...]:
        """Return a piece per rule that was not looked at to the end, since the run's limits did not let it."""
        return tuple(replace(self._open(rule, reason), cut=True) for rule in dict.fromkeys(named))

    def _failed(self, rule: str | None, fault: Fault, curl: str) -> Evidence:
        return Evidence(
            check=self.check,
            outcome=Outcome.FAILED,
            rule=rule,
            operation=fault.operation,
            title=fault.title,
            expected=fault.expected,
            actual=fault.actual,
            curl=curl,
            item=self.item,
        )

    def _other(self, rule: str, reason: str) -> Evidence:
        if holding := self.held.get(rule):
            return Evidence(self.check, Outcome.PASSED, rule, holding.operation, title=holding.title, item=self.item)
        return self._open(rule, self.vague.get(rule, reason))

    def _open(self, rule: str, reason: str) -> Evidence:
        return Evidence(self.check, Outcome.NOT_EXERCISED, rule, reason=reason, item=self.item)


def name_of(workflow: Workflow) -> str:
    """Return what people call a workflow: its summary, failing that its id."""
    return (workflow.summary or workflow.workflow_id).rstrip(".")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a run is: a step, its operation, and `inherited`, the rules of the step that called the workflow."""

    file: ArazzoFile
    workflow: Workflow
    step: Step
    operation: str | None
    inherited: tuple[str, ...]

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that a failure here is about: the step's, else the workflow's, else the caller's."""
        return self.step.rules or self.workflow.rules or self.inherited

    def title(self, condition: str = "") -> str:
        """Return a sentence that does not change from run to run."""
        parts = (name_of(self.workflow), (self.step.description or self.step.step_id).rstrip("."), condition)
        return ": ".join(part for part in parts if part)

    def broken(self, criterion: Criterion, judgement: Judgement) -> Fault:
        """Return the fault of a criterion that did not hold: on its own rules, else those of the step."""
        return self._fault(criterion.rules or self.rules, judgement.expected, judgement.actual)

    def stopped(self, problem: Problem) -> Fault:
        """Return the fault of a step that could not go on; it says where in the file."""
        return self._fault(self.rules, problem.expected, _located(self.file, problem))

    def _fault(self, rules: tuple[str, ...], expected: str, actual: str) -> Fault:
        return Fault(rules, self.step.step_id, self.title(expected), expected, actual, self.operation)


def ended(file: ArazzoFile, workflow: Workflow, problem: Problem, inherited: tuple[str, ...]) -> Fault:
    """Return the fault of a workflow outside its steps: its inputs, its outputs, or how deep it was called."""
    rules = workflow.rules or inherited
    title = f"{name_of(workflow)}: {problem.expected}"
    return Fault(rules, workflow.steps[-1].step_id, title, problem.expected, _located(file, problem))


def _located(file: ArazzoFile, problem: Problem) -> str:
    return f"{file.source.where(problem.pointer)}: {problem.actual}"
