"""What calls a sequence is made of: drawn at random from an operation's schemas, its identifiers as slots.

Values come from small pools, so that calls meet: the same names, the same records, identifiers that are alike.
Hypothesis draws one seed a call, and a generator of the standard library the hundred choices that follow: sequences are
shrunk call by call (`shrinking`), not choice by choice, and some draws of Hypothesis's cost as much as a request.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random

from hypothesis import strategies as st

from understudy.model.oracle import Oracle
from understudy.model.slots import Slot, filled
from understudy.spec.document import Document, Operation
from understudy.spec.extensions import CREATES, IDENTIFIER
from understudy.values import Json, dereference, join

DEPTH = 6
"""Levels of nested schemas that bodies are drawn from; deeper ones are left out."""
WORDS = ("understudy", "Understudy", "a b", "ünder-stüdy", "0", "<b>&amp;\"'", "x" * 700)
INTEGERS = (0, 1, 7, 2**31 - 1)
NUMBERS = (0.5, 1, 7.25, 1.23456)
LEAVES = (*WORDS, *INTEGERS, *NUMBERS, True, False, None)
NAMES: Mapping[str, str] = {
    "name": "leaf",
    "Name": "object",
    "nam": "list",
    "a.b": "leaf",
    "$x": "object",
    " x": "leaf",
    "list": "list",
    "n" * 40: "leaf",
}
"""What the properties of an object of any form are called: names that are alike, or that databases do not like.

Each has a kind of value that it holds more often than not, so that one writing meets another of its kind."""
OFTEN = 3
"""How many of the names, the first ones, are in every other object."""
FORMATS: Mapping[str, tuple[str, ...]] = {
    "date-time": ("2026-01-31T09:30:00Z", "2026-02-28T23:59:59.123Z"),
    "date": ("2026-01-31", "2026-02-28"),
    "email": ("understudy@example.com",),
    "uuid": ("633ba071-61b0-485f-81a0-a2245777b432",),
    "uri": ("https://example.com/understudy",),
}
SEED = 61
"""Bytes of a seed: Hypothesis also draws constants of whatever code is loaded, which have 50 at most."""
_SEEDS = st.binary(min_size=SEED, max_size=SEED)
OWN = Slot(-1)
"""Stands, while a call is drawn, for the slot of its own record."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One call of a sequence before its identifiers are filled in; without a media type it has no body.

    A body of bytes goes out as it is. `leeway` is what the target may do besides what the model does: `refuse` the
    call, or, with `any`, take it too.
    """

    operation_id: str
    parameters: Mapping[str, Mapping[str, Json]] = field(hash=False)
    body: Json = field(default=None, hash=False)
    media_type: str | None = None
    credential: str = "full"
    leeway: str = ""


class Plans:
    """The calls that a pack's sequences are drawn from."""

    def __init__(self, document: Document, oracle: Oracle, operation_ids: list[str], *, case: bool) -> None:
        """`document` is the effective one; `case` lets identifiers differ in case alone."""
        operations = [document.operations[each] for each in operation_ids]
        creators = [each for each in operations if each.value.get(CREATES)]
        kinds = ["plain"] * 6 + ["longer"] + ["case"] * case + ["made"] * bool(oracle.generated)
        self._made = partial(_Drawing, document=document, oracle=oracle, kinds=kinds)
        self._operations = operations
        self._creators = creators
        self._drawn = 0
        self._recent: deque[Plan] = deque(maxlen=RECENT)
        self.all = self._drawing(self.call)
        """Any call; now and then one that was drawn before."""
        self.first = self._drawing(self.creation)
        """A call to begin with."""

    def call(self, random: Random) -> Plan:
        """Return any call; now and then one that was returned before, or that one with a part of its body changed."""
        if self._recent and random.random() < AGAIN + CHANGED:
            plan = random.choice(self._recent)
            if random.random() < AGAIN / (AGAIN + CHANGED):
                return plan
            return replace(plan, body=_changed(plan.body, random))
        drawing = self._made(random)
        self._recent.append(drawing.plan(random.choice(self._operations), drawing.slot()))
        return self._recent[-1]

    def creation(self, random: Random) -> Plan:
        """Return a call that creates the record that most others are about, if there is such a call; else any call."""
        if not self._creators:
            return self.call(random)
        return self._made(random).plan(random.choice(self._creators), Slot(0))

    def _drawing(self, call: Callable[[Random], Plan]) -> st.SearchStrategy[Plan]:
        @st.composite
        def drawn(draw: st.DrawFn) -> Plan:
            self._drawn += 1  # Hypothesis likes to draw what it has drawn before
            return call(Random(draw(_SEEDS) + self._drawn.to_bytes(8)))  # noqa: S311 (no secret is made of it)

        return drawn()


RECENT, AGAIN, CHANGED = 4, 0.1, 0.2
"""Of how many calls one is sent again, how often, and how often with a change, for what follows upon what."""


class _Drawing:
    """One call being drawn."""

    def __init__(self, random: Random, document: Document, oracle: Oracle, kinds: list[str]) -> None:
        self._random = random
        self._one: Callable[[Sequence[Json]], Json] = random.choice
        self._document = document
        self._oracle = oracle
        self._kinds = kinds

    def slot(self) -> Slot:
        """Draw an identifier: most are of one record, since that is where histories are."""
        return Slot(self._one((0, 0, 0, 0, 1, 1, 2)), self._one(self._kinds))

    def plan(self, operation: Operation, slot: Slot) -> Plan:
        """Draw a call of the operation about that record; one in eight has something wrong in its body."""
        media_type, schema = next(iter(operation.bodies.items()), (None, None))
        parameters = self._parameters(operation, slot)
        body = self._schema(schema.pointer, "", DEPTH) if schema is not None else None
        body = filled(body, lambda known: slot if known == OWN else known)
        if schema is not None and self._one((False,) * 7 + (True,)):
            body = _spoilt(body, self._random.randrange(21), self._one((None, 7, {}, [], True)))
        credential = self._one(("full",) * 14 + ("restricted", "none"))
        return Plan(operation.operation_id, parameters, body, media_type, credential)

    def _parameters(self, operation: Operation, slot: Slot) -> dict[str, dict[str, Json]]:
        found: dict[str, dict[str, Json]] = {}
        for parameter in operation.parameters:
            if parameter.value.get(IDENTIFIER):
                value: Json = slot
            elif not parameter.required and self._one((True, False)):
                continue
            else:
                value = self._schema(parameter.schema.pointer, parameter.name, DEPTH)
            found.setdefault(parameter.location, {})[parameter.name] = value
        return found

    def _schema(self, pointer: str, name: str, depth: int) -> Json:
        """Draw what keeps the schema at the pointer, as far as sequences need it; `name` is the property's."""
        try:
            pointer, schema = dereference(self._document.value, pointer)
        except (KeyError, ValueError):
            return {}
        if not isinstance(schema, Mapping):
            return {}
        if schema.get(IDENTIFIER):
            return OWN
        if name in self._oracle.pools:
            return self._one(self._oracle.pools[name])
        if "enum" in schema:
            return self._one(schema["enum"])
        for keyword in ("oneOf", "anyOf"):
            if keyword in schema:
                number = self._one(range(len(schema[keyword])))
                return self._schema(pointer + join(keyword, number), name, depth - 1)
        kinds = schema.get("type", "object" if "properties" in schema else "string")
        named = (
            [kinds] if isinstance(kinds, str) else [kind for kind in kinds for _ in range(1 if kind == "null" else 4)]
        )
        return self._of_kind(self._one(named), pointer, schema, name, depth)

    def _of_kind(self, kind: str, pointer: str, schema: Mapping[str, Json], name: str, depth: int) -> Json:
        if kind == "object":
            return self._object(pointer, schema, depth)
        if kind == "array":
            return [self._item(pointer, schema, name, depth) for _ in range(self._one((0, 1, 0, 1, 2, 3)))]
        if kind == "string":
            return self._string(schema, name)
        if kind == "integer":
            return self._one([each for each in INTEGERS if _within(schema, each)] or [1])
        if kind == "number":
            return self._one([each for each in NUMBERS if _within(schema, each)] or [1])
        return self._one((False, True)) if kind == "boolean" else None

    def _item(self, pointer: str, schema: Mapping[str, Json], name: str, depth: int) -> Json:
        return self._schema(f"{pointer}/items", name, depth - 1) if "items" in schema else self._one(WORDS)

    def _string(self, schema: Mapping[str, Json], name: str) -> Json:
        if "format" in schema:
            return self._one(FORMATS.get(schema["format"], WORDS))
        if name not in self._oracle.shared:
            return self._one(WORDS)
        return self.slot() if self._one((False,) * 4 + (True,)) else Slot(self._one((3, 4, 5)))  # nobody's yet, so far

    def _object(self, pointer: str, schema: Mapping[str, Json], depth: int) -> dict[str, Json]:
        declared, required = schema.get("properties", {}), schema.get("required", ())
        if not declared:
            return self._free()
        found = {}
        for name, value in declared.items():
            wanted = depth > 0 and name not in self._oracle.left_out and not _read_only(value)
            if name in required or (wanted and self._one((False, True, True, True))):
                found[name] = self._schema(pointer + join("properties", name), name, depth - 1)
        return found

    def _free(self, depth: int = 4) -> dict[str, Json]:
        """Draw an object of any form: of few names, so that one writing meets another."""
        rare = (True, False, False, False, False)
        names = [name for number, name in enumerate(NAMES) if self._one(rare[: 2 if number < OFTEN else 5])]
        return {name: self._value(depth, NAMES[name]) for name in names}

    def _value(self, depth: int, usual: str) -> Json:
        kind = self._one(("leaf", "object", "list", usual, usual, usual) if depth > 1 else ("leaf",))
        if kind == "object":
            return self._free(depth - 1)
        return [self._one(LEAVES) for _ in range(self._one((0, 1, 2)))] if kind == "list" else self._one(LEAVES)


def _read_only(schema: Json) -> bool:
    return isinstance(schema, Mapping) and bool(schema.get("readOnly"))


def _within(schema: Mapping[str, Json], number: float) -> bool:
    low, high = schema.get("minimum"), schema.get("maximum")
    return (low is None or number >= low) and (high is None or number <= high)


def _changed(value: Json, random: Random) -> Json:
    """Return a body of which a list is emptied, a flag turned, or a property left out."""
    found = [path for path in places(value) if isinstance(_at(value, path), bool | list | dict)]
    if not found:
        return value
    path = random.choice(found)
    old = _at(value, path)
    if isinstance(old, dict):
        left_out = random.choice([None, *old])
        return replaced(value, path, {key: each for key, each in old.items() if key != left_out})
    return replaced(value, path, [] if isinstance(old, list) else not old)


def _at(value: Json, path: tuple[str | int, ...]) -> Json:
    for key in path:
        value = value[key]
    return value


def _spoilt(value: Json, number: int, wrong: Json) -> Json:
    """Return the value with one of its parts, whichever the number counts to, replaced by a wrong one."""
    found = places(value)
    return replaced(value, found[number % len(found)], wrong) if found else wrong


def places(value: Json, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the places of a value's parts, as keys and indexes; that of the whole is not among them."""
    found = [path] if path else []
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        found += places(child, (*path, key))
    return found


def replaced(value: Json, path: tuple[str | int, ...], new: Json) -> Json:
    """Return the value with `new` at a place in it, named by keys and indexes."""
    if not path:
        return new
    if isinstance(value, dict):
        return {key: replaced(each, path[1:], new) if key == path[0] else each for key, each in value.items()}
    return [replaced(each, path[1:], new) if index == path[0] else each for index, each in enumerate(value)]
