"""A failing sequence as an Arazzo 1.0.1 scenario: it fails again where the rule is broken and passes on the mock.

The status that the model gives is a criterion of each step. A difference in a body becomes one on the last step, chosen
by trying it on the target's answer, where it must fail, and on the model's, where it must hold.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

import yaml

from understudy.contract.arazzo.expressions import template
from understudy.contract.authentication import BASIC, places
from understudy.contract.client import Client
from understudy.contract.demands import parse_json
from understudy.contract.evidence import Evidence
from understudy.contract.exchange import Exchange
from understudy.contract.judge import Judge
from understudy.contract.samples import Sample
from understudy.contract.stateful.criteria import RUNS, Telling, in_scenario, step_id, telling
from understudy.contract.stateful.plans import Plan
from understudy.contract.stateful.prediction import Prediction
from understudy.model.call import ABSENT, Reply
from understudy.model.oracle import Difference
from understudy.model.slots import Slot, filled
from understudy.spec.document import Operation
from understudy.values import Json, at

RUN = "{$inputs.run}"
FIRST = Slot(0)
"""The record that most calls of a sequence are about."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One call of a sequence, and the model's reply; None where the model was not asked.

    `adopted` is whether the model went on as the target did, though it had answered otherwise.
    """

    plan: Plan
    exchange: Exchange
    reply: Reply | None = None
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class Taking:
    """A sequence as it was played; `plain` gives the identifier of each record, by its number.

    `held` is the call that would create the first record, where that is not the run's but was there before.
    """

    calls: tuple[Taken, ...]
    plain: Callable[[int], str]
    held: Sample | None = None

    def relied(self) -> tuple[str, ...]:
        """Return the rules by which the model came to its replies, in their order."""
        return tuple(dict.fromkeys(rule for call in self.calls if call.reply for rule in call.reply.rules))


def exported(client: Client, evidence: Evidence, taking: Taking, difference: Difference | None) -> str:
    """Return the text of the scenario; '' where the sequence, or what differs, cannot be written as one."""
    if any(isinstance(call.plan.body, bytes) or call.adopted for call in taking.calls):
        return ""  # the mock would not go on as this target did
    own = None
    if difference is not None:
        own = telling(*_bodies(client, taking, difference))
        if own is None:
            return ""
    return _Scenario(client, evidence, taking, own).text()


def text_at(value: Json, pointers: tuple[str, ...]) -> str | None:
    """Return the text at the first of the pointers that leads to one, or None."""
    for pointer in pointers:
        with suppress(KeyError):
            found = at(value, pointer)
            if isinstance(found, str):
                return found
    return None


def _bodies(
    client: Client, taking: Taking, difference: Difference
) -> tuple[list[Json], list[Json], list[Json], Json, list[Json]]:
    """Return the bodies of the target's answers and of the model's, played twice, what differs, and what was sent."""
    prefix = client.run.prefix
    numbers = {slot.number for call in taking.calls for slot in _slots([call.plan.parameters, call.plan.body])}
    renamed: dict[str, str] = {}
    for number in numbers:
        plain, new, case = taking.plain(number), in_scenario(Slot(number), prefix, RUNS[0]), Slot(number, "case")
        renamed |= {plain: new, case.text(plain, prefix): case.text(new, prefix)}
    theirs = [_renamed(_body(call.exchange), renamed) for call in taking.calls]
    mine, again = (_replayed(client, taking, run) for run in RUNS)
    sent = [part for call in taking.calls for part in (call.plan.parameters, call.plan.body)]
    return theirs, mine, again, _renamed([difference.expected, difference.actual], renamed), sent


def _replayed(client: Client, taking: Taking, run: str) -> list[Json]:
    """Return the bodies that the model answers with, to the identifiers of a scenario with that `run`."""
    pack, made, bodies = client.judge.pack, list[str](), list[Json]()
    prediction = Prediction(pack, f"scenario {run}", client.run.switches)
    if taking.held is not None:
        prediction.assume(taking.held)
    generated = pack.oracle.generated if pack.oracle else {}

    def named(slot: Slot) -> str:
        if taking.held is not None and slot == FIRST:
            return client.run.existing[0]
        return made[slot.number] if slot.kind == "made" else in_scenario(slot, client.run.prefix, run)

    for call in taking.calls:
        body: Json = None
        if call.reply is not None:
            plan, operation = call.plan, pack.effective.operations[call.plan.operation_id]
            sample = Sample(operation, filled(plan.parameters, named), filled(plan.body, named), plan.media_type)
            _, reply, transaction = prediction.reply(sample)
            body = None if reply.body is ABSENT else reply.body
            if reply.accepted:
                transaction.commit()
                made += filter(None, [text_at(body, generated.get(plan.operation_id, ()))])
        bodies.append(body)
    return bodies


def _body(exchange: Exchange) -> Json:
    with suppress(ValueError, RecursionError):
        return parse_json(exchange.response.body)
    return None


def _renamed(value: Json, names: Mapping[str, str]) -> Json:
    if isinstance(value, str):
        for old, new in names.items():
            value = value.replace(old, new)
    elif isinstance(value, dict):
        return {key: _renamed(each, names) for key, each in value.items()}
    elif isinstance(value, list | tuple):
        return [_renamed(each, names) for each in value]
    return value


def _slots(value: Json) -> Iterator[Slot]:
    if isinstance(value, Slot):
        yield value
    elif isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _slots(each)


class _Scenario:
    """Writes one scenario."""

    def __init__(self, client: Client, evidence: Evidence, taking: Taking, own: Telling | None) -> None:
        self.judge: Judge = client.judge
        self.pack = client.judge.pack
        self.prefix = client.run.prefix
        self.evidence = evidence
        self.calls = taking.calls
        self.held = taking.held is not None
        self.own = own
        self.inputs: dict[str, Json] = {
            "run": {
                "type": "string",
                "pattern": "^[a-z0-9]{12}$",
                "description": "Tells this run's records from others'.",
            }
        }
        self.makers = [
            number
            for number, call in enumerate(self.calls)
            if call.reply and call.reply.accepted and call.plan.operation_id in self._generated
        ]

    @property
    def _generated(self) -> Mapping[str, tuple[str, ...]]:
        return self.pack.oracle.generated if self.pack.oracle else {}

    def text(self) -> str:
        """Return the file's text."""
        evidence, vendor = self.evidence, self.pack.vendor
        steps = [self._step(number, call) for number, call in enumerate(self.calls)]
        document = {
            "arazzo": "1.0.1",
            "info": {
                "title": f"{vendor}: {evidence.title}",
                "description": f"Expected {evidence.expected}; was {evidence.actual}. For other tools than understudy: "
                f"`understudy spec {vendor} --effective > effective.json`.",
                "version": "1.0.0",
            },
            "sourceDescriptions": [{"name": vendor, "url": "./effective.json", "type": "openapi"}],
            "workflows": [
                {
                    "workflowId": f"{evidence.rule or 'no-rule'}-{evidence.fingerprint}",
                    "summary": evidence.title,
                    "inputs": {"type": "object", "required": ["run"], "properties": self.inputs},
                    "steps": steps,
                    **({"x-understudy-rules": [evidence.rule]} if evidence.rule else {}),
                }
            ],
        }
        return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=120)

    def _step(self, number: int, call: Taken) -> dict[str, Json]:
        plan, operation = call.plan, self.pack.effective.operations[call.plan.operation_id]
        parameters = [
            {"name": name, "in": location, "value": self._written(value)}
            for location, values in plan.parameters.items()
            for name, value in values.items()
        ]
        credential = call.exchange.credential
        step: dict[str, Json] = {
            "stepId": step_id(number),
            "description": self._description(call),
            "operationId": plan.operation_id,
            "parameters": [*self._credential(operation, credential), *parameters],
        }
        if plan.media_type is not None:
            step["requestBody"] = {"contentType": plan.media_type, "payload": self._written(plan.body)}
        criteria = list(self._criteria(number, call))
        step |= {"successCriteria": criteria} if criteria else {}
        outputs = self._outputs(number, call)
        step |= {"outputs": outputs} if outputs else {}
        return step | ({"x-understudy-credential": credential} if credential != "full" else {})

    @staticmethod
    def _description(call: Taken) -> str:
        told = f", which the model answers by {', '.join(call.reply.rules)}" if call.reply and call.reply.rules else ""
        return f"{call.plan.operation_id}{told}"

    def _credential(self, operation: Operation, credential: str) -> Iterator[dict[str, Json]]:
        """Yield the parameter of the credential; understudy would put it there by itself, other tools do not."""
        place = next(places(operation), None)
        if place is None:
            return
        name = "token" if credential == "full" else "restrictedToken"
        if place.prefix == BASIC and place.user:
            if credential != "full":
                return
            name = "keyBasic"
        self.inputs.setdefault(name, {"type": "string"})
        yield {"name": place.name, "in": place.location, "value": f"{place.prefix}{{$inputs.{name}}}"}

    def _criteria(self, number: int, call: Taken) -> Iterator[dict[str, Json]]:
        last, failed = number == len(self.calls) - 1, self.evidence.rule
        if call.reply is None:
            if call.exchange.response.status >= 400:
                yield {"condition": "$statusCode >= 400 && $statusCode < 500"}
            return
        rule = failed if last and self.own is None else next(iter(call.reply.rules), None)
        named = {"x-understudy-rules": [rule]} if rule in self.judge.rules.by_id else {}
        yield {"condition": self._status(call.plan.operation_id, call.reply.status), **named}
        if last and self.own is not None:
            kind = {"context": self.own.context, "type": "jsonpath"} if self.own.context else {}
            yield {**kind, "condition": self.own.condition, **({"x-understudy-rules": [failed]} if failed else {})}

    def _status(self, operation_id: str, status: int) -> str:
        operation = self.judge.operation(operation_id)
        if operation is None or status in operation.statuses or operation.response(status) is None:
            return f"$statusCode == {status}"
        return f"$statusCode >= {status // 100}00 && $statusCode < {status // 100 + 1}00"

    def _outputs(self, number: int, call: Taken) -> dict[str, Json]:
        outputs = {}
        if self.own is not None and self.own.step == number:
            outputs["body"] = "$response.body"
        if number in self.makers:
            body = _body(call.exchange)
            pointer = next(each for each in self._generated[call.plan.operation_id] if text_at(body, (each,)))
            outputs["id"] = f"$response.body#{pointer}"
        return outputs

    def _written(self, value: Json) -> Json:
        """Return a value as the file has it: identifiers as expressions, text that looks like one as an input."""
        if isinstance(value, Slot):
            if value.kind == "made":
                return f"$steps.{step_id(self.makers[value.number])}.outputs.id"
            if self.held and value == FIRST:
                self.inputs["existing"] = {"type": "string", "description": "The identifier of a record that is there."}
                return "$inputs.existing"
            return in_scenario(value, self.prefix, RUN)
        if isinstance(value, Mapping):
            return {key: self._written(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._written(each) for each in value]
        return value if not isinstance(value, str) or _plain(value) else self._as_input(value)

    def _as_input(self, value: str) -> str:
        name = f"text-{len(self.inputs)}"
        self.inputs[name] = {"type": "string", "default": value}
        return f"$inputs.{name}"


def _plain(value: str) -> bool:
    """Whether a text stands for itself in an Arazzo file."""
    try:
        return template(value) in ((value,), ())
    except ValueError:
        return False


class _Dumper(yaml.SafeDumper):
    """Writes equal lists anew instead of referring to the first one."""

    def ignore_aliases(self, data: Json) -> bool:
        """Whether a value is written anew: always."""
        return True
