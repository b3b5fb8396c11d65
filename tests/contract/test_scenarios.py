"""Which scenarios a run can use, what it gives them, and how their steps are sent."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.servers import FULL, READ, Endpoint
from tests.e2e.serving import Answer, running
from understudy.contract import scenarios
from understudy.contract.arazzo import ArazzoFile, Workflow
from understudy.contract.client import Client
from understudy.contract.evidence import Outcome
from understudy.contract.judge import Judge
from understudy.contract.target import Credentials, Run
from understudy.contract.throttle import OverError
from understudy.errors import ContentError
from understudy.pack import Pack

HEAD = """\
arazzo: 1.0.1
info: {title: Mine, version: 1.0.0}
sourceDescriptions: [{name: onetrust, url: ./openapi.json, type: openapi}]
workflows:
"""
FLOW = """\
  - workflowId: %s
    inputs: {type: object, properties: {token: {type: string}, run: {type: string}, restrictedToken: {type: string}}}
    x-understudy-rules: [%s]
    steps:
      - stepId: only
        operationId: %s
        parameters:
          - {name: dataSubjectIdentifier, in: header, value: 'understudy-{$inputs.run}@example.com'}
          - {name: Authorization, in: header, value: 'Bearer {%s}'}
        requestBody: {contentType: application/json, payload: {}}
        successCriteria: [{condition: %s}]
"""


def flow(
    name: str = "mine",
    rule: str = "OT-CREATE-1",
    operation: str = "createOrUpdateDataSubjectUsingPOST",
    token: str = "$inputs.token",
    condition: str = "$statusCode == 201",
) -> str:
    """Return the text of a workflow."""
    return FLOW % (name, rule, operation, token, condition)


def written(folder: Path, pack: Pack, *flows: str) -> Pack:
    """Return a pack whose only scenario file has these workflows."""
    for part in ("specs", "mock"):
        (folder / part).symlink_to(pack.root / part)
    (folder / "contracts" / "onetrust").mkdir(parents=True)
    (folder / "contracts" / "onetrust" / "mine.arazzo.yaml").write_text(HEAD + "".join(flows))
    return Pack("onetrust", folder)


def only(pack: Pack) -> tuple[ArazzoFile, Workflow]:
    """Return a pack's first scenario."""
    (file,) = scenarios.files(pack)
    return file, file.workflows[0]


@pytest.fixture
def client(core: Judge, run: Run) -> Iterator[Client]:
    """Yield a client of an endpoint that does everything right."""
    with running(Endpoint()) as base_url:
        client = Client(replace(run, base_url=base_url, credentials=Credentials(FULL, READ)), core)
        yield client
        client.close()


def test_a_scenario_that_holds_passes_its_rules(client: Client, pack: Pack, tmp_path: Path) -> None:
    """With a token and a name of its own."""
    assert scenarios.play(client, *only(written(tmp_path, pack, flow()))) == "passed"
    assert {(piece.rule, piece.outcome) for piece, _ in client.collector} >= {("OT-CREATE-1", Outcome.PASSED)}


def test_a_scenario_that_fails_breaks_its_rules(client: Client, pack: Pack, tmp_path: Path) -> None:
    """And says what it expected."""
    assert scenarios.play(client, *only(written(tmp_path, pack, flow(condition="$statusCode == 299")))) == "failed"
    (failure,) = client.collector.failures()
    assert (failure.rule, "299" in failure.expected, "$UNDERSTUDY_TOKEN" in failure.curl) == ("OT-CREATE-1", True, True)


def test_a_scenario_that_lacks_a_credential_is_not_exercised(client: Client, pack: Pack, tmp_path: Path) -> None:
    """It says which option would give it."""
    client.run = replace(client.run, credentials=Credentials(FULL))
    mine = written(tmp_path, pack, flow(token="$inputs.restrictedToken", condition="$statusCode == 403"))
    assert scenarios.play(client, *only(mine)) == "not-exercised"
    ((piece, _),) = list(client.collector)
    assert (piece.rule, piece.outcome, piece.reason) == (
        "OT-CREATE-1",
        Outcome.NOT_EXERCISED,
        "needs --restricted-token",
    )


def test_the_restricted_caller_is_known_by_its_token(client: Client, pack: Pack, tmp_path: Path) -> None:
    """So that what it is refused is not held against the full credential."""
    mine = written(tmp_path, pack, flow(token="$inputs.restrictedToken", condition="$statusCode == 403"))
    assert scenarios.play(client, *only(mine)) == "passed"
    assert client.full == {}


def test_a_429_that_cannot_be_obeyed_ends_a_scenario_without_a_fault(
    core: Judge, run: Run, pack: Pack, tmp_path: Path
) -> None:
    """What the scenario is about was not seen."""
    with running(Endpoint(lambda endpoint, call, step: Answer(429, headers={"Retry-After": "soon"}))) as base_url:
        client = Client(replace(run, base_url=base_url), core)
        with pytest.raises(OverError):
            scenarios.play(client, *only(written(tmp_path, pack, flow())))
        client.close()
    outcomes = {(piece.rule, piece.outcome) for piece, _ in client.collector}
    assert ("OT-CREATE-1", Outcome.NOT_EXERCISED) in outcomes
    assert ("OT-CREATE-1", Outcome.FAILED) not in outcomes


def test_a_scenario_ends_with_the_budget(client: Client, pack: Pack, tmp_path: Path) -> None:
    """Not a request is sent."""
    client.run = replace(client.run, deadline=time.time())
    assert scenarios.play(client, *only(written(tmp_path, pack, flow()))) == "aborted"
    assert client.requests == 0


@pytest.mark.parametrize(
    ("made", "core_too"),
    [
        (flow(), True),
        (flow(rule="OT-BODY-15"), False),
        (flow(rule="OT-READ-1", operation="getDataSubjectsUsingGET"), False),
    ],
    ids=["vendored", "rule of another page", "sibling operation"],
)
def test_core_has_the_scenarios_on_the_vendored_document_alone(
    made: str, core_too: bool, pack: Pack, tmp_path: Path
) -> None:
    """Full has them all."""
    mine = written(tmp_path, pack, made)
    assert scenarios.in_scope(mine, *only(mine), "core") is core_too
    assert scenarios.in_scope(mine, *only(mine), "full")


@pytest.mark.parametrize(
    ("made", "told"),
    [(flow(rule="OT-NEW-1"), "there is no rule OT-NEW-1"), (flow(operation="new"), "no operation 'new'")],
)
def test_a_scenario_that_names_what_is_not_there_is_told_with_its_place(
    made: str, told: str, pack: Pack, tmp_path: Path
) -> None:
    """Rules and operations alike, before anything is sent."""
    with pytest.raises(ContentError, match=rf"mine\.arazzo\.yaml:\d+.*{told}"):
        scenarios.files(written(tmp_path, pack, made))


def test_a_file_is_read_again_when_it_changed(pack: Pack, tmp_path: Path) -> None:
    """And only then."""
    mine = written(tmp_path, pack, flow("first"))
    first = scenarios.files(mine)
    assert scenarios.files(mine)[0] is first[0]
    path = mine.scenarios[0]
    path.write_text(HEAD + flow("second"))
    assert [workflow.workflow_id for workflow in scenarios.files(mine)[0].workflows] == ["second"]


def test_each_rule_knows_its_scenarios(pack: Pack) -> None:
    """For the table of traceability."""
    assert "remove-identifiers" in scenarios.verified_by(pack)["OT-LINK-3"]
