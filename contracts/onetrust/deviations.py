"""Departures from OneTrust's rules that the mock plays, of the kinds that servers have: most show in some cases only.

The engine derives the plain ones. These know of the model that subjects are kept under "subjects" by their primary
identifier, and that "owners" has the primary identifier for each additional one. One file, though a long one, since
deviations are loaded by its path alone.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from understudy.model.behaviour import Operation, Refusal
from understudy.model.call import Call, Reply
from understudy.model.deviation import Deviation, Deviations
from understudy.model.state import Transaction
from understudy.values import Json

WRITE, TOKEN = "createOrUpdateDataSubjectUsingPOST", "GetOAuthToken"
PAGE, PROFILES, DETAILS = (
    "getDataSubjectsUsingGET",
    "getDataSubjectProfilesUsingGET",
    "getDataSubjectBasicDetailsUsingGET",
)
DELETE, PURGE = "deleteDataSubjectUsingDELETE", "deleteDataSubjectsUsingDELETE"
SUBJECTS, OWNERS = "subjects", "owners"

deviations = Deviations()


def _body(call: Call) -> dict[str, Json]:
    return call.body if isinstance(call.body, dict) else {}


def _elements(call: Call) -> list[Json]:
    return _body(call).get("dataElements") or []


def _with(call: Call, elements: Iterable[Json]) -> Call:
    """Return the call with other elements."""
    return replace(call, body={**_body(call), "dataElements": list(elements)})


def _valued(call: Call, change: Callable[[str], Json]) -> Call:
    """Return the call with each string of its plain elements changed."""

    def changed(element: Json) -> Json:
        value = element.get("value")
        return {**element, "value": change(value)} if isinstance(value, str) and not element.get("linked") else element

    return _with(call, map(changed, _elements(call))) if _elements(call) else call


def _linking(call: Call, change: Callable[[list[str]], list[str]]) -> Call:
    """Return the call with each list of identifiers changed that is not empty."""

    def changed(element: Json) -> Json:
        value = element.get("value")
        wanted = element.get("linked") and isinstance(value, list) and value
        return {**element, "value": change(value)} if wanted else element

    return _with(call, map(changed, _elements(call))) if _elements(call) else call


def _links(call: Call) -> list[Json]:
    return [element for element in _elements(call) if element.get("linked")]


def _empties(call: Call) -> bool:
    """Whether the call removes all identifiers of a type."""
    return any(not element.get("value") for element in _links(call))


def _name(call: Call) -> str:
    """Return the identifier in a call's header."""
    return str(call.header.get("dataSubjectIdentifier", call.header.get("identifier")))


def _about(call: Call, identifier: str) -> Call:
    """Return the call with another identifier in its header."""
    own = "dataSubjectIdentifier" if "dataSubjectIdentifier" in call.header else "identifier"
    return replace(call, header={**call.header, own: identifier})


def _subject(state: Transaction, identifier: str) -> Any:
    """Return the subject with that identifier, primary or additional, or None."""
    return state.get(SUBJECTS, identifier) or state.get(SUBJECTS, str(state.get(OWNERS, identifier)))


def _values(element: Any) -> tuple[str, ...]:
    """Return the values of a stored element."""
    return element.value if isinstance(element.value, tuple) else (element.value,) if element.value else ()


def _additional(elements: Iterable[Any]) -> list[str]:
    return [value for element in elements if element.linked for value in _values(element)]


def _keep(state: Transaction, subject: Any, elements: Iterable[Any]) -> None:
    """Store a subject with these elements in place of its own."""
    kept = tuple(elements)
    for identifier in _additional(subject.elements):
        state.delete(OWNERS, identifier)
    for identifier in _additional(kept):
        state.put(OWNERS, identifier, subject.identifier)
    state.put(SUBJECTS, subject.identifier, replace(subject, elements=kept))


Change = Callable[[dict[str, Any], tuple[Any, ...]], Iterable[Any]]


def _stored(call: Call, state: Transaction, play: Operation, change: Change) -> Reply:
    """Play a write that stores other elements: made of those that were there, by name, and of those that should be."""
    before = _subject(state, _name(call))
    old = {element.name: element for element in before.elements} if before else {}
    reply = play(call, state)
    if not reply.accepted:
        return reply
    subject = _subject(state, _name(call))
    _keep(state, subject, change(old, subject.elements))
    return _telling(reply, elements=_shown(play(_with(replace(call, body={}), []), state))["elements"])


def _telling(reply: Reply, **properties: Json) -> Reply:
    """Return the reply with other properties, if it is no refusal."""
    return replace(reply, body={**_shown(reply), **properties}) if reply.accepted else reply


def _showing(reply: Reply, change: Callable[[dict[str, Json]], Json]) -> Reply:
    """Return the answer to a write with each element changed."""
    return _telling(reply, elements=[change(each) for each in _shown(reply)["elements"]]) if reply.accepted else reply


def _listing(reply: Reply, change: Callable[[dict[str, Json]], dict[str, Json]]) -> Reply:
    """Return the page with each of its records changed."""
    return _telling(reply, content=[change(each) for each in _shown(reply)["content"]]) if reply.accepted else reply


def _shown(reply: Reply) -> dict[str, Json]:
    """Return the object that a reply has for a body, or an empty one."""
    return reply.body if isinstance(reply.body, dict) else {}


def _counted(state: Transaction, name: str) -> int:
    """Return how often this was asked in calls that were accepted, this one included."""
    number = state.get("deviation", name)
    number = number + 1 if isinstance(number, int) else 1
    state.put("deviation", name, number)
    return number


# --- what is offered and taken ----------------------------------------------------------------------------------------


@deviations.play("OT-ROUTE-1", WRITE)
def writes_not_offered(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer writes with 404, as if the path were not there."""
    return Reply(404)


@deviations.play("OT-BODY-4", WRITE)
def empty_object_refused(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse an empty object."""
    return play(call, state) if _body(call) else Reply(400)


@deviations.play("OT-BODY-4", WRITE)
def empty_object_updates_nobody(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse an empty object as an update, and take it as a creation."""
    return Reply(400) if not _body(call) and _subject(state, _name(call)) else play(call, state)


@deviations.play("OT-BODY-4", WRITE, beside=("OT-CREATE-1",))
def creation_wants_elements(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse a creation without dataElements."""
    return play(call, state) if "dataElements" in _body(call) or _subject(state, _name(call)) else Reply(400)


@deviations.play("OT-HEAD-3", WRITE)
def longest_identifier_refused(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse an identifier of 255 characters."""
    return play(call, state) if len(_name(call)) < 255 else Reply(400)


@deviations.play("OT-BODY-15", WRITE)
def values_measured_in_bytes(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse a value of more than 750 bytes, though it has fewer characters."""
    long = any(len(str(element.get("value")).encode()) > 750 for element in _elements(call))
    return Reply(400) if long else play(call, state)


@deviations.play("OT-BODY-16", WRITE)
def listed_values_measured_in_utf_16(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse a value in a list that has more than 750 units of UTF-16, though it has fewer characters."""
    lists = [element["value"] for element in _elements(call) if isinstance(element.get("value"), list)]
    long = any(len(value.encode("utf-16-le")) > 1500 for values in lists for value in values)
    return Reply(400) if long else play(call, state)


@deviations.play("OT-BODY-12", WRITE)
def offsets_refused(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse an interactionDate that is not in UTC."""
    dates = [element.get("interactionDate", "Z") for element in _elements(call)]
    return play(call, state) if all(date.endswith("Z") for date in dates) else Reply(400)


@deviations.refuse("OT-REFUSE-1", WRITE, beside=("OT-STATUS-1",))
def refused_with_409(refusal: Refusal, operation_id: str | None) -> Refusal:
    """Refuse a bad request with 409."""
    return replace(refusal, status=409) if refusal.status == 400 else refusal


@deviations.refuse("OT-AUTH-1", WRITE)
def no_token_is_forbidden(refusal: Refusal, operation_id: str | None) -> Refusal:
    """Refuse a request without a valid token with 403."""
    return replace(refusal, status=403, headers=()) if refusal.status == 401 else refusal


@deviations.refuse("OT-AUTH-2", WRITE, beside=("OT-AUTH-4",))
def no_privilege_is_unauthorized(refusal: Refusal, operation_id: str | None) -> Refusal:
    """Refuse a token without the privilege with 401."""
    return replace(refusal, status=401) if refusal.status == 403 else refusal


@deviations.play("OT-AUTH-3", WRITE)
def full_token_forbidden(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse the scope CONSENT with 403."""
    return Reply(403)


@deviations.play("OT-READ-3", PAGE, PROFILES, DETAILS)
def reads_want_to_write(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse the scope CONSENT_READ at the reads with 403."""
    return play(call, state) if "CONSENT" in call.scopes else Reply(403)


@deviations.play("OT-READ-3", PAGE)
def additional_wants_to_write(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse the scope CONSENT_READ at the page of an additional identifier with 403."""
    closed = "CONSENT" not in call.scopes and _subject(state, _name(call)) and not state.get(SUBJECTS, _name(call))
    return Reply(403) if closed else play(call, state)


@deviations.play("OT-READ-3", DETAILS)
def details_want_to_write(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse the scope CONSENT_READ at the basic details alone with 403."""
    return play(call, state) if "CONSENT" in call.scopes else Reply(403)


# --- what an answer looks like ----------------------------------------------------------------------------------------


@deviations.play("OT-STATUS-1", WRITE)
def astral_characters_crash(call: Call, state: Transaction, play: Operation) -> Reply:
    """Crash on characters of four bytes in UTF-8, as old databases do."""
    values = "".join(str(element.get("value")) for element in _elements(call))
    return Reply(500) if any(character > "\uffff" for character in values) else play(call, state)


@deviations.play("OT-STATUS-1", WRITE)
def nul_crashes(call: Call, state: Transaction, play: Operation) -> Reply:
    """Crash on the character U+0000 in a value."""
    return Reply(500) if any("\0" in (each.get("value") or "") for each in _elements(call)) else play(call, state)


@deviations.play("OT-STATUS-1", WRITE)
def nameless_element_crashes(call: Call, state: Transaction, play: Operation) -> Reply:
    """Crash on an element whose name is the empty string."""
    return Reply(500) if any(element["name"] == "" for element in _elements(call)) else play(call, state)


@deviations.play("OT-STATUS-1", WRITE)
def doubled_identifiers_crash(call: Call, state: Transaction, play: Operation) -> Reply:
    """Crash on an identifier that a list has twice, as a unique index does."""
    lists = [element["value"] for element in _links(call) if isinstance(element.get("value"), list)]
    return Reply(500) if any(len(set(each)) < len(each) for each in lists) else play(call, state)


@deviations.play("OT-ANSWER-6", WRITE)
def id_without_hyphens(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer updates with the id's 32 digits alone."""
    reply = play(call, state)
    return _telling(reply, id=_shown(reply)["id"].replace("-", "")) if reply.status == 200 else reply


@deviations.play("OT-ANSWER-8", WRITE)
def single_element_without_list(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show a single element without the list around it, as converters from XML do."""
    reply = play(call, state)
    return _telling(reply, elements=_shown(reply)["elements"][0]) if len(_shown(reply)["elements"]) == 1 else reply


@deviations.play("OT-ANSWER-8", WRITE)
def no_elements_are_null(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show null in place of the list where there are no elements."""
    reply = play(call, state)
    return reply if _shown(reply)["elements"] else _telling(reply, elements=None)


@deviations.play("OT-ANSWER-11", WRITE)
def demoted_is_null(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show linked as null in the answer to a removal."""
    gone = [element["name"] for element in _links(call) if not element.get("value")]
    return _showing(play(call, state), lambda each: {**each, "linked": None} if each["name"] in gone else each)


@deviations.play("OT-ANSWER-12", WRITE)
def dates_lose_their_offset(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show an interactionDate without the Z behind it."""
    reply = play(call, state)
    return _showing(
        reply,
        lambda each: (
            {**each, "interactionDate": each["interactionDate"].rstrip("Z")} if "interactionDate" in each else each
        ),
    )


@deviations.play("OT-ANSWER-13", WRITE)
def single_message_without_list(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show a single message without the list around it."""
    reply = play(call, state)
    messages = _shown(reply).get("messages", [])
    return _telling(reply, messages=messages[0]) if len(messages) == 1 else reply


# --- creation ---------------------------------------------------------------------------------------------------------


@deviations.play("OT-CREATE-1", WRITE)
def creation_answers_200(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer creations with 200."""
    return replace(play(call, state), status=200)


@deviations.play("OT-CREATE-1", WRITE)
def creation_with_identifiers_answers_200(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer a creation that links identifiers with 200."""
    reply = play(call, state)
    return replace(reply, status=200) if _links(call) else reply


@deviations.play("OT-CREATE-1", WRITE)
def creation_of_longer_identifier_updates(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take an identifier that begins with another subject's for that one."""
    names = [name for name, _ in state.scan(SUBJECTS)]
    known = next((name for name in names if _name(call).startswith(name)), _name(call))
    return play(call if _name(call) in names else _about(call, known), state)


@deviations.play("OT-CREATE-1", WRITE, beside=("OT-ID-3",))
def blanks_do_not_count(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take identifiers that differ in the blanks within them for one."""
    return _telling(play(_about(call, _name(call).replace(" ", "")), state), identifier=_name(call))


@deviations.play("OT-ID-3", WRITE, beside=("OT-CREATE-1",))
def accents_do_not_count(call: Call, state: Transaction, play: Operation) -> Reply:
    """Tell identifiers apart by their ASCII characters alone."""
    return play(_about(call, _name(call).encode("ascii", "ignore").decode() or "?"), state)


@deviations.play("OT-CREATE-1", WRITE, beside=("OT-PRIMARY-1",))
def plus_parts_do_not_count(call: Call, state: Transaction, play: Operation) -> Reply:
    """Cut off what stands between a plus and the @ of an identifier, as mailboxes have it."""
    return play(_about(call, re.sub(r"\+[^@]*@", "@", _name(call))), state)


@deviations.play("OT-CREATE-2", WRITE)
def creation_keeps_two_elements(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take the first two elements of a creation, and leave out the rest."""
    known = _subject(state, _name(call))
    return play(call if known or not _elements(call) else _with(call, _elements(call)[:2]), state)


@deviations.play("OT-CREATE-2", WRITE, beside=("OT-UPDATE-6",))
def creation_cuts_values(call: Call, state: Transaction, play: Operation) -> Reply:
    """Cut the values of a creation after 255 characters."""
    return play(call if _subject(state, _name(call)) else _valued(call, lambda value: value[:255]), state)


@deviations.play("OT-UPDATE-6", WRITE, beside=("OT-CREATE-2",))
def creation_keeps_the_first_of_a_list(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep the first value of a plain list in a creation, and lose the others."""
    if _subject(state, _name(call)):
        return play(call, state)
    return _stored(
        call, state, play, lambda old, new: [each if each.linked else replace(each, value=_first(each)) for each in new]
    )


def _first(element: Any) -> Json:
    return element.value[:1] if isinstance(element.value, tuple) else element.value


@deviations.play("OT-CREATE-2", WRITE)
def creation_takes_digits_for_numbers(call: Call, state: Transaction, play: Operation) -> Reply:
    """Leave out the zeros at the beginning of a value of digits that a subject is created with."""
    known = _subject(state, _name(call))
    return play(call if known else _valued(call, lambda value: re.sub("^0+(?=[0-9]+$)", "", value)), state)


@deviations.play("OT-CREATE-2", WRITE)
def creation_answered_and_not_kept(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer a creation with elements that are not stored."""
    known, reply = _subject(state, _name(call)), play(call, state)
    if reply.accepted and not known:
        _keep(state, _subject(state, _name(call)), ())
    return reply


@deviations.play("OT-CREATE-2", WRITE, beside=("OT-UPDATE-6",))
def other_letters_become_question_marks(call: Call, state: Transaction, play: Operation) -> Reply:
    """Store values in Latin-1, with question marks for what it does not have."""
    return play(_valued(call, lambda value: value.encode("latin-1", "replace").decode("latin-1")), state)


@deviations.play("OT-CREATE-3", WRITE)
def unusual_types_become_email(call: Call, state: Transaction, play: Operation) -> Reply:
    """Turn an identifierType of more than one word into Email."""
    kind = _body(call).get("identifierType", "")
    return play(replace(call, body={**_body(call), "identifierType": "Email"}) if " " in kind else call, state)


@deviations.play("OT-CREATE-3", WRITE)
def types_cut(call: Call, state: Transaction, play: Operation) -> Reply:
    """Cut an identifierType after 32 characters."""
    kind = _body(call).get("identifierType", "")
    return play(replace(call, body={**_body(call), "identifierType": kind[:32]}) if kind else call, state)


@deviations.play("OT-CREATE-3", WRITE)
def type_is_lost_beside_elements(call: Call, state: Transaction, play: Operation) -> Reply:
    """Pass over the identifierType of a creation that has elements."""
    if not _elements(call) or _subject(state, _name(call)):
        return play(call, state)
    return play(replace(call, body={**_body(call), "identifierType": call.switch("default-identifier-type")}), state)


# --- updates ----------------------------------------------------------------------------------------------------------


@deviations.play("OT-UPDATE-1", WRITE)
def third_update_answers_201(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer the third update of a subject with 201."""
    known, reply = _subject(state, _name(call)), play(call, state)
    third = known is not None and _counted(state, _name(call)) == 3
    return replace(reply, status=201) if reply.accepted and third else reply


@deviations.play("OT-UPDATE-1", WRITE)
def tenth_update_refused(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse the tenth update of a subject."""
    known, reply = _subject(state, _name(call)), play(call, state)
    return Reply(400) if known is not None and _counted(state, _name(call)) == 10 else reply


@deviations.play("OT-UPDATE-1", WRITE)
def removal_answers_201(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer an update that removes identifiers with 201."""
    reply = play(call, state)
    return replace(reply, status=201) if reply.status == 200 and _empties(call) else reply


@deviations.play("OT-UPDATE-1", WRITE)
def update_with_language_answers_201(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer an update that has a language with 201."""
    reply = play(call, state)
    return replace(reply, status=201) if reply.status == 200 and "language" in _body(call) else reply


@deviations.play("OT-UPDATE-2", WRITE)
def update_answers_with_the_old(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer an update with the elements as they were before."""
    if not _subject(state, _name(call)):
        return play(call, state)
    before = _shown(play(replace(call, body={}), state))
    return _telling(play(call, state), elements=before["elements"])


@deviations.play("OT-UPDATE-2", WRITE)
def update_answered_and_not_kept(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer an update with new values, and keep the old ones stored."""
    before, reply = _subject(state, _name(call)), play(call, state)
    if before is not None and reply.accepted:
        after = _subject(state, _name(call))
        old = {element.name: element for element in before.elements}
        _keep(state, after, [each if each.linked else old.get(each.name, each) for each in after.elements])
    return reply


@deviations.play("OT-UPDATE-2", WRITE)
def empty_value_keeps_the_old(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep the old value of an element where the new one is the empty string."""
    return _stored(
        call, state, play, lambda old, new: [old.get(each.name, each) if each.value == "" else each for each in new]
    )


@deviations.play("OT-UPDATE-2", WRITE)
def update_takes_one_element(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take the first element of an update, and pass over the others."""
    known = _subject(state, _name(call))
    return play(_with(call, _elements(call)[:1]) if known and _elements(call) else call, state)


@deviations.play("OT-UPDATE-2", WRITE)
def shorter_values_keep_their_end(call: Call, state: Transaction, play: Operation) -> Reply:
    """Write a shorter value over the begin of the old one."""

    def over(old: dict[str, Any], new: Any) -> Any:
        before = old[new.name].value if new.name in old else None
        if new.linked or not isinstance(before, str) or not isinstance(new.value, str):
            return new
        return replace(new, value=new.value + before[len(new.value) :])

    return _stored(call, state, play, lambda old, new: [over(old, each) for each in new])


@deviations.play("OT-UPDATE-6", WRITE, beside=("OT-UPDATE-2",))
def change_of_case_passed_over(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep the old value where the new one differs in case alone."""

    def kept(old: dict[str, Any], new: Any) -> Any:
        before = old.get(new.name, new)
        return before if str(before.value).lower() == str(new.value).lower() and not new.linked else new

    return _stored(call, state, play, lambda old, new: [kept(old, each) for each in new])


@deviations.play("OT-UPDATE-6", WRITE, beside=("OT-UPDATE-2",))
def lists_join_the_old(call: Call, state: Transaction, play: Operation) -> Reply:
    """Add the values of a plain list to those that are there."""

    def joined(old: dict[str, Any], new: Any) -> Any:
        if new.linked or not isinstance(new.value, tuple) or new.name not in old:
            return new
        return replace(new, value=(*_values(old[new.name]), *new.value))

    return _stored(call, state, play, lambda old, new: [joined(old, each) for each in new])


@deviations.play("OT-UPDATE-2", WRITE)
def sixth_element_not_added(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep five elements of a subject, and lose further ones."""
    return _stored(call, state, play, lambda old, new: new[:5])


@deviations.play("OT-UPDATE-3", WRITE)
def update_forgets_what_it_does_not_name(call: Call, state: Transaction, play: Operation) -> Reply:
    """Lose the plain elements that an update does not name, if it names any."""
    named = [element["name"] for element in _elements(call)]
    return _stored(
        call, state, play, lambda old, new: [each for each in new if each.linked or not named or each.name in named]
    )


@deviations.play("OT-UPDATE-3", WRITE)
def linking_forgets_the_plain(call: Call, state: Transaction, play: Operation) -> Reply:
    """Lose the plain elements that are there when identifiers are linked."""
    named = [element["name"] for element in _elements(call)]
    return _stored(
        call,
        state,
        play,
        lambda old, new: [each for each in new if not _links(call) or each.linked or each.name in named],
    )


@deviations.play("OT-UPDATE-4", WRITE)
def update_keeps_the_first_date(call: Call, state: Transaction, play: Operation) -> Reply:
    """Leave an element the interactionDate that it has."""
    return _stored(
        call,
        state,
        play,
        lambda old, new: [
            replace(each, interaction_date=old[each.name].interaction_date or each.interaction_date)
            if each.name in old
            else each
            for each in new
        ],
    )


def _refused_and_written(call: Call, state: Transaction, play: Operation) -> Reply:
    good = [each for each in _elements(call) if isinstance(each, dict) and isinstance(each.get("name"), str)]
    if len(good) == len(_elements(call)):
        return play(call, state)
    play(_with(call, good), state)
    state.commit()
    return Reply(400)


deviations.add(
    Deviation(
        "refused-request-writes-what-is-good",
        "OT-UPDATE-5",
        "A request is refused for one of its elements, and the others are stored all the same.",
        operations=(WRITE,),
        play=_refused_and_written,
        refuse=lambda refusal, operation_id: None if "OT-BODY-8" in refusal.rules else refusal,
    )
)


def _refused_and_created(call: Call, state: Transaction, play: Operation) -> Reply:
    if not isinstance(_body(call).get("dataElements", []), list):
        play(replace(call, body={}), state)
        state.commit()
        return Reply(400)
    return play(call, state)


deviations.add(
    Deviation(
        "refused-request-creates",
        "OT-UPDATE-5",
        "A request whose dataElements are no list is refused, and creates its subject all the same.",
        operations=(WRITE,),
        play=_refused_and_created,
        refuse=lambda refusal, operation_id: None if "OT-BODY-5" in refusal.rules else refusal,
    )
)


@deviations.play("OT-UPDATE-6", WRITE)
def values_trimmed(call: Call, state: Transaction, play: Operation) -> Reply:
    """Cut off blanks at the begin and at the end of a value."""
    return play(_valued(call, str.strip), state)


@deviations.play("OT-UPDATE-6", WRITE)
def values_escaped(call: Call, state: Transaction, play: Operation) -> Reply:
    """Store an ampersand in a value as HTML has it."""
    return play(_valued(call, lambda value: value.replace("&", "&amp;")), state)


# --- ids and the primary identifier -----------------------------------------------------------------------------------


def _with_id(call: Call, state: Transaction, play: Operation, made: str) -> Reply:
    """Play a write whose subject gets an id made of a text."""
    made = str(uuid5(NAMESPACE_URL, made))
    return play(replace(call, fresh=lambda purpose: made), state)


@deviations.play("OT-ID-1", WRITE)
def linking_changes_the_id(call: Call, state: Transaction, play: Operation) -> Reply:
    """Give the subject a new id when an update links identifiers."""
    reply = play(call, state)
    if reply.status != 200 or not _links(call):
        return reply
    subject = _subject(state, _name(call))
    state.put(SUBJECTS, subject.identifier, replace(subject, id=call.fresh("relinked")))
    return _telling(reply, id=call.fresh("relinked"))


@deviations.play("OT-ID-1", WRITE)
def third_update_shows_another_id(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer the third update of a subject with another id, and the next one with the old one again."""
    known, reply = _subject(state, _name(call)), play(call, state)
    third = known is not None and _counted(state, _name(call)) == 3
    return _telling(reply, id=call.fresh("third")) if third else reply


@deviations.play("OT-ID-2", WRITE)
def id_made_of_the_domain(call: Call, state: Transaction, play: Operation) -> Reply:
    """Give one id to subjects whose identifiers have the same part behind the @."""
    return _with_id(call, state, play, _name(call).rpartition("@")[2])


@deviations.play("OT-ID-2", WRITE)
def id_made_of_the_first_characters(call: Call, state: Transaction, play: Operation) -> Reply:
    """Give one id to subjects whose identifiers begin with the same 32 characters."""
    return _with_id(call, state, play, _name(call)[:32])


@deviations.play("OT-ID-2", WRITE)
def id_does_not_know_case(call: Call, state: Transaction, play: Operation) -> Reply:
    """Give one id to subjects whose identifiers differ in case alone."""
    return _with_id(call, state, play, _name(call).lower())


@deviations.play("OT-ID-2", WRITE)
def id_does_not_know_dots(call: Call, state: Transaction, play: Operation) -> Reply:
    """Give one id to subjects whose identifiers differ in dots alone."""
    return _with_id(call, state, play, _name(call).replace(".", ""))


@deviations.play("OT-ID-2", WRITE)
def ids_again_after_the_tenth(call: Call, state: Transaction, play: Operation) -> Reply:
    """Give the eleventh subject the id of the first one."""
    count = sum(1 for _ in state.scan(SUBJECTS))
    return _with_id(call, state, play, f"subject {count % 10}")


@deviations.play("OT-ID-3", WRITE, beside=("OT-CREATE-1", "OT-PRIMARY-1"))
def identifiers_lowered(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep identifiers in small letters."""
    return play(_about(call, _name(call).lower()), state)


@deviations.play("OT-PRIMARY-1", WRITE)
def identifier_shown_as_first_additional(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show the first additional identifier of a subject as its identifier."""
    reply = play(call, state)
    linked = [each["value"] for each in _shown(reply)["elements"] if each["linked"]] if reply.accepted else []
    return _telling(reply, identifier=linked[0][0]) if linked else reply


@deviations.play("OT-PRIMARY-1", WRITE)
def identifier_cut_in_answers(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show the first 128 characters of an identifier."""
    reply = play(call, state)
    return _telling(reply, identifier=_shown(reply)["identifier"][:128])


@deviations.play("OT-PRIMARY-1", WRITE)
def additional_in_the_header_becomes_primary(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show the additional identifier that a write names in its header as the primary one."""
    return _telling(play(call, state), identifier=_name(call))


@deviations.play("OT-PRIMARY-1", WRITE)
def removal_empties_the_identifier(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show an empty identifier in the answer to a removal."""
    reply = play(call, state)
    return _telling(reply, identifier="") if _empties(call) else reply


@deviations.play("OT-PRIMARY-2", WRITE)
def update_changes_the_type(call: Call, state: Transaction, play: Operation) -> Reply:
    """Change the identifierType by an update."""
    reply = play(call, state)
    if reply.accepted and "identifierType" in _body(call):
        subject, kind = _subject(state, _name(call)), _body(call)["identifierType"]
        state.put(SUBJECTS, subject.identifier, replace(subject, identifier_type=kind))
        return _telling(reply, identifierType=kind)
    return reply


# --- additional identifiers -------------------------------------------------------------------------------------------


@deviations.play("OT-LINK-1", WRITE)
def links_shown_as_plain(call: Call, state: Transaction, play: Operation) -> Reply:
    """Store an element with a list of identifiers as a plain one."""
    return play(
        _with(call, [{**each, "linked": False} if each.get("value") else each for each in _elements(call)]), state
    )


@deviations.play("OT-LINK-1", WRITE)
def single_identifier_not_linked(call: Call, state: Transaction, play: Operation) -> Reply:
    """Store a list of one identifier as a plain value."""
    plain = [
        {**each, "linked": False, "value": each["value"][0]} if len(each.get("value") or "") == 1 else each
        for each in _elements(call)
    ]
    return play(_with(call, plain), state)


@deviations.play("OT-LINK-1", WRITE)
def creation_links_nothing(call: Call, state: Transaction, play: Operation) -> Reply:
    """Store the identifiers of a creation as plain values."""
    if _subject(state, _name(call)):
        return play(call, state)
    return play(_with(call, [{**each, "linked": False} for each in _elements(call)]), state)


@deviations.play("OT-LINK-1", WRITE)
def identifiers_beyond_the_fifth_lost(call: Call, state: Transaction, play: Operation) -> Reply:
    """Link the first five identifiers of a list, and lose the rest."""
    return play(_linking(call, lambda wanted: wanted[:5]), state)


@deviations.play("OT-LINK-1", WRITE, beside=("OT-UPDATE-6",))
def identifiers_without_at_lost(call: Call, state: Transaction, play: Operation) -> Reply:
    """Lose those identifiers of a list that are no addresses of mail."""
    return play(_linking(call, lambda wanted: [each for each in wanted if "@" in each] or wanted), state)


@deviations.play("OT-LINK-1", WRITE)
def long_identifiers_lost(call: Call, state: Transaction, play: Operation) -> Reply:
    """Lose those identifiers of a list that have more than 100 characters."""
    return play(_linking(call, lambda wanted: [each for each in wanted if len(each) <= 100]), state)


@deviations.play("OT-LINK-1", WRITE)
def second_type_not_linked(call: Call, state: Transaction, play: Operation) -> Reply:
    """Link the identifiers of the first type of a request, and store those of others as plain values."""
    first, rest = _elements(call)[:1], _elements(call)[1:]
    return play(_with(call, [*first, *({**each, "linked": False} for each in rest)]), state)


@deviations.play("OT-LINK-1", WRITE)
def removed_identifier_not_linked_again(call: Call, state: Transaction, play: Operation) -> Reply:
    """Leave a type that was emptied a plain element for good."""
    return _stored(
        call,
        state,
        play,
        lambda old, new: [
            replace(each, linked=False)
            if each.name in old and _values(old[each.name]) and not old[each.name].linked
            else each
            for each in new
        ],
    )


@deviations.play("OT-LINK-2", WRITE)
def lists_are_added(call: Call, state: Transaction, play: Operation) -> Reply:
    """Add a list to the identifiers of its type, so that one left out stays."""
    return _stored(call, state, play, lambda old, new: [_joined(old, each) for each in new])


def _joined(old: dict[str, Any], new: Any) -> Any:
    """Return an identifier type with the identifiers that it had beside those it has."""
    before = old.get(new.name)
    if before is None or not before.linked or not new.linked:
        return new
    return replace(new, value=tuple(dict.fromkeys((*_values(before), *_values(new)))))


@deviations.play("OT-LINK-2", WRITE)
def shorter_lists_are_added(call: Call, state: Transaction, play: Operation) -> Reply:
    """Leave nothing out for a list that is shorter than the one before."""

    def joined(old: dict[str, Any], new: Any) -> Any:
        shorter = new.name in old and len(_values(new)) < len(_values(old[new.name]))
        return _joined(old, new) if shorter else new

    return _stored(call, state, play, lambda old, new: [joined(old, each) for each in new])


@deviations.play("OT-LINK-2", WRITE)
def equal_lists_change_nothing(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take a list as long as the one before for the same."""

    def same(old: dict[str, Any], new: Any) -> Any:
        before = old.get(new.name, new)
        return before if before.linked and new.linked and len(_values(before)) == len(_values(new)) else new

    return _stored(call, state, play, lambda old, new: [same(old, each) for each in new])


@deviations.play("OT-LINK-2", WRITE)
def identifiers_sent_again_lost(call: Call, state: Transaction, play: Operation) -> Reply:
    """Lose those of a list that the type had already, where there are others."""

    def fresh(old: dict[str, Any], new: Any) -> Any:
        had = _values(old[new.name]) if new.linked and new.name in old else ()
        left = tuple(value for value in _values(new) if value not in had)
        return replace(new, value=left) if left else new

    return _stored(call, state, play, lambda old, new: [fresh(old, each) for each in new])


@deviations.play("OT-LINK-2", WRITE)
def only_one_is_left_out(call: Call, state: Transaction, play: Operation) -> Reply:
    """Drop the first of several identifiers that a list leaves out, and keep the others."""

    def kept(old: dict[str, Any], new: Any) -> Any:
        had = _values(old[new.name]) if new.linked and new.name in old and old[new.name].linked else ()
        out = [value for value in had if value not in _values(new)]
        return replace(new, value=(*_values(new), *out[1:])) if new.linked else new

    return _stored(call, state, play, lambda old, new: [kept(old, each) for each in new])


@deviations.play("OT-LINK-2", WRITE)
def left_out_comes_back(call: Call, state: Transaction, play: Operation) -> Reply:
    """Link an identifier that was left out once more at the next write that names nothing."""

    def back(old: dict[str, Any], new: Any) -> Any:
        lost = state.get("deviation", new.name + _name(call))
        return replace(new, value=(*_values(new), *lost)) if isinstance(lost, tuple) and new.linked else new

    known = _subject(state, _name(call))
    if not _elements(call):
        return _stored(call, state, play, lambda old, new: [back(old, each) for each in new])
    reply = play(call, state)
    for each in known.elements if known and reply.accepted else ():
        now = {new.name: _values(new) for new in _subject(state, _name(call)).elements if new.linked}
        if each.linked and each.name in now:
            lost = tuple(value for value in _values(each) if value not in now[each.name])
            state.put("deviation", each.name + _name(call), lost)
    return reply


@deviations.play("OT-LINK-3", WRITE)
def empty_list_changes_nothing(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take an empty list for "nothing to change"."""
    return play(_with(call, [each for each in _elements(call) if not each.get("linked") or each.get("value")]), state)


@deviations.play("OT-LINK-3", WRITE)
def empty_list_removes_the_first(call: Call, state: Transaction, play: Operation) -> Reply:
    """Remove the first of several identifiers for an empty list, and leave the others linked."""
    return _stored(call, state, play, lambda old, new: [_less(old, each) for each in new])


def _less(old: dict[str, Any], new: Any) -> Any:
    before = old.get(new.name, new)
    if new.linked or not before.linked or len(_values(before)) < 2:
        return new
    return replace(before, value=_values(before)[1:])


@deviations.play("OT-LINK-3", WRITE)
def the_last_of_many_stays_linked(call: Call, state: Transaction, play: Operation) -> Reply:
    """Leave the last of more than three identifiers linked that an empty list removes."""

    def less(old: dict[str, Any], new: Any) -> Any:
        before = old.get(new.name, new)
        many = before.linked and not new.linked and len(_values(before)) > 3
        return replace(before, value=_values(before)[-1:]) if many else new

    return _stored(call, state, play, lambda old, new: [less(old, each) for each in new])


@deviations.play("OT-LINK-3", WRITE)
def removal_answered_and_not_kept(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer a removal as one, and keep the identifiers stored."""
    before, reply = _subject(state, _name(call)), play(call, state)
    if reply.accepted and before is not None and _empties(call):
        after, gone = _subject(state, _name(call)), {each["name"] for each in _links(call) if not each.get("value")}
        old = {each.name: each for each in before.elements}
        _keep(state, after, [old.get(each.name, each) if each.name in gone else each for each in after.elements])
    return reply


@deviations.play("OT-LINK-3", WRITE)
def removal_of_the_second_type_passed_over(call: Call, state: Transaction, play: Operation) -> Reply:
    """Empty the first of two types that a request empties."""
    empty = [each for each in _links(call) if not each.get("value")]
    return play(_with(call, [each for each in _elements(call) if each not in empty[1:]]), state)


@deviations.play("OT-LINK-3", WRITE, beside=("OT-LINK-1",))
def removal_beside_a_list_passed_over(call: Call, state: Transaction, play: Operation) -> Reply:
    """Pass over a removal in a request that sets another type."""
    setting = any(each.get("value") for each in _links(call))
    kept = [each for each in _elements(call) if not setting or not each.get("linked") or each.get("value")]
    return play(_with(call, kept), state)


@deviations.play("OT-LINK-4", WRITE)
def second_of_removed_types_erased(call: Call, state: Transaction, play: Operation) -> Reply:
    """Erase the second of the types with its element whose identifiers a request removes."""
    second = [each["name"] for each in _links(call) if not each.get("value")][1:]
    return _stored(call, state, play, lambda old, new: [each for each in new if each.name not in second])


@deviations.play("OT-LINK-4", WRITE)
def removed_identifiers_erased(call: Call, state: Transaction, play: Operation) -> Reply:
    """Erase removed identifiers with their element."""
    return _stored(
        call,
        state,
        play,
        lambda old, new: [each for each in new if each.linked or not (each.name in old and old[each.name].linked)],
    )


@deviations.play("OT-LINK-4", WRITE)
def first_removed_identifier_stays(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep the first of removed identifiers as a data element, and lose the others."""

    def first(old: dict[str, Any], new: Any) -> Any:
        removed = not new.linked and new.name in old and old[new.name].linked
        return replace(new, value=_values(new)[:1]) if removed else new

    return _stored(call, state, play, lambda old, new: [first(old, each) for each in new])


@deviations.play("OT-LINK-4", WRITE)
def removed_identifiers_fade(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep removed identifiers in the answer to the removal, and erase them at the next write."""
    names = state.get("deviation", _name(call))
    gone = names if isinstance(names, tuple) else ()
    state.put("deviation", _name(call), tuple(each["name"] for each in _links(call) if not each.get("value")))
    return _stored(call, state, play, lambda old, new: [each for each in new if each.linked or each.name not in gone])


@deviations.play("OT-LINK-4", WRITE, beside=("OT-LINK-3",))
def second_removal_erases(call: Call, state: Transaction, play: Operation) -> Reply:
    """Erase what a removal left when it is repeated."""
    gone = {each["name"] for each in _links(call) if not each.get("value")}
    return _stored(
        call,
        state,
        play,
        lambda old, new: [
            each for each in new if not (each.name in gone and each.name in old and not old[each.name].linked)
        ],
    )


@deviations.play("OT-LINK-5", WRITE)
def update_unlinks_what_it_does_not_name(call: Call, state: Transaction, play: Operation) -> Reply:
    """Unlink the types that an update does not name, if it names any."""
    named = [each["name"] for each in _elements(call)]
    return _unlinking(call, state, play, lambda name: bool(named) and name not in named)


@deviations.play("OT-LINK-5", WRITE)
def plain_update_unlinks(call: Call, state: Transaction, play: Operation) -> Reply:
    """Unlink all types when plain elements alone are updated."""
    named = [each["name"] for each in _elements(call)]
    plain = bool(named) and not any("linked" in each for each in _elements(call))
    return _unlinking(call, state, play, lambda name: plain and name not in named)


@deviations.play("OT-LINK-5", WRITE)
def removal_empties_all_types(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take the identifiers of all types in a removal."""
    return _unlinking(call, state, play, lambda name: _empties(call))


@deviations.play("OT-LINK-5", WRITE)
def language_unlinks(call: Call, state: Transaction, play: Operation) -> Reply:
    """Unlink all types when a language is written."""
    return _unlinking(call, state, play, lambda name: "language" in _body(call) and not _elements(call))


@deviations.play("OT-LINK-5", WRITE)
def empty_object_unlinks(call: Call, state: Transaction, play: Operation) -> Reply:
    """Unlink all types when an empty object is written."""
    return _unlinking(call, state, play, lambda name: not _body(call))


def _unlinking(call: Call, state: Transaction, play: Operation, meant: Callable[[str], bool]) -> Reply:
    """Play an update that unlinks types by their names."""

    def unlinked(old: dict[str, Any], new: Any) -> Any:
        return replace(new, linked=False) if new.name in old and meant(new.name) else new

    return _stored(call, state, play, lambda old, new: [unlinked(old, each) for each in new])


@deviations.play("OT-LINK-5", WRITE)
def removal_reaches_other_subjects(call: Call, state: Transaction, play: Operation) -> Reply:
    """Empty the type of every subject in a removal."""
    reply = play(call, state)
    gone = {each["name"] for each in _links(call) if not each.get("value")}
    records: list[Any] = [record for _, record in state.scan(SUBJECTS)]
    for other in records if reply.accepted and gone else ():
        if any(each.name in gone and each.linked for each in other.elements):
            elements = [replace(each, linked=False) if each.name in gone else each for each in other.elements]
            _keep(state, other, elements)
    return reply


@deviations.play("OT-LINK-6", WRITE, beside=("OT-CREATE-1",))
def second_identifier_does_not_find(call: Call, state: Transaction, play: Operation) -> Reply:
    """Find a subject by the first additional identifier of a type, and nobody by the others."""
    found = _subject(state, _name(call))
    firsts = [_values(each)[:1] for each in found.elements if each.linked] if found else []
    if found is None or found.identifier == _name(call) or (_name(call),) in firsts:
        return play(call, state)
    state.delete(OWNERS, _name(call))
    return play(call, state)


@deviations.play("OT-LINK-7", WRITE)
def null_removes_nothing(call: Call, state: Transaction, play: Operation) -> Reply:
    """Change nothing for linked with a value of null."""
    kept = [each for each in _elements(call) if not each.get("linked") or each.get("value", "") is not None]
    return play(_with(call, kept) if _elements(call) else call, state)


@deviations.play("OT-LINK-8", WRITE, beside=("OT-LINK-2",))
def type_shows_the_list_before(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show the list of an identifier type as it was before the write that sets another."""
    before, reply = _subject(state, _name(call)), play(call, state)
    old = {each.name: list(_values(each)) for each in before.elements if each.linked} if before else {}
    return _showing(
        reply, lambda each: {**each, "value": old[each["name"]]} if each["name"] in old and each["linked"] else each
    )


@deviations.play("OT-LINK-9", WRITE, beside=("OT-LINK-6",))
def identifier_taken_from_another(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take an additional identifier of another subject without a word."""
    for each in _links(call):
        for identifier in each.get("value") or ():
            state.delete(OWNERS, identifier)
    return play(call, state)


@deviations.play("OT-LINK-10", WRITE, beside=("OT-CREATE-1",))
def removed_identifier_still_finds(call: Call, state: Transaction, play: Operation) -> Reply:
    """Go on finding a subject by a removed identifier."""
    before, reply = _subject(state, _name(call)), play(call, state)
    if before is not None and reply.accepted:
        for identifier in _additional(before.elements):
            state.put(OWNERS, identifier, before.identifier)
    return reply


def _still_shown(call: Call, state: Transaction, play: Operation, which: Callable[[Call], bool]) -> Reply:
    """Show subjects on the pages of the identifiers that they have lost by such writes."""
    if call.operation_id == PAGE:
        owner = None if _subject(state, _name(call)) else state.get("deviation", _name(call))
        return play(_about(call, owner) if owner else call, state)
    before, reply = _subject(state, _name(call)), play(call, state)
    if before is not None and reply.accepted and which(call):
        left = set(_additional(before.elements)) - set(_additional(_subject(state, before.identifier).elements))
        for identifier in sorted(left):
            state.put("deviation", identifier, before.identifier)
    return reply


@deviations.play("OT-LINK-2", WRITE, PAGE)
def left_out_is_found_by_reads(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show a subject on the pages of the identifiers that a list has left out."""
    return _still_shown(call, state, play, lambda write: not _empties(write))


@deviations.play("OT-LINK-3", WRITE, PAGE)
def removed_is_found_by_reads(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show a subject on the pages of the identifiers that an empty list has removed."""
    return _still_shown(call, state, play, _empties)


# --- limits -----------------------------------------------------------------------------------------------------------


def _with_header(refusal: Refusal, name: str, value: str | None) -> Refusal:
    """Return a 429 with another value of a header, or without it."""
    if refusal.status != 429:
        return refusal
    headers = ((key, value if key == name else old) for key, old in refusal.headers)
    return replace(refusal, headers=tuple((key, each) for key, each in headers if each is not None))


@deviations.refuse("OT-LIMIT-1", WRITE)
def too_many_requests_taken(refusal: Refusal, operation_id: str | None) -> Refusal | None:
    """Set no limits."""
    return None if refusal.status == 429 else refusal


@deviations.refuse("OT-LIMIT-1", WRITE, beside=("OT-STATUS-1",))
def too_many_requests_answered_503(refusal: Refusal, operation_id: str | None) -> Refusal:
    """Refuse too many requests with 503."""
    return replace(refusal, status=503) if refusal.status == 429 else refusal


@deviations.refuse("OT-LIMIT-1", WRITE)
def too_many_requests_forbidden(refusal: Refusal, operation_id: str | None) -> Refusal:
    """Refuse too many requests with 403."""
    return replace(refusal, status=403) if refusal.status == 429 else refusal


@deviations.refuse("OT-LIMIT-2", WRITE)
def no_event_id(refusal: Refusal, operation_id: str | None) -> Refusal:
    """Leave ot-ratelimit-event-id out of a 429."""
    return _with_header(refusal, "ot-ratelimit-event-id", None)


@deviations.refuse("OT-LIMIT-3", WRITE)
def retry_after_is_a_date(refusal: Refusal, operation_id: str | None) -> Refusal:
    """Send a date as Retry-After, as HTTP allows and the document does not."""
    return _with_header(refusal, "Retry-After", "Sat, 31 Jan 2026 09:30:00 GMT")


@deviations.refuse("OT-LIMIT-3", WRITE)
def retry_after_is_a_fraction(refusal: Refusal, operation_id: str | None) -> Refusal:
    """Send Retry-After with digits behind a point."""
    return _with_header(refusal, "Retry-After", "0.75")


@deviations.refuse("OT-LIMIT-4", WRITE)
def retry_after_is_zero(refusal: Refusal, operation_id: str | None) -> Refusal:
    """Send 0 as Retry-After, and refuse requests after it."""
    return _with_header(refusal, "Retry-After", "0")


@deviations.refuse("OT-LIMIT-5", WRITE)
def period_in_small_letters(refusal: Refusal, operation_id: str | None) -> Refusal:
    """Send ot-period in small letters."""
    return _with_header(refusal, "ot-period", "minute")


@deviations.refuse("OT-LIMIT-6", WRITE)
def event_id_is_a_number(refusal: Refusal, operation_id: str | None) -> Refusal:
    """Send a number as ot-ratelimit-event-id."""
    return _with_header(refusal, "ot-ratelimit-event-id", "20009")


@deviations.refuse("OT-LIMIT-7", WRITE)
def requests_made_with_a_bound(refusal: Refusal, operation_id: str | None) -> Refusal:
    """Tell the bound, too, in ot-request-made."""
    return _with_header(refusal, "ot-request-made", "4/3")


@deviations.refuse("OT-LIMIT-8", WRITE)
def requests_allowed_with_commas(refusal: Refusal, operation_id: str | None) -> Refusal:
    """Put a comma between the thousands of ot-requests-allowed."""
    return _with_header(refusal, "ot-requests-allowed", "20,000")


# --- tokens -----------------------------------------------------------------------------------------------------------


@deviations.play("OT-TOKEN-1", TOKEN)
def multipart_not_read(call: Call, state: Transaction, play: Operation) -> Reply:
    """Pass over the fields of a multipart form."""
    return play(replace(call, body={}) if call.media_type == "multipart/form-data" else call, state)


@deviations.play("OT-TOKEN-1", TOKEN, beside=("OT-TOKEN-2",))
def lifetime_is_text(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer with a text as expires_in."""
    reply = play(call, state)
    return _telling(reply, expires_in=str(_shown(reply).get("expires_in")))


@deviations.play("OT-TOKEN-2", TOKEN)
def form_not_read(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse a URL-encoded form."""
    form = call.media_type == "application/x-www-form-urlencoded"
    return Reply(400, {"error": "invalid_request", "error_description": "no form"}) if form else play(call, state)


@deviations.play("OT-TOKEN-4", TOKEN)
def token_opens_nothing(call: Call, state: Transaction, play: Operation) -> Reply:
    """Grant a token without scopes."""
    clients = {name: replace(client, scopes=()) for name, client in call.around.clients.items()}
    return play(replace(call, around=replace(call.around, clients=clients)), state)


@deviations.play("OT-TOKEN-4", TOKEN)
def token_cut(call: Call, state: Transaction, play: Operation) -> Reply:
    """Cut a token after 200 characters, as a column in a database may do it."""
    reply = play(call, state)
    return _telling(reply, access_token=str(_shown(reply).get("access_token"))[:200])


@deviations.play("OT-TOKEN-5", TOKEN)
def any_grant_type(call: Call, state: Transaction, play: Operation) -> Reply:
    """Pass over grant_type."""
    return play(replace(call, body={**_body(call), "grant_type": "client_credentials"}) if _body(call) else call, state)


@deviations.play("OT-TOKEN-5", TOKEN)
def other_grant_type_unauthorized(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse another grant type with 401."""
    reply = play(call, state)
    return replace(reply, status=401) if reply.status == 400 else reply


@deviations.play("OT-TOKEN-6", TOKEN)
def any_secret(call: Call, state: Transaction, play: Operation) -> Reply:
    """Pass over the secret of a known client."""
    client = call.around.clients.get(_body(call).get("client_id", ""))
    return play(replace(call, body={**_body(call), "client_secret": client.secret}) if client else call, state)


@deviations.play("OT-TOKEN-6", TOKEN)
def secret_may_go_on(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take a secret that only begins with the right one."""
    client = call.around.clients.get(_body(call).get("client_id", ""))
    begins = client is not None and str(_body(call).get("client_secret")).startswith(client.secret)
    return play(
        replace(call, body={**_body(call), "client_secret": client.secret}) if client and begins else call, state
    )


@deviations.play("OT-TOKEN-6", TOKEN)
def secret_does_not_know_case(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take a client's secret in whatever case."""
    return play(_as_client(call, client_id=str, secret=str.lower), state)


@deviations.play("OT-TOKEN-6", TOKEN)
def client_does_not_know_case(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take a client's id in whatever case."""
    return play(_as_client(call, client_id=str.lower, secret=str), state)


@deviations.play("OT-TOKEN-6", TOKEN)
def secret_trimmed(call: Call, state: Transaction, play: Operation) -> Reply:
    """Take a client's secret with blanks around it."""
    return play(_as_client(call, client_id=str, secret=str.strip), state)


def _as_client(call: Call, client_id: Callable[[str], str], secret: Callable[[str], str]) -> Call:
    """Return the request as by the client whose id and secret are the ones sent, once both are brought to a form."""
    sent = _body(call)
    for each in call.around.clients.values():
        named = client_id(str(sent.get("client_id"))) == client_id(each.client_id)
        if named and secret(str(sent.get("client_secret"))) == secret(each.secret):
            return replace(call, body={**sent, "client_id": each.client_id, "client_secret": each.secret})
    return call


@deviations.play("OT-TOKEN-6", TOKEN)
def unknown_client_is_a_bad_request(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse an unknown client with 400."""
    reply = play(call, state)
    unknown = _body(call).get("client_id") not in call.around.clients
    return replace(reply, status=400, headers=()) if reply.status == 401 and unknown else reply


# --- reads ------------------------------------------------------------------------------------------------------------


@deviations.play("OT-READ-1", WRITE, PAGE)
def page_is_one_write_behind(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show a subject's elements on the page as they were before the last write."""
    subject = _subject(state, _name(call))
    if call.operation_id == WRITE:
        reply = play(call, state)
        if subject is not None:
            state.put("deviation", subject.identifier, subject)
        return reply
    stale = state.get("deviation", subject.identifier) if subject else None
    return _as_if(call, state, play, stale)


def _as_if(call: Call, state: Transaction, play: Operation, record: Any) -> Reply:
    """Play a read as if a subject were another record of it, or as it is where there is none."""
    if record is None:
        return play(call, state)
    present = state.get(SUBJECTS, record.identifier)
    state.put(SUBJECTS, record.identifier, record)
    reply = play(call, state)
    if present is None:
        state.delete(SUBJECTS, record.identifier)
    else:
        state.put(SUBJECTS, record.identifier, present)
    return reply


@deviations.play("OT-READ-1", PAGE)
def page_shows_links_as_plain(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show identifier types on the page as not linked."""
    return _listing(
        play(call, state),
        lambda each: {**each, "elements": [{**one, "linked": False} for one in each["elements"]]},
    )


@deviations.play("OT-READ-1", PAGE)
def page_shows_one_element(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show the first element of each subject on the page."""
    return _listing(play(call, state), lambda each: {**each, "elements": each["elements"][:1]})


@deviations.play("OT-READ-1", PAGE)
def page_of_nobody_shows_somebody(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show the first subject that there is on the page of an unknown identifier."""
    first = next((name for name, _ in state.scan(SUBJECTS)), _name(call))
    return play(call if _subject(state, _name(call)) else _about(call, first), state)


@deviations.play("OT-READ-1", PAGE, beside=("OT-CREATE-1",))
def page_creates(call: Call, state: Transaction, play: Operation) -> Reply:
    """Create the subject when the page of an unknown identifier is read."""
    reply = play(call, state)
    some: Any = next((record for _, record in state.scan(SUBJECTS)), None)
    if some is not None and not _subject(state, _name(call)):
        new = replace(some, id=call.fresh("read"), identifier=_name(call), elements=())
        state.put(SUBJECTS, new.identifier, new)
    return reply


@deviations.play("OT-READ-1", PAGE)
def page_shows_who_begins_alike(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show the subjects, too, whose identifiers begin with the one that the page is asked for."""
    reply = play(call, state)
    alike = [name for name, _ in state.scan(SUBJECTS) if name.startswith(_name(call)) and name != _name(call)]
    more = [each for name in alike for each in _shown(play(_about(call, name), state))["content"]]
    return _telling(reply, content=[*_shown(reply)["content"], *more]) if reply.accepted else reply


@deviations.play("OT-READ-2", PAGE)
def page_knows_primary_identifiers(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show nobody on the page of an additional identifier."""
    return play(call if state.get(SUBJECTS, _name(call)) else _about(call, "\0"), state)


@deviations.play("OT-READ-2", PAGE)
def page_knows_the_first_of_a_type(call: Call, state: Transaction, play: Operation) -> Reply:
    """Find a subject for the page by the first additional identifier of a type, not by the others."""
    found = _subject(state, _name(call))
    lists = [_values(each) for each in found.elements if each.linked] if found else []
    later = any(_name(call) in values[1:] for values in lists)
    return play(_about(call, "\0") if later else call, state)


@deviations.play("OT-READ-2", PAGE)
def page_knows_the_first_element(call: Call, state: Transaction, play: Operation) -> Reply:
    """Find a subject for the page by the additional identifiers of its first element alone."""
    found = _subject(state, _name(call))
    first = [_values(each) for each in found.elements[:1]] if found else []
    known = state.get(SUBJECTS, _name(call)) or any(_name(call) in values for values in first)
    return play(call if known else _about(call, "\0"), state)


@deviations.play("OT-READ-2", PAGE)
def page_names_the_additional(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show the additional identifier that the page is asked for as the subject's."""
    return _listing(play(call, state), lambda each: {**each, "identifier": _name(call)})


@deviations.play("OT-READ-4", PROFILES)
def profiles_in_camel_case(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer with profiles in camel case."""
    return _listing(play(call, state), lambda each: {key[0].lower() + key[1:]: value for key, value in each.items()})


@deviations.play("OT-READ-4", PROFILES)
def profile_elements_in_camel_case(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer with profiles whose elements are in camel case."""
    return _listing(
        play(call, state),
        lambda each: {
            **each,
            "DataElements": [{key[0].lower() + key[1:]: one[key] for key in one} for one in each["DataElements"]],
        },
    )


@deviations.play("OT-READ-5", DETAILS)
def details_have_an_id_of_their_own(call: Call, state: Transaction, play: Operation) -> Reply:
    """Name another id in the basic details than in the write."""
    return _telling(play(call, state), id=call.fresh("details")) if _subject(state, _name(call)) else play(call, state)


@deviations.play("OT-READ-5", DETAILS)
def details_are_of_type_email(call: Call, state: Transaction, play: Operation) -> Reply:
    """Name Email as the type of every identifier in the basic details."""
    return _telling(play(call, state), identifierType="Email") if _subject(state, _name(call)) else play(call, state)


@deviations.play("OT-READ-5", DETAILS)
def details_in_small_letters(call: Call, state: Transaction, play: Operation) -> Reply:
    """Name the identifier in small letters in the basic details."""
    reply = play(call, state)
    return _telling(reply, identifier=_shown(reply)["identifier"].lower()) if reply.accepted else reply


@deviations.play("OT-READ-6", DETAILS)
def details_of_nobody_are_null(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer with 200 and null where the basic details of an unknown identifier are read."""
    reply = play(call, state)
    return Reply(200, None) if reply.status == 404 else reply


@deviations.play("OT-READ-6", DETAILS)
def details_of_nobody_are_a_problem(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer with 404 and an object where the basic details of an unknown identifier are read."""
    reply = play(call, state)
    return replace(reply, body={"title": reply.body}) if reply.status == 404 else reply


@deviations.play("OT-READ-7", WRITE)
def language_of_the_creation_stays(call: Call, state: Transaction, play: Operation) -> Reply:
    """Keep the language that a subject has, whatever an update says."""
    body = {key: value for key, value in _body(call).items() if key != "language"}
    return play(replace(call, body=body) if _subject(state, _name(call)) else call, state)


# --- deletes ----------------------------------------------------------------------------------------------------------


@deviations.play("OT-DELETE-1", DELETE)
def delete_answered_and_not_done(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer a delete, and keep the subject."""
    subject, reply = _subject(state, str(_body(call).get("identifier"))), play(call, state)
    if reply.accepted:
        _keep(state, subject, subject.elements)
    return reply


def _noted(call: Call, state: Transaction, play: Operation) -> Reply:
    """Play a delete, and take note of the subject."""
    subject, reply = _subject(state, str(_body(call).get("identifier"))), play(call, state)
    if reply.accepted:
        state.put("deviation", subject.identifier, subject)
    return reply


@deviations.play("OT-DELETE-1", WRITE, DELETE)
def creation_after_a_delete_brings_back(call: Call, state: Transaction, play: Operation) -> Reply:
    """Give a subject that is created after its delete the elements that it had before."""
    if call.operation_id == DELETE:
        return _noted(call, state, play)
    gone: Any = state.get("deviation", _name(call))
    if gone is None or _subject(state, _name(call)):
        return play(call, state)
    return _stored(call, state, play, lambda old, new: [*gone.elements, *new])


@deviations.play("OT-DELETE-1", WRITE, DELETE)
def write_after_a_delete_answers_200(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer a write under the identifier of a deleted subject with 200."""
    reply = play(call, state)
    if call.operation_id == DELETE and reply.accepted:
        state.put("deviation", str(_body(call).get("identifier")), 1)
    return replace(reply, status=200) if reply.status == 201 and state.get("deviation", _name(call)) else reply


@deviations.play("OT-DELETE-1", DELETE)
def identifiers_outlive_their_subject(call: Call, state: Transaction, play: Operation) -> Reply:
    """Find a deleted subject by its additional identifiers."""
    subject, reply = _subject(state, str(_body(call).get("identifier"))), play(call, state)
    if reply.accepted:
        state.put(SUBJECTS, subject.identifier + "\0", subject)
        for identifier in _additional(subject.elements):
            state.put(OWNERS, identifier, subject.identifier + "\0")
    return reply


@deviations.play("OT-DELETE-1", DELETE, beside=("OT-UPDATE-1",))
def delete_takes_the_longer_too(call: Call, state: Transaction, play: Operation) -> Reply:
    """Delete the subjects, too, whose identifiers begin with the one that is named."""
    named, reply = str(_body(call).get("identifier")), play(call, state)
    if reply.accepted:
        for name in [name for name, _ in state.scan(SUBJECTS) if name.startswith(named)]:
            state.delete(SUBJECTS, name)
    return reply


@deviations.play("OT-DELETE-1", PAGE, DETAILS, DELETE)
def reads_show_the_deleted(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show a deleted subject on its page and in its details."""
    if call.operation_id == DELETE:
        return _noted(call, state, play)
    gone = None if _subject(state, _name(call)) else state.get("deviation", _name(call))
    return _as_if(call, state, play, gone)


@deviations.play("OT-DELETE-1", DELETE)
def delete_that_retains_is_not_done(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer a delete that retains the receipts, and keep the subject."""
    known = _subject(state, str(_body(call).get("identifier"))) is not None
    retains = known and _body(call).get("retainReceipts") is True
    return Reply(200, "Data subject deleted") if retains else play(call, state)


@deviations.play("OT-DELETE-1", PROFILES, DELETE)
def profiles_show_the_deleted(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show a deleted subject in the profiles."""
    if call.operation_id == DELETE:
        return _noted(call, state, play)
    named = str(call.query.get("identifier", _name(call)))
    return _as_if(call, state, play, None if _subject(state, named) else state.get("deviation", named))


@deviations.play("OT-DELETE-3", DELETE)
def delete_of_nobody_answers_200(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer the delete of an unknown identifier with 200."""
    reply = play(call, state)
    return Reply(200, "Data subject deleted") if reply.status == 404 else reply


@deviations.play("OT-DELETE-3", DELETE)
def second_delete_answers_200(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer a delete with 200 that is repeated."""
    reply, named = play(call, state), str(_body(call).get("identifier"))
    if reply.accepted:
        state.put("deviation", named, 1)
    return Reply(200, "Data subject deleted") if reply.status == 404 and state.get("deviation", named) else reply


@deviations.play("OT-DELETE-3", DELETE)
def delete_in_another_case_is_done(call: Call, state: Transaction, play: Operation) -> Reply:
    """Delete the subject whose identifier differs from the named one in case alone."""
    named = str(_body(call).get("identifier"))
    alike = next((name for name, _ in state.scan(SUBJECTS) if name.lower() == named.lower()), named)
    known = _subject(state, named) is not None or "identifier" not in _body(call)
    return play(call if known else replace(call, body={**_body(call), "identifier": alike}), state)


@deviations.play("OT-DELETE-4", DELETE)
def delete_without_identifier_answers_400(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer a delete without identifier with 400."""
    reply = play(call, state)
    return replace(reply, status=400) if reply.status == 422 else reply


@deviations.play("OT-DELETE-4", DELETE)
def delete_without_identifier_keeps_receipts(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer a delete without identifier that retains the receipts with 200."""
    reply = play(call, state)
    retains = reply.status == 422 and _body(call).get("retainReceipts") is True
    return Reply(200, "Data subject deleted") if retains else reply


@deviations.play("OT-DELETE-5", PURGE)
def purge_answers_202(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer a list of identifiers to delete with 202."""
    reply = play(call, state)
    return replace(reply, status=202) if reply.accepted else reply


@deviations.play("OT-DELETE-5", PURGE)
def purge_answers_with_an_object(call: Call, state: Transaction, play: Operation) -> Reply:
    """Answer a list of identifiers to delete with an object."""
    reply = play(call, state)
    return replace(reply, body={"message": reply.body}) if reply.accepted else reply


@deviations.play("OT-DELETE-5", PURGE)
def purge_of_one_refused(call: Call, state: Transaction, play: Operation) -> Reply:
    """Refuse a list of one identifier."""
    return Reply(400, "Use the other operation") if len(_body(call).get("identifiers", [])) == 1 else play(call, state)


# --- what shows in long histories, or among many subjects alone ------------------------------------------------------


@deviations.play("OT-LINK-2", WRITE, beside=("OT-READ-1",))
def third_list_is_added(call: Call, state: Transaction, play: Operation) -> Reply:
    """Add the third list of a type, and each later one, to the identifiers that are there."""
    subject, elements = _subject(state, _name(call)), []
    old = {element.name: _values(element) for element in subject.elements if element.linked} if subject else {}
    for each in _elements(call):
        key = f"lists {subject.identifier if subject else _name(call)} {each['name']}"
        number: Any = state.get("deviation", key) or 0
        listed = each.get("linked") and isinstance(each.get("value"), list) and each["value"]
        if listed:
            state.put("deviation", key, number + 1)
        added = [*old.get(each["name"], ()), *each["value"]] if listed and number > 1 else None
        elements.append({**each, "value": list(dict.fromkeys(added))} if added else each)
    return play(_with(call, elements) if elements else call, state)


@deviations.play("OT-READ-2", PAGE)
def page_knows_three_of_a_type(call: Call, state: Transaction, play: Operation) -> Reply:
    """Find a subject for the page by the first three additional identifiers of a type."""
    found = _subject(state, _name(call))
    later = found is not None and any(_name(call) in _values(each)[3:] for each in found.elements if each.linked)
    return play(_about(call, "\0") if later else call, state)


@deviations.play("OT-READ-1", WRITE, PAGE)
def page_stands_still_after_four_writes(call: Call, state: Transaction, play: Operation) -> Reply:
    """Show on the page what a subject had after its fourth write."""
    if call.operation_id != WRITE:
        subject = _subject(state, _name(call))
        return _as_if(call, state, play, state.get("deviation", f"fourth {subject.identifier}") if subject else None)
    reply = play(call, state)
    subject = _subject(state, _name(call))
    if reply.accepted and subject is not None:
        number: Any = state.get("deviation", f"writes {subject.identifier}") or 0
        state.put("deviation", f"writes {subject.identifier}", number + 1)
        if number == 3:
            state.put("deviation", f"fourth {subject.identifier}", subject)
    return reply


@deviations.play("OT-CREATE-2", WRITE)
def elements_of_another_after_the_twentieth(call: Call, state: Transaction, play: Operation) -> Reply:
    """Give a new subject what one has that was created before, once there are more than twenty."""
    everybody = [record for _, record in state.scan(SUBJECTS)]
    if _subject(state, _name(call)) is not None or len(everybody) <= 20 or not _elements(call):
        return play(call, state)
    return _stored(call, state, play, lambda old, new: [*new, *_missing(new, everybody[-1].elements)])


def _missing(new: Iterable[Any], others: Iterable[Any]) -> list[Any]:
    """Return what of the other elements has a name of its own, not linked."""
    names = {element.name for element in new}
    return [replace(element, linked=False) for element in others if element.name not in names]
