"""Running workflows: what is sent, where the steps lead, and what the evidence says."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
import yaml

from understudy.contract.arazzo import ABSENT, ArazzoFile, Ending, OperationRef, Result, load, run
from understudy.contract.evidence import Outcome
from understudy.contract.exchange import Exchange, Request, Response
from understudy.errors import ContentError, UsageError

OK = [{"condition": "$statusCode == 200"}]


class Catalogue:
    """Knows the operations a to f, and /paths/~1x/post."""

    def by_id(self, operation_id: str) -> OperationRef:
        return SimpleNamespace(operation_id={name: name for name in "abcdef"}[operation_id])

    def by_pointer(self, pointer: str) -> OperationRef:
        return SimpleNamespace(operation_id={"/paths/~1x/post": "postX"}[pointer])


class Target:
    """Answers each operation with its next status or response, the last one for ever; remembers what it was sent."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {name: list(given) if isinstance(given, list) else [given] for name, given in answers.items()}
        self.calls: list[str] = []
        self.sent: list[tuple[Mapping[str, Mapping[str, Any]], Any, str | None, str]] = []

    def __call__(
        self,
        operation: OperationRef,
        parameters: Mapping[str, Mapping[str, Any]],
        body: Any,
        media_type: str | None,
        credential: str,
    ) -> Exchange:
        name = operation.operation_id
        self.calls.append(name)
        self.sent.append((parameters, body, media_type, credential))
        given = self.answers.get(name, [200])
        answer = given.pop(0) if len(given) > 1 else given[0]
        if isinstance(answer, Exception):
            raise answer
        response = Response(answer) if isinstance(answer, int) else answer
        return Exchange(Request("GET", f"https://x.test/{name}"), response, operation_id=name)


def json(value: Any, status: int = 200, **headers: str) -> Response:
    found = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return Response(status, (("Content-Type", "application/json"), *found), orjson.dumps(value))


@pytest.fixture
def scenario(tmp_path: Path) -> Callable[..., ArazzoFile]:
    def make(*workflows: Any, **more: Any) -> ArazzoFile:
        """Write a file; a workflow may be the list of its steps."""
        path = tmp_path / "t.arazzo.yaml"
        value = {
            "arazzo": "1.0.1",
            "info": {"title": "T", "version": "1"},
            "sourceDescriptions": [{"name": "api", "url": "api.yaml"}],
            "workflows": [w if isinstance(w, dict) else {"workflowId": "main", "steps": w} for w in workflows],
        }
        path.write_text(yaml.safe_dump(value | more, sort_keys=False))
        return load(path)

    return make


def play(file: ArazzoFile, target: Any, **more: Any) -> Result:
    """Run the first workflow, with neither deadline nor real sleep."""
    settings: dict[str, Any] = {
        "inputs": {},
        "operations": Catalogue(),
        "deadline": lambda: False,
        "sleep": lambda _: None,
    }
    return run(file, file.workflows[0], send=target, **(settings | more))


def step(name: str, **more: Any) -> dict[str, Any]:
    """Return a step that calls the operation of its name."""
    target = {} if {"workflowId", "operationPath"} & more.keys() else {"operationId": name}
    return {"stepId": name, **target, **more}


Make = Callable[..., ArazzoFile]


# What is sent


def test_steps_hand_values_on(scenario: Make) -> None:
    """Outputs of a step become parameters of the next, and the workflow's outputs, with their types."""
    file = scenario(
        {
            "workflowId": "main",
            "steps": [
                step("a", successCriteria=OK, outputs={"id": "$response.body#/id"}),
                step("b", parameters=[{"name": "id", "in": "path", "value": "$steps.a.outputs.id"}]),
            ],
            "outputs": {"id": "$steps.a.outputs.id"},
        }
    )
    target = Target(a=json({"id": 7}))
    result = play(file, target)
    assert (result.outcome, result.outputs) == (Ending.PASSED, {"id": 7})
    assert target.sent[1] == ({"path": {"id": 7}, "query": {}, "header": {}, "cookie": {}}, ABSENT, None, "full")
    assert [(s.step_id, s.passed, s.operation_id) for s in result.steps] == [("a", True, "a"), ("b", True, "b")]


def test_workflow_parameters_are_defaults(scenario: Make) -> None:
    """The workflow's parameters go with every step; a step's own of that name and place wins."""
    everywhere = [{"name": "page", "in": "query", "value": 1}, {"name": "X-T", "in": "header", "value": "w"}]
    own = [{"name": "x-t", "in": "header", "value": "s"}, {"name": "page", "in": "cookie", "value": 2}]
    file = scenario({"workflowId": "main", "parameters": everywhere, "steps": [step("a", parameters=own)]})
    target = Target()
    play(file, target)
    assert target.sent[0][0] == {"path": {}, "query": {"page": 1}, "header": {"x-t": "s"}, "cookie": {"page": 2}}


def test_operations_by_path_and_credentials(scenario: Make) -> None:
    """An operationPath leads to its operation, and the step's credential to the sender."""
    path = "{$sourceDescriptions.api.url}#/paths/~1x/post"
    target = Target()
    play(scenario([step("a", operationPath=path, **{"x-understudy-credential": "garbage"})]), target)
    assert (target.calls, target.sent[0][3]) == (["postX"], "garbage")


@pytest.mark.parametrize(
    ("request_body", "body"),
    [
        ({"payload": {"a": "$inputs.n", "b": ["{$inputs.n}"]}}, {"a": 1, "b": ["1"]}),
        ({"payload": "$inputs.s", "contentType": "application/json"}, 'say "hi"'),
        (
            {"payload": '{"s": "{$inputs.s}", "n": {$inputs.n}}', "contentType": "application/json"},
            {"s": 'say "hi"', "n": 1},
        ),
        ({"payload": "<n>{$inputs.n}</n>", "contentType": "application/xml"}, "<n>1</n>"),
        ({"payload": None}, None),
        ({"payload": {"a": [1, 2]}, "replacements": [{"target": "/a/1", "value": "$inputs.n"}]}, {"a": [1, 1]}),
        (
            {"payload": {"a": {}}, "replacements": [{"target": "/a/new", "value": {"x": "$inputs.n"}}]},
            {"a": {"new": {"x": 1}}},
        ),
        ({"payload": 1, "replacements": [{"target": "", "value": "$inputs.n"}]}, 1),
        ({"contentType": "text/plain"}, ABSENT),
    ],
)
def test_bodies(scenario: Make, request_body: dict[str, Any], body: Any) -> None:
    """Payloads are values with expressions, templates of JSON text or of other text, with replacements."""
    workflow = {
        "workflowId": "main",
        "inputs": {"properties": {"n": {}, "s": {}}},
        "steps": [step("a", requestBody=request_body)],
    }
    target = Target()
    assert play(scenario(workflow), target, inputs={"n": 1, "s": 'say "hi"'}).outcome is Ending.PASSED
    assert target.sent[0][1:3] == (body, request_body.get("contentType"))


@pytest.mark.parametrize(
    ("request_body", "expected"),
    [
        ({"payload": "{", "contentType": "application/json"}, "the payload is JSON text"),
        ({"payload": '{"n": {$inputs.n}}', "contentType": "application/json"}, "$inputs.n can be resolved"),
        ({"payload": {"a": []}, "replacements": [{"target": "/a/0", "value": 1}]}, "the payload has a place /a/0"),
        ({"payload": {"a": 1}, "replacements": [{"target": "/a/b", "value": 1}]}, "the payload has a place /a/b"),
    ],
)
def test_bodies_that_cannot_be_made_fail_the_step(scenario: Make, request_body: dict[str, Any], expected: str) -> None:
    """Nothing is sent, and the evidence says where in the file the body stands."""
    workflow = {
        "workflowId": "main",
        "inputs": {"properties": {"n": {}}},
        "steps": [step("a", requestBody=request_body)],
    }
    target = Target()
    (evidence,) = play(scenario(workflow), target).evidence
    assert (target.calls, evidence.outcome, evidence.expected) == ([], Outcome.FAILED, expected)
    assert "t.arazzo.yaml:" in evidence.actual


def test_inputs_have_defaults_and_a_schema(scenario: Make) -> None:
    """A default stands in for a missing input; forbidden inputs are a usage error before anything is sent."""
    schema = {"properties": {"n": {"type": "integer", "default": 5}}}
    file = scenario({"workflowId": "main", "inputs": schema, "steps": [step("a")], "outputs": {"n": "$inputs.n"}})
    assert play(file, Target()).outputs == {"n": 5}
    target = Target()
    with pytest.raises(UsageError, match=r"t\.arazzo\.yaml:.* is not of type \"integer\" at /n"):
        play(file, target, inputs={"n": "x"})
    assert target.calls == []


@pytest.mark.parametrize(
    "more", [{"operationId": "nope"}, {"operationPath": "{$sourceDescriptions.api.url}#/paths/~1y/get"}]
)
def test_unknown_operations_are_found_before_anything_is_sent(scenario: Make, more: dict[str, str]) -> None:
    """An operation that the document does not have is an error of the file, with its line."""
    target = Target()
    with pytest.raises(ContentError, match=r"t\.arazzo\.yaml:\d+ .*there is no operation"):
        play(scenario([step("a"), {"stepId": "two", **more}]), target)
    assert target.calls == []


# Where the steps lead


def test_a_step_without_criteria_passes_with_any_response(scenario: Make) -> None:
    """Without success criteria a response is a success, whatever its status."""
    assert play(scenario([step("a")]), Target(a=500)).outcome is Ending.PASSED


def test_no_response_is_a_failure(scenario: Make) -> None:
    """Where no response comes, the step fails and says so."""
    result = play(scenario([step("a"), step("b")]), Target(a=ConnectionError("refused")))
    assert (result.outcome, result.evidence[0].expected) == (Ending.FAILED, "a response comes")
    assert result.evidence[0].actual.endswith("none came: refused")


def test_on_success_goes_to_a_step_or_ends(scenario: Make) -> None:
    """The first action whose criteria hold is followed; without one the next step is."""
    actions = [
        {"name": "no", "type": "end", "criteria": [{"condition": "$statusCode == 201"}]},
        {"name": "skip", "type": "goto", "stepId": "c"},
    ]
    target = Target()
    file = scenario(
        [step("a", onSuccess=actions), step("b"), step("c", onSuccess=[{"name": "e", "type": "end"}]), step("d")]
    )
    assert play(file, target).outcome is Ending.PASSED
    assert target.calls == ["a", "c"]


def test_an_early_end_gives_the_outputs_that_there_are(scenario: Make) -> None:
    """Outputs of steps that were not reached are left out where an action ends the workflow."""
    steps = [
        step("a", outputs={"code": "$statusCode"}, onSuccess=[{"name": "e", "type": "end"}]),
        step("b", outputs={"code": "$statusCode"}),
    ]
    outputs = {"a": "$steps.a.outputs.code", "b": "$steps.b.outputs.code"}
    assert play(scenario({"workflowId": "main", "steps": steps, "outputs": outputs}), Target()).outputs == {"a": 200}


def test_a_workflow_output_that_is_nothing_fails_the_workflow(scenario: Make) -> None:
    """At the regular end every output must be there."""
    steps = [
        step("a", onSuccess=[{"name": "g", "type": "goto", "stepId": "c"}]),
        step("b", outputs={"x": "$url"}),
        step("c"),
    ]
    result = play(scenario({"workflowId": "main", "steps": steps, "outputs": {"x": "$steps.b.outputs.x"}}), Target())
    assert (result.outcome, result.evidence[0].title) == (Ending.FAILED, "main: $steps.b.outputs.x can be resolved")


def test_on_failure_goto_recovers(scenario: Make) -> None:
    """A failure that an action leads on from is no finding."""
    on_failure = [{"name": "on", "type": "goto", "stepId": "c", "criteria": [{"condition": "$statusCode == 404"}]}]
    target = Target(a=404)
    result = play(scenario([step("a", successCriteria=OK, onFailure=on_failure), step("b"), step("c")]), target)
    assert (result.outcome, target.calls, result.evidence) == (Ending.PASSED, ["a", "c"], ())


def test_on_failure_end_stays_a_failure(scenario: Make) -> None:
    """A failed step that ends the workflow has failed it."""
    file = scenario([step("a", successCriteria=OK, onFailure=[{"name": "e", "type": "end"}])])
    assert play(file, Target(a=404)).outcome is Ending.FAILED


def test_retries_wait_and_are_limited(scenario: Make) -> None:
    """A retry waits its seconds, at most retryLimit times; then the next action has its turn."""
    actions = [
        {"name": "again", "type": "retry", "retryAfter": 0.5, "retryLimit": 2},
        {"name": "on", "type": "goto", "stepId": "b"},
    ]
    slept: list[float] = []
    target = Target(a=503)
    result = play(scenario([step("a", successCriteria=OK, onFailure=actions), step("b")]), target, sleep=slept.append)
    assert (result.outcome, target.calls, slept) == (Ending.PASSED, ["a", "a", "a", "b"], [0.5, 0.5])


def test_a_retry_is_one_unless_said_otherwise(scenario: Make) -> None:
    """Without retryLimit there is a single retry, and success ends retrying."""
    file = scenario([step("a", successCriteria=OK, onFailure=[{"name": "r", "type": "retry"}])])
    assert play(file, Target(a=[503, 200])).outcome is Ending.PASSED
    assert play(file, Target(a=[503, 503, 200])).outcome is Ending.FAILED


def test_retry_after_of_the_response_wins(scenario: Make) -> None:
    """The Retry-After header overrules retryAfter."""
    file = scenario([step("a", successCriteria=OK, onFailure=[{"name": "r", "type": "retry", "retryAfter": 60}])])
    slept: list[float] = []
    play(file, Target(a=[Response(429, (("Retry-After", "2"),)), 200]), sleep=slept.append)
    assert sum(slept) == 2


def test_a_retry_can_run_a_step_or_a_workflow_first(scenario: Make) -> None:
    """What a retry refers to is run before it."""
    actions = [
        {"name": "step", "type": "retry", "stepId": "b"},
        {"name": "flow", "type": "retry", "workflowId": "login"},
    ]
    main = {"workflowId": "main", "steps": [step("a", successCriteria=OK, onFailure=actions), step("b")]}
    target = Target(a=[401, 401, 200])
    assert play(scenario(main, {"workflowId": "login", "steps": [step("f")]}), target).outcome is Ending.PASSED
    assert target.calls == ["a", "b", "a", "f", "a", "b"]


def test_workflow_actions_are_defaults(scenario: Make) -> None:
    """The workflow's failure actions serve every step that has none of that name."""
    workflow = {
        "workflowId": "main",
        "failureActions": [{"name": "r", "type": "retry"}],
        "successActions": [{"name": "s", "type": "end", "criteria": [{"condition": "$statusCode == 204"}]}],
        "steps": [step("a", successCriteria=[{"condition": "$statusCode < 300"}]), step("b")],
    }
    target = Target(a=[503, 204])
    assert play(scenario(workflow), target).outcome is Ending.PASSED
    assert target.calls == ["a", "a"]


def test_endless_loops_end(scenario: Make) -> None:
    """A loop of gotos is cut off with a finding that says so."""
    target = Target()
    result = play(scenario([step("a"), step("b", onSuccess=[{"name": "g", "type": "goto", "stepId": "a"}])]), target)
    assert (result.outcome, len(target.calls)) == (Ending.FAILED, 200)
    assert result.evidence[0].title == "main: a: the scenario ends within 200 steps"


def test_loops_over_workflows_end(scenario: Make) -> None:
    """Two workflows that go to each other are cut off too."""
    one = {"workflowId": "one", "steps": [step("a", onSuccess=[{"name": "g", "type": "goto", "workflowId": "two"}])]}
    two = {"workflowId": "two", "steps": [step("b", onSuccess=[{"name": "g", "type": "goto", "workflowId": "one"}])]}
    target = Target()
    assert play(scenario(one, two), target).outcome is Ending.FAILED
    assert len(target.calls) == 200


def test_workflows_that_call_themselves_end(scenario: Make) -> None:
    """A workflow that calls itself is cut off by its depth."""
    result = play(scenario([step("call", workflowId="main")]), Target())
    assert (result.outcome, result.evidence[0].title) == (
        Ending.FAILED,
        "main: workflows call each other at most 20 deep",
    )


def test_a_step_calls_a_workflow(scenario: Make) -> None:
    """Parameters become inputs, and outputs come back as $outputs and under the workflow's name."""
    main = {
        "workflowId": "main",
        "steps": [
            step(
                "call",
                workflowId="inner",
                parameters=[{"name": "n", "value": 4}],
                successCriteria=[{"condition": "$outputs.m == 4"}],
                outputs={"m": "$outputs.m"},
            )
        ],
        "outputs": {"m": "$steps.call.outputs.m", "w": "$workflows.inner.outputs.m", "i": "$workflows.inner.inputs.n"},
    }
    inner = {
        "workflowId": "inner",
        "inputs": {"properties": {"n": {}}},
        "steps": [step("a")],
        "outputs": {"m": "$inputs.n"},
    }
    result = play(scenario(main, inner), Target())
    assert (result.outcome, result.outputs) == (Ending.PASSED, {"m": 4, "w": 4, "i": 4})
    assert [(s.workflow_id, s.step_id) for s in result.steps] == [("inner", "a"), ("main", "call")]


def test_inputs_that_a_called_workflow_refuses_fail_the_step(scenario: Make) -> None:
    """A call whose inputs the schema forbids is a failure that names the schema's place."""
    inner = {"workflowId": "inner", "inputs": {"required": ["n"], "properties": {"n": {}}}, "steps": [step("a")]}
    result = play(scenario([step("call", workflowId="inner")], inner), Target())
    assert (result.outcome, result.evidence[0].title) == (
        Ending.FAILED,
        "inner: the inputs of workflow inner are as its schema says",
    )


def test_workflows_that_are_depended_on_run_first(scenario: Make) -> None:
    """A workflow waits for those it depends on, each runs once, and their failure is its failure."""
    main = {"workflowId": "main", "dependsOn": ["one", "two"], "steps": [step("c")]}
    one = {"workflowId": "one", "steps": [step("a", successCriteria=OK)]}
    two = {"workflowId": "two", "dependsOn": ["one"], "steps": [step("b")]}
    target = Target()
    assert play(scenario(main, one, two), target).outcome is Ending.PASSED
    assert target.calls == ["a", "b", "c"]
    target = Target(a=500)
    assert play(scenario(main, one, two), target).outcome is Ending.FAILED
    assert target.calls == ["a"]


def test_goto_hands_over_to_a_workflow(scenario: Make) -> None:
    """A goto to a workflow does not come back; inputs go along and its outputs are the run's."""
    goto = [{"name": "g", "type": "goto", "workflowId": "other"}]
    inputs: dict[str, Any] = {"properties": {"n": {}}}
    main = {"workflowId": "main", "inputs": inputs, "steps": [step("a", onSuccess=goto), step("b")]}
    other = {"workflowId": "other", "inputs": inputs, "steps": [step("c")], "outputs": {"n": "$inputs.n"}}
    target = Target()
    assert play(scenario(main, other), target, inputs={"n": 1}).outputs == {"n": 1}
    assert target.calls == ["a", "c"]


def test_the_deadline_aborts(scenario: Make) -> None:
    """When the time is up no further step begins; what held is kept and the rest is not exercised."""
    target = Target()
    file = scenario([step("a", **{"x-understudy-rules": ["R-1"]}), step("b", **{"x-understudy-rules": ["R-2"]})])
    result = play(file, target, deadline=lambda: len(target.calls) == 1)
    assert (result.outcome, target.calls) == (Ending.ABORTED, ["a"])
    assert [(e.rule, e.outcome, e.reason, e.cut) for e in result.evidence] == [
        ("R-1", Outcome.PASSED, "", False),
        ("R-2", Outcome.NOT_EXERCISED, "the time was up at step b", True),
    ]


def test_a_rule_that_a_later_step_would_look_at_again_is_cut(scenario: Make) -> None:
    """It held so far, which is told too, and was not looked at to the end."""
    target = Target()
    rules = {"x-understudy-rules": ["R-1"]}
    result = play(scenario([step("a", **rules), step("b", **rules)]), target, deadline=lambda: bool(target.calls))
    assert [(e.outcome, e.cut) for e in result.evidence] == [(Outcome.PASSED, False), (Outcome.NOT_EXERCISED, True)]


def test_the_deadline_ends_a_wait(scenario: Make) -> None:
    """A long Retry-After does not outlast the deadline."""
    slept: list[float] = []
    file = scenario([step("a", successCriteria=OK, onFailure=[{"name": "r", "type": "retry"}])])
    target = Target(a=Response(429, (("Retry-After", "3600"),)))
    assert play(file, target, sleep=slept.append, deadline=lambda: len(slept) == 3).outcome is Ending.ABORTED
    assert sum(slept) == 3


# What the evidence says


def ruled(
    *, workflow: list[str] | None = None, of_step: list[str] | None = None, criterion: list[str] | None = None
) -> dict[str, Any]:
    """Return a workflow of steps a, b and c; rules may stand on it, on b, and on b's second criterion."""
    second = {"context": "$response.body", "condition": "$[?@.ok == true]", "type": "jsonpath"}
    if criterion:
        second["x-understudy-rules"] = criterion  # type: ignore[assignment]
    middle = step("b", description="The flag\n  is set.", successCriteria=[*OK, second])
    return {
        "workflowId": "main",
        "summary": "Flags.",
        **({"x-understudy-rules": workflow} if workflow else {}),
        "steps": [
            step("a", **{"x-understudy-rules": ["A-1"]}),
            middle | ({"x-understudy-rules": of_step} if of_step else {}),
            step("c", **{"x-understudy-rules": ["C-1"]}),
        ],
    }


@pytest.mark.parametrize(
    ("rules", "blamed"),
    [
        ({"workflow": ["W-1"], "of_step": ["S-1"], "criterion": ["K-1", "K-2"]}, ["K-1", "K-2"]),
        ({"workflow": ["W-1"], "of_step": ["S-1"]}, ["S-1"]),
        ({"workflow": ["W-1"]}, ["W-1"]),
        ({}, [None]),
    ],
)
def test_a_failure_names_the_nearest_rules(
    scenario: Make, rules: dict[str, list[str]], blamed: list[str | None]
) -> None:
    """The rules of the criterion are blamed, else the step's, else the workflow's, else none."""
    result = play(scenario(ruled(**rules)), Target(b=json({"ok": False})))
    failed = [e for e in result.evidence if e.outcome is Outcome.FAILED]
    assert (result.outcome, [e.rule for e in failed]) == (Ending.FAILED, blamed)


def test_a_failure_tells_what_was_expected_and_how_to_repeat_it(scenario: Make) -> None:
    """Title, expectation, finding and curl lines from the first step on; the title has no value in it."""
    result = play(scenario(ruled(of_step=["S-1"])), Target(b=json({"ok": False})))
    failed = result.evidence[0]
    assert failed.title == "Flags: The flag is set: $response.body matches $[?@.ok == true]"
    assert failed.expected == "$response.body matches $[?@.ok == true]"
    assert failed.actual == '$response.body is {"ok":false}'
    assert failed.curl == "curl -sS -i -X GET https://x.test/a\ncurl -sS -i -X GET https://x.test/b"
    assert (failed.check, failed.operation, failed.item) == ("scenario", "b", "t.arazzo.yaml::main")


def test_the_fingerprint_does_not_depend_on_values(scenario: Make) -> None:
    """The same fault with other values is the same finding."""
    file = scenario(ruled())
    one, two = (play(file, Target(b=json({"ok": ok}))).evidence[0] for ok in (False, "no"))
    assert (one.fingerprint == two.fingerprint, one.actual == two.actual) == (True, False)


def test_a_failed_scenario_keeps_what_held_before(scenario: Make) -> None:
    """Rules of passed steps have passed, those not reached say where the scenario ended."""
    result = play(scenario(ruled(workflow=["W-1"], criterion=["K-1"])), Target(b=json({"ok": False})))
    assert [(e.rule, e.outcome, e.reason) for e in result.evidence] == [
        ("K-1", Outcome.FAILED, ""),
        ("A-1", Outcome.PASSED, ""),
        ("W-1", Outcome.NOT_EXERCISED, "the scenario ended at step b"),
        ("C-1", Outcome.NOT_EXERCISED, "the scenario ended at step b"),
    ]


def test_a_passed_scenario_passes_each_rule_once(scenario: Make) -> None:
    """Every rule named in a workflow that passed has one piece of evidence, with its operation."""
    result = play(
        scenario(ruled(workflow=["W-1", "A-1"], of_step=["A-1"], criterion=["K-1"])), Target(b=json({"ok": True}))
    )
    assert [(e.rule, e.outcome, e.operation) for e in result.evidence] == [
        ("A-1", Outcome.PASSED, "a"),
        ("K-1", Outcome.PASSED, "b"),
        ("C-1", Outcome.PASSED, "c"),
        ("W-1", Outcome.PASSED, None),
    ]


def test_a_rule_on_a_way_not_taken_is_not_exercised(scenario: Make) -> None:
    """A rule that stands only on a step that was skipped has not been seen to hold."""
    first = step("a", onSuccess=[{"name": "g", "type": "goto", "stepId": "c"}])
    result = play(scenario([first, step("b", **{"x-understudy-rules": ["B-1"]}), step("c")]), Target())
    assert [(e.rule, e.outcome, e.reason) for e in result.evidence] == [
        ("B-1", Outcome.NOT_EXERCISED, "the scenario passed without the step that shows it")
    ]


def test_a_rule_is_not_exercised_by_an_answer_that_says_nothing_of_it(scenario: Make) -> None:
    """Nor is that of the workflow, or of the step that called it."""
    asks = {"successCriteria": [{"condition": "$statusCode != 400", "x-understudy-rules": ["K-1"]}]}
    inner = {"workflowId": "inner", "steps": [step("a", **asks, **{"x-understudy-rules": ["S-1"]})]}
    inner["x-understudy-rules"] = ["W-1"]
    calls = [step("call", workflowId="inner", **{"x-understudy-rules": ["R-1"]})]
    seen = {e.rule: (e.outcome, e.reason) for e in play(scenario(calls, inner), Target(a=500)).evidence}
    assert seen == dict.fromkeys(
        ("K-1", "S-1", "W-1", "R-1"), (Outcome.NOT_EXERCISED, "an answer of 500 says nothing of it")
    )
    assert {e.outcome for e in play(scenario(calls, inner), Target(a=200)).evidence} == {Outcome.PASSED}


@pytest.mark.parametrize("target", [{"a": 404, "b": 204}, {"a": 200, "b": 404}])
def test_a_workflow_has_shown_nothing_where_one_of_its_steps_has_not(target: dict[str, int], scenario: Make) -> None:
    """Which of them its own rules rest on nobody knows: what tidies up last does not vouch for what was checked."""
    lenient = [{"condition": "$statusCode != 400"}]
    steps = [step(name, successCriteria=lenient) for name in ("a", "b")]
    made = scenario({"workflowId": "main", "steps": steps, "x-understudy-rules": ["W-1"]})
    (evidence,) = play(made, Target(**target)).evidence
    assert (evidence.outcome, evidence.reason) == (Outcome.NOT_EXERCISED, "an answer of 404 says nothing of it")


def test_a_called_workflow_without_rules_blames_its_caller(scenario: Make) -> None:
    """The rules of the calling step stand for a called workflow that names none."""
    inner = {"workflowId": "inner", "steps": [step("a", successCriteria=OK)]}
    calls = [step("call", workflowId="inner", **{"x-understudy-rules": ["R-1"]})]
    (evidence,) = play(scenario(calls, inner), Target(a=500)).evidence
    assert (evidence.rule, evidence.outcome, evidence.title) == ("R-1", Outcome.FAILED, "inner: a: $statusCode == 200")


def test_an_output_that_is_not_there_fails_the_step(scenario: Make) -> None:
    """An output that cannot be resolved is a failure of its step, with the place in the file and the request."""
    steps = [step("a", outputs={"id": "$response.body#/id"}, **{"x-understudy-rules": ["R-1"]})]
    (evidence,) = play(scenario(steps), Target(a=json({}))).evidence
    assert (evidence.rule, evidence.title) == ("R-1", "main: a: $response.body#/id can be resolved")
    assert "t.arazzo.yaml:" in evidence.actual
    assert evidence.actual.endswith(
        "(/workflows/0/steps/0/outputs/id): $response.body#/id cannot be resolved: there is nothing at /id"
    )
    assert evidence.curl
