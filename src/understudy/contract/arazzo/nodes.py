"""The objects of an Arazzo file, with reusable ones resolved. How they are read is `document`."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from understudy.contract.arazzo.criteria import Criterion
from understudy.contract.arazzo.expressions import Absent
from understudy.spec.source import Source
from understudy.values import Json, at


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a step or workflow; `location` is its `in`, None where it is for a called workflow's input."""

    name: str
    location: str | None
    value: Json
    pointer: str

    @property
    def key(self) -> tuple[str, str | None]:
        """What makes it unique: name and place, header names in lower case."""
        return (self.name.lower() if self.location == "header" else self.name, self.location)


@dataclass(frozen=True, slots=True)
class Replacement:
    """A value to be set at a JSON pointer, `target`, of the payload."""

    target: str
    value: Json
    pointer: str


@dataclass(frozen=True, slots=True)
class RequestBody:
    """The body of a step's request; `payload` may contain expressions."""

    media_type: str | None
    payload: Json | Absent
    replacements: tuple[Replacement, ...]
    pointer: str


@dataclass(frozen=True, slots=True)
class Action:
    """What to do when a step has succeeded or failed: `type` is end, goto or retry; `retry_after` is in seconds."""

    name: str
    type: str
    workflow_id: str | None
    step_id: str | None
    retry_after: float
    retry_limit: int
    criteria: tuple[Criterion, ...]
    pointer: str


@dataclass(frozen=True, slots=True)
class Step:
    """A step; one of `operation_id`, `operation_path` (a pointer into its document) and `workflow_id` is set."""

    step_id: str
    description: str
    operation_id: str | None
    operation_path: str | None
    workflow_id: str | None
    parameters: tuple[Parameter, ...]
    request_body: RequestBody | None
    success_criteria: tuple[Criterion, ...]
    on_success: tuple[Action, ...]
    on_failure: tuple[Action, ...]
    outputs: Mapping[str, str]
    rules: tuple[str, ...]
    credential: str
    pointer: str


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow; `inputs` is its schema, which stands alone (the file's `components.inputs` are inside)."""

    workflow_id: str
    summary: str
    description: str
    inputs: Mapping[str, Json]
    depends_on: tuple[str, ...]
    steps: tuple[Step, ...]
    success_actions: tuple[Action, ...]
    failure_actions: tuple[Action, ...]
    outputs: Mapping[str, str]
    parameters: tuple[Parameter, ...]
    rules: tuple[str, ...]
    pointer: str

    @property
    def input_names(self) -> frozenset[str]:
        """The names of the inputs that its schema declares."""
        return frozenset(_properties(self.inputs, self.inputs))

    def step(self, step_id: str) -> Step | None:
        """Return the step of that id."""
        return next((step for step in self.steps if step.step_id == step_id), None)

    def all_rules(self, done: Container[str] = ()) -> Iterator[str]:
        """Yield the rules named on the workflow, its steps and their success criteria, but for the steps of `done`."""
        yield from self.rules
        for step in self.steps:
            if step.step_id not in done:
                yield from step.rules
                for criterion in step.success_criteria:
                    yield from criterion.rules

    def on_success(self, step: Step) -> tuple[Action, ...]:
        """Return the success actions of a step: its own, then the workflow's that it does not override by name."""
        return _overridden(step.on_success, self.success_actions)

    def on_failure(self, step: Step) -> tuple[Action, ...]:
        """Return the failure actions of a step: its own, then the workflow's that it does not override by name."""
        return _overridden(step.on_failure, self.failure_actions)

    def parameters_of(self, step: Step) -> tuple[Parameter, ...]:
        """Return the workflow's parameters with those of the step over them."""
        return tuple({parameter.key: parameter for parameter in (*self.parameters, *step.parameters)}.values())


@dataclass(frozen=True, slots=True)
class ArazzoFile:
    """A file that was read and checked; `sources` are the URLs of its source descriptions by name."""

    source: Source
    title: str
    sources: Mapping[str, str]
    workflows: tuple[Workflow, ...]
    parameters: Mapping[str, Parameter]

    @property
    def name(self) -> str:
        """The file's name, without its directory."""
        return self.source.path.name

    def workflow(self, workflow_id: str) -> Workflow | None:
        """Return the workflow of that id."""
        return next((workflow for workflow in self.workflows if workflow.workflow_id == workflow_id), None)


def _overridden(own: tuple[Action, ...], defaults: tuple[Action, ...]) -> tuple[Action, ...]:
    names = {action.name for action in own}
    return (*own, *(action for action in defaults if action.name not in names))


def defaults(schema: Mapping[str, Json]) -> dict[str, Json]:
    """Return the default values of the inputs that a workflow's schema declares."""
    found = _properties(schema, schema)
    return {
        name: value["default"] for name, value in found.items() if isinstance(value, Mapping) and "default" in value
    }


def _properties(schema: Json, root: Mapping[str, Json], seen: frozenset[str] = frozenset()) -> dict[str, Json]:
    """Gather the properties of a schema through local references and `allOf`."""
    if not isinstance(schema, Mapping):
        return {}
    found: dict[str, Json] = {}
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference not in seen:
        found |= _properties(at(root, reference[1:]), root, seen | {reference})
    for part in schema.get("allOf", ()):
        found |= _properties(part, root, seen)
    return found | dict(schema.get("properties", {}))
