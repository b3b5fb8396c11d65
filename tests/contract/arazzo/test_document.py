"""Arazzo files: what is read from them, and every mistake with its line."""

from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from understudy.contract.arazzo import ABSENT, ArazzoFile, load
from understudy.errors import ContentError

FULL = """\
arazzo: 1.0.1
info: {title: Pets, version: "1"}
sourceDescriptions:
  - {name: pets, url: ./pets.yaml, type: openapi}
workflows:
  - workflowId: create
    summary: A pet can
      be created
    x-understudy-rules: [PET-1]
    inputs: {$ref: "#/components/inputs/pet"}
    parameters:
      - reference: $components.parameters.page
        value: 9
      - {name: X-Trace, in: header, value: t}
    failureActions:
      - reference: $components.failureActions.again
    steps:
      - stepId: post
        operationId: createPet
        x-understudy-rules: [PET-2]
        x-understudy-credential: restricted
        requestBody:
          contentType: application/json
          payload: {name: $inputs.name}
          replacements: [{target: /age, value: $inputs.age}]
        successCriteria:
          - condition: $statusCode == 201
          - {condition: ^7$, context: $response.body#/id, type: regex, x-understudy-rules: [PET-3]}
          - context: $response.body
            condition: $[?@.id]
            type: {type: jsonpath, version: rfc9535}
        onSuccess:
          - {name: next, type: goto, stepId: get, criteria: [{condition: $statusCode == 201}]}
        outputs: {id: $response.body#/id}
      - stepId: get
        operationPath: "{$sourceDescriptions.pets.url}#/paths/~1pets~1{id}/get"
        parameters:
          - {name: id, in: path, value: $steps.post.outputs.id}
          - {name: x-trace, in: header, value: other}
    outputs: {id: $steps.post.outputs.id}
  - workflowId: again
    dependsOn: [create]
    x-note: anything
    steps:
      - {stepId: call, workflowId: create, parameters: [{name: name, value: Rex}], outputs: {id: $outputs.id}}
components:
  inputs:
    pet: {type: object, properties: {name: {type: string}, age: {default: 3}}}
  parameters:
    page: {name: page, in: query, value: 1}
  failureActions:
    again: {name: again, type: retry, retryAfter: 0.5, retryLimit: 2}
"""


@pytest.fixture
def full(tmp_path: Path) -> ArazzoFile:
    path = tmp_path / "pets.arazzo.yaml"
    path.write_text(FULL)
    return load(path)


def test_a_file_is_read_into_its_objects(full: ArazzoFile) -> None:
    """Ids, texts, rules, credentials and operations are where the file has them."""
    create, again = full.workflows
    post, get = create.steps
    assert (full.title, full.name, full.sources) == ("Pets", "pets.arazzo.yaml", {"pets": "./pets.yaml"})
    assert (create.workflow_id, create.summary, create.rules) == ("create", "A pet can be created", ("PET-1",))
    assert (post.operation_id, post.credential, post.rules) == ("createPet", "restricted", ("PET-2",))
    assert (get.operation_path, get.credential, get.pointer) == (
        "/paths/~1pets~1{id}/get",
        "full",
        "/workflows/0/steps/1",
    )
    assert (again.depends_on, again.steps[0].workflow_id) == (("create",), "create")
    assert list(create.all_rules()) == ["PET-1", "PET-2", "PET-3"]


def test_criteria_have_type_version_and_rules(full: ArazzoFile) -> None:
    """A criterion is simple unless it says otherwise, and the type may be an object with a version."""
    criteria = full.workflows[0].steps[0].success_criteria
    assert [(c.type, c.version, c.rules) for c in criteria] == [
        ("simple", None, ()),
        ("regex", None, ("PET-3",)),
        ("jsonpath", "rfc9535", ()),
    ]
    assert str(full.source.where(criteria[1].pointer)).endswith(":28 (/workflows/0/steps/0/successCriteria/1)")


def test_bodies_have_payload_and_replacements(full: ArazzoFile) -> None:
    """The payload is kept as written, expressions and all."""
    body = full.workflows[0].steps[0].request_body
    assert body is not None
    assert (body.media_type, body.payload) == ("application/json", {"name": "$inputs.name"})
    assert [(r.target, r.value) for r in body.replacements] == [("/age", "$inputs.age")]


def test_reusable_objects_come_from_components(full: ArazzoFile) -> None:
    """A reference is replaced by its object, its value by the one beside the reference."""
    create = full.workflows[0]
    page, (action,) = create.parameters[0], create.failure_actions
    assert (page.name, page.location, page.value) == ("page", "query", 9)
    assert (action.type, action.retry_after, action.retry_limit) == ("retry", 0.5, 2)
    assert create.input_names == {"name", "age"}


def test_a_step_overrides_parameters_of_its_workflow(full: ArazzoFile) -> None:
    """Parameters are the same by name and place; header names in whatever case."""
    create = full.workflows[0]
    found = [(p.name, p.value) for p in create.parameters_of(create.steps[1])]
    assert found == [("page", 9), ("x-trace", "other"), ("id", "$steps.post.outputs.id")]


def test_a_step_overrides_actions_of_its_workflow_by_name(tmp_path: Path) -> None:
    """The step's own action of a name comes instead of the workflow's, and before the others."""
    value = minimal()
    value["workflows"][0]["successActions"] = [{"name": "a", "type": "end"}, {"name": "b", "type": "end"}]
    step = value["workflows"][0]["steps"][0]
    step["onSuccess"] = [{"name": "b", "type": "goto", "stepId": "one"}]
    workflow = load(written(tmp_path, value)).workflows[0]
    assert [(a.name, a.type) for a in workflow.on_success(workflow.steps[0])] == [("b", "goto"), ("a", "end")]


def test_json_files_are_read_too(tmp_path: Path) -> None:
    """A file may be JSON; a body without payload is no body."""
    value = minimal()
    value["workflows"][0]["steps"][0]["requestBody"] = {"contentType": "text/plain"}
    path = tmp_path / "a.json"
    path.write_bytes(orjson.dumps(value))
    body = load(path).workflows[0].steps[0].request_body
    assert body is not None
    assert body.payload is ABSENT


def test_operations_may_be_named_with_their_source(tmp_path: Path) -> None:
    """With several sources an operationId says which one it is of."""
    value = minimal()
    value["sourceDescriptions"].append({"name": "more", "url": "more.yaml"})
    value["workflows"][0]["steps"][0]["operationId"] = "$sourceDescriptions.more.list"
    assert load(written(tmp_path, value)).workflows[0].steps[0].operation_id == "list"


def minimal() -> dict[str, Any]:
    """Return a small file's value, for tests to spoil."""
    step = {"stepId": "one", "operationId": "list", "outputs": {"all": "$response.body"}}
    workflow = {
        "workflowId": "main",
        "inputs": {"properties": {"n": {}}},
        "steps": [step],
        "outputs": {"o": "$inputs.n"},
    }
    other = {"workflowId": "other", "steps": [{"stepId": "call", "workflowId": "main"}]}
    return {
        "arazzo": "1.0.1",
        "info": {"title": "T", "version": "1"},
        "sourceDescriptions": [{"name": "pets", "url": "p.yaml"}],
        "workflows": [workflow, other],
    }


def written(directory: Path, value: Any) -> Path:
    path = directory / "t.arazzo.yaml"
    path.write_text(yaml.safe_dump(value, sort_keys=False))
    return path


def spoiled(pointer: str, new: Any) -> dict[str, Any]:
    """Return the small file with one value set."""
    value = minimal()
    place: Any = value
    *parents, last = pointer.split("/")
    for key in parents:
        place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
    place[int(last) if isinstance(place, list) else last] = new
    return value


STEP = "workflows/0/steps/0"
CRITERIA = f"{STEP}/successCriteria"
MISTAKES: list[tuple[str, Any, str]] = [
    # structure
    ("extra", 1, "unknown key 'extra'"),
    ("info/titel", "x", "unknown key 'titel'"),
    ("workflows/0/step", [], "unknown key 'step'"),
    (f"{STEP}/operationID", "x", "unknown key 'operationID'"),
    (f"{STEP}/x", 1, "unknown key 'x'"),
    (f"{STEP}/parameters", [{"name": "a", "value": 1, "in": "query", "style": "form"}], "unknown key 'style'"),
    (CRITERIA, [{"condition": "$url", "typ": "simple"}], "unknown key 'typ'"),
    (f"{STEP}/onSuccess", [{"name": "a", "type": "end", "retryAfter": 1}], "unknown key 'retryAfter'"),
    (f"{STEP}/requestBody", {"payload": 1, "media": "x"}, "unknown key 'media'"),
    (f"{STEP}/parameters", [{"reference": "$components.parameters.a", "x-a": 1}], "unknown key 'x-a'"),
    (f"{STEP}/x-understudy-rule", ["PET-1"], "unknown key 'x-understudy-rule'"),
    ("components/schemas", {}, "unknown key 'schemas'"),
    ("arazzo", "1.1.0", "does not match"),
    ("workflows", [], "has less than 1 item"),
    ("workflows/0", {"steps": [{"stepId": "a", "operationId": "b"}]}, '"workflowId" is a required property'),
    ("workflows/0", {"workflowId": "a"}, '"steps" is a required property'),
    (f"{STEP}/successCriteria", [{"context": "$url"}], '"condition" is a required property'),
    (f"{STEP}/parameters", [{"name": "a", "in": "query"}], '"value" is a required property'),
    (f"{STEP}/parameters", [{"name": "a", "in": "body", "value": 1}], "is not one of"),
    (f"{STEP}/onFailure", [{"name": "a", "type": "stop"}], "is not one of"),
    (f"{STEP}/onFailure", [{"name": "a", "type": "retry", "retryAfter": -1}], "less than the minimum"),
    (f"{STEP}/x-understudy-credential", "root", "is not one of"),
    (f"{STEP}/x-understudy-rules", "PET-1", "is not of type"),
    (f"{STEP}/requestBody", {"replacements": []}, '"payload" is a required property'),
    # ids
    ("workflows/1/workflowId", "main", "workflowId 'main' is there twice"),
    ("workflows/0/steps", [{"stepId": "a", "operationId": "b"}] * 2, "stepId 'a' is there twice"),
    ("sourceDescriptions", [{"name": "a", "url": "x"}] * 2, "source description 'a' is there twice"),
    (f"{STEP}/parameters", [{"name": "a", "in": "query", "value": 1}] * 2, "parameter 'a in query' is there twice"),
    (f"{STEP}/onSuccess", [{"name": "a", "type": "end"}] * 2, "action 'a' is there twice"),
    (f"{STEP}/workflowId", "other", "step 'one' calls two things"),
    ("workflows/1/steps/0", {"stepId": "call"}, "step 'call' calls nothing"),
    ("workflows/1/steps/0/workflowId", "nope", "no workflow is called 'nope'"),
    ("workflows/1/steps/0/workflowId", "$sourceDescriptions.a.b", "workflows of other files are not supported"),
    ("workflows/1/dependsOn", ["nope"], "no workflow is called 'nope'"),
    ("workflows/1/dependsOn", ["other"], "workflow 'other' depends on itself"),
    (f"{STEP}/operationId", "$sourceDescriptions.nope.list", "no source description is called 'nope'"),
    (f"{STEP}/operationId", "$inputs.n", "names no operation"),
    ("sourceDescriptions", [{"name": "a", "url": "x"}, {"name": "b", "url": "y"}], "could be of several sources"),
    ("workflows/0/steps/0", {"stepId": "a", "operationPath": "#/paths/~1x/get"}, "operationPath is not understood"),
    # actions
    (f"{STEP}/onSuccess", [{"name": "a", "type": "goto", "stepId": "nope"}], "the workflow has no step 'nope'"),
    (f"{STEP}/onSuccess", [{"name": "a", "type": "goto", "workflowId": "nope"}], "no workflow is called 'nope'"),
    (f"{STEP}/onSuccess", [{"name": "a", "type": "goto"}], "leads to 0 places"),
    (f"{STEP}/onSuccess", [{"name": "a", "type": "end", "stepId": "one"}], "leads to 1 places"),
    (f"{STEP}/onFailure", [{"name": "a", "type": "retry", "stepId": "one", "workflowId": "main"}], "leads to 2 places"),
    ("workflows/0/failureActions", [{"name": "a", "type": "goto", "stepId": "nope"}], "no step 'nope'"),
    (
        f"{STEP}/onFailure",
        [{"name": "a", "type": "end", "criteria": [{"condition": "$url == 'x'", "x-understudy-rules": ["R-1"]}]}],
        "rules stand on success criteria",
    ),
    (f"{STEP}/onFailure", [{"name": "a", "type": "end", "criteria": [{"condition": "$url =="}]}], "ends too early"),
    # reusable objects
    (f"{STEP}/parameters", [{"reference": "$components.parameters.nope"}], "is not among components.parameters"),
    (f"{STEP}/parameters", [{"reference": "components.x"}], "is not a runtime expression"),
    (f"{STEP}/onSuccess", [{"reference": "$components.parameters.a"}], "is not among components.successActions"),
    # expressions
    (f"{STEP}/parameters", [{"name": "a", "in": "query", "value": "$inputs.nope"}], "there is no input 'nope'"),
    (f"{STEP}/parameters", [{"name": "a", "in": "query", "value": "$input.n"}], "is not a runtime expression"),
    (f"{STEP}/parameters", [{"name": "a", "in": "query", "value": "{$inputs.n"}], "is not closed"),
    (f"{STEP}/parameters", [{"name": "a", "in": "query", "value": "$statusCode"}], "no request and no response"),
    (f"{STEP}/parameters", [{"name": "a", "value": 1}], "of an operation has no 'in'"),
    (f"{STEP}/requestBody", {"payload": {"a": ["x{$steps.nope.outputs.y}"]}}, "the workflow has no step 'nope'"),
    (
        f"{STEP}/requestBody",
        {"payload": {}, "replacements": [{"target": "//a[1]/b", "value": "$nope"}]},
        "not a runtime",
    ),
    (f"{STEP}/requestBody", {"payload": {}, "replacements": [{"target": "a", "value": 1}]}, "a JSON pointer starts"),
    (f"{STEP}/outputs", {"a": "$response.body#x"}, "is not a runtime expression"),
    (f"{STEP}/outputs", {"a": "$outputs.x"}, "no output of a called workflow 'x'"),
    (f"{STEP}/outputs", {"a b": "$response.body"}, "does not match"),
    ("workflows/0/outputs", {"a": "$steps.one.outputs.nope"}, "there is no output of step 'one' 'nope'"),
    ("workflows/0/outputs", {"a": "$steps.one.outputs.all.x"}, "there is no output of step 'one' 'all.x'"),
    ("workflows/0/outputs", {"a": "$workflows.nope.outputs.x"}, "no workflow is called 'nope'"),
    ("workflows/0/outputs", {"a": "$workflows.other.outputs.x"}, "there is no output 'x'"),
    ("workflows/0/outputs", {"a": "$sourceDescriptions.nope.url"}, "there is no source description 'nope'"),
    ("workflows/0/outputs", {"a": "$components.parameters.x"}, "there is no parameter 'x' in components"),
    ("workflows/1/steps/0/parameters", [{"name": "nope", "value": 1}], "workflow 'main' has no input 'nope'"),
    ("workflows/1/steps/0/requestBody", {"payload": 1}, "a workflow takes no request body"),
    ("workflows/1/steps/0/outputs", {"a": "$outputs.nope"}, "no output of a called workflow 'nope'"),
    ("workflows/1/steps/0/successCriteria", [{"condition": "$statusCode == 200"}], "no request and no response"),
    # criteria
    (CRITERIA, [{"condition": "$steps.nope.outputs.x == 1"}], "the workflow has no step 'nope'"),
    (CRITERIA, [{"condition": "$inputs.nope == 1"}], "there is no input 'nope'"),
    (CRITERIA, [{"condition": "$statusCode = 1"}], "wrong at '= 1'"),
    (CRITERIA, [{"condition": "(", "context": "$url", "type": "regex"}], "is not a regular expression"),
    (CRITERIA, [{"condition": "$[?", "context": "$url", "type": "jsonpath"}], "is not a JSONPath"),
    (CRITERIA, [{"condition": "//a", "context": "$url", "type": "xpath"}], "xpath are not supported"),
    (CRITERIA, [{"condition": "x", "context": "$url", "type": "glob"}], "'glob' is not a type of criterion"),
    (CRITERIA, [{"condition": "x", "type": "regex"}], "needs a context"),
    (CRITERIA, [{"condition": "x", "context": "$inputs.nope", "type": "regex"}], "there is no input 'nope'"),
    # inputs
    ("workflows/0/inputs", {"type": "objekt"}, "the inputs are no JSON Schema"),
    ("workflows/0/inputs", {"$ref": "#/components/inputs/nope"}, "the inputs are no JSON Schema"),
    ("workflows/0/inputs", {"$ref": "http://x.test/schema"}, "leads out of the file"),
]


@pytest.mark.parametrize(("pointer", "new", "message"), MISTAKES)
def test_mistakes_are_content_errors_with_a_line(tmp_path: Path, pointer: str, new: Any, message: str) -> None:
    """Each mistake is refused when the file is read, with the file, the line and what was wrong."""
    path = written(tmp_path, spoiled(pointer, new))
    with pytest.raises(ContentError) as caught:
        load(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}:")
    assert caught.value.todo


def test_the_line_is_that_of_the_mistake(tmp_path: Path) -> None:
    """The error points at the very line, as an editor counts it."""
    path = tmp_path / "pets.arazzo.yaml"
    path.write_text(FULL.replace("condition: $statusCode == 201\n", "condition: $statuscode == 201\n"))
    with pytest.raises(ContentError, match=r"pets\.arazzo\.yaml:27 "):
        load(path)


def test_a_parameter_that_leads_back_to_itself_is_an_error(tmp_path: Path) -> None:
    """Parameters of components may not go round in a circle."""
    value = spoiled(f"{STEP}/parameters", [{"reference": "$components.parameters.a"}])
    value["components"] = {"parameters": {"a": {"name": "a", "in": "query", "value": "$components.parameters.a"}}}
    with pytest.raises(ContentError, match="leads back to itself"):
        load(written(tmp_path, value))


def test_only_parameters_have_a_value_to_override(tmp_path: Path) -> None:
    """A value beside a reference to an action is an error."""
    value = spoiled(f"{STEP}/onSuccess", [{"reference": "$components.successActions.a", "value": 1}])
    value["components"] = {"successActions": {"a": {"name": "a", "type": "end"}}}
    with pytest.raises(ContentError, match="value is for parameters only"):
        load(written(tmp_path, value))


def test_an_arazzo_source_has_no_operations(tmp_path: Path) -> None:
    """An operation cannot be taken from a source that is an Arazzo file."""
    value = spoiled(f"{STEP}/operationId", "$sourceDescriptions.pets.list")
    value["sourceDescriptions"][0]["type"] = "arazzo"
    with pytest.raises(ContentError, match="has no operations"):
        load(written(tmp_path, value))


def test_inputs_are_gathered_through_references_and_all_of(tmp_path: Path) -> None:
    """The names of inputs are found wherever the schema declares them."""
    value = spoiled("workflows/0/inputs", {"allOf": [{"$ref": "#/components/inputs/a"}], "properties": {"n": {}}})
    value["components"] = {"inputs": {"a": {"properties": {"m": {}}}}}
    assert load(written(tmp_path, value)).workflows[0].input_names == {"n", "m"}
