"""Faults of ConsentGrid that its contract must find: each departs from one rule, most only for some records or values.

The engine derives the plain ones (what must be refused is taken, an answer has another form); here is what goes wrong
between calls. Subjects are under their type and ID, the archive's under type, ID and version, as the model keys them.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from understudy.model.behaviour import Operation, Refusal
from understudy.model.call import Call, Reply
from understudy.model.deviation import Deviation, Deviations
from understudy.model.state import Transaction
from understudy.values import Json

CREATE, WRITE, UPDATE = "createSubject", "createOrUpdateSubject", "updateSubject"
WRITES = (CREATE, WRITE, UPDATE)
SUBJECTS, ARCHIVE = "subjects", "archive"

deviations = Deviations()


def _key(*parts: Json) -> str:
    return json.dumps(parts)


def _present(call: Call, state: Transaction) -> Any:
    """Return the subject of the call's path, or None."""
    return state.get(SUBJECTS, _key(call.path["type"], call.path["subjectId"]))


def _subjects(state: Transaction) -> list[Any]:
    return [subject for _, subject in state.scan(SUBJECTS)]


def _keep(state: Transaction, subject: Any) -> None:
    state.put(SUBJECTS, _key(subject.type, subject.id), subject)


def _data(call: Call) -> dict[str, Json]:
    """Return the fields that a body has."""
    fields: dict[str, Json] = call.body.get("data", {}) if isinstance(call.body, dict) else {}
    return fields


def _with(call: Call, fields: Mapping[str, Json]) -> Call:
    return replace(call, body={**call.body, "data": fields}) if isinstance(call.body, dict) else call


def _under(call: Call, subject_id: str, kind: str | None = None) -> Call:
    """Return the call with another ID, and with another type if one is given."""
    return replace(call, path={**call.path, "type": kind or call.path["type"], "subjectId": subject_id})


def _asked(call: Call, **query: Json) -> Call:
    return replace(call, query={**call.query, **query})


def _option(call: Call, option: str) -> Call:
    return _asked(call, saveOption=option)


def _rewrites(call: Call) -> bool:
    return call.query.get("saveOption") == "rewrite"


def _told(reply: Reply, name: str, value: Json) -> Reply:
    """Return the reply with another value of one property; ID and type may be inside of an ID that is an object."""
    body: Json = reply.body
    if not isinstance(body, dict):
        return reply
    inside = name in ("id", "type") and isinstance(body.get("id"), dict)
    return replace(reply, body={**body, "id": {**body["id"], name: value}} if inside else {**body, name: value})


def _made(reply: Reply) -> tuple[str, str]:
    """Return type and ID of the record that a reply shows."""
    record: Json = reply.body
    named = record["id"] if isinstance(record["id"], dict) else record
    return named["type"], named["id"]


def _counted(state: Transaction, name: str) -> int:
    """Return how often this was asked in calls that were accepted, this one included."""
    number = state.get("deviation", name)
    number = number + 1 if isinstance(number, int) else 1
    state.put("deviation", name, number)
    return number


def _stored(call: Call, state: Transaction, play: Operation, change: Callable[[Json], Json]) -> Reply:
    """Play a call with each field's value changed on its way in."""
    return play(_with(call, {name: change(value) for name, value in _data(call).items()}), state)


def _refused(status: int) -> Reply:
    return Reply(status, {"error": {"status": status, "message": "the request cannot be served"}})


# --- what is offered --------------------------------------------------------------------------------------------------


@deviations.play("CG-ROUTE-1", CREATE)
def creations_not_offered(call: Call, state: Transaction, play: Operation) -> Reply:
    """Offer no POST at the path of a type."""
    return _refused(405)


@deviations.play("CG-ROUTE-2", WRITE)
def writes_not_offered(call: Call, state: Transaction, play: Operation) -> Reply:
    """Offer no POST at the path of a type and an ID."""
    return _refused(405)


@deviations.play("CG-ROUTE-3", UPDATE)
def updates_not_offered(call: Call, state: Transaction, play: Operation) -> Reply:
    """Offer no PATCH at the path of a type and an ID."""
    return _refused(405)


@deviations.play("CG-LIST-1", "listSubjects")
def list_not_offered(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer as if the path of all subjects were not there."""
    return _refused(404)


# --- creations --------------------------------------------------------------------------------------------------------


@deviations.play("CG-CREATE-1", CREATE)
def creation_answers_200(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer a creation with 200."""
    return replace(play(call, state), status=200)


@deviations.play("CG-CREATE-1", CREATE, beside=("CG-STATUS-1",))
def creation_without_fields_answers_200(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer a creation of a subject without fields with 200."""
    reply = play(call, state)
    return reply if _data(call) else replace(reply, status=200)


@deviations.play("CG-CREATE-2", CREATE)
def id_made_from_the_fields(call: Call, state: Transaction, play: Operation) -> Reply:
    """Make the ID from a hash of the fields."""
    made = hashlib.sha256(json.dumps(_data(call), sort_keys=True).encode()).hexdigest()
    return play(replace(call, fresh=lambda purpose: made), state)


@deviations.play("CG-CREATE-2", CREATE)
def id_made_from_the_second(call: Call, state: Transaction, play: Operation) -> Reply:
    """Make the ID from the second of the creation."""
    return play(replace(call, fresh=lambda purpose: f"{call.now:%Y%m%d%H%M%S}"), state)


@deviations.play("CG-CREATE-2", CREATE)
def ids_again_after_the_tenth(call: Call, state: Transaction, play: Operation) -> Reply:
    """Give the eleventh subject the ID of the first one, and its place."""
    made = f"subject-{_counted(state, 'creations') % 10}"
    return play(replace(call, fresh=lambda purpose: made), state)


@deviations.play("CG-CREATE-3", CREATE)
def creation_rounds_numbers(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep two digits after the point of what a creation has."""
    return _stored(call, state, play, lambda value: round(value, 2) if isinstance(value, float) else value)


@deviations.play("CG-CREATE-3", CREATE)
def creation_lowers_its_type(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer a creation with the type in lower case."""
    return _told(play(call, state), "type", call.path["type"].lower())


@deviations.play("CG-CREATE-4", CREATE)
def generated_subject_not_kept(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer a creation, and store nothing."""
    reply = play(call, state)
    if reply.accepted:
        state.delete(SUBJECTS, _key(*_made(reply)))
    return reply


@deviations.play("CG-CREATE-4", CREATE)
def generated_id_shown_in_capitals(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer a creation with an ID in capitals that is stored in small letters."""
    reply = play(call, state)
    return _told(reply, "id", _made(reply)[1].upper()) if reply.accepted else reply


@deviations.play("CG-CREATE-4", UPDATE)
def generated_subject_lost_when_rewritten(call: Call, state: Transaction, play: Operation) -> Reply:
    """Find no subjects with a generated ID where they are rewritten by an update."""
    made = re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", call.path["subjectId"])
    reply = play(call, state)
    return _refused(404) if made and _rewrites(call) else reply


# --- writes -----------------------------------------------------------------------------------------------------------


@deviations.play("CG-WRITE-1", WRITE)
def first_write_answers_200(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer a write that creates with 200."""
    reply = play(call, state)
    return replace(reply, status=200) if reply.accepted else reply


@deviations.play("CG-WRITE-1", WRITE, beside=("CG-WRITE-6",))
def first_write_of_nothing_answers_200(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer a write that creates a subject without fields with 200."""
    reply = play(call, state)
    return replace(reply, status=200) if reply.accepted and not _data(call) else reply


@deviations.play("CG-WRITE-2", WRITE, beside=("CG-WRITE-5",))
def id_loses_its_last_part(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take what stands behind the last dot of an ID for the suffix of a file, and cut it off."""
    return play(_under(call, re.sub(r"\.[^.]*$", "", call.path["subjectId"])), state)


@deviations.play("CG-WRITE-2", WRITE)
def plus_in_an_id_is_a_blank(call: Call, state: Transaction, play: Operation) -> Reply:
    """Store a plus in an ID as a blank."""
    return play(_under(call, call.path["subjectId"].replace("+", " ")), state)


@deviations.play("CG-WRITE-2", WRITE, beside=("CG-WRITE-5",))
def blanks_around_an_id_are_cut_off(call: Call, state: Transaction, play: Operation) -> Reply:
    """Cut off blanks at the begin and at the end of an ID."""
    return play(_under(call, call.path["subjectId"].strip()), state)


@deviations.play("CG-WRITE-2", WRITE)
def first_write_lowers_its_type(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer a write that creates with the type in lower case."""
    reply = play(call, state)
    return _told(reply, "type", call.path["type"].lower()) if reply.status == 201 else reply


@deviations.play("CG-WRITE-5", WRITE, UPDATE, beside=("CG-WRITE-2",))
def ids_cut_at_64(call: Call, state: Transaction, play: Operation) -> Reply:
    """Tell IDs apart by their first 64 characters."""
    reply = play(_under(call, call.path["subjectId"][:64]), state)
    return _told(reply, "id", call.path["subjectId"]) if reply.accepted else reply


@deviations.play("CG-WRITE-3", WRITE)
def first_write_cuts_texts(call: Call, state: Transaction, play: Operation) -> Reply:
    """Cut texts after 255 characters in a write that creates."""
    if _present(call, state) is not None:
        return play(call, state)
    return _stored(call, state, play, lambda value: value[:255] if isinstance(value, str) else value)


@deviations.play("CG-WRITE-3", WRITE)
def first_write_loses_negative_numbers(call: Call, state: Transaction, play: Operation) -> Reply:
    """Store numbers below 0 as 0 in a write that creates."""
    if _present(call, state) is not None:
        return play(call, state)
    return _stored(call, state, play, lambda value: max(value, 0) if type(value) in (int, float) else value)


@deviations.play("CG-WRITE-4", WRITE)
def fourth_write_answers_201(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer the fourth write of a subject with 201."""
    before, reply = _present(call, state), play(call, state)
    return replace(reply, status=201) if reply.accepted and before is not None and before.version == 3 else reply


@deviations.play("CG-WRITE-4", WRITE)
def eleventh_write_refused(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse writes of a subject that has ten versions."""
    before, reply = _present(call, state), play(call, state)
    return _refused(400) if before is not None and before.version >= 10 else reply


@deviations.play("CG-WRITE-4", WRITE)
def write_that_changes_nothing_answers_201(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer a write of what a subject has already with 201."""
    before, reply = _present(call, state), play(call, state)
    same = before is not None and _data(call) != {} and _data(call).items() <= before.fields.items()
    return replace(reply, status=201) if reply.accepted and same else reply


@deviations.play("CG-WRITE-5", WRITE)
def write_reaches_longer_ids(call: Call, state: Transaction, play: Operation) -> Reply:
    """Write to all subjects whose IDs begin with the one of the path."""
    reply = play(call, state)
    if reply.accepted:
        for subject in _subjects(state):
            _reach(state, subject, call, subject.id.startswith(call.path["subjectId"]))
    return reply


def _reach(state: Transaction, subject: Any, call: Call, meant: bool) -> None:
    """Put the call's fields into a subject that is not the call's, where that one is taken to be meant."""
    if meant and subject.type == call.path["type"] and subject.id != call.path["subjectId"]:
        _keep(state, replace(subject, fields={**subject.fields, **_data(call)}))


@deviations.play("CG-WRITE-5", WRITE, UPDATE)
def dots_and_dashes_alike(call: Call, state: Transaction, play: Operation) -> Reply:
    """Store IDs that differ in a dot and a dash as one."""
    reply = play(_under(call, call.path["subjectId"].replace(".", "-")), state)
    return _told(reply, "id", call.path["subjectId"]) if reply.accepted else reply


@deviations.play("CG-WRITE-5", WRITE, beside=("CG-WRITE-3", "CG-WRITE-6"))
def first_write_of_nothing_takes_the_last_fields(call: Call, state: Transaction, play: Operation) -> Reply:
    """Give a subject that is created without fields those of the write before."""
    last = state.get("deviation", "fields")
    state.put("deviation", "fields", _data(call))
    if _data(call) or not isinstance(last, dict) or _present(call, state) is not None:
        return play(call, state)
    return play(_with(call, last), state)


@deviations.play("CG-WRITE-6", WRITE)
def rewrite_of_nobody_refused(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse a write with saveOption=rewrite where there is no subject yet."""
    before, reply = _present(call, state), play(call, state)
    return _refused(404) if before is None and _rewrites(call) else reply


# --- updates ----------------------------------------------------------------------------------------------------------


@deviations.play("CG-UPDATE-1", UPDATE)
def fourth_update_answers_201(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer the third update of a subject and each later one with 201."""
    before, reply = _present(call, state), play(call, state)
    return replace(reply, status=201) if reply.accepted and before is not None and before.version > 2 else reply


@deviations.play("CG-UPDATE-1", UPDATE)
def tenth_update_refused(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse updates of a subject that has ten versions."""
    before, reply = _present(call, state), play(call, state)
    return _refused(400) if before is not None and before.version >= 10 else reply


@deviations.play("CG-UPDATE-1", UPDATE)
def update_of_the_same_refused(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse an update of what the subject has already."""
    before, reply = _present(call, state), play(call, state)
    same = before is not None and _data(call) != {} and _data(call).items() <= before.fields.items()
    return _refused(400) if same else reply


@deviations.play("CG-UPDATE-2", UPDATE)
def update_takes_its_id_from_the_fields(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer an update that has a field called id with that as the ID of the record."""
    reply, named = play(call, state), _data(call).get("id")
    return _told(reply, "id", named) if reply.accepted and isinstance(named, str) else reply


@deviations.play("CG-UPDATE-2", UPDATE, beside=("CG-PATCH-1", "CG-UPDATE-4"))
def update_answers_with_the_old_record(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer an update with the record as it was before."""
    before, reply = _present(call, state), play(call, state)
    return _told(reply, "data", before.fields) if reply.accepted and before is not None else reply


@deviations.play("CG-UPDATE-2", UPDATE, beside=("CG-PATCH-2", "CG-PATCH-3"))
def update_answers_with_what_was_sent(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer an update of several fields with those alone, though the others are still stored."""
    reply = play(call, state)
    return _told(reply, "data", _data(call)) if reply.accepted and len(_data(call)) > 1 else reply


@deviations.play("CG-UPDATE-3", UPDATE)
def update_reaches_shorter_ids(call: Call, state: Transaction, play: Operation) -> Reply:
    """Update the subject, too, whose ID is one character shorter."""
    reply = play(call, state)
    shorter: Any = state.get(SUBJECTS, _key(call.path["type"], call.path["subjectId"][:-1]))
    if reply.accepted and shorter is not None:
        _reach(state, shorter, call, meant=True)
    return reply


@deviations.play("CG-UPDATE-3", UPDATE)
def update_changes_whom_the_last_write_named(call: Call, state: Transaction, play: Operation) -> Reply:
    """Let each third update change the subject of the update before as well."""
    last: Any = state.get(SUBJECTS, str(state.get("deviation", "last")))
    state.put("deviation", "last", _key(call.path["type"], call.path["subjectId"]))
    reply = play(call, state)
    if reply.accepted and last is not None and _counted(state, "updates") % 3 == 0:
        _reach(state, last, call, meant=True)
    return reply


@deviations.play("CG-UPDATE-4", UPDATE, beside=("CG-PATCH-1", "CG-PATCH-3"))
def update_keeps_dates(call: Call, state: Transaction, play: Operation) -> Reply:
    """Change no field by an update that is a date."""
    before = _present(call, state)
    old = before.fields if before is not None else {}
    dates = {name for name, value in old.items() if re.fullmatch(r"\d{4}-\d\d-\d\d", str(value))}
    return play(_with(call, {name: value for name, value in _data(call).items() if name not in dates}), state)


@deviations.play("CG-UPDATE-5", UPDATE)
def refused_update_creates(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse an update of nobody, and create the subject all the same."""
    reply = play(call, state)
    if not reply.accepted and _present(call, state) is None:
        seen = _subjects(state)[0]
        fields = {"type": call.path["type"], "id": call.path["subjectId"], "version": 1, "fields": _data(call)}
        _keep(state, replace(seen, **fields))
        state.commit()
    return reply


# --- merging ----------------------------------------------------------------------------------------------------------


@deviations.play("CG-MERGE-1", WRITE)
def merge_passes_over_what_is_empty(call: Call, state: Transaction, play: Operation) -> Reply:
    """Merge neither the empty text nor an empty list into a field."""
    before = _present(call, state)
    if before is None or _rewrites(call):
        return play(call, state)
    return play(_with(call, {name: value for name, value in _data(call).items() if value not in ("", [])}), state)


@deviations.play("CG-MERGE-1", WRITE)
def merge_joins_lists(call: Call, state: Transaction, play: Operation) -> Reply:
    """Merge lists by adding the entries that are new."""
    before = _present(call, state)
    if before is None or _rewrites(call):
        return play(call, state)
    joined = {
        name: [*before.fields[name], *(each for each in value if each not in before.fields[name])]
        for name, value in _data(call).items()
        if isinstance(value, list) and isinstance(before.fields.get(name), list)
    }
    return play(_with(call, {**_data(call), **joined}), state)


@deviations.play("CG-MERGE-1", WRITE, beside=("CG-MERGE-3",))
def merge_reads_numbers_in_texts(call: Call, state: Transaction, play: Operation) -> Reply:
    """Merge a text of digits as a number."""
    if _present(call, state) is None or _rewrites(call):
        return play(call, state)
    return _stored(
        call, state, play, lambda value: int(value) if isinstance(value, str) and value.isdecimal() else value
    )


@deviations.play("CG-MERGE-1", WRITE, beside=("CG-MERGE-3",))
def merge_stores_flags_as_numbers(call: Call, state: Transaction, play: Operation) -> Reply:
    """Merge true and false as 1 and 0 into fields that have been numbers."""
    before = _present(call, state)
    if before is None or _rewrites(call):
        return play(call, state)
    counted = {
        name: int(value)
        for name, value in _data(call).items()
        if isinstance(value, bool) and type(before.fields.get(name)) is int
    }
    return play(_with(call, {**_data(call), **counted}), state)


@deviations.play("CG-MERGE-1", WRITE, beside=("CG-MERGE-3",))
def merge_composes_letters(call: Call, state: Transaction, play: Operation) -> Reply:
    """Merge a letter and its accent as one character."""
    if _present(call, state) is None or _rewrites(call):
        return play(call, state)
    return _stored(
        call, state, play, lambda value: unicodedata.normalize("NFC", value) if isinstance(value, str) else value
    )


@deviations.play("CG-MERGE-1", WRITE, beside=("CG-MERGE-3",))
def merge_keeps_the_kind_of_value(call: Call, state: Transaction, play: Operation) -> Reply:
    """Merge no text in place of a number."""
    before = _present(call, state)
    if before is None or _rewrites(call):
        return play(call, state)
    kept = {
        name: value
        for name, value in _data(call).items()
        if not (isinstance(value, str) and type(before.fields.get(name)) is int)
    }
    return play(_with(call, kept), state)


@deviations.play("CG-MERGE-2", WRITE, beside=("CG-MERGE-3",))
def merge_loses_empty_objects(call: Call, state: Transaction, play: Operation) -> Reply:
    """Lose empty objects where a write merges."""
    before = _present(call, state)
    if before is not None and not _rewrites(call):
        _keep(state, replace(before, fields={name: value for name, value in before.fields.items() if value != {}}))
    return play(call, state)


@deviations.play("CG-MERGE-2", WRITE)
def explicit_merge_rewrites(call: Call, state: Transaction, play: Operation) -> Reply:
    """Rewrite where a write says saveOption=merge."""
    return play(_option(call, "rewrite") if call.query.get("saveOption") == "merge" else call, state)


@deviations.play("CG-MERGE-3", WRITE)
def write_without_option_rewrites(call: Call, state: Transaction, play: Operation) -> Reply:
    """Rewrite where a write says nothing."""
    return play(call if "saveOption" in call.query else _option(call, "rewrite"), state)


@deviations.play("CG-MERGE-3", WRITE, UPDATE, beside=("CG-PATCH-3",))
def option_holds_for_the_next_write(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take a call without saveOption as the one before on the same subject was."""
    subject = _key(call.path["type"], call.path["subjectId"])
    option = call.query.get("saveOption", state.get("deviation", subject) or "merge")
    if option in ("merge", "rewrite"):
        state.put("deviation", subject, option)
    return play(_option(call, str(option)), state)


@deviations.play("CG-MERGE-4", WRITE, beside=("CG-MERGE-1", "CG-MERGE-3"))
def merge_adds_nothing_beside_a_change(call: Call, state: Transaction, play: Operation) -> Reply:
    """Leave out new fields where a write that merges changes one that is there."""
    before = _present(call, state)
    if before is None or _rewrites(call) or not set(_data(call)) & set(before.fields):
        return play(call, state)
    return play(_with(call, {name: value for name, value in _data(call).items() if name in before.fields}), state)


@deviations.play("CG-PATCH-1", UPDATE, beside=("CG-PATCH-3",))
def update_puts_a_list_of_one_before_the_old(call: Call, state: Transaction, play: Operation) -> Reply:
    """Put a list of one before the list that is there, where an update merges."""
    before = _present(call, state)
    if before is None or _rewrites(call):
        return play(call, state)
    longer = {
        name: [*value, *before.fields[name]]
        for name, value in _data(call).items()
        if isinstance(value, list) and len(value) == 1 and isinstance(before.fields.get(name), list)
    }
    return play(_with(call, {**_data(call), **longer}), state)


@deviations.play("CG-PATCH-1", UPDATE, beside=("CG-PATCH-3",))
def update_stores_false_as_null(call: Call, state: Transaction, play: Operation) -> Reply:
    """Store false as null in an update."""
    return _stored(call, state, play, lambda value: None if value is False else value)


@deviations.play("CG-PATCH-1", UPDATE, beside=("CG-PATCH-3",))
def update_wraps_large_integers(call: Call, state: Transaction, play: Operation) -> Reply:
    """Store whole numbers in 32 bits in an update."""
    return _stored(
        call,
        state,
        play,
        lambda value: (value + 2**31) % 2**32 - 2**31 if type(value) is int else value,
    )


@deviations.play("CG-PATCH-2", UPDATE, beside=("CG-PATCH-3",))
def update_loses_lists(call: Call, state: Transaction, play: Operation) -> Reply:
    """Lose lists of more than one entry where an update merges."""
    before = _present(call, state)
    if before is not None and not _rewrites(call):
        kept = {name: value for name, value in before.fields.items() if not isinstance(value, list) or len(value) < 2}
        _keep(state, replace(before, fields=kept))
    return play(call, state)


@deviations.play("CG-PATCH-2", UPDATE)
def explicit_merge_by_update_rewrites(call: Call, state: Transaction, play: Operation) -> Reply:
    """Rewrite where an update says saveOption=merge."""
    return play(_option(call, "rewrite") if call.query.get("saveOption") == "merge" else call, state)


@deviations.play("CG-PATCH-3", UPDATE, beside=("CG-UPDATE-4",))
def update_without_option_rewrites(call: Call, state: Transaction, play: Operation) -> Reply:
    """Rewrite where an update of two fields or more says nothing."""
    return play(_option(call, "rewrite") if "saveOption" not in call.query and len(_data(call)) > 1 else call, state)


@deviations.play("CG-PATCH-4", UPDATE, beside=("CG-PATCH-1", "CG-PATCH-3"))
def update_adds_no_objects(call: Call, state: Transaction, play: Operation) -> Reply:
    """Leave out new fields whose value is an object where an update merges."""
    before = _present(call, state)
    if before is None or _rewrites(call):
        return play(call, state)
    kept = {name: value for name, value in _data(call).items() if name in before.fields or not isinstance(value, dict)}
    return play(_with(call, kept), state)


@deviations.play("CG-NEST-1", WRITE, UPDATE)
def merge_goes_one_level_deeper(call: Call, state: Transaction, play: Operation) -> Reply:
    """Merge the objects in fields, too, but none inside of these."""
    before = _present(call, state)
    if before is None or _rewrites(call):
        return play(call, state)
    deeper = {
        name: {**before.fields[name], **value}
        for name, value in _data(call).items()
        if isinstance(value, dict) and isinstance(before.fields.get(name), dict)
    }
    return play(_with(call, {**_data(call), **deeper}), state)


@deviations.play("CG-NULL-1", WRITE, UPDATE)
def null_removes_a_field(call: Call, state: Transaction, play: Operation) -> Reply:
    """Store no field that is sent as null, and leave one that is there as it was."""
    return play(_with(call, {name: value for name, value in _data(call).items() if value is not None}), state)


# --- rewriting --------------------------------------------------------------------------------------------------------


@deviations.play("CG-REWRITE-1", WRITE)
def rewrite_sorts_lists(call: Call, state: Transaction, play: Operation) -> Reply:
    """Sort lists of texts in a write that rewrites, each text once."""
    if not _rewrites(call):
        return play(call, state)
    return _stored(call, state, play, _sorted)


def _sorted(value: Json) -> Json:
    texts = isinstance(value, list) and all(isinstance(each, str) for each in value)
    return sorted(set(value)) if texts else value


@deviations.play("CG-REWRITE-2", WRITE)
def rewrite_of_nothing_changes_nothing(call: Call, state: Transaction, play: Operation) -> Reply:
    """Leave a subject as it was where a write rewrites it without fields."""
    return play(call if _data(call) or not _rewrites(call) else _option(call, "merge"), state)


@deviations.play("CG-REWRITE-2", WRITE)
def rewrite_keeps_lists(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep lists where a write rewrites without them."""
    before = _present(call, state)
    old = before.fields if before is not None and _rewrites(call) else {}
    return play(
        _with(call, {**{name: each for name, each in old.items() if isinstance(each, list)}, **_data(call)}), state
    )


@deviations.play("CG-REWRITE-2", WRITE)
def second_rewrite_merges(call: Call, state: Transaction, play: Operation) -> Reply:
    """Merge where a write rewrites a subject once more."""
    if not _rewrites(call) or _present(call, state) is None:
        return play(call, state)
    number = _counted(state, _key(call.path["type"], call.path["subjectId"]))
    return play(_option(call, "merge") if number > 1 else call, state)


@deviations.play("CG-REPATCH-1", UPDATE)
def rewriting_update_stores_numbers_as_texts(call: Call, state: Transaction, play: Operation) -> Reply:
    """Store numbers that are no whole ones as texts in an update that rewrites."""
    if not _rewrites(call):
        return play(call, state)
    return _stored(call, state, play, lambda value: str(value) if isinstance(value, float) else value)


@deviations.play("CG-REPATCH-1", UPDATE)
def rewriting_update_merges_objects(call: Call, state: Transaction, play: Operation) -> Reply:
    """Merge the objects in fields that an update rewrites."""
    before = _present(call, state)
    if before is None or not _rewrites(call):
        return play(call, state)
    deeper = {
        name: {**before.fields[name], **value}
        for name, value in _data(call).items()
        if isinstance(value, dict) and isinstance(before.fields.get(name), dict)
    }
    return play(_with(call, {**_data(call), **deeper}), state)


@deviations.play("CG-REPATCH-2", UPDATE)
def rewriting_update_keeps_what_is_false(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep 0, false, null and what is empty where an update rewrites without them."""
    before = _present(call, state)
    old = before.fields if before is not None and _rewrites(call) else {}
    return play(_with(call, {**{name: value for name, value in old.items() if not value}, **_data(call)}), state)


@deviations.play("CG-REPATCH-2", UPDATE)
def dropped_fields_come_back(call: Call, state: Transaction, play: Operation) -> Reply:
    """Bring back what an update that rewrites has dropped by the next one that merges."""
    name = _key(call.path["type"], call.path["subjectId"])
    before, dropped = _present(call, state), state.get("deviation", name)
    if before is not None and _rewrites(call):
        state.put("deviation", name, before.fields)
    elif before is not None and isinstance(dropped, Mapping):
        _keep(state, replace(before, fields={**dropped, **before.fields}))
        state.delete("deviation", name)
    return play(call, state)


# --- versions ---------------------------------------------------------------------------------------------------------


@deviations.play("CG-ARCHIVE-1", WRITE)
def writes_archive_the_new_state(call: Call, state: Transaction, play: Operation) -> Reply:
    """Put the state after a write into the archive, under the version before."""
    before, reply = _present(call, state), play(call, state)
    if reply.accepted and before is not None:
        _archive(state, before, _present(call, state).fields)
    return reply


def _archive(state: Transaction, version: Any, fields: Mapping[str, Json]) -> None:
    state.put(ARCHIVE, _key(version.type, version.id, version.version), replace(version, fields=fields))


@deviations.play("CG-ARCHIVE-1", WRITE, beside=("CG-VERSION-2", "CG-VERSION-3"))
def rewrites_are_not_archived(call: Call, state: Transaction, play: Operation) -> Reply:
    """Archive nothing where a write rewrites."""
    before, reply = _present(call, state), play(call, state)
    if reply.accepted and before is not None and _rewrites(call):
        state.delete(ARCHIVE, _key(before.type, before.id, before.version))
    return reply


@deviations.play("CG-ARCHIVE-1", WRITE, UPDATE, beside=("CG-ARCHIVE-2", "CG-VERSION-3"))
def archive_forgets_after_five(call: Call, state: Transaction, play: Operation) -> Reply:
    """Throw out of the archive what is older than five versions."""
    before, reply = _present(call, state), play(call, state)
    if reply.accepted and before is not None:
        state.delete(ARCHIVE, _key(before.type, before.id, before.version - 5))
    return reply


@deviations.play("CG-ARCHIVE-2", UPDATE)
def archive_follows_updates(call: Call, state: Transaction, play: Operation) -> Reply:
    """Update the first version, too."""
    reply = play(call, state)
    first: Any = state.get(ARCHIVE, _key(call.path["type"], call.path["subjectId"], 1))
    if reply.accepted and first is not None and first.version < _present(call, state).version - 1:
        _archive(state, first, {**first.fields, **{n: v for n, v in _data(call).items() if n in first.fields}})
    return reply


@deviations.play("CG-ARCHIVE-2", UPDATE)
def new_fields_in_the_version_before(call: Call, state: Transaction, play: Operation) -> Reply:
    """Archive a version from the third one on with the fields that the update after it adds."""
    before, reply = _present(call, state), play(call, state)
    if reply.accepted and before is not None and before.version > 2 and not _rewrites(call):
        _archive(state, before, {**_data(call), **before.fields})
    return reply


@deviations.play("CG-ARCHIVE-2", UPDATE, beside=("CG-VERSION-3", "CG-VERSION-2"))
def update_of_nothing_is_not_archived(call: Call, state: Transaction, play: Operation) -> Reply:
    """Archive nothing where an update changes nothing, and count it."""
    before, reply = _present(call, state), play(call, state)
    if reply.accepted and before is not None and before.fields == _present(call, state).fields:
        state.delete(ARCHIVE, _key(before.type, before.id, before.version))
    return reply


@deviations.play("CG-ARCHIVE-2", UPDATE)
def archive_is_flat(call: Call, state: Transaction, play: Operation) -> Reply:
    """Archive neither lists nor objects."""
    before, reply = _present(call, state), play(call, state)
    if reply.accepted and before is not None:
        _archive(state, before, {n: v for n, v in before.fields.items() if not isinstance(v, dict | list)})
    return reply


@deviations.play("CG-VERSION-1", "getSubject")
def versions_begin_with_0(call: Call, state: Transaction, play: Operation) -> Reply:
    """Count versions from 0."""
    version = call.query.get("version")
    return play(call if version is None else _asked(call, version=version + 1), state)


@deviations.play("CG-VERSION-1", CREATE, beside=("CG-VERSION-3",))
def generated_subjects_begin_with_version_2(call: Call, state: Transaction, play: Operation) -> Reply:
    """Let a subject with a generated ID begin with version 2."""
    reply = play(call, state)
    if reply.accepted:
        made: Any = state.get(SUBJECTS, _key(*_made(reply)))
        _keep(state, replace(made, version=2))
    return reply


@deviations.play("CG-VERSION-2", WRITE, UPDATE)
def rewriting_counts_twice(call: Call, state: Transaction, play: Operation) -> Reply:
    """Let the version grow by two where a subject is rewritten."""
    before, reply = _present(call, state), play(call, state)
    if reply.accepted and before is not None and _rewrites(call):
        _keep(state, replace(_present(call, state), version=before.version + 2))
    return reply


@deviations.play("CG-VERSION-2", UPDATE, beside=("CG-ARCHIVE-1", "CG-ARCHIVE-2"))
def update_of_nothing_makes_no_version(call: Call, state: Transaction, play: Operation) -> Reply:
    """Make no version where an update changes nothing."""
    before, reply = _present(call, state), play(call, state)
    if reply.accepted and before is not None and before.fields == _present(call, state).fields:
        _keep(state, before)
    return reply


@deviations.play("CG-VERSION-3", "getSubject", beside=("CG-ARCHIVE-1", "CG-ARCHIVE-2"))
def version_ignored(call: Call, state: Transaction, play: Operation) -> Reply:
    """Read the present version where the first is asked for."""
    first = call.query.get("version") == 1
    return play(replace(call, query={}) if first else call, state)


@deviations.play("CG-VERSION-3", "getSubject")
def present_version_not_found(call: Call, state: Transaction, play: Operation) -> Reply:
    """Find no present version by its number once there is an older one."""
    present, reply = _present(call, state), play(call, state)
    asked = call.query.get("version")
    return _refused(404) if present is not None and present.version > 1 and asked == present.version else reply


@deviations.play("CG-VERSION-4", "getSubject")
def versions_to_come_show_the_present(call: Call, state: Transaction, play: Operation) -> Reply:
    """Read the present version where one is asked for that is not there yet."""
    present = _present(call, state)
    beyond = present is not None and call.query.get("version", 0) > present.version
    return play(replace(call, query={}) if beyond else call, state)


@deviations.play("CG-VERSION-5", WRITE, UPDATE)
def refused_call_makes_a_version(call: Call, state: Transaction, play: Operation) -> Reply:
    """Make a version where a call is refused."""
    before, reply = _present(call, state), play(call, state)
    if not reply.accepted and before is not None:
        _archive(state, before, before.fields)
        _keep(state, replace(before, version=before.version + 1))
        state.commit()
    return reply


# --- refusals ---------------------------------------------------------------------------------------------------------


@deviations.play("CG-STATE-1", WRITE)
def refused_write_is_done(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse a write for what it says, and do it all the same."""
    before, reply = _present(call, state), play(call, state)
    if not reply.accepted and before is not None:
        _keep(state, replace(before, fields={**before.fields, **_data(call)}))
        state.commit()
    return reply


def _without_privilege(refusal: Refusal, operation_id: str | None) -> Refusal | None:
    return None if refusal.status == 403 else refusal


def _done_and_refused(call: Call, state: Transaction, play: Operation) -> Reply:
    """Do what the caller may not do, and refuse it."""
    reply = play(call, state)
    if "write" in call.scopes:
        return reply
    state.commit()
    return _refused(403)


for _operation, _rule, _name in ((WRITE, "CG-AUTH-5", "write"), (UPDATE, "CG-AUTH-6", "update")):
    deviations.add(
        Deviation(
            f"{_name}-without-privilege-is-done",
            _rule,
            f"The {_name} of a key that may only read is refused with 403, and done.",
            operations=(_operation,),
            play=_done_and_refused,
            refuse=_without_privilege,
        )
    )


@deviations.refuse("CG-AUTH-8", *WRITES, "listSubjects")
def unknown_header_key_taken(refusal: Refusal, operation_id: str | None) -> Refusal | None:
    """Take any key in X-Consent-Key."""
    return None if refusal.where == "X-Consent-Key" else refusal


@deviations.refuse("CG-AUTH-9", *WRITES, "listSubjects")
def unknown_password_taken(refusal: Refusal, operation_id: str | None) -> Refusal | None:
    """Take any password in HTTP Basic."""
    return None if "password" in refusal.detail else refusal


@deviations.refuse("CG-AUTH-9", *WRITES)
def any_user_of_basic_taken(refusal: Refusal, operation_id: str | None) -> Refusal | None:
    """Take the key in HTTP Basic for the password of any user."""
    return None if "the user is not" in refusal.detail else refusal


# --- the key ----------------------------------------------------------------------------------------------------------


@deviations.play("CG-KEY-1", WRITE, UPDATE)
def type_is_no_part_of_the_key(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take an ID for the same subject under each type."""
    reply = play(_under(call, call.path["subjectId"], "any"), state)
    return _told(reply, "type", call.path["type"]) if reply.accepted else reply


@deviations.play("CG-KEY-1", UPDATE)
def update_finds_the_id_under_another_type(call: Call, state: Transaction, play: Operation) -> Reply:
    """Update a subject of another type where none of the type has the ID."""
    same = [subject.type for subject in _subjects(state) if subject.id == call.path["subjectId"]]
    kind = call.path["type"] if call.path["type"] in same or not same else same[0]
    return play(_under(call, call.path["subjectId"], kind), state)


@deviations.play("CG-KEY-2", WRITE, UPDATE)
def ids_in_any_case(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take IDs that differ in case for one."""
    reply = play(_under(call, call.path["subjectId"].lower()), state)
    return _told(reply, "id", call.path["subjectId"]) if reply.accepted else reply


@deviations.play("CG-KEY-2", UPDATE)
def update_finds_ids_in_any_case(call: Call, state: Transaction, play: Operation) -> Reply:
    """Update a subject whose ID differs in case where none has the very ID."""
    alike = [subject.id for subject in _subjects(state) if subject.id.lower() == call.path["subjectId"].lower()]
    subject_id = call.path["subjectId"]
    return play(_under(call, subject_id if subject_id in alike or not alike else alike[0]), state)


@deviations.play("CG-KEY-2", "getSubject")
def reads_find_ids_in_any_case(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show a subject whose ID differs in case where none has the very ID."""
    alike = [subject.id for subject in _subjects(state) if subject.id.lower() == call.path["subjectId"].lower()]
    subject_id = call.path["subjectId"]
    return play(_under(call, subject_id if subject_id in alike or not alike else alike[0]), state)


@deviations.play("CG-KEY-2", WRITE, UPDATE)
def letters_beyond_ascii_in_any_case(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take IDs for one that differ in the case of letters beyond ASCII."""
    stored = "".join(each if each.isascii() else each.lower() for each in call.path["subjectId"])
    reply = play(_under(call, stored), state)
    return _told(reply, "id", call.path["subjectId"]) if reply.accepted else reply


# --- fields -----------------------------------------------------------------------------------------------------------


def _named(call: Call, name: Callable[[str], str]) -> Call:
    """Return the call with its fields called otherwise."""
    return _with(call, {name(each): value for each, value in _data(call).items()})


@deviations.play("CG-DATA-1", *WRITES, beside=("CG-WRITE-3", "CG-CREATE-3"))
def dots_in_names_are_paths(call: Call, state: Transaction, play: Operation) -> Reply:
    """Make an object of a field that has a dot in its name."""
    fields: dict[str, Json] = {}
    for name, value in _data(call).items():
        first, dot, rest = name.partition(".")
        fields[first] = {rest: value} if dot else value
    return play(_with(call, fields), state)


@deviations.play("CG-DATA-1", *WRITES, beside=("CG-WRITE-3", "CG-CREATE-3"))
def names_lose_their_blanks(call: Call, state: Transaction, play: Operation) -> Reply:
    """Cut off blanks around the name of a field."""
    return play(_named(call, str.strip), state)


@deviations.play("CG-DATA-1", *WRITES, beside=("CG-WRITE-3", "CG-CREATE-3"))
def fields_with_a_dollar_are_lost(call: Call, state: Transaction, play: Operation) -> Reply:
    """Leave out fields whose names begin with a dollar."""
    return play(_with(call, {name: value for name, value in _data(call).items() if not name.startswith("$")}), state)


@deviations.play("CG-DATA-1", *WRITES, beside=("CG-WRITE-3", "CG-CREATE-3"))
def long_names_are_cut(call: Call, state: Transaction, play: Operation) -> Reply:
    """Cut names of fields after 64 characters."""
    return play(_named(call, lambda name: name[:64]), state)


@deviations.play("CG-DATA-1", *WRITES, beside=("CG-WRITE-3", "CG-CREATE-3"))
def fields_beyond_the_fortieth_are_lost(call: Call, state: Transaction, play: Operation) -> Reply:
    """Leave out fields beyond the fortieth."""
    before = _present(call, state) if "subjectId" in call.path else None
    old = {} if before is None or _rewrites(call) else before.fields
    room = 40 - len(old)
    new = [name for name in _data(call) if name not in old][max(room, 0) :]
    return play(_with(call, {name: value for name, value in _data(call).items() if name not in new}), state)


@deviations.play("CG-DATA-1", *WRITES, beside=("CG-WRITE-3", "CG-CREATE-3"))
def values_end_at_the_eighth_level(call: Call, state: Transaction, play: Operation) -> Reply:
    """Store what lies deeper than eight levels as null."""
    return _stored(call, state, play, lambda value: _shallow(value, 8))


def _shallow(value: Json, levels: int) -> Json:
    if levels == 0 or not isinstance(value, dict | list):
        return value if levels else None
    if isinstance(value, dict):
        return {name: _shallow(each, levels - 1) for name, each in value.items()}
    return [_shallow(each, levels - 1) for each in value]


@deviations.play("CG-DATA-1", *WRITES, beside=("CG-WRITE-3", "CG-CREATE-3"))
def lists_of_lists_are_one_list(call: Call, state: Transaction, play: Operation) -> Reply:
    """Store a list of lists as one list."""
    return _stored(call, state, play, _flat)


def _flat(value: Json) -> Json:
    lists = isinstance(value, list) and value and all(isinstance(each, list) for each in value)
    return [each for inner in value for each in inner] if lists else value


# --- the form of a record ---------------------------------------------------------------------------------------------


@deviations.send("CG-FORM-1", *WRITES)
def envelope_without_a_version(reply: Reply, operation_id: str | None) -> Reply:
    """Send records in an envelope that has no version, time and maker."""
    if not reply.accepted:
        return reply
    kind, subject_id = _made(reply)
    return replace(reply, body={"id": {"id": subject_id, "type": kind}, "data": reply.body["data"]})


# --- reads ------------------------------------------------------------------------------------------------------------


@deviations.play("CG-GET-1", "getSubject")
def read_shows_the_version_before(call: Call, state: Transaction, play: Operation) -> Reply:
    """Read the present state one version late."""
    present = _present(call, state)
    stale = present is not None and present.version > 1 and "version" not in call.query
    return play(_asked(call, version=present.version - 1) if stale else call, state)


@deviations.play("CG-LIST-2", "listSubjects", beside=("CG-LIST-4",))
def empty_page_is_not_found(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer a page without subjects with 404."""
    reply = play(call, state)
    return _refused(404) if isinstance(reply.body, dict) and not reply.body["subjects"] else reply


@deviations.play("CG-LIST-2", "listSubjects")
def list_of_no_subjects_is_not_found(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer the list of a type that has no subjects with 404."""
    reply = play(call, state)
    return _refused(404) if isinstance(reply.body, dict) and not reply.body["total"] else reply


@deviations.play("CG-LIST-2", "listSubjects")
def list_shows_first_versions(call: Call, state: Transaction, play: Operation) -> Reply:
    """List subjects as they were created."""
    reply = play(call, state)
    for record in reply.body["subjects"] if reply.accepted else ():
        first: Any = state.get(ARCHIVE, _key(*_made(Reply(200, record)), 1))
        record["data"] = first.fields if first is not None else record["data"]
    return reply


@deviations.play("CG-LIST-4", "listSubjects")
def offset_counts_from_1(call: Call, state: Transaction, play: Operation) -> Reply:
    """Count offset from 1."""
    return play(_asked(call, offset=max(call.query.get("offset", 0) - 1, 0)), state)


@deviations.play("CG-LIST-4", "listSubjects")
def offset_counts_pages(call: Call, state: Transaction, play: Operation) -> Reply:
    """Leave out as many pages as offset says, not subjects."""
    return play(_asked(call, offset=call.query.get("offset", 0) * call.query.get("max", 100)), state)


@deviations.play("CG-LIST-4", "listSubjects", beside=("CG-LIST-5",))
def offset_needs_a_max(call: Call, state: Transaction, play: Operation) -> Reply:
    """Leave offset without effect where max is not given."""
    return play(call if "max" in call.query else _asked(call, offset=0), state)


@deviations.play("CG-LIST-4", "listSubjects")
def pages_overlap_by_one(call: Call, state: Transaction, play: Operation) -> Reply:
    """Leave out one subject less than an offset above 1 says."""
    offset = call.query.get("offset", 0)
    return play(_asked(call, offset=offset - 1) if offset > 1 else call, state)


@deviations.play("CG-LIST-5", "listSubjects")
def page_holds_one_more(call: Call, state: Transaction, play: Operation) -> Reply:
    """Put one subject more on a page than max says."""
    return play(_asked(call, max=call.query["max"] + 1) if "max" in call.query else call, state)


@deviations.play("CG-LIST-5", "listSubjects")
def page_of_20_unspecified(call: Call, state: Transaction, play: Operation) -> Reply:
    """Put 20 subjects on a page where max is not given."""
    return play(call if "max" in call.query else _asked(call, max=20), state)


@deviations.play("CG-LIST-5", "listSubjects", beside=("CG-LIST-17",))
def page_of_200_unspecified(call: Call, state: Transaction, play: Operation) -> Reply:
    """Put 200 subjects on a page where max is not given."""
    return play(call if "max" in call.query else _asked(call, max=200), state)


@deviations.play("CG-LIST-5", "listSubjects")
def max_of_0_is_no_limit(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take a max of 0 for none at all."""
    return play(_asked(call, max=100) if call.query.get("max") == 0 else call, state)


@deviations.play("CG-LIST-6", "listSubjects")
def max_beyond_200_refused(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse a max above 200."""
    reply = play(call, state)
    return _refused(400) if call.query.get("max", 0) > 200 else reply


@deviations.play("CG-LIST-6", "listSubjects")
def max_beyond_200_is_100(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take a max above 200 for the default."""
    return play(_asked(call, max=100) if call.query.get("max", 0) > 200 else call, state)


@deviations.play("CG-LIST-7", "listSubjects")
def list_of_all_types_unspecified(call: Call, state: Transaction, play: Operation) -> Reply:
    """List subjects of all types where no type is given."""
    if "type" in call.query:
        return play(call, state)
    return _selected(call, state, play, lambda kind: True)


def _selected(call: Call, state: Transaction, play: Operation, wanted: Callable[[str], bool]) -> Reply:
    """Return a list of the subjects of all types that are wanted."""
    first, most = call.query.get("offset", 0), min(call.query.get("max", 100), 200)
    kinds = dict.fromkeys(each.type for each in _subjects(state) if wanted(each.type))
    lists = [play(_asked(call, type=kind, offset=0, max=200), state).body for kind in kinds]
    shown = [record for each in lists for record in each["subjects"]]
    return Reply(200, {"total": sum(each["total"] for each in lists), "subjects": shown[first : first + most]})


@deviations.play("CG-LIST-7", "listSubjects")
def types_that_begin_alike(call: Call, state: Transaction, play: Operation) -> Reply:
    """List subjects of the types, too, that begin with the name of the type."""
    return _selected(call, state, play, lambda kind: kind.startswith(call.query.get("type", "user")))


@deviations.play("CG-LIST-8", "listSubjects")
def total_is_that_of_the_page(call: Call, state: Transaction, play: Operation) -> Reply:
    """Count the subjects of the page alone in total."""
    reply = play(call, state)
    return _told(reply, "total", len(reply.body["subjects"])) if isinstance(reply.body, dict) else reply


@deviations.play("CG-LIST-8", "listSubjects")
def total_counts_versions(call: Call, state: Transaction, play: Operation) -> Reply:
    """Count the old versions of subjects in total as well."""
    reply, kind = play(call, state), call.query.get("type", "user")
    old = sum(json.loads(key)[0] == kind for key, _ in state.scan(ARCHIVE))
    return _told(reply, "total", reply.body["total"] + old) if isinstance(reply.body, dict) else reply


@deviations.play("CG-LIST-8", "listSubjects", beside=("CG-LIST-4",))
def total_of_an_empty_page_is_0(call: Call, state: Transaction, play: Operation) -> Reply:
    """Send a total of 0 where the page holds nobody."""
    reply = play(call, state)
    empty = isinstance(reply.body, dict) and not reply.body["subjects"]
    return _told(reply, "total", 0) if empty else reply


@deviations.play("CG-LIST-19", "listSubjects")
def list_begins_with_the_newest(call: Call, state: Transaction, play: Operation) -> Reply:
    """List the newest subjects first."""
    reply = play(call, state)
    return _told(reply, "subjects", reply.body["subjects"][::-1]) if isinstance(reply.body, dict) else reply


# --- what shows between subjects that are alike, or among many alone -----------------------------------------------


@deviations.play("CG-KEY-2", WRITE, UPDATE, beside=("CG-UPDATE-2", "CG-WRITE-2", "CG-UPDATE-3", "CG-WRITE-5"))
def last_letter_does_not_know_case(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take IDs that differ in the case of their last letter for one."""
    subject_id = str(call.path["subjectId"])
    return play(_under(call, subject_id[:-1] + subject_id[-1:].lower()), state)


@deviations.play("CG-UPDATE-3", UPDATE, beside=("CG-WRITE-5",))
def equals_are_updated_too(call: Call, state: Transaction, play: Operation) -> Reply:
    """Change all subjects that have the same fields where one of them is updated."""
    before = _present(call, state)
    reply, after = play(call, state), _present(call, state)
    if before is not None and before.fields and reply.status == 200:
        for each in _subjects(state):
            if each.fields == before.fields and (each.type, each.id) != (before.type, before.id):
                _keep(state, replace(each, fields=after.fields))
    return reply


@deviations.play("CG-UPDATE-3", UPDATE, beside=("CG-WRITE-5",))
def fifteenth_before_is_updated_too(call: Call, state: Transaction, play: Operation) -> Reply:
    """Write an update into the subject, too, that was created fifteen before."""
    reply, everybody = play(call, state), _subjects(state)
    place = next((at for at, each in enumerate(everybody) if each.id == call.path["subjectId"]), 0)
    if reply.status == 200 and place >= 15 and _data(call):
        other = everybody[place - 15]
        _keep(state, replace(other, fields={**other.fields, **_data(call)}))
    return reply
