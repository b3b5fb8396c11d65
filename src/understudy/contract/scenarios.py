"""Scenario files of a pack brought to a target: which a run can use, their inputs, how their steps are sent."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

from understudy.contract import judge
from understudy.contract.arazzo import runner
from understudy.contract.arazzo.document import load
from understudy.contract.arazzo.expressions import Absent
from understudy.contract.arazzo.nodes import ArazzoFile, Workflow
from understudy.contract.arazzo.patience import Place
from understudy.contract.arazzo.runner import Ending, Result
from understudy.contract.arazzo.session import OperationRef
from understudy.contract.authentication import BASIC, places
from understudy.contract.client import Client
from understudy.contract.derived import Derived
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.exchange import NO_ANSWER, Exchange
from understudy.contract.records import LACKING, record
from understudy.contract.samples import Sample, on_the_wire, token
from understudy.contract.target import LONGEST_PREFIX
from understudy.contract.throttle import OverError
from understudy.pack import Pack
from understudy.spec.document import Document, Operation
from understudy.values import Json

NEEDS = {
    "token": "--token",
    "keyBasic": "--token, and an operation that takes it by HTTP Basic",
    "restrictedToken": "--restricted-token",
    "clientId": "--client-id and --client-secret",
    "clientSecret": "--client-id and --client-secret",
    "clientBasic": "--client-id and --client-secret",
    "existing": LACKING.removeprefix("needs "),
}

PROOF = 1.0
"""Seconds that are waited at least for what a retry has mended, when that is put to the proof."""

_AGAIN = ", though {:g} s passed before it was asked for; asked a second time it is right"


class Operations:
    """The operations that scenarios may name: those of the effective document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._by_pointer = {operation.pointer: operation for operation in document.operations.values()}

    def by_id(self, operation_id: str) -> Operation:
        """Return the operation of that operationId; raises KeyError."""
        return self._document.operations[operation_id]

    def by_pointer(self, pointer: str) -> Operation:
        """Return the operation at that pointer; raises KeyError."""
        return self._by_pointer[pointer]


def read(path: Path) -> ArazzoFile:
    """Read and check a scenario file, once for each state of it: parsing takes longer than judging."""
    return _read(path.resolve(), path.stat().st_mtime_ns)


@lru_cache(maxsize=100)
def _read(path: Path, changed: int) -> ArazzoFile:
    return load(path)


def files(pack: Pack) -> tuple[ArazzoFile, ...]:
    """Read and check all scenario files of a pack, and the operations and rules that they name."""
    return tuple(checked(pack, path) for path in pack.scenarios)


def checked(pack: Pack, path: Path) -> ArazzoFile:
    """Read and check a scenario file, and the operations and rules that it names; raises ContentError."""
    file = read(path)
    runner.bind(file, Operations(pack.effective))
    for workflow in file.workflows:
        for rule in workflow.all_rules():
            if rule not in pack.rules.by_id:
                raise file.source.error(f"there is no rule {rule}", workflow.pointer, "name a rule of rules.yaml")
    return file


def verified_by(pack: Pack) -> dict[str, list[str]]:
    """Return the ids of the scenarios that verify each rule."""
    found: dict[str, list[str]] = {}
    for file in files(pack):
        for workflow in file.workflows:
            for rule in dict.fromkeys(workflow.all_rules()):
                found.setdefault(rule, []).append(workflow.workflow_id)
    return found


def in_scope(pack: Pack, file: ArazzoFile, workflow: Workflow, scope: str) -> bool:
    """Whether all operations of a scenario, and at least one of its rules, belong to the scope."""
    bound = runner.bind(file, Operations(pack.effective))
    known = pack.judged(scope).operations
    rules = [pack.rules.by_id[rule] for rule in workflow.all_rules()]
    if rules and not any(judge.in_scope(rule, scope) for rule in rules):
        return False
    return all(bound[step.pointer].operation_id in known for step in workflow.steps if step.pointer in bound)


def play(client: Client, file: ArazzoFile, workflow: Workflow) -> str:
    """Run one scenario and add its evidence; return how it ended (`passed`, `failed`, `aborted`, `not-exercised`).

    Where retries helped, it is run again, to see whether that was for the time that they took: see `_proved`.
    """
    try:
        inputs = _inputs(client, file, workflow, workflow.workflow_id)
        lacking = next((name for name, value in inputs.items() if value is None), None)
        if lacking is not None:
            client.collector.add(_not_exercised(file, workflow, f"needs {NEEDS[lacking]}"))
            return "not-exercised"
        result = _run(client, file, workflow, inputs)
        _add(client, result)
        disproof = None
        if result.late and client.patience.lags is None:
            disproof = _disproof(client, file, workflow, result.late)
    except OverError as over:
        client.collector.add(_not_exercised(file, workflow, str(over), cut=True))
        raise
    if disproof is not None:
        _add(client, disproof)
    return (disproof or result).outcome.value


def _disproof(client: Client, file: ArazzoFile, workflow: Workflow, late: Mapping[Place, float]) -> Result | None:
    """Put it to the proof that reads lag behind writes: run a scenario again with waits before the steps of `late`.

    If one of them is wrong even so, twice, the reads do not lag: what was right the second time was so because it was
    asked for a second time. Returns the run that shows that, or that went wrong elsewhere, or that the time did not
    suffice for; None where there is nothing to tell.
    """
    for number, least in enumerate((PROOF, client.patience.first)):
        before = {place: max(2 * waited, least) for place, waited in late.items()}
        inputs = _inputs(client, file, workflow, f"{workflow.workflow_id} again {number}")
        result = _run(client, file, workflow, inputs, before)
        wrong = result.failed(before)
        if not wrong:
            if result.passed(before):
                client.patience.lags = True
            return None if result.outcome is Ending.PASSED else result
    client.patience.lags = False
    seconds = before[wrong[-1]]
    told = [
        replace(each, actual=f"{each.actual}{_AGAIN.format(seconds)}" if each.actual else "")
        for each in result.evidence
    ]
    return replace(result, evidence=tuple(told))


def _run(
    client: Client,
    file: ArazzoFile,
    workflow: Workflow,
    inputs: Mapping[str, Json],
    before: Mapping[Place, float] | None = None,
) -> Result:
    """Run a scenario once; raises OverError where limits end it."""
    trail = client.trail = client.new_trail(whole=True)

    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        if before:
            trail.waited(seconds)

    return runner.run(
        file,
        workflow,
        send=partial(_send, client),
        inputs=inputs,
        operations=Operations(client.judge.pack.effective),
        deadline=lambda: client.left <= 0,
        sleep=sleep,
        patience=client.patience,
        before=before,
    )


def _add(client: Client, result: Result) -> None:
    """Add the evidence of the run that was the last one."""
    known = client.judge.rules.by_id
    known_pieces = [piece for piece in result.evidence if piece.rule is None or piece.rule in known]
    client.collector.add(known_pieces, client.trail.all)


def _inputs(client: Client, file: ArazzoFile, workflow: Workflow, label: str) -> dict[str, Json]:
    credentials = client.run.credentials
    known: dict[str, Json] = {
        "prefix": client.run.prefix,
        "padding": "x" * (LONGEST_PREFIX - len(client.run.prefix)),
        "run": token(client.run, label),
        "token": client.token(),
        "restrictedToken": credentials.restricted,
        "clientId": credentials.client_id,
        "clientSecret": credentials.client_secret,
        "clientBasic": credentials.basic(),
        "keyBasic": _key_basic(client),
        "lag": not client.run.embedded and client.patience.lags is not False,
    }
    wanted = {name: value for name, value in known.items() if name in workflow.input_names}
    if "existing" in workflow.input_names:
        bound = runner.bind(file, Operations(client.judge.pack.effective))
        called = [bound[step.pointer] for step in workflow.steps if step.pointer in bound]
        deletes = any(isinstance(each, Operation) and each.method == "DELETE" for each in called)
        wanted["existing"] = record(client, label, spared=not deletes)
    if any(step.credential == "restricted" for step in workflow.steps):
        wanted.setdefault("restrictedToken", credentials.restricted)
    return wanted


def _key_basic(client: Client) -> str | None:
    """Return the key as HTTP Basic sends it, where an operation takes it so."""
    operations = client.judge.pack.effective.operations.values()
    place = next((p for operation in operations for p in places(operation) if p.prefix == BASIC and p.user), None)
    secret = client.token()
    if place is None or secret is None:
        return None
    sent = Derived(secret).basic(place.user)
    client.secrets.derive(secret, sent)
    return sent.text


def _not_exercised(file: ArazzoFile, workflow: Workflow, reason: str, *, cut: bool = False) -> Iterator[Evidence]:
    item = f"{file.name}::{workflow.workflow_id}"
    for rule in dict.fromkeys(runner.named(file, workflow)):
        yield Evidence("scenario", Outcome.NOT_EXERCISED, rule, reason=reason, item=item, cut=cut)


def _send(
    client: Client,
    operation: OperationRef,
    parameters: Mapping[str, Mapping[str, Json]],
    body: Json | Absent,
    media_type: str | None,
    credential: str,
) -> Exchange:
    assert isinstance(operation, Operation)
    sent = (
        Sample(operation, parameters) if isinstance(body, Absent) else Sample(operation, parameters, body, media_type)
    )
    request = on_the_wire(sent, client.run, secret=client.secret(credential))
    caller = client.caller(request, operation)
    exchange = client.send(request, operation.operation_id, "response", caller)
    if exchange.response.status == NO_ANSWER:
        raise ConnectionError("the target is silent to this request, and answers others")
    if exchange.response.status == 429:
        raise OverError("429 to all tries, without a Retry-After that can be obeyed")
    return exchange
