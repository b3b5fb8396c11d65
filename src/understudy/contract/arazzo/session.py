"""Takes the steps of workflows: requests, calls, criteria, actions, retries, outputs. `runner` is the way in.

What a step sends is made in `requests`, what becomes of failures in `findings`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from understudy.contract.arazzo.criteria import evaluate, tells
from understudy.contract.arazzo.expressions import Absent, Context, Ran
from understudy.contract.arazzo.findings import Fault, Ledger, Spot, ended, name_of
from understudy.contract.arazzo.nodes import Action, ArazzoFile, Step, Workflow
from understudy.contract.arazzo.patience import Patience, Place
from understudy.contract.arazzo.requests import Problem, body_of, handed_over, inputs_of, parameters_of, resolved
from understudy.contract.exchange import Exchange, retry_after
from understudy.values import Json, join

MAX_STEPS = 200
"""How many steps a run may take, retries not counted, before it is taken for an endless loop."""
MAX_DEPTH = 20
"""How deep workflows may call each other."""
_SLICE = 1.0  # seconds that a wait lasts before the deadline is asked again


class OperationRef(Protocol):
    """An operation of the document under test, as `Operations` finds it; `spec.document.Operation` is one."""

    @property
    def operation_id(self) -> str:
        """The operation's id, as evidence names it."""


class Operations(Protocol):
    """Finds operations; both methods raise KeyError where there is none."""

    def by_id(self, operation_id: str, /) -> OperationRef:
        """Return the operation of that operationId."""

    def by_pointer(self, pointer: str, /) -> OperationRef:
        """Return the operation at a pointer of its document, such as `/paths/~1x/post`."""


class Sender(Protocol):
    """Sends one request and returns the exchange; raises OSError where no response came."""

    def __call__(
        self,
        operation: OperationRef,
        parameters: Mapping[str, Mapping[str, Json]],
        body: Json | Absent,
        media_type: str | None,
        credential: str,
        /,
    ) -> Exchange:
        """Send; `parameters` are by location (path, query, header, cookie) and name, `body` may be ABSENT."""


@dataclass(frozen=True, slots=True)
class StepRun:
    """One attempt at a step, in the order of the run; a step that called a workflow has no exchange."""

    workflow_id: str
    step_id: str
    passed: bool
    operation_id: str | None = None
    exchange: Exchange | None = None

    @property
    def place(self) -> Place:
        """The step."""
        return self.workflow_id, self.step_id


class TimeUp(Exception):  # noqa: N818 (it ends a run, and is no error)
    """The deadline has passed; `step_id` is the step that was not begun or not tried again."""

    def __init__(self, step_id: str) -> None:
        super().__init__(step_id)
        self.step_id = step_id


@dataclass(slots=True)
class _Frame:
    """A workflow that is running; `inherited` are the rules of the step that called it."""

    workflow: Workflow
    inputs: Mapping[str, Json]
    inherited: tuple[str, ...]
    depth: int
    steps: dict[str, Mapping[str, Json]] = field(default_factory=dict)
    vague: str = ""
    """Why what it has passed by says nothing of its rules, if it does not."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One attempt at a step: the context after it, and the fault if it failed."""

    context: Context
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class _Move:
    """Where to go after a step: the action to follow (None for the next step), or the end for a fault that stays."""

    action: Action | None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class End:
    """How a workflow ended; `goto` is the one that takes over."""

    fault: Fault | None = None
    outputs: Mapping[str, Json] = field(default_factory=dict)
    goto: str | None = None


class Session:
    """The state of one run."""

    def __init__(
        self,
        file: ArazzoFile,
        bound: Mapping[str, OperationRef],
        send: Sender,
        deadline: Callable[[], bool],
        sleep: Callable[[float], None],
        ledger: Ledger,
        patience: Patience,
        before: Mapping[Place, float],
    ) -> None:
        self.patience = patience
        self.before = before
        self.late: dict[Place, float] = {}
        self.file = file
        self.bound = bound
        self.send = send
        self.deadline = deadline
        self.sleep = sleep
        self.ledger = ledger
        self.steps: list[StepRun] = []
        self.ran: dict[str, Ran] = {}
        self.passed: dict[str, str] = {}
        """The workflows that have passed, and why that says nothing of their rules, if it does not."""
        self.components = {name: parameter.value for name, parameter in file.parameters.items()}
        self.taken = 0

    # Workflows

    def workflow(
        self, workflow: Workflow, given: Mapping[str, Json], inherited: tuple[str, ...] = (), depth: int = 0
    ) -> End:
        """Run a workflow, and those that take over from it by goto."""
        while True:
            end = self.alone(workflow, given, inherited, depth)
            successor = self.file.workflow(end.goto) if end.goto else None
            if successor is None:
                return end
            workflow, given = successor, self.ran[workflow.workflow_id].inputs

    def alone(self, workflow: Workflow, given: Mapping[str, Json], inherited: tuple[str, ...], depth: int) -> End:
        """Run a workflow after those it depends on."""
        for name in workflow.depends_on:
            needed = self.file.workflow(name)
            end = self.workflow(needed, given, inherited, depth) if needed and name not in self.passed else End()
            if end.fault:
                return end
        if depth > MAX_DEPTH:
            problem = Problem(f"workflows call each other at most {MAX_DEPTH} deep", "they go deeper", workflow.pointer)
            return End(ended(self.file, workflow, problem, inherited))
        try:
            frame = _Frame(workflow, inputs_of(workflow, given), inherited, depth)
        except Problem as problem:
            return End(ended(self.file, workflow, problem, inherited))
        self.ran[workflow.workflow_id] = Ran(frame.inputs, {})
        return self.through(frame)

    def through(self, frame: _Frame) -> End:
        """Take the steps of a workflow until it ends."""
        steps = frame.workflow.steps
        index = 0
        while index < len(steps):
            move = self.step(frame, steps[index])
            if move.fault:
                return End(move.fault, self.applicable(frame))
            action = move.action
            if action is None:
                index += 1
            elif action.type == "end":
                return self.close(frame, End(outputs=self.applicable(frame)))
            elif action.workflow_id:
                return End(goto=action.workflow_id)
            else:
                index = next(i for i, step in enumerate(steps) if step.step_id == action.step_id)
        try:
            return self.close(frame, End(outputs=self.outputs(frame)))
        except Problem as problem:
            return End(ended(self.file, frame.workflow, problem, frame.inherited))

    def close(self, frame: _Frame, end: End) -> End:
        """Note that a workflow has passed."""
        name = frame.workflow.workflow_id
        self.ran[name] = Ran(frame.inputs, end.outputs)
        self.passed[name] = frame.vague
        if frame.vague:
            self.ledger.leave(frame.workflow.rules, frame.vague)
        else:
            self.ledger.hold(frame.workflow.rules, name_of(frame.workflow))
        return end

    def outputs(self, frame: _Frame) -> dict[str, Json]:
        """Return the workflow's outputs; raises Problem where one cannot be resolved."""
        context, base = self.context(frame), frame.workflow.pointer
        found = frame.workflow.outputs.items()
        return {name: resolved(text, context, base + join("outputs", name)) for name, text in found}

    def applicable(self, frame: _Frame) -> dict[str, Json]:
        """Return the outputs that can be resolved, for a workflow that ends before its last step."""
        found: dict[str, Json] = {}
        for name, text in frame.workflow.outputs.items():
            try:
                found[name] = resolved(text, self.context(frame), frame.workflow.pointer)
            except Problem:
                continue
        return found

    def context(self, frame: _Frame) -> Context:
        """Return what expressions can name before a request."""
        return Context(frame.inputs, frame.steps, self.ran, self.file.sources, self.components)

    # Steps

    def step(self, frame: _Frame, step: Step) -> _Move:
        """Take a step, with its retries."""
        self.taken += 1
        spot = self.spot(frame, step)
        if self.taken > MAX_STEPS:
            problem = Problem(f"the scenario ends within {MAX_STEPS} steps", "it goes round in a circle", step.pointer)
            return _Move(None, spot.stopped(problem))
        tried: Counter[str] = Counter()
        waited = late = 0.0
        place = frame.workflow.workflow_id, step.step_id
        self.wait(self.before.get(place, 0.0), step)
        while True:
            attempt = self.attempt(frame, step, spot)
            if attempt.fault is None:
                if place not in self.before and any(a.type == "retry" for a in frame.workflow.on_failure(step)):
                    self.patience.learn(late, helped=True)
                if late:
                    self.late[place] = max(late, self.late.get(place, 0.0))
                return _Move(_chosen(frame.workflow.on_success(step), attempt.context, tried))
            action = _chosen(frame.workflow.on_failure(step), attempt.context, tried)
            asked = retry_after(attempt.context.exchange.response) if attempt.context.exchange else None
            over = self.patience.left(waited) <= 0 or (asked is None and place in self.before)
            if action is not None and action.type == "retry" and over:
                action = None
            if action is None or action.type == "end":
                self.patience.learn(late, helped=False)
                return _Move(None, attempt.fault)
            if action.type == "goto":
                self.patience.learn(late, helped=False)
                return _Move(action)
            tried[action.name] += 1
            seconds = min(action.retry_after, self.patience.left(waited)) if asked is None else asked
            self.wait(seconds, step)
            waited += seconds
            late += seconds if asked is None else 0.0
            self.detour(frame, action)

    def spot(self, frame: _Frame, step: Step) -> Spot:
        """Return what a fault at the step needs to know."""
        operation = self.bound.get(step.pointer)
        return Spot(self.file, frame.workflow, step, operation.operation_id if operation else None, frame.inherited)

    def attempt(self, frame: _Frame, step: Step, spot: Spot) -> _Attempt:
        """Try a step once; its outputs are there for others when it has passed."""
        if self.deadline():
            raise TimeUp(step.step_id)
        context, fault = self.context(frame), None
        try:
            if step.workflow_id:
                context, fault = self.call(frame, step, context, spot)
            else:
                context = self.request(frame, step, context)
            vague = self.said(step, context)
            fault = fault or self.judge(step, context, spot, vague)
            if fault is None:
                base = step.pointer
                frame.steps[step.step_id] = {
                    name: resolved(text, context, base + join("outputs", name)) for name, text in step.outputs.items()
                }
                self.note(step.rules, spot.title(), spot, vague)
                frame.vague = frame.vague or vague  # whichever step it is that the workflow's own rules rest on
        except Problem as problem:
            fault = spot.stopped(problem)
        self.steps.append(
            StepRun(frame.workflow.workflow_id, step.step_id, fault is None, spot.operation, context.exchange)
        )
        return _Attempt(context, fault)

    def call(self, frame: _Frame, step: Step, context: Context, spot: Spot) -> tuple[Context, Fault | None]:
        """Run the workflow that a step calls."""
        called = self.file.workflow(step.workflow_id or "")
        if called is None:
            raise Problem(f"there is a workflow {step.workflow_id}", "there is none", step.pointer)
        end = self.workflow(called, handed_over(frame.workflow, step, context), spot.rules, frame.depth + 1)
        return replace(context, outputs=end.outputs), end.fault

    def request(self, frame: _Frame, step: Step, context: Context) -> Context:
        """Send a step's request; raises Problem where it cannot be made or is not answered."""
        parameters = parameters_of(frame.workflow, step, context)
        body = body_of(step.request_body, context)
        media_type = step.request_body.media_type if step.request_body else None
        try:
            exchange = self.send(self.bound[step.pointer], parameters, body, media_type, step.credential)
        except OSError as error:
            raise Problem("a response comes", f"none came: {error}", step.pointer) from error
        return replace(context, exchange=exchange, sent=parameters, body=body)

    def said(self, step: Step, context: Context) -> str:
        """Return why the answer says nothing of the step's rules, if it does not; of a called workflow, its reason."""
        if step.workflow_id:
            return self.passed.get(step.workflow_id, "")
        if context.exchange is None or tells(step.success_criteria, context):
            return ""
        return f"an answer of {context.exchange.response.said} says nothing of it"

    def note(self, rules: Iterable[str], title: str, spot: Spot, vague: str) -> None:
        """Note that rules held, unless the answer says nothing of them."""
        if vague:
            self.ledger.leave(rules, vague)
        else:
            self.ledger.hold(rules, title, spot.operation)

    def judge(self, step: Step, context: Context, spot: Spot, vague: str) -> Fault | None:
        """Return the fault of the first criterion that does not hold: those after it often fail only because of it."""
        for criterion in step.success_criteria:
            judgement = evaluate(criterion, context)
            if not judgement.held:
                return spot.broken(criterion, judgement)
            self.note(criterion.rules, spot.title(judgement.expected), spot, vague)
        return None

    def wait(self, seconds: float, step: Step) -> None:
        """Wait before a step is taken, or taken again; raises TimeUp."""
        while seconds > 0:
            if self.deadline():
                raise TimeUp(step.step_id)
            self.sleep(min(seconds, _SLICE))
            seconds -= _SLICE

    def detour(self, frame: _Frame, action: Action) -> None:
        """Run what a retry wants to be run before it; whether that helps is seen by the retry."""
        workflow = self.file.workflow(action.workflow_id) if action.workflow_id else None
        step = frame.workflow.step(action.step_id) if action.step_id else None
        if workflow:
            self.workflow(workflow, frame.inputs, (), frame.depth + 1)
        elif step:
            self.attempt(frame, step, self.spot(frame, step))


def _chosen(actions: tuple[Action, ...], context: Context, tried: Mapping[str, int]) -> Action | None:
    """Return the first action whose criteria hold and, if it is a retry, whose limit is not reached."""
    for action in actions:
        spent = action.type == "retry" and tried[action.name] >= action.retry_limit
        if not spent and all(evaluate(criterion, context).held for criterion in action.criteria):
            return action
    return None
