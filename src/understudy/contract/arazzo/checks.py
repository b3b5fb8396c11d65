"""What an Arazzo file's ids and expressions name, checked before anything is sent. Structure is `schema.json`'s."""

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace

from understudy.contract.arazzo.criteria import Criterion
from understudy.contract.arazzo.criteria import check as check_criterion
from understudy.contract.arazzo.expressions import Expression, find, parse, pick
from understudy.contract.arazzo.nodes import Action, ArazzoFile, Parameter, Step, Workflow
from understudy.errors import ContentError
from understudy.values import Json, join, split


def check(file: ArazzoFile) -> None:
    """Check every workflow of the file; raises ContentError with file and line."""
    for workflow in file.workflows:
        _check_dependencies(file, workflow)
        _Checks(file, workflow).workflow_itself()


def _check_dependencies(file: ArazzoFile, workflow: Workflow) -> None:
    pointer = f"{workflow.pointer}/dependsOn"
    seen: set[str] = set()
    waiting = list(workflow.depends_on)
    while waiting:
        name = waiting.pop()
        found = file.workflow(name)
        if found is None:
            raise file.source.error(f"no workflow is called {name!r}", pointer, "name a workflow of this file")
        if found is workflow:
            raise file.source.error(f"workflow {name!r} depends on itself", pointer, "break the circle")
        if name not in seen:
            seen.add(name)
            waiting += found.depends_on


@dataclass(frozen=True, slots=True)
class _Scope:
    """What expressions at one place can name besides inputs and steps: an exchange, and a called workflow's outputs."""

    exchange: bool = False
    called: Container[str] = ()
    dotted: bool = False
    within: tuple[str, ...] = ()


class _Checks:
    """The checks of one workflow."""

    def __init__(self, file: ArazzoFile, workflow: Workflow) -> None:
        self.file = file
        self.workflow = workflow

    def error(self, what: str, pointer: str, todo: str = "mend the file") -> ContentError:
        return self.file.source.error(what, pointer, todo)

    def workflow_itself(self) -> None:
        for step in self.workflow.steps:
            self.step(step)
        after = _Scope(exchange=any(step.workflow_id is None for step in self.workflow.steps))
        self.actions((*self.workflow.success_actions, *self.workflow.failure_actions), after)
        self.outputs(self.workflow.outputs.items(), self.workflow.pointer, _Scope())

    def step(self, step: Step) -> None:
        called = self.called(step.workflow_id, f"{step.pointer}/workflowId") if step.workflow_id else None
        for parameter in self.workflow.parameters_of(step):
            self.parameter(parameter, step, called)
        if step.request_body:
            self.body(step)
        after = _Scope(exchange=called is None, called=called.outputs if called else ())
        for criterion in step.success_criteria:
            self.criterion(criterion, after)
        self.actions((*step.on_success, *step.on_failure), after)
        self.outputs(step.outputs.items(), step.pointer, after)

    def called(self, name: str, pointer: str) -> Workflow:
        if name.startswith("$"):
            raise self.error("workflows of other files are not supported", pointer, "name a workflow of this file")
        workflow = self.file.workflow(name)
        if workflow is None:
            raise self.error(f"no workflow is called {name!r}", pointer, "name a workflow of this file")
        return workflow

    def parameter(self, parameter: Parameter, step: Step, called: Workflow | None) -> None:
        if called is None and parameter.location is None:
            raise self.error(
                f"parameter {parameter.name!r} of an operation has no 'in'", parameter.pointer, "say where it goes"
            )
        if called and parameter in step.parameters and parameter.name not in called.input_names:
            known = ", ".join(sorted(called.input_names)) or "none"
            raise self.error(
                f"workflow {called.workflow_id!r} has no input {parameter.name!r}", parameter.pointer, f"it has {known}"
            )
        self.value(parameter.value, parameter.pointer + "/value", _Scope())

    def body(self, step: Step) -> None:
        body = step.request_body
        if body is None:
            return
        if step.workflow_id:
            raise self.error("a workflow takes no request body", body.pointer, "hand it parameters")
        self.value(body.payload, f"{body.pointer}/payload", _Scope())
        for replacement in body.replacements:
            try:
                split(replacement.target)
            except ValueError as error:
                raise self.error(str(error), f"{replacement.pointer}/target", "XPath is not supported") from error
            self.value(replacement.value, f"{replacement.pointer}/value", _Scope())

    def actions(self, actions: Iterable[Action], scope: _Scope) -> None:
        for action in actions:
            self.action(action)
            for criterion in action.criteria:
                if criterion.rules:
                    raise self.error(
                        "rules stand on success criteria, not on those of actions", criterion.pointer, "move them"
                    )
                self.criterion(criterion, scope)

    def action(self, action: Action) -> None:
        targets = [target for target in (action.step_id, action.workflow_id) if target is not None]
        if len(targets) > (action.type != "end") or (action.type == "goto" and not targets):
            wanted = {"end": "no stepId and no workflowId", "goto": "either stepId or workflowId"}
            todo = f"give {wanted.get(action.type, 'at most one of stepId and workflowId')}"
            raise self.error(
                f"action {action.name!r} of type {action.type} leads to {len(targets)} places", action.pointer, todo
            )
        if action.step_id is not None and self.workflow.step(action.step_id) is None:
            raise self.error(
                f"the workflow has no step {action.step_id!r}", f"{action.pointer}/stepId", "name one of its steps"
            )
        if action.workflow_id is not None:
            self.called(action.workflow_id, f"{action.pointer}/workflowId")

    def criterion(self, criterion: Criterion, scope: _Scope) -> None:
        scope = replace(scope, dotted=criterion.type == "simple")
        try:
            for expression in check_criterion(criterion):
                self.expression(expression, criterion.pointer, scope)
        except ValueError as error:
            raise self.error(str(error), criterion.pointer, "see Arazzo 1.0.1, Criterion Object") from error

    def outputs(self, outputs: Iterable[tuple[str, str]], pointer: str, scope: _Scope) -> None:
        for name, text in outputs:
            place = pointer + join("outputs", name)
            try:
                expression = parse(text)
            except ValueError as error:
                raise self.error(str(error), place, "an output is one expression") from error
            self.expression(expression, place, scope)

    def value(self, value: Json, pointer: str, scope: _Scope) -> None:
        try:
            expressions = list(find(value))
        except ValueError as error:
            raise self.error(str(error), pointer, "see Arazzo 1.0.1, Runtime Expressions") from error
        for expression in expressions:
            self.expression(expression, pointer, scope)

    def expression(self, expression: Expression, pointer: str, scope: _Scope) -> None:
        """Check that what the expression names is declared; raises ContentError."""
        match expression.source:
            case "inputs":
                self.named(expression, expression.name, self.workflow.input_names, "input", pointer, scope)
            case "outputs":
                self.named(expression, expression.name, scope.called, "output of a called workflow", pointer, scope)
            case "steps":
                step = self.workflow.step(expression.owner)
                if step is None:
                    raise self.unknown(expression, f"the workflow has no step {expression.owner!r}", pointer)
                self.named(
                    expression, expression.name, step.outputs, f"output of step {expression.owner!r}", pointer, scope
                )
            case "workflows":
                other = self.file.workflow(expression.owner)
                if other is None:
                    raise self.unknown(expression, f"no workflow is called {expression.owner!r}", pointer)
                names: Container[str] = other.input_names if expression.part == "inputs" else other.outputs
                self.named(expression, expression.name, names, expression.part[:-1], pointer, scope)
            case "sourceDescriptions":
                self.named(expression, expression.owner, self.file.sources, "source description", pointer, scope)
            case "components":
                self.component(expression, pointer, scope)
            case _ if not scope.exchange:
                raise self.unknown(expression, "there is no request and no response at this place", pointer)

    def component(self, expression: Expression, pointer: str, scope: _Scope) -> None:
        if expression.part != "parameters" or expression.name not in self.file.parameters:
            raise self.unknown(expression, f"there is no parameter {expression.name!r} in components", pointer)
        if expression.name in scope.within:
            raise self.unknown(expression, "the parameter's value leads back to itself", pointer)
        inner = replace(scope, within=(*scope.within, expression.name), dotted=False)
        self.value(self.file.parameters[expression.name].value, pointer, inner)

    def named(
        self, expression: Expression, name: str, known: Container[str], what: str, pointer: str, scope: _Scope
    ) -> None:
        if name in known or (scope.dotted and not expression.pointer and pick(name, known)):
            return
        raise self.unknown(expression, f"there is no {what} {name!r}", pointer)

    def unknown(self, expression: Expression, reason: str, pointer: str) -> ContentError:
        return self.error(f"{expression.text} names nothing: {reason}", pointer, "declare it, or mend the name")
