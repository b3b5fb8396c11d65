"""OneTrust's scenario files as shipped: loadable, honest about rules, apart from each other; nothing is sent."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from understudy import pack as packs
from understudy.contract.arazzo import ArazzoFile, Criterion, Step, Workflow, bind, load
from understudy.contract.scenarios import Operations
from understudy.spec.rules import Basis, Rule
from understudy.values import Json

PACK = packs.Pack("onetrust", Path(__file__).parents[2])
FILES = tuple(load(path) for path in PACK.scenarios)
SCENARIOS = [
    pytest.param(file, workflow, id=f"{file.name}-{workflow.workflow_id}")
    for file in FILES
    for workflow in file.workflows
]
PREFIX, RUN = "{$inputs.prefix}", "{$inputs.run}"
NAMES_THE_SUBJECT = ("dataSubjectIdentifier", "identifier")


def strings(value: Json) -> Iterator[str]:
    """Yield all strings in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from strings(child)


def identifiers(workflow: Workflow) -> set[str]:
    """Return the identifiers that a workflow writes to, reads or adds; the empty one of a bad request is none."""
    found: set[str] = set()
    for step in workflow.steps:
        named = [each.value for each in workflow.parameters_of(step) if each.name in NAMES_THE_SUBJECT]
        sent = strings(step.request_body.payload) if step.request_body else ()
        found.update(value for value in (*named, *(text for text in sent if "@" in text)) if value)
    return found


def rules_of(step: Step, criterion: Criterion) -> list[Rule]:
    """Return the rules that a criterion verifies."""
    return [PACK.rules.by_id[rule] for rule in criterion.rules or step.rules]


def test_there_are_twenty_scenarios_at_least() -> None:
    """The pack has no fewer scenarios than its users are promised."""
    assert len(SCENARIOS) >= 20


def test_no_two_scenarios_share_a_name() -> None:
    """A workflowId is one scenario's alone, so that a report can name it without its file."""
    names = [workflow.workflow_id for file in FILES for workflow in file.workflows]
    assert len(names) == len(set(names))


def test_no_two_scenarios_share_an_identifier() -> None:
    """Scenarios of one run do not meet at the target, so they can run in any order and at once."""
    seen: dict[str, str] = {}
    for file in FILES:
        for workflow in file.workflows:
            for identifier in identifiers(workflow):
                assert seen.setdefault(identifier, workflow.workflow_id) == workflow.workflow_id, identifier


@pytest.mark.parametrize(("file", "workflow"), SCENARIOS)
def test_operations_are_those_of_the_document(file: ArazzoFile, workflow: Workflow) -> None:
    """Every step calls an operation of the effective document."""
    bound = bind(file, Operations(PACK.effective))
    assert {step.pointer for step in workflow.steps} <= bound.keys()


@pytest.mark.parametrize(("file", "workflow"), SCENARIOS)
def test_rules_are_those_of_the_pack(file: ArazzoFile, workflow: Workflow) -> None:
    """Every rule that a scenario names is in rules.yaml."""
    assert set(workflow.all_rules()) <= PACK.rules.by_id.keys(), file.name


@pytest.mark.parametrize(("file", "workflow"), SCENARIOS)
def test_every_criterion_names_its_rule(file: ArazzoFile, workflow: Workflow) -> None:
    """Whatever fails names the rule that it is about, and sure rules are not mixed with unsure ones."""
    for step in workflow.steps:
        assert step.success_criteria, f"{file.name}: {step.step_id} checks nothing"
        for criterion in step.success_criteria:
            sure = {rule.basis is Basis.DOCUMENTED for rule in rules_of(step, criterion)}
            assert len(sure) == 1, f"{file.name}: {step.step_id}: {criterion.condition}"


@pytest.mark.parametrize(("file", "workflow"), SCENARIOS)
def test_no_rule_stands_on_a_whole_scenario(file: ArazzoFile, workflow: Workflow) -> None:
    """A scenario that ends early, since the target does not show enough, must not count for a rule it never came to."""
    assert not workflow.rules, file.name


@pytest.mark.parametrize(("file", "workflow"), SCENARIOS)
def test_core_rules_need_the_vendored_operation_alone(file: ArazzoFile, workflow: Workflow) -> None:
    """A scenario on rules of the vendored document calls nothing else, so that it runs in the scope core."""
    rules = [PACK.rules.by_id[rule] for rule in workflow.all_rules()]
    if all(rule.operation in PACK.vendored.operations for rule in rules):
        assert {step.operation_id for step in workflow.steps} <= PACK.vendored.operations.keys(), file.name


@pytest.mark.parametrize(("file", "workflow"), SCENARIOS)
def test_identifiers_belong_to_the_run(file: ArazzoFile, workflow: Workflow) -> None:
    """Every identifier is recognisable and holds the run's own word, so a second run meets nothing of the first."""
    for identifier in identifiers(workflow):
        assert identifier.startswith(PREFIX + RUN), file.name


@pytest.mark.parametrize(("file", "workflow"), SCENARIOS)
def test_other_runners_can_authorize(file: ArazzoFile, workflow: Workflow) -> None:
    """A step passes its credential as a parameter too, for runners that do not know our extension."""
    senders = {"full": "Bearer {$", "restricted": "Bearer {$inputs.restrictedToken}", "garbage": "Bearer understudy-"}
    for step in workflow.steps:
        if PACK.effective.operations[step.operation_id or ""].security:
            sent = [each.value for each in workflow.parameters_of(step) if each.name == "Authorization"]
            expected = senders.get(step.credential)
            assert len(sent) == (expected is not None), f"{file.name}: {step.step_id}"
            assert expected is None or sent[0].startswith(expected), f"{file.name}: {step.step_id}"


@pytest.mark.parametrize(("file", "workflow"), SCENARIOS)
def test_run_has_no_default(file: ArazzoFile, workflow: Workflow) -> None:
    """`run` must be given and has twelve characters; all other inputs have defaults that suit the mock."""
    declared = {**file.source.value["components"]["inputs"][workflow.inputs["$ref"].rpartition("/")[2]]["properties"]}
    assert declared.pop("run")["pattern"] == "^[a-z0-9]{12}$"
    assert all("default" in schema for schema in declared.values())


def test_long_identifiers_have_the_lengths_they_claim() -> None:
    """With a run of twelve characters the long identifiers have 255, 255 and 256, and the first two differ."""
    parameters = next(file for file in FILES if file.name == "identifiers.arazzo.yaml").parameters
    names = ("longIdentifier", "otherLongIdentifier", "tooLongIdentifier")
    inputs = {PREFIX: "my-", RUN: 12 * "a", "{$inputs.padding}": 37 * "x"}
    values = [str(parameters[name].value) for name in names]
    for written, given in inputs.items():
        values = [value.replace(written, given) for value in values]
    assert [len(value) for value in values] == [255, 255, 256]
    assert values[0] != values[1]


def criteria(workflow: Workflow) -> Iterator[Criterion]:
    """Yield the criteria of all steps and of their actions."""
    for step in workflow.steps:
        yield from step.success_criteria
        for action in (*workflow.on_success(step), *workflow.on_failure(step)):
            yield from action.criteria


@pytest.mark.parametrize(("file", "workflow"), SCENARIOS)
def test_jsonpaths_mean_the_same_to_redocly(file: ArazzoFile, workflow: Workflow) -> None:
    """No JSONPath chains three conditions by &&, which @redocly/cli 2.77 evaluates wrongly."""
    for criterion in criteria(workflow):
        if criterion.type == "jsonpath":
            assert not re.search(r"&&[^()|]*(?:\([^()]*\)[^()|]*)*&&", criterion.condition), file.name
