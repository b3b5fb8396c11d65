"""Values that hurt: long, odd and large ones, and bodies that are no JSON of the right kind, each sent and read back.

A target may refuse them, never with 5xx and never half done. What it takes it keeps as it was sent, where a rule fixes
that; what is taken though it is malformed says nothing, since the documents do not say what it means.
"""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product

from understudy.contract.client import Client
from understudy.contract.records import creator
from understudy.contract.samples import identifier, sample
from understudy.contract.stateful.adoption import reading_of
from understudy.contract.stateful.course import Course
from understudy.contract.stateful.failures import BrokenError
from understudy.contract.stateful.plans import Plan, places, replaced
from understudy.contract.stateful.sequence import Sequence
from understudy.model.oracle import Oracle
from understudy.model.slots import Slot, filled
from understudy.spec.document import Operation, Schema
from understudy.spec.wire import is_json
from understudy.values import Json, at, join

CHECK = "extremes"
SECONDS = 8.0
"""How long one operation's values take at most."""
SHARE = 5
"""One operation's values take no more than this part of the time that is left."""
OWN = "understudy-own-record"
"""Stands in a sample for the identifier of its own record."""

LENGTHS = (1, 255, 256, 749, 750, 751)
TEXTS = (
    "",
    *("x" * length for length in LENGTHS),
    *("\N{GRINNING FACE}" * length for length in (64, 255)),
    "\N{LATIN SMALL LETTER E WITH ACUTE}",
    "e\N{COMBINING ACUTE ACCENT}",
    "\N{HEBREW LETTER SHIN}\N{HEBREW LETTER LAMED}\N{RIGHT-TO-LEFT OVERRIDE}abc",
    "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}\N{VARIATION SELECTOR-16}",
    "\N{MATHEMATICAL SCRIPT CAPITAL X}",
    "a\0b",
    "\x01\x1f\x7f\x85\N{LINE SEPARATOR}",
    "\N{ZERO WIDTH NO-BREAK SPACE}a",
    "<b>&amp;\"'\\</b>",
    "'; DROP TABLE understudy; --",
    "${7*7}{{7*7}}%s%n%00",
    "null",
    "0123",
    "2026-01-31T09:30:00+00:00",
)
NAMES = ("x" * 751, "\N{GRINNING FACE}" * 255, "a\0b")
"""Texts where a target may know a few alone: what it makes of others no document says, so they may come to anything but
5xx."""
NUMBERS = (0, -1, 2**31 - 1, 2**31, -(2**31) - 1, 2**53 - 1, 2**53, 2**53 + 1, 0.1)
FLAGS = (True, 1, False, 0)
"""One over the other: what JSON can tell apart, and many a language takes for one."""
ODD = dict.fromkeys(
    ("__proto__", "constructor", "toString", "__class__", "id", "type", "a.b", "$a", "a b", "0", "e\u0301"), 1
)
"""Names that mean something to languages and databases that servers are made of."""
WIDE = {f"k{n}": n for n in range(300)}
STRUCTURES: tuple[Json, ...] = ([], {}, WIDE)
DEPTH = 60
TAILS = (
    "\N{LATIN SMALL LETTER E WITH ACUTE}",
    "e\N{COMBINING ACUTE ACCENT}",
    "\N{HEBREW LETTER SHIN}",
    "\N{GRINNING FACE}",
)
"""What identifiers end with; how a server reads them no document says, so they may come to anything but 5xx."""
MEDIA_TYPES = (
    "text/plain",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/json; charset=utf-16",
    "application/json; charset=understudy",
    "json",
)
RAW = (
    b"", b" ", b"nul", b"{", b'{"understudy"', b"{'understudy': 1}", b'{"understudy": 1,}', b'{"understudy": 01}',
    b'{"understudy": NaN}', b'{"understudy": -}', b'{"understudy": 1e999}', b'{"understudy": "\x01"}',
    b'{"understudy": "\\ud800"}', b'{"understudy": "\\x"}', b'{"understudy": 1, "understudy": 2}', b'{"a": 1} {"b": 2}',
    b"/* understudy */ {}", b'{"understudy": "\xff"}', b"\x00", b"[" * 9000,
    b'{"understudy": ' + b"[" * 3000 + b"]" * 3000 + b"}", b'{"understudy": ' + b"9" * 4000 + b"}",
)  # fmt: skip


def probe(client: Client, operation_id: str, seconds: float) -> None:
    """Send the operation what hurts for at most so many seconds, and add what that shows.

    Raises TargetError where the target stops answering, OverError where a 429 cannot be waited for.
    """
    oracle = client.judge.pack.oracle
    assert oracle is not None
    course = Course(client, time.monotonic() + seconds, CHECK, f"{CHECK} {operation_id}")
    _Extremes(course, oracle, client.judge.pack.effective.operations[operation_id]).play()
    if course.ended is not None:
        raise course.ended


class _Extremes:
    """What hurts one operation."""

    def __init__(self, course: Course, oracle: Oracle, operation: Operation) -> None:
        self.course = course
        self.oracle = oracle
        self.operation = operation
        self.judge = course.client.judge

    def play(self) -> None:
        """Send everything; a sequence ends, and another begins, where what the target holds is not known any more."""
        base, first = self._plan(self.operation), self._first()
        if first is None and self.course.held is not None:
            first = base  # the record is there
        if base is None or base.media_type is None or first is None:
            return
        waiting = list(self._hurting(base))
        while waiting and not self.course.over:
            waiting = self._sequence(first, waiting)
        if first.operation_id == base.operation_id and Slot(0) in [*_values(base.parameters)]:
            self._unmade(base)

    def _sequence(self, first: Plan, waiting: list[Plan]) -> list[Plan]:
        """Play calls on one record for as long as it is known what the target holds; return those that are left."""
        sequence = Sequence(self.course)
        try:
            sequence.play(first)
            while waiting and not sequence.lost and not self.course.over:
                plan, *waiting = waiting
                sequence.play(plan)
                for each in self._reading(first):
                    sequence.play(each)
        except BrokenError as broken:
            self.course.tell(broken.failure)
        return waiting if len(sequence.calls) > 1 else []

    def _first(self) -> Plan | None:
        """Return the call that creates the record."""
        found = creator(self.judge.judged, self.judge.pack.effective)
        return self._plan(found) if found is not None else None

    def _reading(self, first: Plan) -> Iterator[Plan]:
        if self.oracle.reading is None or self.oracle.reading[0] not in self.judge.judged.operations:
            return
        operation = self.judge.pack.effective.operations[self.oracle.reading[0]]
        yield reading_of(operation, first, Slot(0), self.oracle.reading[1])

    def _plan(self, operation: Operation) -> Plan | None:
        """Return the operation's good request for the first record."""
        made = sample(operation, self.course.client.run, CHECK, OWN)
        if made is None:
            return None
        parameters = {where: _slotted(values) for where, values in made.parameters.items()}
        body = _slotted(made.body, self.oracle.shared)
        return Plan(operation.operation_id, parameters, body, made.media_type)

    def _hurting(self, base: Plan) -> Iterator[Plan]:
        """Yield good requests with hard values, then bad ones, then identifiers that are hard to read."""
        assert base.media_type is not None
        schema = self.operation.bodies[base.media_type]
        deep: Json = "x"
        for _ in range(DEPTH):
            deep = {"x": [deep]}
        for value in (*TEXTS, *NUMBERS, *FLAGS, *STRUCTURES, deep):
            body = self._hardened(base.body, value, schema)
            if body != base.body:
                yield replace(base, body=body, leeway="refuse")
        for body in self._widened(base.body, schema):
            yield replace(base, body=body, leeway="refuse")
        if is_json(base.media_type):
            yield from (replace(base, body=raw, leeway="any") for raw in RAW)
            yield from self._spoilt(base)
        # Where these are taken, each costs a record of its own: the time may end with them.
        for value, pool in product(NAMES, self.oracle.pools):
            body = self._hardened(base.body, value, schema, pool)
            if body != base.body:
                yield replace(base, body=body, leeway="any")
        for tail in TAILS:

            def tailed(slot: Slot, tail: str = tail) -> Slot:
                return replace(slot, tail=tail) if slot.number == 0 else slot

            other = replace(base, parameters=filled(base.parameters, tailed), body=filled(base.body, tailed))
            if other != base:
                yield replace(other, leeway="any")

    def _spoilt(self, base: Plan) -> Iterator[Plan]:
        """Yield the good request cut, and called what it is not."""
        good = json.dumps(filled(base.body, lambda slot: identifier(self.course.client.run, CHECK))).encode()
        yield replace(base, body=good[:-1], leeway="any")
        yield from (replace(base, body=good, media_type=each, leeway="any") for each in MEDIA_TYPES)

    def _unmade(self, base: Plan) -> None:
        """Send requests that cannot create a record, each for one of its own, and look that it is not there."""
        for plan in self._spoilt(base):
            sequence = Sequence(self.course)
            try:
                for each in (plan, *self._reading(plan)):
                    sequence.play(each)
            except BrokenError as broken:
                self.course.tell(broken.failure)

    def _widened(self, body: Json, schema: Schema) -> Iterator[Json]:
        """Yield the body with odd properties, and with many, in an object of any form."""
        for path in places(body):
            value = at(body, join(*path))
            if isinstance(value, dict) and not {*self.oracle.pools, *self.oracle.left_out} & {*path}:
                for further in (ODD, WIDE):
                    changed = replaced(body, path, {**value, **further})
                    if schema.is_valid(filled(changed, lambda slot: OWN)):
                        yield changed

    def _hardened(self, body: Json, value: Json, schema: Schema, pool: str = "") -> Json:
        """Return the body with the value wherever the schema takes it; of lists the last item alone is changed.

        That is in places that hold anything or, with `pool`, in those below that name, which hold one of a few.
        """
        for path in list(_leaves(body)):
            kept = {*self.oracle.left_out, *(self.oracle.pools if not pool else ())}
            if not kept & {*path} and (not pool or pool in path):
                changed = replaced(body, path, value)
                if schema.is_valid(filled(changed, lambda slot: OWN)):
                    body = changed
        return body


def _slotted(value: Json, shared: tuple[str, ...] = (), name: str = "") -> Json:
    """Return a sample's value with slots for its own record and, in lists, for what could name another one."""
    if value == OWN:
        return Slot(0)
    if isinstance(value, dict):
        return {key: _slotted(child, shared, key) for key, child in value.items()}
    if isinstance(value, list):
        value = _completed(value)
        return [Slot(3) if isinstance(each, str) and name in shared else _slotted(each, shared) for each in value]
    return value


def _completed(items: list[Json]) -> list[Json]:
    """Return the items of an example with false where one does not say what another one does: then it is fixed."""
    flags = {name: False for item in items if isinstance(item, dict) for name, each in item.items() if each is True}
    return [{**flags, **item} if isinstance(item, dict) else item for item in items]


def _values(parameters: Mapping[str, Mapping[str, Json]]) -> Iterator[Json]:
    for values in parameters.values():
        yield from values.values()


def _leaves(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, dict) and value:
        for key, child in value.items():
            yield from _leaves(child, (*path, key))
    elif isinstance(value, list) and value:
        yield from _leaves(value[-1], (*path, len(value) - 1))
    elif path and not isinstance(value, Slot):
        yield path
