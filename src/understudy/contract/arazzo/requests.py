"""What a step is about to send: parameters, body, and the inputs of a workflow, with their expressions resolved.

Nothing is sent here; how values become bytes is the `Sender`'s matter.
"""

import copy
from collections.abc import Mapping

import jsonschema_rs
import orjson

from understudy.contract.arazzo.expressions import (
    ABSENT,
    Absent,
    Context,
    Expression,
    Unresolved,
    evaluate,
    is_json,
    template,
)
from understudy.contract.arazzo.nodes import RequestBody, Step, Workflow, defaults
from understudy.values import Json, at, join, split

LOCATIONS = ("path", "query", "header", "cookie")


class Problem(Exception):  # noqa: N818 (the runner's word to itself; it becomes evidence)
    """A step or workflow cannot go on: what would have been right, what was wrong instead, and where in the file."""

    def __init__(self, expected: str, actual: str, pointer: str) -> None:
        super().__init__(actual)
        self.expected = expected
        self.actual = actual
        self.pointer = pointer


def resolved(value: Json, context: Context, pointer: str) -> Json:
    """Return the value with its expressions resolved; raises Problem where one stands for nothing."""
    try:
        return evaluate(value, context)
    except Unresolved as error:
        raise Problem(f"{error.expression} can be resolved", str(error), pointer) from error


def parameters_of(workflow: Workflow, step: Step, context: Context) -> dict[str, dict[str, Json]]:
    """Return the parameters of an operation's step by location and name; raises Problem."""
    found: dict[str, dict[str, Json]] = {location: {} for location in LOCATIONS}
    for parameter in workflow.parameters_of(step):
        found[parameter.location or "query"][parameter.name] = resolved(parameter.value, context, parameter.pointer)
    return found


def handed_over(workflow: Workflow, step: Step, context: Context) -> dict[str, Json]:
    """Return the inputs that a step hands to the workflow it calls; raises Problem."""
    found = workflow.parameters_of(step)
    return {parameter.name: resolved(parameter.value, context, parameter.pointer) for parameter in found}


def inputs_of(workflow: Workflow, given: Mapping[str, Json]) -> dict[str, Json]:
    """Return those inputs that the workflow declares, and its defaults; raises Problem where its schema says no."""
    names = workflow.input_names
    inputs = defaults(workflow.inputs) | {name: value for name, value in given.items() if name in names}
    for error in jsonschema_rs.Draft202012Validator(dict(workflow.inputs)).iter_errors(inputs):
        place = join(*error.instance_path)
        expected = f"the inputs of workflow {workflow.workflow_id} are as its schema says"
        raise Problem(expected, f"{error.message}{f' at {place}' if place else ''}", f"{workflow.pointer}/inputs")
    return inputs


def body_of(body: RequestBody | None, context: Context) -> Json | Absent:
    """Return the body to send, ABSENT where the step has none; raises Problem.

    A string payload that is no expression is a template; for a JSON media type it is the template of JSON text.
    """
    if body is None or body.payload is ABSENT:
        return ABSENT
    pointer = f"{body.pointer}/payload"
    if (
        isinstance(body.payload, str)
        and is_json(body.media_type)
        and not isinstance(template(body.payload), Expression)
    ):
        value = _json_text(body.payload, context, pointer)
    else:
        value = resolved(body.payload, context, pointer)
    for replacement in body.replacements:
        value = _replaced(
            value, replacement.target, resolved(replacement.value, context, replacement.pointer), replacement.pointer
        )
    return value


def _json_text(payload: str, context: Context, pointer: str) -> Json:
    try:
        return orjson.loads(evaluate(payload, context, in_json=True))
    except Unresolved as error:
        raise Problem(f"{error.expression} can be resolved", str(error), pointer) from error
    except orjson.JSONDecodeError as error:
        raise Problem("the payload is JSON text", f"it is not: {error}", pointer) from error


def _replaced(value: Json, target: str, new: Json, pointer: str) -> Json:
    """Return the value with `new` at the target; a member of an object may be new, an element of a list must exist."""
    if not target:
        return new
    value = copy.deepcopy(value)
    parent_pointer, key = target.rpartition("/")[0], split(target)[-1]
    try:
        parent = at(value, parent_pointer)
        if isinstance(parent, dict):
            parent[key] = new
        else:
            at(parent, join(key))
            parent[int(key)] = new
    except KeyError as error:
        raise Problem(f"the payload has a place {target}", "there is no such place", pointer) from error
    return value
