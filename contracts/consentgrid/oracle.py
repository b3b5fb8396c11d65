"""What of ConsentGrid's answers a rule fixes, for sequences of calls drawn from the document and run on the model.

Both forms of a record are read: flat, and the envelope of the model page. What null and nested objects come to is left
open; a body that names another subject than the path is not sent.
"""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from understudy.model.call import Call, Reply
from understudy.model.oracle import Asked, Bindings, Difference, Oracle
from understudy.model.slots import Slot
from understudy.values import Json

oracle = Oracle(
    pools={"type": ("user", "user", "user", "device"), "saveOption": ("merge", "rewrite")},
    left_out=("id", "type"),
    reading=("updateSubject", {"data": {}}),
    exact="CG-KEY-2",
    generated={"createSubject": ("/id", "/id/id")},
)
REWRITES = {
    "createOrUpdateSubject": ("CG-REWRITE-1", "CG-REWRITE-2"),
    "updateSubject": ("CG-REPATCH-1", "CG-REPATCH-2"),
}
MERGES = {"createOrUpdateSubject": ("CG-MERGE-1", "CG-MERGE-2"), "updateSubject": ("CG-PATCH-1", "CG-PATCH-2")}
UNSPECIFIED = {"createOrUpdateSubject": "CG-MERGE-3", "updateSubject": "CG-PATCH-3"}
CREATES = {"createSubject": "CG-CREATE-3", "createOrUpdateSubject": "CG-WRITE-3"}
OTHERS = {"createSubject": "CG-CREATE-3", "createOrUpdateSubject": "CG-WRITE-5", "updateSubject": "CG-UPDATE-3"}
NAMES = {"createSubject": "CG-CREATE-3", "createOrUpdateSubject": "CG-WRITE-2", "updateSubject": "CG-UPDATE-2"}


@oracle.compares("createSubject", "createOrUpdateSubject", "updateSubject")
def written(call: Call, reply: Reply, body: Json, bindings: Bindings) -> Iterator[Difference]:
    """Compare the record that a write answers with."""
    if not reply.accepted:
        return
    mine, operation_id = _flat(reply.body), call.operation_id
    theirs = _flat(body)
    if operation_id == "createSubject":
        if not bindings.unique("id", mine["id"], theirs["id"]):
            yield Difference("CG-CREATE-2", "A generated ID is another subject's", "an ID of its own", theirs["id"])
    elif theirs["id"] != bindings.theirs("id", mine["id"]):
        title = "The record has another ID than the path"
        yield Difference(NAMES[operation_id], title, bindings.theirs("id", mine["id"]), theirs["id"])
    if theirs["type"] != mine["type"]:
        yield Difference(NAMES[operation_id], "The record has another type than the path", mine["type"], theirs["type"])
    yield from _fields(call, reply, mine["data"], theirs["data"])


def _fields(call: Call, reply: Reply, mine: Json, theirs: Json) -> Iterator[Difference]:
    sent: Json = call.body.get("data", {}) if isinstance(call.body, dict) else {}
    stored, kept = _rules(call, reply)
    for name, value in mine.items():
        if name not in theirs:
            rule = kept if name not in sent else "CG-NULL-1" if value is None else stored
            yield Difference(rule, "The record has lost a field", {name: value}, theirs)
        elif not _equal(theirs[name], value):
            rule = stored if name in sent else kept
            if name in sent and (value is None or _equal(_without_null(theirs[name]), _without_null(value))):
                rule = "CG-NULL-1"
            elif name in sent and _deeper(theirs[name], value):
                rule = "CG-NEST-1"
            yield Difference(rule, "A field of the record has another value than was written", {name: value}, theirs)
    for name in theirs:
        if name not in mine:
            rule = kept if call.query.get("saveOption") == "rewrite" else OTHERS[call.operation_id]
            yield Difference(rule, "The record has a field that it should not have", mine, {name: theirs[name]})


def _rules(call: Call, reply: Reply) -> tuple[str, str]:
    """Return the rules on the fields that were sent and on those that were not."""
    if reply.status == 201:
        return CREATES[call.operation_id], CREATES[call.operation_id]
    if call.query.get("saveOption") == "rewrite":
        return REWRITES[call.operation_id]
    if "saveOption" not in call.query:
        return UNSPECIFIED[call.operation_id], UNSPECIFIED[call.operation_id]
    return MERGES[call.operation_id]


def _flat(record: Json) -> dict[str, Json]:
    """Return a record's ID, type and data, whichever its form."""
    named = record["id"] if isinstance(record["id"], dict) else record
    return {"id": named["id"], "type": named["type"], "data": record["data"]}


def _equal(one: Json, other: Json) -> bool:
    """Whether two values of JSON are the same; true is not 1."""
    return type(one) is type(other) and bool(one == other)


def _without_null(value: Json) -> Json:
    """Return the value without what is null in it."""
    if isinstance(value, dict):
        return {name: _without_null(each) for name, each in value.items() if each is not None}
    return [_without_null(each) for each in value if each is not None] if isinstance(value, list) else value


def _deeper(theirs: Json, mine: Json) -> bool:
    """Whether an object holds all that was sent and more, at any depth, as merging inside of fields would make it."""
    both = isinstance(theirs, dict) and isinstance(mine, dict)
    return both and all(
        name in theirs and (_equal(theirs[name], value) or _deeper(theirs[name], value)) for name, value in mine.items()
    )


# --- surveys: long histories of subjects that are alike ---------------------------------------------------------------

WRITE, UPDATE = "createOrUpdateSubject", "updateSubject"
ALIKE = (Slot(0), Slot(0, tail=".b"), Slot(1, tail="C"), Slot(1, tail="c"))
"""Subjects of which one's ID begins with another's, or differs from it in the case of its last letter alone."""
COMPOSED = (Slot(2, tail="\u00e9"), Slot(2, tail="e\u0301"))
"""Two whose IDs look alike, and are two in Unicode; an ID of such letters may be refused."""
LONG = "Ada Lovelace, " * 600
OTHERS_BEFORE = tuple(map(Slot, range(2, 18)))
DATA: tuple[dict[str, Json], ...] = (
    {"count": 1},
    {"count": 2},
    {"count": 3, "list": ["a", "b", "c"]},
    {"list": ["c", "a", "b"]},
    {"list": ["a", "b"]},
    {"name": "Ada", "count": 2},
    {"name": "ada"},
    {"name": "Ada\r\nLovelace\t"},
)
WRITES = 18


@oracle.surveys
def survey(random: Random) -> Iterator[Asked]:
    """Write subjects that are alike many times, with few values that come again; then read all of them."""
    same = {"name": "Ada", "count": 1}
    for slot in ALIKE:
        yield _asked(WRITE, slot, same)
    yield replace(_asked(WRITE, Slot(2), {"text": LONG}), leeway="refuse")
    yield replace(_asked(UPDATE, Slot(2), {}), leeway="refuse")
    for number, slot in enumerate(COMPOSED):
        yield replace(_asked(WRITE, slot, {"name": f"number {number}"}), leeway="refuse")
    yield from (replace(_asked(UPDATE, slot, {}), leeway="refuse") for slot in COMPOSED)
    for _ in range(WRITES):
        slot, operation_id = random.choice(ALIKE), random.choice((WRITE, UPDATE))
        asked = _asked(operation_id, slot, random.choice(DATA), random.choice(("merge", "merge", "merge", "rewrite")))
        if random.random() < 0.15:
            yield replace(asked, credential="restricted")
            asked = _asked(UPDATE, slot, {})
        yield asked
    for slot in (ALIKE[0], ALIKE[2]):
        yield _asked(WRITE, slot, same, "rewrite")
    yield _asked(random.choice((WRITE, UPDATE)), ALIKE[2], {"count": 9})  # alone, though both hold the same
    yield from (_asked(UPDATE, slot, {}) for slot in ALIKE)


@oracle.crowds
def crowd(random: Random) -> Iterator[Asked]:
    """Make many subjects, some of the same data, change the last ones, and read all of them."""
    everybody = (*OTHERS_BEFORE, *ALIKE)
    yield from (_asked(WRITE, slot, {"name": f"number {number % 5}"}) for number, slot in enumerate(everybody))
    for slot in random.sample(everybody, 6):
        yield _asked(random.choice((WRITE, UPDATE)), slot, {"count": random.randrange(1, 9)}, "merge")
    yield from (_asked(UPDATE, slot, {}) for slot in everybody)


def _asked(operation_id: str, slot: Slot, fields: dict[str, Json], save_option: str = "merge") -> Asked:
    path = {"type": "user", "subjectId": slot}
    return Asked(operation_id, {"path": path, "query": {"saveOption": save_option}}, {"data": fields})
