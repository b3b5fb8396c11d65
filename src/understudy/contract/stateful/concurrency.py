"""Calls at the same moment: of many creations of one record one creates, and interleaved updates of it lose nothing.

Where the server chooses the identifiers, records that are created at the same moment are kept apart.
What is due the model says, under every order of the calls. The same calls are first sent one after the other: what
differs then already is no matter of concurrency, and left to the other checks.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import permutations

from understudy.contract.client import Client
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.exchange import Exchange
from understudy.contract.records import creator
from understudy.contract.samples import Sample, identifier, on_the_wire, sample
from understudy.contract.stateful.plans import places, replaced
from understudy.contract.stateful.prediction import UNREADABLE, Prediction, alike, readable
from understudy.contract.stateful.scenario import text_at
from understudy.model.call import ABSENT, Call, Reply
from understudy.model.oracle import Bindings, Difference, Oracle
from understudy.spec.document import Operation, Schema
from understudy.spec.wire import text
from understudy.values import Json, at, join

CHECK = "concurrency"
CALLS = 8
"""How many creations are sent at once."""
PARTS = 5
"""How many updates are sent at once, at most: the model is run on every order of them."""
ROUNDS = 2
LAGS = (0.0, 0.2, 0.8)
"""Seconds before each look at what is there: what was written may show a little later."""
BROKEN = "Several calls at once are answered as if each were the first"
NONE_FIRST = "Of several calls at once none is answered as the first"
LOST = "An update is lost when others of the same record come at the same moment"
MIXED = "Records that are created at the same moment are mixed up"


def probe(client: Client, operation_id: str) -> None:
    """Send calls of the operation at once, and add what they show."""
    oracle = client.judge.pack.oracle
    operation = client.judge.pack.effective.operations[operation_id]
    if oracle is None or sample(operation, client.run, CHECK) is None:
        return
    races = _Races(client, oracle, operation)
    races.creations()
    races.chosen()
    races.updates()


class _Races:
    """The races of one operation."""

    def __init__(self, client: Client, oracle: Oracle, operation: Operation) -> None:
        self.client = client
        self.oracle = oracle
        self.operation = operation
        self.pack = client.judge.pack

    # --- creations --------------------------------------------------------------------------------------------------

    def creations(self) -> None:
        """Create one record by many calls, where the model answers the first call of it otherwise than the next."""
        control = self._sample("control")
        first, second = self._replies([control, control])
        judged = self.client.judge.operation(self.operation.operation_id)
        if judged is None or not first.accepted or alike(judged, first.status, second.status):
            return
        if first.status == second.status or [self._sent(control).response.status for _ in range(2)] != [
            first.status,
            second.status,
        ]:
            return
        for number in range(ROUNDS):
            exchanges = self._at_once([self._sample(f"creation {number}")] * CALLS)
            if exchanges is None or self._created(first, second, exchanges):
                return
        for reply in (first, second):
            self._add(Outcome.PASSED, reply)

    def _created(self, first: Reply, second: Reply, exchanges: list[Exchange]) -> bool:
        """Add a failure unless one call was answered as the first; return whether that is done with."""
        statuses = sorted(exchange.response.status for exchange in exchanges)
        count = statuses.count(first.status)
        if count == 1:
            return False
        broken, title = (second, BROKEN) if count else (first, NONE_FIRST)
        expected = f"one {first.status}, then {second.status}"
        self._add(Outcome.FAILED, broken, exchanges[0], title, expected, ", ".join(map(str, statuses)))
        return True

    # --- identifiers that the server chooses ------------------------------------------------------------------------

    def chosen(self) -> None:
        """Create many records whose identifiers the server chooses, and look at the answers, then at the records."""
        if self.operation.operation_id not in self.oracle.generated:
            return
        alone = [self._distinct(f"chosen alone {number}") for number in range(2)]
        if self._mixed(alone, [self._sent(each) for each in alone]) is not None:
            return
        for number in range(ROUNDS):
            made = [self._distinct(f"chosen {number} {each}") for each in range(CALLS)]
            exchanges = self._at_once(made)
            if exchanges is None or any(each.response.status >= 300 for each in exchanges):
                return
            mixed = self._mixed(made, exchanges)
            if mixed is not None:
                reply, difference, exchange = mixed
                expected, actual = text(difference.expected), text(difference.actual)
                self._add(Outcome.FAILED, reply, exchange, MIXED, expected, actual, rule=difference.rule)
                return

    def _mixed(self, made: list[Sample], exchanges: list[Exchange]) -> tuple[Reply, Difference, Exchange] | None:
        """Return the first thing that these answers, or the records read back, show otherwise than the model."""
        prediction, bindings = Prediction(self.pack, CHECK, self.client.run.switches), Bindings()
        pointers, records = self.oracle.generated[self.operation.operation_id], []
        for each, exchange in zip(made, exchanges, strict=True):
            call, reply, transaction = prediction.reply(each)
            if (
                exchange.response.status != reply.status
                or (body := readable(self.client.judge, exchange)) is UNREADABLE
            ):
                return None
            if (differs := self._differs(call, reply, body, bindings)) is not None:
                return reply, differs, exchange
            transaction.commit()
            mine, theirs = text_at(reply.body, pointers), text_at(body, pointers)
            bindings.kept("id", mine, theirs)
            records.append((each, mine, theirs))
        for each, mine, theirs in records:
            here, there = self._named(each, mine), self._named(each, theirs)
            if here is None or there is None:
                return None
            exchange, (call, reply, _) = self._sent(there), prediction.reply(here)
            body = readable(self.client.judge, exchange) if exchange.response.status == reply.status else None
            if body is None or body is UNREADABLE:
                return None
            if (differs := self._differs(call, reply, body, bindings)) is not None:
                return reply, differs, exchange
        return None

    def _distinct(self, label: str) -> Sample:
        """Return a good request with a text in its body, if there is one, that no other has."""
        made = self._sample(label)
        for path in places(made.body) if made.media_type is not None else ():
            if isinstance(at(made.body, join(*path)), str) and not {*self.oracle.pools, *self.oracle.left_out} & {
                *path
            }:
                changed = replaced(made.body, path, self._text(label))
                if self.operation.bodies[made.media_type or ""].is_valid(changed):
                    return made.with_body(changed)
        return made

    def _differs(self, call: Call, reply: Reply, body: Json, bindings: Bindings) -> Difference | None:
        """Return the first difference on a rule that binds."""
        known = self.client.judge.rules.by_id
        found = self.oracle.comparisons[call.operation_id](call, reply, body, bindings)
        return next((each for each in found if each.rule in known and known[each.rule].binding), None)

    def _named(self, made: Sample, record: str | None) -> Sample | None:
        """Return the call that reads back what a creation made under that identifier."""
        if self.oracle.reading is None or record is None:
            return None
        operation_id, body = self.oracle.reading
        if operation_id not in self.client.judge.judged.operations:
            return None
        read = sample(self.pack.effective.operations[operation_id], self.client.run, CHECK, record)
        return read.with_body(body) if read is not None else None

    # --- updates ----------------------------------------------------------------------------------------------------

    def updates(self) -> None:
        """Update different fields of one record at once, and look whether all are there."""
        made = sample(self.operation, self.client.run, CHECK)
        if made is None or made.media_type is None or self.oracle.reading is None:
            return
        if self.oracle.reading[0] not in self.client.judge.judged.operations or self._creator() is None:
            return
        for number, (least, parts) in enumerate(parts_of(made.body, self.operation.bodies[made.media_type])):
            label = f"update {number}"
            turns = ((label, parts), (f"{label} turned", parts[::-1]))  # one that replaces loses some in one of them
            if not all(self._updated(each, least, turn, at_once=False) for each, turn in turns):
                continue
            if not all(self._updated(f"{label} {again}", least, parts, at_once=True) for again in range(ROUNDS)):
                return

    def _updated(self, label: str, least: Json, parts: list[Json], *, at_once: bool) -> bool:
        """Whether a new record has all updates; if they were sent at once and it has not, a failure is added."""
        base, reading = self._base(label, least), self._reading(label)
        updates = [self._sample(label, part) for part in parts]
        if base is None or reading is None or self._sent(base).response.status >= 300:
            return False
        replies = self._replies([base, *updates])[1:]
        exchanges = self._at_once(updates) if at_once else [self._sent(update) for update in updates]
        taken = exchanges is not None and all(each.response.status < 300 for each in exchanges)
        if exchanges is None or not taken or not all(reply.accepted for reply in replies):
            return False
        for lag in LAGS if at_once else LAGS[:1]:
            time.sleep(lag)
            shown = self._sent(reading)
            if any(self._fits([base, *order], reading, shown) for order in permutations(updates)):
                return True
        if at_once and shown.response.status < 300 and readable(self.client.judge, shown) is not UNREADABLE:
            lost = self._lost(base, updates, reading, shown)
            body = shown.response.body.decode(errors="replace")[:500]
            self._add(Outcome.FAILED, replies[lost], shown, LOST, "the fields of all of them", body)
        return False

    def _lost(self, base: Sample, updates: list[Sample], reading: Sample, shown: Exchange) -> int:
        """Return the number of an update without which, or without more of them, the record is as it is shown."""
        for size in range(len(updates) - 1, -1, -1):
            for order in permutations(range(len(updates)), size):
                if self._fits([base, *(updates[each] for each in order)], reading, shown):
                    return next(number for number in range(len(updates)) if number not in order)
        return 0

    def _fits(self, calls: Sequence[Sample], reading: Sample, shown: Exchange) -> bool:
        """Whether the record is shown as the model has it after these calls."""
        prediction = Prediction(self.pack, CHECK, self.client.run.switches)
        for made in calls:
            _, reply, transaction = prediction.reply(made)
            if reply.accepted:
                transaction.commit()
        call, reply, _ = prediction.reply(reading)
        body = None if reply.body is ABSENT else readable(self.client.judge, shown)
        if reply.status != shown.response.status or body is UNREADABLE:
            return False
        return not any(self.oracle.comparisons[reading.operation.operation_id](call, reply, body, Bindings()))

    # --- what is sent, and what is said of it -----------------------------------------------------------------------

    def _sample(self, label: str, body: Json = ...) -> Sample:
        """Return the operation's good request for the record of that label; what could be another's is its own."""
        made = sample(self.operation, self.client.run, self._label(label))
        assert made is not None
        return self._own(made if body is ... else made.with_body(_renamed(body, made.body)), label)

    def _label(self, label: str) -> str:
        return f"{CHECK} {self.operation.operation_id} {label}"

    def _own(self, made: Sample, label: str) -> Sample:
        return made.with_body(_unshared(made.body, self.oracle.shared, lambda old: self._text(f"{label} {old}")))

    def _text(self, label: str) -> str:
        return identifier(self.client.run, self._label(label))

    def _creator(self) -> Operation | None:
        return creator(self.client.judge.judged, self.pack.effective)

    def _base(self, label: str, least: Json) -> Sample | None:
        """Return the call that creates the record; by the operation itself it does so with the least that it takes."""
        found = self._creator()
        made = sample(found, self.client.run, self._label(label)) if found is not None else None
        if found is None or made is None or found.operation_id != self.operation.operation_id:
            return made
        return made.with_body(_renamed(least, made.body))

    def _reading(self, label: str) -> Sample | None:
        assert self.oracle.reading is not None
        operation_id, body = self.oracle.reading
        made = sample(self.pack.effective.operations[operation_id], self.client.run, self._label(label))
        return made.with_body(body) if made is not None else None

    def _replies(self, calls: Sequence[Sample]) -> list[Reply]:
        prediction, replies = Prediction(self.pack, CHECK, self.client.run.switches), []
        for made in calls:
            _, reply, transaction = prediction.reply(made)
            if reply.accepted:
                transaction.commit()
            replies.append(reply)
        return replies

    def _sent(self, made: Sample) -> Exchange:
        request = on_the_wire(made, self.client.run, secret=self.client.secret("full"))
        return self.client.send(request, made.operation.operation_id, CHECK)

    def _at_once(self, calls: Sequence[Sample]) -> list[Exchange] | None:
        """Send calls at once; None where a limit, an expired token or a server error spoils the race."""
        secret = self.client.secret("full")
        requests = [on_the_wire(made, self.client.run, secret=secret) for made in calls]
        exchanges = self.client.at_once(requests, self.operation.operation_id, CHECK)
        if exchanges is None or any(each.response.status == 429 or each.response.status >= 500 for each in exchanges):
            return None
        return exchanges

    def _add(
        self,
        outcome: Outcome,
        reply: Reply,
        exchange: Exchange | None = None,
        title: str = "",
        expected: str = "",
        actual: str = "",
        *,
        rule: str | None = None,
    ) -> None:
        """Add evidence on the rule or, if none is given, the first one by which the model replied that binds.

        `exchange` is the one that shows what is broken, or one of those that do so together.
        """
        known = self.client.judge.rules.by_id
        rules = [each for each in reply.rules if each in known]
        rule = rule or next((each for each in rules if known[each].binding), next(iter(rules), None))
        curl = self.client.trail.told(exchange) if exchange is not None else ""
        piece = Evidence(CHECK, outcome, rule, self.operation.operation_id, title, expected, actual, curl)
        self.client.collector.add([piece])


def parts_of(body: Json, schema: Schema) -> Iterator[tuple[Json, list[Json]]]:
    """Yield the body with the least in it, and bodies with a part each: of an object or list in it, or of its texts."""
    if not isinstance(body, dict):
        return
    needed = {name for name in body if not schema.is_valid({key: body[key] for key in body if key != name})}
    least = {name: body[name] for name in body if name in needed}
    groups: list[list[Json]] = [
        [{**least, name: {key: child} if isinstance(value, dict) else [child]} for key, child in _children(value)]
        for name, value in body.items()
    ]
    groups.append([{**least, name: body[name]} for name in body if name not in needed and not _children(body[name])])
    for group in groups:
        valid = [part for part in group if schema.is_valid(part)][:PARTS]
        if len(valid) > 1:
            yield least, valid


def _children(value: Json) -> list[tuple[Json, Json]]:
    return list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []


def _renamed(part: Json, own: Json) -> Json:
    """Return a part with those of the fields that every part has as the record's own request has them."""
    return {name: own[name] if not _children(value) else value for name, value in part.items()}


def _unshared(value: Json, shared: Sequence[str], fresh: Callable[[str], str], name: str = "") -> Json:
    """Return the value with fresh texts where a text could be the identifier of another record."""
    if isinstance(value, dict):
        return {key: _unshared(child, shared, fresh, key) for key, child in value.items()}
    if isinstance(value, list):
        return [_unshared(child, shared, fresh, name) for child in value]
    return fresh(value) if isinstance(value, str) and name in shared else value
