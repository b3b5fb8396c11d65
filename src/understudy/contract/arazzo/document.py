"""Arazzo 1.0.1 files: read, held against `schema.json`, with reusable objects resolved and every name in them checked.

`schema.json` closes all objects, so that a misspelt key is an error. What ids and expressions name is `checks`' matter.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TypeVar

import jsonschema_rs
import orjson

from understudy.contract.arazzo.checks import check
from understudy.contract.arazzo.criteria import Criterion
from understudy.contract.arazzo.expressions import ABSENT, parse
from understudy.contract.arazzo.nodes import Action, ArazzoFile, Parameter, Replacement, RequestBody, Step, Workflow
from understudy.errors import ContentError
from understudy.spec.source import Source, read
from understudy.values import Json, join, walk

_OPERATION_PATH = re.compile(r"\{\$sourceDescriptions\.([A-Za-z0-9_-]+)\.url\}#(/.+)")
_QUALIFIED = re.compile(r"\$sourceDescriptions\.([A-Za-z0-9_-]+)\.(.+)")
_T = TypeVar("_T")


def load(path: Path) -> ArazzoFile:
    """Read an Arazzo file; raises ContentError with file and line for whatever is wrong in it."""
    source = read(path)
    for error in _validator().iter_errors(source.value):
        raise _structural(source, error)
    file = _Reader(source).file()
    check(file)
    return file


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    text = resources.files(__package__).joinpath("schema.json").read_bytes()
    return jsonschema_rs.Draft202012Validator(orjson.loads(text))


def _structural(source: Source, error: jsonschema_rs.ValidationError) -> ContentError:
    pointer = join(*error.instance_path)
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
        key = error.kind.unexpected[0]
        return source.error(
            f"unknown key {key!r}", pointer + join(key), "take it out, or see Arazzo 1.0.1 for its name"
        )
    return source.error(error.message, pointer, "see Arazzo 1.0.1 for the form")


class _Reader:
    """Makes the objects of one file; raises ContentError where a reference or an operation cannot be understood."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.value: Mapping[str, Json] = source.value
        self.components: Mapping[str, Json] = self.value.get("components", {})
        self.described = {entry["name"]: entry for entry in self.value["sourceDescriptions"]}

    def file(self) -> ArazzoFile:
        self._once(
            (entry["name"] for entry in self.value["sourceDescriptions"]), "source description", "/sourceDescriptions"
        )
        workflows = tuple(self._workflow(value, f"/workflows/{i}") for i, value in enumerate(self.value["workflows"]))
        self._once((workflow.workflow_id for workflow in workflows), "workflowId", "/workflows")
        parameters = {
            name: self._parameter(value, join("components", "parameters", name))
            for name, value in self.components.get("parameters", {}).items()
        }
        sources = {name: entry["url"] for name, entry in self.described.items()}
        return ArazzoFile(self.source, self.value["info"]["title"], sources, workflows, parameters)

    def _once(self, names: Iterable[str], what: str, pointer: str) -> None:
        seen: set[str] = set()
        for index, name in enumerate(names):
            if name in seen:
                raise self.source.error(f"{what} {name!r} is there twice", f"{pointer}/{index}", "give it another name")
            seen.add(name)

    def _workflow(self, value: Mapping[str, Json], pointer: str) -> Workflow:
        steps = tuple(self._step(step, f"{pointer}/steps/{i}") for i, step in enumerate(value["steps"]))
        self._once((step.step_id for step in steps), "stepId", f"{pointer}/steps")
        return Workflow(
            workflow_id=value["workflowId"],
            summary=_line(value.get("summary")),
            description=_line(value.get("description")),
            inputs=self._inputs(value.get("inputs", {}), f"{pointer}/inputs"),
            depends_on=tuple(value.get("dependsOn", ())),
            steps=steps,
            success_actions=self._actions(value, "successActions", pointer, "successActions"),
            failure_actions=self._actions(value, "failureActions", pointer, "failureActions"),
            outputs=value.get("outputs", {}),
            parameters=self._parameters(value, pointer),
            rules=tuple(value.get("x-understudy-rules", ())),
            pointer=pointer,
        )

    def _inputs(self, schema: Mapping[str, Json], pointer: str) -> Mapping[str, Json]:
        for place, value in walk(schema, pointer):
            if place.endswith("/$ref") and not str(value).startswith("#"):
                raise self.source.error(f"$ref {value!r} leads out of the file", place, "refer to #/components/inputs")
        alone = {**schema, "components": {"inputs": self.components.get("inputs", {})}}
        try:
            jsonschema_rs.Draft202012Validator(alone)
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            message = getattr(error, "message", str(error))
            raise self.source.error(f"the inputs are no JSON Schema: {message}", pointer, "mend the schema") from error
        return alone

    def _step(self, value: Mapping[str, Json], pointer: str) -> Step:
        kinds = [key for key in ("operationId", "operationPath", "workflowId") if key in value]
        if len(kinds) != 1:
            todo = "give one of operationId, operationPath and workflowId"
            raise self.source.error(
                f"step {value['stepId']!r} calls {'two things' if kinds else 'nothing'}", pointer, todo
            )
        return Step(
            step_id=value["stepId"],
            description=_line(value.get("description")),
            operation_id=self._operation_id(value, pointer),
            operation_path=self._operation_path(value, pointer),
            workflow_id=value.get("workflowId"),
            parameters=self._parameters(value, pointer),
            request_body=self._body(value["requestBody"], f"{pointer}/requestBody") if "requestBody" in value else None,
            success_criteria=self._criteria(value, "successCriteria", pointer),
            on_success=self._actions(value, "onSuccess", pointer, "successActions"),
            on_failure=self._actions(value, "onFailure", pointer, "failureActions"),
            outputs=value.get("outputs", {}),
            rules=tuple(value.get("x-understudy-rules", ())),
            credential=value.get("x-understudy-credential", "full"),
            pointer=pointer,
        )

    def _operation_id(self, value: Mapping[str, Json], pointer: str) -> str | None:
        operation_id: str | None = value.get("operationId")
        if operation_id is None:
            return None
        if match := _QUALIFIED.fullmatch(operation_id):
            self._openapi(match[1], f"{pointer}/operationId")
            return match[2]
        if operation_id.startswith("$"):
            raise self.source.error(
                f"{operation_id!r} names no operation", f"{pointer}/operationId", "write $sourceDescriptions.NAME.ID"
            )
        if sum(entry.get("type") != "arazzo" for entry in self.described.values()) > 1:
            todo = "write $sourceDescriptions.NAME.ID"
            raise self.source.error(
                f"operationId {operation_id!r} could be of several sources", f"{pointer}/operationId", todo
            )
        return operation_id

    def _operation_path(self, value: Mapping[str, Json], pointer: str) -> str | None:
        if "operationPath" not in value:
            return None
        match = _OPERATION_PATH.fullmatch(value["operationPath"])
        if not match:
            todo = "write '{$sourceDescriptions.NAME.url}#/paths/~1x/post'"
            raise self.source.error("the operationPath is not understood", f"{pointer}/operationPath", todo)
        self._openapi(match[1], f"{pointer}/operationPath")
        return match[2]

    def _openapi(self, name: str, pointer: str) -> None:
        if name not in self.described:
            raise self.source.error(
                f"no source description is called {name!r}", pointer, f"use one of {', '.join(self.described)}"
            )
        if self.described[name].get("type") == "arazzo":
            raise self.source.error(
                f"{name!r} is an Arazzo file and has no operations", pointer, "name an openapi source"
            )

    def _body(self, value: Mapping[str, Json], pointer: str) -> RequestBody:
        replacements = tuple(
            Replacement(entry["target"], entry["value"], f"{pointer}/replacements/{i}")
            for i, entry in enumerate(value.get("replacements", ()))
        )
        return RequestBody(value.get("contentType"), value.get("payload", ABSENT), replacements, pointer)

    def _parameters(self, value: Mapping[str, Json], pointer: str) -> tuple[Parameter, ...]:
        found = self._each(value, "parameters", pointer, "parameters", self._parameter)
        self._once(
            (" in ".join(filter(None, parameter.key)) for parameter in found), "parameter", f"{pointer}/parameters"
        )
        return found

    def _parameter(self, value: Mapping[str, Json], pointer: str) -> Parameter:
        return Parameter(value["name"], value.get("in"), value["value"], pointer)

    def _actions(self, value: Mapping[str, Json], key: str, pointer: str, kind: str) -> tuple[Action, ...]:
        found = self._each(value, key, pointer, kind, self._action)
        self._once((action.name for action in found), "action", f"{pointer}/{key}")
        return found

    def _action(self, value: Mapping[str, Json], pointer: str) -> Action:
        return Action(
            name=value["name"],
            type=value["type"],
            workflow_id=value.get("workflowId"),
            step_id=value.get("stepId"),
            retry_after=float(value.get("retryAfter", 0)),
            retry_limit=value.get("retryLimit", 1),
            criteria=self._criteria(value, "criteria", pointer),
            pointer=pointer,
        )

    def _criteria(self, value: Mapping[str, Json], key: str, pointer: str) -> tuple[Criterion, ...]:
        return tuple(self._criterion(entry, f"{pointer}/{key}/{i}") for i, entry in enumerate(value.get(key, ())))

    def _criterion(self, value: Mapping[str, Json], pointer: str) -> Criterion:
        declared = value.get("type", "simple")
        kind, version = (declared, None) if isinstance(declared, str) else (declared["type"], declared["version"])
        rules = tuple(value.get("x-understudy-rules", ()))
        return Criterion(value["condition"], value.get("context"), kind, version, rules, pointer)

    def _each(
        self,
        value: Mapping[str, Json],
        key: str,
        pointer: str,
        kind: str,
        make: Callable[[Mapping[str, Json], str], _T],
    ) -> tuple[_T, ...]:
        """Make each object of a list, a reusable one from `components`; its pointer stays that of the list's entry."""
        places = ((entry, f"{pointer}/{key}/{i}") for i, entry in enumerate(value.get(key, ())))
        return tuple(
            make(self._reused(entry, place, kind) if "reference" in entry else entry, place) for entry, place in places
        )

    def _reused(self, value: Mapping[str, Json], pointer: str, kind: str) -> Mapping[str, Json]:
        reference = value["reference"]
        try:
            expression = parse(reference)
        except ValueError as error:
            raise self.source.error(str(error), f"{pointer}/reference", f"write $components.{kind}.NAME") from error
        declared = self.components.get(kind, {})
        if (expression.source, expression.part) != ("components", kind) or expression.name not in declared:
            todo = f"write $components.{kind}.NAME with one of {', '.join(declared) or 'none: there are none'}"
            raise self.source.error(f"{reference!r} is not among components.{kind}", f"{pointer}/reference", todo)
        if "value" in value and kind != "parameters":
            raise self.source.error("value is for parameters only", f"{pointer}/value", "take it out")
        found: Mapping[str, Json] = declared[expression.name]
        return {**found, "value": value["value"]} if "value" in value else found


def _line(text: str | None) -> str:
    return " ".join((text or "").split())
