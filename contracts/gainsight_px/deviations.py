"""Departures from Gainsight PX's rules that the mock plays, of the kinds that servers have: most show in one case only.

One file, though a long one, since deviations are loaded by its path alone. They know of the model that users
are kept under "users" by their id, and that `fields` of one are what clients wrote.
"""

import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html import escape
from typing import Any

from understudy.model.behaviour import Operation, Refusal
from understudy.model.call import Call, Reply
from understudy.model.deviation import Deviation, Deviations
from understudy.model.state import Transaction
from understudy.values import Json

WRITES = ("createUser", "updateUser", "updateUserOfBody")
UPDATES = ("updateUser", "updateUserOfBody")
READS = ("getUser", "listUsers")
CUSTOM = "customAttributes"
KEPT = ("PX-CREATE-3", "PX-UPDATE-2", "PX-GET-1")
"""What a value that is not kept breaks: the rule of the write, or that of the read."""

deviations = Deviations()


def _body(call: Call) -> dict[str, Json]:
    return call.body if isinstance(call.body, dict) else {}


def _named(call: Call) -> str:
    """Return the id of the user that a call is about."""
    return str(call.path.get("identifyId", _body(call).get("identifyId")))


def _about(call: Call, identify_id: str) -> Call:
    """Return the call, about another user."""
    if "identifyId" in call.path:
        return replace(call, path={**call.path, "identifyId": identify_id})
    return replace(call, body={**_body(call), "identifyId": identify_id})


def _sending(call: Call, change: Callable[[str, Json], Json]) -> Call:
    """Return the call with each value of its body changed, but for the id."""
    body = {name: value if name == "identifyId" else change(name, value) for name, value in _body(call).items()}
    return replace(call, body=body)


def _without(call: Call, lost: Callable[[str, Json], bool]) -> Call:
    """Return the call without what is lost of its body."""
    return replace(call, body={name: value for name, value in _body(call).items() if not lost(name, value)})


def _leaves(value: Json, change: Callable[[Json], Json]) -> Json:
    """Return the value with everything in it changed that is neither object nor list, however deep."""
    if isinstance(value, dict):
        return {name: _leaves(each, change) for name, each in value.items()}
    return [_leaves(each, change) for each in value] if isinstance(value, list) else change(value)


def _texts(call: Call, change: Callable[[str], str]) -> Call:
    """Return the call with each text of its body changed."""
    return _sending(call, lambda _, value: _leaves(value, lambda each: change(each) if isinstance(each, str) else each))


def _user(state: Transaction, identify_id: str) -> Any:
    """Return the record of a user, deleted or not; None where there is none."""
    return state.get("users", identify_id)


def _users(state: Transaction) -> list[tuple[str, Any]]:
    """Return ids and records of all users, those who are deleted too."""
    return list(state.scan("users"))


def _set(state: Transaction, identify_id: str, **values: Any) -> None:
    """Change a user's record."""
    if (user := _user(state, identify_id)) is not None:
        state.put("users", identify_id, replace(user, **values))


def _alike(state: Transaction, identify_id: str, form: Callable[[str], str]) -> str:
    """Return the first user's id that has the same form, or the very id where no user is alike."""
    return next((key for key, _ in _users(state) if form(key) == form(identify_id)), identify_id)


def _count(state: Transaction, name: str) -> int:
    """Count one more under the name; return how many there are now."""
    number = state.get("deviation", name)
    number = number + 1 if isinstance(number, int) else 1
    state.put("deviation", name, number)
    return number


def _filtered(call: Call, change: Callable[[str], str]) -> Call:
    """Return the call with each of its filters changed."""
    filters = call.query.get("filter")
    return (
        call if filters is None else replace(call, query={**call.query, "filter": [change(each) for each in filters]})
    )


def _asking(call: Call, **query: Json) -> Call:
    """Return the call with other parameters in its query; None leaves one out."""
    asked = {**call.query, **query}
    return replace(call, query={name: value for name, value in asked.items() if value is not None})


def _json(reply: Reply) -> Any:
    """Return the body of a reply that has one."""
    return reply.body


def _with(reply: Reply, **values: Json) -> Reply:
    """Return the reply with these values at the top of its body, where it is a success with one."""
    return replace(reply, body={**_json(reply), **values}) if reply.status == 200 else reply


def _shown(reply: Reply, change: Callable[[dict[str, Json]], dict[str, Json]]) -> Reply:
    """Return the reply with each user in it changed."""
    if reply.status != 200 or not isinstance(reply.body, dict):
        return reply
    if "users" in reply.body:
        return _with(reply, users=[change(user) for user in _json(reply)["users"]])
    return replace(reply, body=change(reply.body))


# --- where, how often, and by whom ------------------------------------------------------------------------------------


@deviations.send("PX-ROUTE-1", "updateUser")
def put_not_offered(reply: Reply, operation_id: str | None) -> Reply:
    """Answer 405 to every PUT with a user in the path."""
    return Reply(405, headers=(("Allow", "GET, PATCH, DELETE"),)) if reply.status != 401 else reply


@deviations.refuse("PX-LIMIT-1", "updateUser")
def too_many_is_unavailable(refusal: Refusal, operation_id: str | None) -> Refusal | None:
    """Refuse too many requests with 404, as if nobody were there."""
    return replace(refusal, status=404) if refusal.status == 429 else refusal


@deviations.refuse("PX-LIMIT-1")
def no_limit(refusal: Refusal, operation_id: str | None) -> Refusal | None:
    """Take any number of requests."""
    return None if refusal.status == 429 else refusal


@deviations.play("PX-LIMIT-2", "updateUser")
def half_the_quota(call: Call, state: Transaction, play: Operation) -> Reply:
    """Allow 100 requests in one second, not 200."""
    made = _count(state, f"in {call.now:%H:%M:%S}")
    state.commit()
    return play(call, state) if made <= 100 else Reply(429)


@deviations.refuse("PX-AUTH-3", "createUser", "deleteUser")
def read_key_creates_and_deletes(refusal: Refusal, operation_id: str | None) -> Refusal | None:
    """Let a key that may only read create and delete."""
    return None if refusal.status == 403 else refusal


@deviations.refuse("PX-AUTH-3", *UPDATES)
def read_key_updates(refusal: Refusal, operation_id: str | None) -> Refusal | None:
    """Let a key that may only read update."""
    return None if refusal.status == 403 else refusal


@deviations.play("PX-AUTH-10", "getUser")
def reading_nobody_needs_a_write_key(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse to read a user who is not there with a key that may only read."""
    reply = play(call, state)
    return reply if "WRITE" in call.scopes or reply.status != 404 else Reply(403)


@deviations.play("PX-AUTH-8", "listUsers")
def scrolls_need_a_write_key(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse a page that a scrollId asks for to a key that may only read."""
    return play(call, state) if "WRITE" in call.scopes or "scrollId" not in call.query else Reply(403)


@deviations.play("PX-AUTH-10", "getUser")
def reads_need_a_write_key(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse to read with a key that may only read."""
    return play(call, state) if "WRITE" in call.scopes else Reply(403)


@deviations.play("PX-AUTH-8", "listUsers")
def lists_need_a_write_key(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse to list with a key that may only read."""
    return play(call, state) if "WRITE" in call.scopes else Reply(403)


@deviations.send("PX-AUTH-6", "createUser")
def nobody_may_create(reply: Reply, operation_id: str | None) -> Reply:
    """Refuse every key to create."""
    return Reply(403) if reply.status < 400 else reply


@deviations.send("PX-AUTH-12", "deleteUser")
def nobody_may_delete(reply: Reply, operation_id: str | None) -> Reply:
    """Refuse every key to delete."""
    return Reply(403) if reply.status < 400 else reply


@deviations.send("PX-AUTH-14", "updateUserOfBody")
def nobody_may_update_by_body(reply: Reply, operation_id: str | None) -> Reply:
    """Refuse every key to update users whom the body names."""
    return Reply(403) if reply.status < 400 else reply


@deviations.send("PX-AUTH-16", "deleteUserOfBody")
def nobody_may_delete_by_body(reply: Reply, operation_id: str | None) -> Reply:
    """Refuse every key to delete users whom the body names."""
    return Reply(403) if reply.status < 400 else reply


@deviations.send("PX-AUTH-2", "updateUser")
def nobody_may_update(reply: Reply, operation_id: str | None) -> Reply:
    """Refuse every key to update."""
    return Reply(403) if reply.status < 400 else reply


# --- creation ---------------------------------------------------------------------------------------------------------


@deviations.play("PX-CREATE-1", "createUser")
def created_with_200(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer a creation with 200 where the body has no more than the least."""
    reply = play(call, state)
    return replace(reply, status=200) if reply.accepted and len(_body(call)) < 3 else reply


@deviations.play("PX-CREATE-1", "createUser", beside=("PX-DELETE-5",))
def never_twice(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse ids that were ever taken, even by users who were deleted for good."""
    taken, gone = _count(state, f"taken {_named(call)}") > 1, _user(state, _named(call)) is None
    return Reply(400) if taken and gone else play(call, state)


@deviations.play("PX-CREATE-2", "createUser")
def same_again_is_taken(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take a duplicate whose body is that of the creation."""
    text, reply = json.dumps(call.body, sort_keys=True), play(call, state)
    if reply.accepted:
        state.put("deviation", f"body of {_named(call)}", text)
    return Reply(201) if reply.status == 400 and state.get("deviation", f"body of {_named(call)}") == text else reply


@deviations.play("PX-CREATE-2", "createUser")
def third_duplicate_is_taken(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take every third duplicate of a user."""
    reply = play(call, state)
    if reply.accepted or _count(state, f"duplicates of {_named(call)}") % 3 == 0:
        return replace(reply, status=201)
    state.commit()
    return reply


@deviations.play("PX-CREATE-7", "createUser")
def refused_duplicate_writes(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse a duplicate, and write its texts all the same."""
    reply, user = play(call, state), _user(state, _named(call))
    if reply.status == 400 and user is not None:
        texts = {name: each for name, each in _body(call).items() if isinstance(each, str) and name != "identifyId"}
        _set(state, _named(call), fields={**user.fields, **texts})
        state.commit()
    return reply


@deviations.play("PX-CREATE-8", "createUser")
def duplicate_without_case(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take an id for a duplicate that differs from another's in case alone."""
    return Reply(400) if _alike(state, _named(call), str.casefold) != _named(call) else play(call, state)


@deviations.play("PX-CREATE-3", "createUser")
def lists_of_one(call: Call, state: Transaction, play: Operation) -> Reply:
    """Create a user without the second entry of each list."""
    return play(_sending(call, lambda _, each: each[:1] if isinstance(each, list) else each), state)


@deviations.play("PX-CREATE-9", "createUser", beside=KEPT)
def nested_attributes_as_text(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep custom attributes that are objects or lists as JSON in text."""

    def flat(value: Json) -> Json:
        return json.dumps(value) if isinstance(value, dict | list) else value

    attributes = {name: flat(each) for name, each in (_body(call).get("customAttributes") or {}).items()}
    return play(_sending(call, lambda name, each: attributes if name == "customAttributes" else each), state)


@deviations.play("PX-CREATE-9", *WRITES, beside=KEPT)
def attributes_in_snake_case(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep custom attributes under names without dots, dollars and blanks."""
    attributes = _body(call).get("customAttributes") or {}
    clean = {name.strip().replace(".", "_").replace("$", "_"): each for name, each in attributes.items()}
    return play(_sending(call, lambda name, each: clean if name == "customAttributes" else each), state)


@deviations.play("PX-CREATE-1", "createUser")
def email_is_taken(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse a user whose email another has."""
    email = _body(call).get("email")
    others = {user.fields.get("email") for key, user in _users(state) if key != _named(call)}
    return Reply(400) if email and email in others else play(call, state)


@deviations.play("PX-CREATE-9", *WRITES, beside=KEPT)
def attributes_without_case(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep one of two custom attributes whose names differ in case alone."""
    attributes = _body(call).get("customAttributes") or {}
    names = {name.casefold(): name for name in attributes}
    few = {name: attributes[name] for name in names.values()}
    return play(_sending(call, lambda name, each: few if name == "customAttributes" else each), state)


@deviations.play("PX-CREATE-9", *WRITES, beside=KEPT)
def attributes_of_ascii_names(call: Call, state: Transaction, play: Operation) -> Reply:
    """Lose custom attributes whose names have other letters than those of ASCII."""
    attributes = _body(call).get("customAttributes") or {}
    few = {name: each for name, each in attributes.items() if name.isascii()}
    return play(_sending(call, lambda name, each: few if name == "customAttributes" else each), state)


# --- updates ----------------------------------------------------------------------------------------------------------


@deviations.play("PX-UPDATE-1", "updateUser")
def updated_with_200(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer an update that changes nothing with 200."""
    before, reply, after = _user(state, _named(call)), play(call, state), _user(state, _named(call))
    same = reply.accepted and before is not None and before.fields == after.fields
    return Reply(200, {}) if same else reply


@deviations.play("PX-UPDATE-1", "updateUser")
def second_key_is_refused(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse updates with more than one property key."""
    return play(call, state) if len(_body(call).get("propertyKeys") or ()) < 2 else Reply(400)


@deviations.play("PX-UPDATE-2", *UPDATES, beside=("PX-GET-1", "PX-UPDATE-4"))
def false_and_zero_are_absent(call: Call, state: Transaction, play: Operation) -> Reply:
    """Leave out of an update what is false, zero or empty."""
    return play(_without(call, lambda _, each: not each), state)


@deviations.play("PX-UPDATE-2", *UPDATES, beside=("PX-GET-1", "PX-UPDATE-4"))
def nested_zero_is_absent(call: Call, state: Transaction, play: Operation) -> Reply:
    """Leave out of a location what is empty."""

    def full(name: str, value: Json) -> Json:
        return {key: each for key, each in value.items() if each} if name == "location" else value

    return play(_sending(call, full), state)


@deviations.play("PX-UPDATE-2", *UPDATES, beside=("PX-GET-1", "PX-UPDATE-4"))
def score_only_rises(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep the higher of two scores."""
    user = _user(state, _named(call))
    best = user.fields.get("score", 0) if user is not None else 0
    return play(_without(call, lambda name, each: name == "score" and each < best), state)


@deviations.play("PX-UPDATE-2", *UPDATES, beside=("PX-GET-1", "PX-UPDATE-4"))
def third_update_is_lost(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer every third update of a user with 204, and forget it."""
    user, reply = _user(state, _named(call)), play(call, state)
    if reply.accepted and _count(state, f"updates of {_named(call)}") % 3 == 0:
        _set(state, _named(call), fields=user.fields)
    return reply


@deviations.play("PX-UPDATE-2", *UPDATES, beside=("PX-GET-1",))
def attributes_once(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep custom attributes that a user has as they are; new ones are added."""
    user = _user(state, _named(call))
    old = dict(user.fields.get("customAttributes") or {}) if user is not None else {}
    return play(_sending(call, lambda name, each: {**each, **old} if name == "customAttributes" else each), state)


@deviations.play("PX-UPDATE-2", *WRITES, beside=KEPT)
def numbers_as_doubles(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep whole numbers in 53 bits, so that those beyond are rounded."""
    return play(_sending(call, lambda _, each: int(float(each)) if type(each) is int else each), state)


@deviations.play("PX-UPDATE-2", *WRITES, beside=KEPT)
def coordinates_as_floats(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep one digit after the point of latitude and longitude."""

    def short(name: str, value: Json) -> Json:
        cut = name == "location"
        return _leaves(value, lambda each: round(each, 1) if cut and isinstance(each, float) else each)

    return play(_sending(call, short), state)


@deviations.play("PX-UPDATE-3", "updateUser", beside=("PX-UPDATE-10",))
def body_names_the_user(call: Call, state: Transaction, play: Operation) -> Reply:
    """Update the user whom the body names, whatever the path says."""
    return play(_about(call, _body(call).get("identifyId", _named(call))), state)


@deviations.play("PX-UPDATE-3", "updateUser")
def tag_is_ignored(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take name+tag@host for name@host where the latter is a user."""
    name, _, host = _named(call).partition("@")
    plain = f"{name.partition('+')[0]}@{host}"
    return play(call if _user(state, plain) is None else _about(call, plain), state)


@deviations.play("PX-UPDATE-3", *UPDATES)
def account_shares_attributes(call: Call, state: Transaction, play: Operation) -> Reply:
    """Give everybody of the same account the custom attributes of an update."""
    reply, user = play(call, state), _user(state, _named(call))
    account = reply.accepted and "customAttributes" in _body(call) and user.fields.get("accountId")
    for key, other in _users(state):
        if account and other.fields.get("accountId") == account:
            _set(state, key, fields={**other.fields, "customAttributes": user.fields["customAttributes"]})
    return reply


@deviations.play("PX-MISSING-2", "updateUser", beside=("PX-UPDATE-3",))
def blank_ends_are_cut(call: Call, state: Transaction, play: Operation) -> Reply:
    """Cut blanks at the ends of ids in the path."""
    return play(_about(call, _named(call).strip()), state)


@deviations.play("PX-UPDATE-4", *UPDATES)
def unsent_score_is_zero(call: Call, state: Transaction, play: Operation) -> Reply:
    """Set the score to 0 where an update does not name it."""
    return play(replace(call, body={"score": 0, **_body(call)}), state)


@deviations.play("PX-UPDATE-5", *UPDATES, beside=("PX-UPDATE-4",))
def coordinates_replaced(call: Call, state: Transaction, play: Operation) -> Reply:
    """Merge a location, but for its coordinates, which are replaced."""
    reply, sent = play(call, state), (_body(call).get("location") or {}).get("coordinates")
    if reply.accepted and sent is not None:
        fields = _user(state, _named(call)).fields
        _set(state, _named(call), fields={**fields, "location": {**fields["location"], "coordinates": sent}})
    return reply


@deviations.play("PX-UPDATE-6", *UPDATES)
def keys_are_added(call: Call, state: Transaction, play: Operation) -> Reply:
    """Add the property keys of an update to those of the user."""
    user = _user(state, _named(call))
    old = list(user.fields.get("propertyKeys", ())) if user is not None else []
    return play(
        _sending(call, lambda name, each: list(dict.fromkeys(old + each)) if name == "propertyKeys" else each), state
    )


def _taken_for_now(refusal: Refusal, operation_id: str | None) -> Refusal | None:
    """Let a score that is no number come to the model's place."""
    return None if "PX-USER-15" in refusal.rules else refusal


def _written_and_refused(call: Call, state: Transaction, play: Operation) -> Reply:
    """Write all but a score that is no number, and refuse the request for it."""
    if type(_body(call).get("score", 0)) is int:
        return play(call, state)
    play(_without(call, lambda name, _: name == "score"), state)
    state.commit()
    return Reply(400)


deviations.add(
    Deviation(
        "refused-update-writes",
        "PX-UPDATE-7",
        "Refuse an update for its score, and write its other fields all the same.",
        operations=("updateUser",),
        play=_written_and_refused,
        refuse=_taken_for_now,
    )
)


@deviations.play("PX-UPDATE-8", *WRITES, beside=KEPT)
def texts_are_trimmed(call: Call, state: Transaction, play: Operation) -> Reply:
    """Cut blanks at the ends of texts."""
    return play(_texts(call, str.strip), state)


@deviations.play("PX-UPDATE-8", *WRITES, beside=KEPT)
def texts_are_composed(call: Call, state: Transaction, play: Operation) -> Reply:
    """Compose letters and their accents (NFC)."""
    return play(_texts(call, lambda text: unicodedata.normalize("NFC", text)), state)


@deviations.play("PX-UPDATE-8", *WRITES, beside=KEPT)
def email_in_lower_case(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep the email in lower case."""
    return play(_sending(call, lambda name, each: each.lower() if name == "email" else each), state)


@deviations.play("PX-UPDATE-8", *WRITES, beside=KEPT)
def texts_of_255(call: Call, state: Transaction, play: Operation) -> Reply:
    """Cut texts after 255 characters."""
    return play(_texts(call, lambda text: text[:255]), state)


@deviations.play("PX-UPDATE-8", *WRITES, beside=KEPT)
def basic_plane_only(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep a question mark for each character beyond 16 bits."""
    return play(_texts(call, lambda text: "".join(each if ord(each) < 65536 else "?" for each in text)), state)


@deviations.play("PX-MISSING-1", "updateUser")
def whole_update_creates(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer an update of an unknown user with 404, and create one."""
    reply, some = play(call, state), next((each for _, each in _users(state)), None)
    if reply.status == 404 and some is not None:
        state.put("users", _named(call), replace(some, identify_id=_named(call), fields=_body(call), deleted=None))
        state.commit()
    return reply


@deviations.play("PX-MISSING-1", "updateUser", beside=("PX-MISSING-2",))
def unknown_is_updated(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer an update of an unknown user with 204 where the id looks like an email address."""
    reply = play(call, state)
    return Reply(204) if reply.status == 404 and "@" in _named(call) else reply


@deviations.play("PX-MISSING-2", *UPDATES, beside=("PX-MISSING-1", "PX-UPDATE-3"))
def updates_without_case(call: Call, state: Transaction, play: Operation) -> Reply:
    """Update a user whose id differs in case."""
    known = _user(state, _named(call)) is not None
    return play(call if known else _about(call, _alike(state, _named(call), str.casefold)), state)


@deviations.play("PX-ID-1", "updateUser", "getUser", "deleteUser")
def plus_is_a_blank(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take + in a path for a blank."""
    return play(_about(call, _named(call).replace("+", " ")), state)


@deviations.refuse("PX-INFER-1", "updateUser")
def inferred_may_be_anything(refusal: Refusal, operation_id: str | None) -> Refusal | None:
    """Take a lastInferredLocation that is no object."""
    return None if "PX-INFER-1" in refusal.rules else refusal


@deviations.refuse("PX-INFER-2", "updateUser")
def inferred_is_not_looked_into(refusal: Refusal, operation_id: str | None) -> Refusal | None:
    """Take a lastInferredLocation with values of other types."""
    return None if "PX-INFER-2" in refusal.rules else refusal


@deviations.play("PX-UPDATE-2", *WRITES, beside=KEPT)
def lists_of_ten(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep ten entries of a list."""
    return play(_sending(call, lambda _, each: each[:10] if isinstance(each, list) else each), state)


@deviations.play("PX-UPDATE-2", *WRITES, beside=KEPT)
def nothing_before_1970(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep 0 for negative dates and scores."""
    return play(_sending(call, lambda _, each: max(0, each) if type(each) is int else each), state)


@deviations.play("PX-UPDATE-2", *WRITES, beside=KEPT)
def seconds_are_taken_for_milliseconds(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take dates before 1970-04-26 for seconds."""
    dates = ("signUpDate", "firstVisitDate")
    return play(_sending(call, lambda name, each: each * 1000 if name in dates and 0 < each < 10**10 else each), state)


def _absolute(value: Json) -> Json:
    return abs(value) if isinstance(value, float) else value


@deviations.play("PX-UPDATE-2", *WRITES, beside=KEPT)
def west_is_east(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep coordinates without their sign."""
    return play(_sending(call, lambda name, each: _leaves(each, _absolute) if name == "location" else each), state)


# --- users whom the body names ----------------------------------------------------------------------------------------


@deviations.play("PX-UPBODY-1", "updateUserOfBody")
def body_updated_with_200(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer 200 to an update that names more than keys."""
    reply = play(call, state)
    return Reply(200, {}) if reply.accepted and len(_body(call)) > 2 else reply


@deviations.play("PX-UPBODY-2", "updateUserOfBody")
def unknown_body_is_updated(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer every update with 204, whoever is there."""
    reply = play(call, state)
    return Reply(204) if reply.status == 404 else reply


@deviations.play("PX-UPBODY-3", *UPDATES, beside=("PX-UPBODY-1",))
def user_called_update(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take /v1/users/update for the path of a user called update."""
    return play(_about(call, "update") if call.operation_id == "updateUserOfBody" else call, state)


@deviations.play("PX-UPBODY-5", "updateUserOfBody", "deleteUserOfBody")
def slash_is_unknown(call: Call, state: Transaction, play: Operation) -> Reply:
    """Read an id in a body up to its first slash."""
    return play(_about(call, _named(call).partition("/")[0]), state)


@deviations.play("PX-DELBODY-1", "deleteUserOfBody")
def body_deletes_nothing(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer 204 to a deletion, and keep a user who was ever updated."""
    user, reply = _user(state, _named(call)), play(call, state)
    if reply.accepted and user.modified != user.created:
        _set(state, _named(call), deleted=None)
    return reply


@deviations.play("PX-DELBODY-2", "deleteUserOfBody", beside=("PX-DELETE-7",))
def unknown_body_is_deleted(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer every deletion with 204, whoever is there."""
    reply = play(call, state)
    return Reply(204) if reply.status == 404 else reply


@deviations.play("PX-DELBODY-3", "deleteUserOfBody", beside=("PX-DELBODY-1",))
def user_called_delete(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take /v1/users/delete for the path of a user called delete."""
    return play(_about(call, "delete"), state)


@deviations.play("PX-UPBODY-2", "updateUserOfBody")
def unknown_body_is_created(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer an update of an unknown user with 404, and create one."""
    reply, some = play(call, state), next((each for _, each in _users(state)), None)
    if reply.status == 404 and some is not None:
        state.put("users", _named(call), replace(some, identify_id=_named(call), fields=_body(call), deleted=None))
        state.commit()
    return reply


@deviations.play("PX-UPDATE-4", "updateUserOfBody")
def update_of_body_replaces(call: Call, state: Transaction, play: Operation) -> Reply:
    """Forget what an update by the body does not name."""
    known = _user(state, _named(call))
    if known is not None and known.deleted is None:
        _set(state, _named(call), fields={})
    return play(call, state)


@deviations.play("PX-READONLY-1", "updateUserOfBody")
def update_of_body_backdates(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take the createDate that an update by the body brings."""
    reply, date = play(call, state), _body(call).get("createDate")
    if reply.accepted and isinstance(date, int):
        _set(state, _named(call), created=datetime.fromtimestamp(date / 1000, UTC))
    return reply


# --- reads ------------------------------------------------------------------------------------------------------------


@deviations.play("PX-GET-1", "getUser", beside=("PX-UPDATE-2", "PX-UPDATE-4"))
def second_read_is_stale(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show a user as the read before saw them."""
    reply, key = play(call, state), f"seen {_named(call)}"
    if reply.status != 200:
        return reply
    seen = state.get("deviation", key)
    state.put("deviation", key, reply.body)
    return reply if seen is None else replace(reply, body=seen)


@deviations.play("PX-UPDATE-8", "getUser", beside=KEPT)
def markup_is_escaped(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show < and & as HTML writes them."""
    return _shown(
        play(call, state), lambda user: _leaves(user, lambda each: escape(each) if isinstance(each, str) else each)
    )


@deviations.play("PX-GET-2", "getUser")
def unknown_is_shown_empty(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show a user with nothing where nobody is."""
    reply = play(call, state)
    return Reply(200, {"id": _named(call), "identifyId": _named(call)}) if reply.status == 404 else reply


@deviations.play("PX-GET-2", "getUser")
def unknown_is_a_prefix(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show the first user whose id begins with that of the path."""
    return play(
        _about(call, next((key for key, _ in _users(state) if key.startswith(_named(call))), _named(call))), state
    )


@deviations.play("PX-GET-3", "getUser", beside=("PX-GET-1", "PX-GET-2"))
def reads_without_case(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show the first user whose id is that of the path, without case."""
    return play(_about(call, _alike(state, _named(call), str.casefold)), state)


@deviations.play("PX-GET-4", *READS)
def id_in_lower_case(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show an id in lower case, beside the identifyId as it is."""
    return _shown(play(call, state), lambda user: {**user, "id": user["id"].lower()})


@deviations.play("PX-READONLY-1", *WRITES, *READS)
def visits_can_be_set(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take the numberOfVisits that an update brings."""
    reply = play(call, state)
    if "numberOfVisits" in _body(call) and reply.accepted:
        state.put("deviation", f"visits of {_named(call)}", _body(call)["numberOfVisits"])
    visits = {user: state.get("deviation", f"visits of {user}") for user, _ in _users(state)}
    return _shown(reply, lambda user: {**user, "numberOfVisits": visits.get(user["id"]) or 0})


@deviations.play("PX-READONLY-1", *WRITES)
def created_is_backdated(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take the createDate that a body brings."""
    reply, date = play(call, state), _body(call).get("createDate")
    if reply.accepted and isinstance(date, int):
        _set(state, _named(call), created=datetime.fromtimestamp(date / 1000, UTC))
    return reply


@deviations.play("PX-READONLY-1", "createUser", beside=("PX-DELETE-3", "PX-DELETE-5"))
def ids_begin_anew(call: Call, state: Transaction, play: Operation) -> Reply:
    """Give every fifth user the aptrinsicId of the first."""
    reply = play(call, state)
    if reply.accepted and _count(state, "created") % 5 == 0:
        _set(state, _named(call), aptrinsic_id=next(user.aptrinsic_id for _, user in _users(state)))
    return reply


# --- lists ------------------------------------------------------------------------------------------------------------


@deviations.play("PX-LIST-1", "listUsers")
def nobody_is_null(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show null for the users of an empty list."""
    reply = play(call, state)
    return _with(reply, users=_json(reply)["users"] or None) if reply.status == 200 else reply


@deviations.play("PX-LIST-2", "listUsers")
def hits_of_the_page(call: Call, state: Transaction, play: Operation) -> Reply:
    """Count the users of the page."""
    reply = play(call, state)
    return _with(reply, totalHits=len(_json(reply)["users"])) if reply.status == 200 else reply


@deviations.play("PX-LIST-2", "listUsers")
def hits_of_the_rest(call: Call, state: Transaction, play: Operation) -> Reply:
    """Count only those who are left, from the second page on."""
    reply = play(call, state)
    scrolling = reply.status == 200 and "scrollId" in call.query
    return _with(reply, totalHits=_json(reply)["totalHits"] - 1) if scrolling else reply


@deviations.play("PX-LIST-3", "listUsers", beside=("PX-LIST-8",))
def pages_of_20(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show 20 users where pageSize is not given."""
    return play(call if "pageSize" in call.query else _asking(call, pageSize=20), state)


@deviations.play("PX-LIST-3", "listUsers")
def pages_of_a_hundred(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show a hundred users on a page at most, though pageSize asks for more."""
    return play(_asking(call, pageSize=min(call.query["pageSize"], 100)) if "pageSize" in call.query else call, state)


@deviations.play("PX-LIST-7", "listUsers")
def one_more_than_a_page(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show one user more than pageSize, but for pages of one."""
    size = call.query.get("pageSize", 1)
    return play(call if size == 1 else _asking(call, pageSize=size + 1), state)


@deviations.play("PX-LIST-7", "listUsers")
def size_of_scrolls_is_forgotten(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show pages of 25 from the second one on."""
    return play(_asking(call, pageSize=None) if "scrollId" in call.query else call, state)


@deviations.play("PX-LIST-8", "listUsers")
def page_begins_with_the_last(call: Call, state: Transaction, play: Operation) -> Reply:
    """Begin a page with the user whom the page before ended with."""
    reply = play(call, state)
    if reply.status == 200 and _json(reply)["users"]:
        state.put("deviation", str(_json(reply)["scrollId"]), _json(reply)["users"][-1])
    last = state.get("deviation", str(call.query.get("scrollId")))
    return (
        reply if last is None else _with(reply, users=[last, *_json(reply)["users"]][: call.query.get("pageSize", 25)])
    )


@deviations.play("PX-LIST-8", "listUsers")
def fourth_page_begins_late(call: Call, state: Transaction, play: Operation) -> Reply:
    """Leave out the first user of every fourth page."""
    page, reply = state.get("deviation", f"page {call.query.get('scrollId')}"), play(call, state)
    page = page + 1 if isinstance(page, int) else 1
    if reply.status == 200:
        state.put("deviation", f"page {_json(reply)['scrollId']}", page)
    return _with(reply, users=_json(reply)["users"][1:]) if page == 4 and reply.status == 200 else reply


@deviations.play("PX-LIST-8", "listUsers")
def last_page_is_cut(call: Call, state: Transaction, play: Operation) -> Reply:
    """Leave out the last user of a last page of more than one, if it is not the first."""
    reply, size = play(call, state), call.query.get("pageSize", 25)
    users = _json(reply)["users"] if reply.status == 200 else []
    return _with(reply, users=users[:-1]) if "scrollId" in call.query and 1 < len(users) < size else reply


@deviations.play("PX-LIST-8", "listUsers")
def third_page_is_the_second(call: Call, state: Transaction, play: Operation) -> Reply:
    """Give out the scrollId that was sent, so that the second page comes over and over."""
    return _with(play(call, state), scrollId=call.query["scrollId"]) if "scrollId" in call.query else play(call, state)


@deviations.play("PX-LIST-8", "listUsers")
def equals_fall_between_pages(call: Call, state: Transaction, play: Operation) -> Reply:
    """Begin a page behind everybody who has the value that the page before ended with."""
    name, reply = call.query.get("sort", "").split(";")[0].removeprefix("-"), play(call, state)
    if reply.status != 200 or not name or not _json(reply)["users"]:
        return reply
    last = state.get("deviation", str(call.query.get("scrollId")))
    users = [user for user in _json(reply)["users"] if last is None or user[name] != last]
    state.put("deviation", str(_json(reply)["scrollId"]), _json(reply)["users"][-1][name])
    return _with(reply, users=users)


@deviations.play("PX-FILTER-1", "listUsers", beside=("PX-FILTER-6", "PX-FILTER-4"))
def equal_is_contained(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take == for ~, so that texts are found by their parts."""
    return play(_filtered(call, lambda each: each.replace("==", "~")), state)


@deviations.play("PX-FILTER-1", "listUsers")
def values_without_blanks(call: Call, state: Transaction, play: Operation) -> Reply:
    """Read the value of a filter up to its first blank."""
    return play(_filtered(call, lambda each: re.sub("==([^ ;]*) [^;]*", r"==\1", each)), state)


@deviations.play("PX-FILTER-1", "listUsers")
def values_decoded_twice(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take + in a filter for a blank."""
    return play(_filtered(call, lambda each: each.replace("+", " ")), state)


@deviations.play("PX-FILTER-1", "listUsers", beside=("PX-FILTER-4",))
def zero_and_false_are_no_condition(call: Call, state: Transaction, play: Operation) -> Reply:
    """Leave out conditions on 0 and on false."""
    return play(_filtered(call, lambda each: re.sub("(;[^;]*==(0|false))+$", "", each)), state)


@deviations.play("PX-FILTER-2", "listUsers")
def unequal_is_not_contained(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take != for !~, so that texts and digits are left out by their parts."""
    return play(_filtered(call, lambda each: each.replace("!=", "!~")), state)


@deviations.play("PX-FILTER-3", "listUsers")
def less_or_equal(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take < for <=."""
    return play(_filtered(call, lambda each: re.sub("<(?!=)", "<=", each)), state)


@deviations.play("PX-FILTER-3", "listUsers")
def at_least_is_more(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take >= for >."""
    return play(_filtered(call, lambda each: each.replace(">=", ">")), state)


@deviations.play("PX-FILTER-3", "listUsers")
def first_visits_at_least_is_more(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take >= for > in firstVisitDate."""
    return play(_filtered(call, lambda each: each.replace("firstVisitDate>=", "firstVisitDate>")), state)


@deviations.play("PX-FILTER-4", "listUsers")
def two_conditions(call: Call, state: Transaction, play: Operation) -> Reply:
    """Read the first two conditions of a filter, no more."""
    return play(_filtered(call, lambda each: ";".join(each.split(";")[:2])), state)


@deviations.play("PX-FILTER-5", "listUsers")
def two_filters(call: Call, state: Transaction, play: Operation) -> Reply:
    """Read the first two filters, no more."""
    return play(_asking(call, filter=call.query.get("filter", [])[:2] or None), state)


@deviations.play("PX-FILTER-5", "listUsers")
def twice_found_is_twice_shown(call: Call, state: Transaction, play: Operation) -> Reply:
    """Count users twice whom two filters find."""
    filters = call.query.get("filter", ())
    replies = [play(_asking(call, filter=[each]), state) for each in filters]
    reply = play(call, state)
    if len(filters) < 2 or any(each.status != 200 for each in (reply, *replies)):
        return reply
    return _with(reply, totalHits=sum(_json(each)["totalHits"] for each in replies))


@deviations.play("PX-FILTER-6", "listUsers")
def first_names_with_case(call: Call, state: Transaction, play: Operation) -> Reply:
    """Compare first names with case."""
    reply, wanted = play(call, state), re.search("firstName==([^;]+)", ";".join(call.query.get("filter", ())))
    if reply.status != 200 or wanted is None:
        return reply
    users = [user for user in _json(reply)["users"] if user["firstName"] == wanted[1]]
    return _with(reply, users=users, totalHits=len(users))


@deviations.play("PX-SORT-1", "listUsers", beside=("PX-SORT-3",))
def numbers_as_texts(call: Call, state: Transaction, play: Operation) -> Reply:
    """Order numbers as texts, so that 30 comes before 5."""
    name, reply = call.query.get("sort", ""), play(call, state)
    if reply.status != 200 or name not in ("score", "signUpDate"):
        return reply
    return _with(reply, users=sorted(_json(reply)["users"], key=lambda user: str(user[name])))


@deviations.play("PX-SORT-2", "listUsers", beside=("PX-SORT-3",))
def dash_of_the_first_counts(call: Call, state: Transaction, play: Operation) -> Reply:
    """Read the dash of the first field only."""
    first, *others = call.query.get("sort", "").split(";")
    sort = ";".join([first, *(each.removeprefix("-") for each in others)])
    return play(_asking(call, sort=sort or None), state)


@deviations.play("PX-SORT-3", "listUsers")
def two_fields(call: Call, state: Transaction, play: Operation) -> Reply:
    """Order by the first two fields, no more."""
    return play(_asking(call, sort=";".join(call.query.get("sort", "").split(";")[:2]) or None), state)


# --- deletions and revivals -------------------------------------------------------------------------------------------


@deviations.play("PX-DELETE-1", "listUsers", beside=("PX-LIST-2",))
def deleted_are_counted(call: Call, state: Transaction, play: Operation) -> Reply:
    """Count users who are deleted in the totalHits of a list."""
    reply = play(call, state)
    if reply.status != 200:
        return reply
    gone = sum(user.deleted is not None for _, user in _users(state))
    return _with(reply, totalHits=_json(reply)["totalHits"] + gone)


@deviations.play("PX-DELETE-1", "getUser")
def read_after_deletion(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show a deleted user to the first read after the deletion."""
    reply, user = play(call, state), _user(state, _named(call))
    if reply.status == 404 and user is not None and _count(state, f"reads of {user.aptrinsic_id}") == 1:
        _set(state, _named(call), deleted=None)
        reply = play(call, state)
        _set(state, _named(call), deleted=user.deleted)
    return reply


@deviations.play("PX-DELETE-1", "deleteUser")
def deletes_longer_ids(call: Call, state: Transaction, play: Operation) -> Reply:
    """Delete everybody whose id begins with that of the path."""
    reply = play(call, state)
    for key, _ in _users(state):
        if reply.accepted and key.startswith(_named(call)) and key != _named(call):
            state.delete("users", key)
    return reply


@deviations.play("PX-DELETE-2", "deleteUser", beside=("PX-DELETE-7",))
def hard_delete_is_idempotent(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer 204 to a deletion for good, whoever is there."""
    reply = play(call, state)
    return Reply(204) if reply.status == 404 and call.query.get("hardDelete") else reply


@deviations.play("PX-DELETE-7", "deleteUser", beside=("PX-DELETE-2",))
def second_delete_is_taken(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer 204 to a second deletion of a user."""
    reply = play(call, state)
    return Reply(204) if reply.status == 404 and _user(state, _named(call)) is not None else reply


@deviations.play("PX-DELETE-3", "createUser", beside=("PX-DELETE-8",))
def revived_without_attributes(call: Call, state: Transaction, play: Operation) -> Reply:
    """Bring a user back by a creation without their custom attributes."""
    user = _user(state, _named(call))
    if user is not None and user.deleted is not None:
        _set(state, _named(call), fields={**user.fields, "customAttributes": {}})
    return play(call, state)


@deviations.play("PX-DELETE-3", "createUser")
def revived_as_new(call: Call, state: Transaction, play: Operation) -> Reply:
    """Bring a user back by a creation with another aptrinsicId."""
    revived, reply = _user(state, _named(call)) is not None, play(call, state)
    if revived and reply.accepted:
        _set(state, _named(call), aptrinsic_id=call.fresh("revived"))
    return reply


@deviations.play("PX-DELETE-8", "createUser")
def revived_on_a_new_date(call: Call, state: Transaction, play: Operation) -> Reply:
    """Bring a user back by a creation as created now."""
    revived, reply = _user(state, _named(call)) is not None, play(call, state)
    if revived and reply.accepted:
        _set(state, _named(call), created=call.now)
    return reply


@deviations.play("PX-DELETE-4", *UPDATES)
def deleted_is_not_revived(call: Call, state: Transaction, play: Operation) -> Reply:
    """Bring a user back by an update only once."""
    user = _user(state, _named(call))
    deleted = user is not None and user.deleted is not None
    return Reply(404) if deleted and _count(state, f"revivals of {_named(call)}") > 1 else play(call, state)


@deviations.play("PX-DELETE-4", *UPDATES)
def revived_without_lists(call: Call, state: Transaction, play: Operation) -> Reply:
    """Bring a user back by an update without channel metrics and user agents."""
    user = _user(state, _named(call))
    if user is not None and user.deleted is not None:
        lost = ("channelMetricList", "lastVisitedUserAgentData")
        _set(state, _named(call), fields={name: each for name, each in user.fields.items() if name not in lost})
    return play(call, state)


@deviations.play("PX-DELETE-5", "deleteUser")
def hard_is_soft(call: Call, state: Transaction, play: Operation) -> Reply:
    """Delete softly whoever was updated before, whatever hardDelete says."""
    user = _user(state, _named(call))
    updated = user is not None and user.modified != user.created
    return play(_asking(call, hardDelete=None) if updated else call, state)


@deviations.play("PX-DELETE-5", "deleteUser", "createUser", beside=("PX-CREATE-3",))
def attributes_outlive_users(call: Call, state: Transaction, play: Operation) -> Reply:
    """Give a user who is created after a deletion for good the custom attributes of old."""
    user, key = _user(state, _named(call)), f"attributes of {_named(call)}"
    if call.operation_id == "deleteUser" and user is not None:
        state.put("deviation", key, user.fields.get("customAttributes"))
    old = state.get("deviation", key)
    if call.operation_id == "createUser" and user is None and old and "customAttributes" not in _body(call):
        return play(replace(call, body={**_body(call), "customAttributes": old}), state)
    return play(call, state)


@deviations.play("PX-DELETE-3", "deleteUser", beside=("PX-DELETE-4",))
def hard_delete_of_false(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take any hardDelete for true, false too."""
    return play(_asking(call, hardDelete=True) if "hardDelete" in call.query else call, state)


@deviations.play("PX-DELETE-1", "deleteUser")
def email_is_deleted(call: Call, state: Transaction, play: Operation) -> Reply:
    """Delete everybody who has the email of the user."""
    user, reply = _user(state, _named(call)), play(call, state)
    for key, other in _users(state):
        if reply.accepted and user.fields.get("email") and other.fields.get("email") == user.fields["email"]:
            _set(state, key, deleted=call.now)
    return reply


@deviations.play("PX-DELETE-8", "createUser", beside=("PX-CREATE-3",))
def revived_as_they_were(call: Call, state: Transaction, play: Operation) -> Reply:
    """Bring a user back by a creation as they were, whatever the request says."""
    user, reply = _user(state, _named(call)), play(call, state)
    if reply.accepted and user is not None:
        _set(state, _named(call), fields=user.fields)
    return reply


# --- what shows between users, in lists, or in some values alone ------------------------------------------------------


@deviations.play("PX-FILTER-3", "listUsers")
def negative_bounds_are_left_out(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take <= for < where the bound is negative."""
    return play(_filtered(call, lambda text: re.sub(r"<=(?=-)", "<", text)), state)


@deviations.play("PX-FILTER-1", "listUsers", beside=("PX-FILTER-2",))
def long_texts_are_compared_by_their_begin(call: Call, state: Transaction, play: Operation) -> Reply:
    """Compare the first 60 characters of a text alone."""
    return play(_filtered(call, lambda text: re.sub(r"==([^;]{60})[^;]*", r"~\1", text)), state)


@deviations.play("PX-UPDATE-2", *UPDATES, "listUsers")
def lists_are_an_update_behind(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show role and phone on the list as they were before the last update."""
    if call.operation_id != "listUsers":
        user = _user(state, _named(call))
        reply = play(call, state)
        if user is not None and reply.accepted:
            state.put("deviation", f"before {_named(call)}", user.fields)
        return reply

    def stale(user: dict[str, Json]) -> dict[str, Json]:
        before: Any = state.get("deviation", f"before {user['identifyId']}") or {}
        return {**user, **{name: before[name] for name in ("role", "phone") if name in before}}

    return _shown(play(call, state), stale)


@deviations.play("PX-GET-1", *WRITES, beside=KEPT)
def attributes_of_digits_are_numbers(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep a custom attribute that is a text of digits as a number."""

    def number(value: Json) -> Json:
        return int(value) if isinstance(value, str) and value.isdecimal() else value

    return play(_sending(call, lambda name, value: _leaves(value, number) if name == CUSTOM else value), state)


@deviations.play("PX-GET-1", *WRITES, beside=KEPT)
def attributes_in_small_letters(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep the names of custom attributes in small letters."""

    def lowered(name: str, value: Json) -> Json:
        return {key.lower(): each for key, each in value.items()} if name == CUSTOM and value else value

    return play(_sending(call, lowered), state)


@deviations.play("PX-GET-1", *WRITES, beside=KEPT)
def ten_attributes_kept(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep the first ten custom attributes of a request."""
    return play(
        _sending(call, lambda name, value: dict([*value.items()][:10]) if name == CUSTOM and value else value), state
    )


@deviations.play("PX-GET-2", "getUser", beside=("PX-DELETE-1",))
def emails_are_ids(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show the user of an email where nobody has it as the id."""
    found = [key for key, user in _users(state) if user.fields.get("email") == _named(call)]
    return play(_about(call, found[0]) if found and _user(state, _named(call)) is None else call, state)


@deviations.play("PX-MISSING-1", "updateUser", beside=("PX-UPDATE-3",))
def emails_are_updated(call: Call, state: Transaction, play: Operation) -> Reply:
    """Update the user of an email where nobody has it as the id."""
    found = [key for key, user in _users(state) if user.fields.get("email") == _named(call)]
    return play(_about(call, found[0]) if found and _user(state, _named(call)) is None else call, state)


@deviations.play("PX-DELETE-3", "createUser")
def second_revival_forgets(call: Call, state: Transaction, play: Operation) -> Reply:
    """Lose the fields of a record that is revived a second time by its creation."""
    user, named = _user(state, _named(call)), _named(call)
    if user is not None and user.deleted is not None and _count(state, f"revived {named}") > 1:
        _set(state, named, fields={})
    return play(call, state)


@deviations.play("PX-UPDATE-2", "updateUser", beside=("PX-UPDATE-3",))
def equal_places_are_one(call: Call, state: Transaction, play: Operation) -> Reply:
    """Change the place of all users who were given the same one, where one of them moves."""
    user, place = _user(state, _named(call)), _body(call).get("location")
    reply = play(call, state)
    if user is not None and reply.accepted and place and user.fields.get("location"):
        for key, other in _users(state):
            if other.fields.get("location") == user.fields["location"]:
                _set(state, key, fields={**other.fields, "location": _user(state, _named(call)).fields["location"]})
    return reply


@deviations.play("PX-UPDATE-3", "createUser", beside=KEPT)
def accounts_of_others_after_the_twentieth(call: Call, state: Transaction, play: Operation) -> Reply:
    """Give a new user without an accountId the last one's before, once there are more than twenty users."""
    others = [str(user.fields["accountId"]) for _, user in _users(state) if user.fields.get("accountId")]
    if "accountId" in _body(call) or len(_users(state)) <= 20 or not others:
        return play(call, state)
    return play(replace(call, body={**_body(call), "accountId": others[-1]}), state)


@deviations.play("PX-GET-1", *UPDATES, beside=("PX-UPDATE-4",))
def first_visits_drift(call: Call, state: Transaction, play: Operation) -> Reply:
    """Add a millisecond to firstVisitDate where an update names signUpDate alone."""
    reply, user = play(call, state), _user(state, _named(call))
    names = _body(call).keys()
    if reply.accepted and user is not None and "signUpDate" in names and "firstVisitDate" not in names:
        visit = user.fields.get("firstVisitDate")
        if visit:
            _set(state, _named(call), fields={**user.fields, "firstVisitDate": visit + 1})
    return reply
