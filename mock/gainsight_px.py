"""Gainsight PX's users: created, updated, read, listed and deleted by the id of the identify call.

Rule ids are those of specs/gainsight_px/rules.yaml. Pure: everything comes in with the call and the transaction. One
file, though a long one, since a model is loaded by its path alone; a third of it is the list, with orders and filters.
"""

import base64
import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from html import escape
from http import HTTPStatus

from understudy.model.behaviour import Behaviour, Exceeded, Quota, Refusal, Switch
from understudy.model.call import Call, Reply
from understudy.model.state import Table, Transaction
from understudy.values import Json

REVIVAL = timedelta(days=7)
DAY = 86_400
PAGE_SIZE = 25
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)

TEXTS = ("email", "firstName", "lastName", "title", "phone", "role", "subscriptionId", "accountId", "sfdcContactId")
NUMBERS = ("signUpDate", "firstVisitDate", "score")
PLACES = ("location", "lastInferredLocation")
LISTS = ("propertyKeys", "channelMetricList", "lastVisitedUserAgentData")
WRITABLE = (*TEXTS, *NUMBERS, *PLACES, *LISTS, "type", "gender", "customAttributes", "globalUnsubscribe")
READ_ONLY = ("id", "aptrinsicId", "globalId", "createDate", "lastModifiedDate", "lastSeenDate", "numberOfVisits")

_CODED = ("countryName", "countryCode", "stateName", "stateCode", "city", "street", "postalCode")
_AGENT = ("rawUserAgent", "device", "platformType", "platformVersion", "browserType", "browserVersion")
PLACE: Mapping[str, Json] = {
    **dict.fromkeys((*_CODED, "continent", "regionName", "timeZone"), ""),
    "coordinates": {"latitude": 0.0, "longitude": 0.0},
}
METRIC: Mapping[str, Json] = {"groupId": "", "channel": 0, "environment": 0, "firstSeenDate": 0, "lastSeenDate": 0}
AGENT: Mapping[str, Json] = {"propertyKey": "", "userAgent": dict.fromkeys(_AGENT, "")}
"""How a place, a channel metric and a user agent with nothing in them are shown."""


@dataclass(frozen=True, slots=True)
class User:
    """A user, kept under the id; `fields` are what clients may write, as last written, and never changed in place.

    One who is deleted softly is kept, with the moment of it. `number` tells in which order users were created.
    """

    number: int
    identify_id: str
    aptrinsic_id: str
    created: datetime
    modified: datetime
    fields: Mapping[str, Json]
    deleted: datetime | None = None


USERS = Table("users", User)
CREATED = Table("created", int)  # how many users there have been, under the one key "users"

SWITCHES = (
    Switch("objects", "merge", ("merge", "replace"), "what becomes of location and customAttributes", "PX-UPDATE-5"),
    Switch("mismatch", "path", ("path", "refuse"), "a body with another id than the path", "PX-UPDATE-10"),
    Switch("last-inferred-location", "writable", ("writable", "read-only"), "which page is right", "PX-READONLY-2"),
    Switch("retry-after", "off", ("off", "on"), "whether a 429 says when to try again", "PX-LIMIT-3"),
    Switch("scroll-end", "id", ("id", "null"), "the scrollId of the last page", "PX-LIST-9"),
)


def _limited(exceeded: Exceeded, switches: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    """Return the headers of a 429: none are documented."""
    return (("Retry-After", str(exceeded.retry_after)),) if switches.get("retry-after") == "on" else ()


def envelope(status: int, message: str) -> Json:
    """Return the body of an error."""
    name = HTTPStatus(status).name
    return {"externalapierror": {"status": name, "message": message, "debugMessage": None, "subErrors": None}}


def _refused(refusal: Refusal, operation_id: str | None, switches: Mapping[str, Json]) -> Reply:
    """Answer in the vendor's envelope, or with a page where a key lacks the permission."""
    if refusal.status == 403:
        page = f"<html><head><title>403 Forbidden</title></head><body><p>{escape(refusal.detail)}</p></body></html>\n"
        rules = tuple(dict.fromkeys((*refusal.rules, "PX-AUTH-4")))
        return refusal.reply(page, "text/html", rules=rules)
    message = f"{refusal.detail} ({refusal.where})" if refusal.where else refusal.detail
    return refusal.reply(envelope(refusal.status, message), rules=(*refusal.rules, "PX-ERROR-2"))


behaviour = Behaviour(
    full=("READ", "WRITE"),
    restricted=("READ",),
    switches=SWITCHES,
    tables=(USERS, CREATED),
    quotas={"documented": (Quota(200, 1), Quota(1_000_000, DAY))},
    quota_rule="PX-LIMIT-2",
    limited=_limited,
    refused=_refused,
)
behaviour.plays("PX-LIMIT-3")(_limited)
behaviour.plays("PX-ERROR-2")(_refused)


# --- writes ----------------------------------------------------------------------------------------------------------


@behaviour.operation("updateUser")
@behaviour.plays("PX-UPDATE-3", "PX-UPDATE-10", "PX-ID-1", "PX-ID-2")
def update_user(call: Call, state: Transaction) -> Reply:
    """Update the user whom the path names, whatever the body says of the id."""
    identify_id = call.path["identifyId"]
    other = _body(call).get("identifyId", identify_id) != identify_id
    if other and call.switch("mismatch") == "refuse":
        return _bad("identifyId of the body is not that of the path", "PX-UPDATE-10")
    return update(call, state, identify_id, ("PX-UPDATE-3",), "PX-MISSING-1", ("PX-UPDATE-10",) if other else ())


@behaviour.operation("updateUserOfBody")
@behaviour.plays("PX-UPBODY-1", "PX-UPBODY-2", "PX-UPBODY-3", "PX-UPBODY-5")
def update_user_of_body(call: Call, state: Transaction) -> Reply:
    """Update the user whom the body names."""
    return update(call, state, _body(call)["identifyId"], ("PX-UPBODY-1", "PX-UPBODY-3"), "PX-UPBODY-2")


@behaviour.plays(
    "PX-UPDATE-1", "PX-UPDATE-2", "PX-UPDATE-7", "PX-UPDATE-9", "PX-MISSING-1", "PX-MISSING-2", "PX-DELETE-4"
)
def update(
    call: Call,
    state: Transaction,
    identify_id: str,
    rules: tuple[str, ...],
    unknown: str,
    remarks: tuple[str, ...] = (),
) -> Reply:
    """Update a user, or revive and update one; `unknown` is the rule of a 404."""
    user = USERS.get(state, identify_id)
    if user is None or not (user.deleted is None or revivable(user, call.now)):
        return _missing(identify_id, unknown)
    USERS.put(state, identify_id, replace(user, fields=merge(call, user.fields), modified=call.now, deleted=None))
    revived = ("PX-DELETE-4",) if user.deleted else ()
    return Reply(204, rules=("PX-UPDATE-1", *rules, *revived), remarks=(*remarks, *_without_effect(call)))


@behaviour.operation("createUser")
@behaviour.plays("PX-CREATE-1", "PX-CREATE-2", "PX-CREATE-7", "PX-CREATE-8", "PX-DELETE-3", "PX-DELETE-8")
def create_user(call: Call, state: Transaction) -> Reply:
    """Create a user, or revive one."""
    body = _body(call)
    identify_id, ignored = body["identifyId"], _without_effect(call)
    found = USERS.get(state, identify_id)
    if found is not None and found.deleted is None:
        return _bad(f"possible duplicate of user {identify_id}", "PX-CREATE-2")
    refused = [name for name in _read_only(call) if name in body] if call.switch("profile") == "documented" else []
    if refused:
        return _bad(f"read-only: {', '.join(refused)}", "PX-READONLY-4")
    if found is not None and revivable(found, call.now):
        user = replace(found, fields=merge(call, found.fields), modified=call.now, deleted=None)
        rules: tuple[str, ...] = ("PX-DELETE-3", "PX-DELETE-8")
    else:
        number = (CREATED.get(state, "users") or 0) + 1
        CREATED.put(state, "users", number)
        user = User(number, identify_id, call.fresh("user"), call.now, call.now, merge(call, {}))
        rules = ("PX-CREATE-1", "PX-CREATE-3")
    USERS.put(state, identify_id, user)
    return Reply(201, rules=rules, remarks=ignored)


def revivable(user: User, now: datetime) -> bool:
    """Whether a user who is deleted can still come back."""
    return user.deleted is not None and now - user.deleted <= REVIVAL


@behaviour.plays("PX-CREATE-3", "PX-CREATE-9", "PX-UPDATE-4", "PX-UPDATE-5", "PX-UPDATE-6", "PX-UPDATE-8")
def merge(call: Call, old: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the fields with those of the body over them: lists are replaced, objects as the switch says."""
    merging = call.switch("objects") == "merge"
    fields = dict(old)
    for name, value in _body(call).items():
        if name in PLACES and name not in _read_only(call):
            fields[name] = _place(old.get(name, {}) if merging else {}, value)
        elif name == "customAttributes":
            fields[name] = {**old.get(name, {}), **value} if merging else value
        elif name in WRITABLE and name not in PLACES:
            fields[name] = value
    return fields


def _place(old: Mapping[str, Json], sent: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return a place with what was sent of it; a postal code is text, however it came."""
    place = {**old, **{name: value for name, value in sent.items() if name in PLACE}}
    if "coordinates" in sent:
        place["coordinates"] = {**old.get("coordinates", {}), **sent["coordinates"]}
    if "postalCode" in sent:
        place["postalCode"] = (
            sent["postalCode"] if isinstance(sent["postalCode"], str) else json.dumps(sent["postalCode"])
        )
    return place


@behaviour.plays("PX-READONLY-1", "PX-READONLY-2", "PX-READONLY-4")
def _read_only(call: Call) -> tuple[str, ...]:
    """Return the fields that a client cannot set."""
    inferred = call.switch("last-inferred-location") == "read-only"
    return (*READ_ONLY, "lastInferredLocation") if inferred else READ_ONLY


@behaviour.plays("PX-READONLY-3", "PX-UPDATE-11")
def _without_effect(call: Call) -> tuple[str, ...]:
    """Return the remarks on what a body says in vain."""
    names, read_only = set(_body(call)) - {"identifyId"}, set(_read_only(call))
    seen = {"createDate"} if call.operation_id == "createUser" else set()
    remarks = {
        "PX-READONLY-3": names & seen,
        "PX-READONLY-1": (names & set(READ_ONLY)) - seen,
        "PX-READONLY-2": names & read_only & set(PLACES),
        "PX-UPDATE-11": names - set(WRITABLE) - read_only,
    }
    return tuple(rule for rule, meant in remarks.items() if meant)


def _body(call: Call) -> dict[str, Json]:
    return call.body if isinstance(call.body, dict) else {}


def _bad(message: str, rule: str) -> Reply:
    return Reply(400, envelope(400, message), (rule, "PX-ERROR-2"))


@behaviour.plays("PX-ERROR-1")
def _missing(identify_id: str, rule: str) -> Reply:
    return Reply(404, envelope(404, f"user {identify_id} was not found"), (rule, "PX-ERROR-1"))


@behaviour.adopts("createUser", "updateUser", "updateUserOfBody")
def adopt_write(call: Call, body: Json, state: Transaction) -> frozenset[str] | None:
    """Have the user whom a write was about, with what it says."""
    identify_id = call.path.get("identifyId", _body(call).get("identifyId"))
    return _adopt(call, state, identify_id, lambda old: merge(call, old))


@behaviour.adopts("getUser")
def adopt_read(call: Call, body: Json, state: Transaction) -> frozenset[str] | None:
    """Have the user whom a read shows, with what it shows."""
    fields = {name: body[name] for name in WRITABLE if body.get(name) is not None}
    return _adopt(call, state, call.path["identifyId"], lambda old: fields)


def _adopt(
    call: Call, state: Transaction, identify_id: str, fields: Callable[[Mapping[str, Json]], Mapping[str, Json]]
) -> frozenset[str]:
    user = USERS.get(state, identify_id)
    if user is None:
        number = (CREATED.get(state, "users") or 0) + 1
        CREATED.put(state, "users", number)
        user = User(number, identify_id, call.fresh("user"), call.now, call.now, {})
    USERS.put(state, identify_id, replace(user, fields=fields(user.fields), modified=call.now, deleted=None))
    return frozenset()


@behaviour.adopts("deleteUser", "deleteUserOfBody")
def adopt_delete(call: Call, body: Json, state: Transaction) -> frozenset[str] | None:
    """Have the user whom a delete was about deleted."""
    identify_id, hard = call.path.get("identifyId", _body(call).get("identifyId")), call.query.get("hardDelete", False)
    if USERS.get(state, identify_id) is None:
        _adopt(call, state, identify_id, lambda old: old)  # who may be revived
    delete(call, state, identify_id, (), "", hard=hard)
    return frozenset()


# --- deletes ---------------------------------------------------------------------------------------------------------


@behaviour.operation("deleteUser")
@behaviour.plays("PX-DELETE-2", "PX-DELETE-5")
def delete_user(call: Call, state: Transaction) -> Reply:
    """Delete the user whom the path names, softly or for good."""
    hard = call.query.get("hardDelete", False)
    done = ("PX-DELETE-1", "PX-DELETE-5") if hard else ("PX-DELETE-1",)
    return delete(call, state, call.path["identifyId"], done, "PX-DELETE-2", hard=hard)


@behaviour.operation("deleteUserOfBody")
@behaviour.plays("PX-DELBODY-1", "PX-DELBODY-2", "PX-DELBODY-3", "PX-DELBODY-8")
def delete_user_of_body(call: Call, state: Transaction) -> Reply:
    """Delete the user whom the body names, softly."""
    return delete(call, state, _body(call)["identifyId"], ("PX-DELBODY-1", "PX-DELBODY-3"), "PX-DELBODY-2")


@behaviour.plays("PX-DELETE-1", "PX-DELETE-7")
def delete(
    call: Call, state: Transaction, identify_id: str, done: tuple[str, ...], unknown: str, *, hard: bool = False
) -> Reply:
    """Delete a user: hard at once, soft with a mark; `done` and `unknown` are the rules of the two outcomes."""
    user = _there(state, identify_id)
    if user is None:
        return _missing(identify_id, unknown)
    if hard:
        USERS.delete(state, identify_id)
    else:
        USERS.put(state, identify_id, replace(user, deleted=call.now))
    return Reply(204, rules=done)


# --- reads -----------------------------------------------------------------------------------------------------------


@behaviour.operation("getUser")
@behaviour.plays("PX-GET-1", "PX-GET-2", "PX-GET-3")
def get_user(call: Call, state: Transaction) -> Reply:
    """Show the user whom the path names."""
    user = _there(state, call.path["identifyId"])
    if user is None:
        return _missing(call.path["identifyId"], "PX-GET-2")
    return Reply(200, shown(user), ("PX-GET-1", "PX-GET-4"))


def _there(state: Transaction, identify_id: str) -> User | None:
    user = USERS.get(state, identify_id)
    return user if user is not None and user.deleted is None else None


@behaviour.plays("PX-GET-4", "PX-FORM-1", "PX-FORM-2", "PX-FORM-3", "PX-FORM-4", "PX-FORM-5")
def shown(user: User) -> dict[str, Json]:
    """Return a user as a read shows it: nothing is left out, moments are in milliseconds since 1970."""
    fields = user.fields
    metrics, agents = fields.get("channelMetricList", []), fields.get("lastVisitedUserAgentData")
    return {
        "id": user.identify_id,
        "aptrinsicId": user.aptrinsic_id,
        "identifyId": user.identify_id,
        "globalId": "",
        "type": fields.get("type", "EMPTY_USER_TYPE"),
        "gender": fields.get("gender", "EMPTY_GENDER"),
        **{name: fields.get(name, "") for name in TEXTS},
        **{name: fields.get(name, 0) for name in NUMBERS},
        **{name: _whole(PLACE, fields.get(name, {})) for name in PLACES},
        "propertyKeys": fields.get("propertyKeys", []),
        "customAttributes": fields.get("customAttributes"),
        "globalUnsubscribe": fields.get("globalUnsubscribe", False),
        "channelMetricList": [_whole(METRIC, metric) for metric in metrics],
        "lastVisitedUserAgentData": None if agents is None else [_whole(AGENT, agent) for agent in agents],
        "createDate": _milliseconds(user.created),
        "lastModifiedDate": _milliseconds(user.modified),
        "lastSeenDate": 0,
        "numberOfVisits": 0,
    }


def _whole(empty: Mapping[str, Json], value: Mapping[str, Json]) -> dict[str, Json]:
    """Return the value with what it lacks as the empty form has it, and nothing else."""
    return {
        name: _whole(absent, value.get(name, {})) if isinstance(absent, Mapping) else value.get(name, absent)
        for name, absent in empty.items()
    }


def _milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // MILLISECOND


# --- the list --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list was asked for, and the place of the user whom its last page ended with."""

    filters: tuple[str, ...]
    sort: str
    after: list[Json] | None = None


@behaviour.operation("listUsers")
@behaviour.plays("PX-LIST-1", "PX-LIST-2", "PX-LIST-3", "PX-LIST-7", "PX-LIST-8", "PX-LIST-9", "PX-LIST-10")
def list_users(call: Call, state: Transaction) -> Reply:
    """Show a page of the users that match."""
    scroll_id = call.query.get("scrollId")
    try:
        listing = Listing(tuple(call.query.get("filter", ())), call.query.get("sort", ""))
        listing = listing if scroll_id is None else opened(scroll_id)
        rows = ordered(listing.sort, _matching(state, listing.filters))
    except _UnreadableError as error:
        return _bad(str(error), error.rule)
    rest = [row for row in rows if listing.after is None or _follows(row, listing)]
    page = rest[: call.query.get("pageSize", PAGE_SIZE)]
    more = len(rest) > len(page) or call.switch("scroll-end") == "id"
    after = page[-1].place if page else listing.after
    body = {
        "users": [row.shown for row in page],
        "totalHits": len(rows),
        "scrollId": sealed(replace(listing, after=after)) if more else None,
    }
    rules = ["PX-LIST-1", "PX-LIST-2", "PX-LIST-7" if "pageSize" in call.query else "PX-LIST-3"]
    rules += ["PX-FILTER-6"] * bool(listing.filters) + ["PX-SORT-1"] * bool(listing.sort)
    return Reply(200, body, (*rules, "PX-LIST-8") if scroll_id is not None else tuple(rules))


class _UnreadableError(Exception):
    """A filter, a sort or a scrollId that cannot be understood; `rule` says that it is refused."""

    def __init__(self, message: str, rule: str = "PX-FILTER-8") -> None:
        super().__init__(message)
        self.rule = rule


def _matching(state: Transaction, filters: tuple[str, ...]) -> Iterator[tuple[int, dict[str, Json]]]:
    """Yield number and form of the users that match."""
    wanted = [conditions(text) for text in filters]
    everybody = ((user.number, shown(user)) for _, user in USERS.scan(state) if user.deleted is None)
    return (row for row in everybody if not wanted or any(all(holds(row[1]) for holds in each) for each in wanted))


@dataclass(frozen=True, slots=True)
class Row:
    """A user in a list; `place` is what the order goes by, in the form that a scrollId keeps."""

    place: list[Json]
    shown: dict[str, Json]


@behaviour.plays("PX-SORT-1", "PX-SORT-2", "PX-SORT-3", "PX-SORT-4")
def ordered(sort: str, users: Iterator[tuple[int, dict[str, Json]]]) -> list[Row]:
    """Return the rows of a list in their order, by the number of the user where nothing else decides."""
    names = [name for name, _ in _fields(sort)]
    rows = [Row([*(_rank(_value(user, name)) for name in names), number], user) for number, user in users]
    return sorted(rows, key=lambda row: _key(row.place, sort))


def _follows(row: Row, listing: Listing) -> bool:
    """Whether a row comes behind the last page; not the very user whom it ended with, wherever that one is by now."""
    after = listing.after or []
    return row.place[-1] != after[-1] and _key(row.place, listing.sort) > _key(after, listing.sort)


def _fields(sort: str) -> list[tuple[str, bool]]:
    """Return the fields of an order, and whether each is falling; raises _UnreadableError."""
    fields = [(name.removeprefix("-"), name.startswith("-")) for name in sort.split(";") if sort]
    for name, _ in fields:
        _kind(name)
    return fields


class _Falling:
    """A value that comes before smaller ones."""

    def __init__(self, value: Json) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Falling) and bool(self.value == other.value)

    def __lt__(self, other: "_Falling") -> bool:
        return bool(other.value < self.value)

    __hash__ = None  # type: ignore[assignment]


def _key(place: list[Json], sort: str) -> list[Json]:
    values = zip(place, _fields(sort), strict=False)  # the number comes last, and always rises
    return [_Falling(value) if falling else value for value, (_, falling) in values] + place[-1:]


def _rank(value: Json) -> list[Json]:
    """Return what a value is ordered by: numbers first, then text without case, then the rest."""
    if isinstance(value, int | float):
        return [0, value]
    return [1, value.casefold()] if isinstance(value, str) else [2, json.dumps(value, sort_keys=True)]


def sealed(listing: Listing) -> str:
    """Return the scrollId that continues a listing: nobody but `opened` needs to understand it."""
    text = json.dumps([listing.filters, listing.sort, listing.after], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_seal(text) + text).decode().rstrip("=")


def opened(scroll_id: str) -> Listing:
    """Return the listing that a scrollId continues; raises _UnreadableError where no page gave it out."""
    try:
        raw = base64.b64decode(scroll_id + "=" * (-len(scroll_id) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raw = b""
    if _seal(raw[8:]) != raw[:8]:
        raise _UnreadableError("the scrollId is unknown", "PX-LIST-10")
    filters, sort, after = json.loads(raw[8:])
    return Listing(tuple(filters), sort, after)


def _seal(text: bytes) -> bytes:
    return blake2b(text, digest_size=8, person=b"understudy").digest()


# --- the filter's grammar --------------------------------------------------------------------------------------------

_CONDITION = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(==|!=|!~|<=|>=|<|>|~)(.*)", re.DOTALL)
_NEGATED = {"!=": "==", "!~": "~"}
_COMPARISONS: Mapping[str, Callable[[Json, Json], bool]] = {
    "==": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "~": operator.contains,
}
_CUSTOM = "customAttributes."
_MOMENTS = ("createDate", "lastModifiedDate", "lastSeenDate")
_KINDS: Mapping[str, type] = {
    **dict.fromkeys((*TEXTS, "id", "identifyId", "aptrinsicId", "globalId", "type", "gender"), str),
    **dict.fromkeys((*NUMBERS, *_MOMENTS, "numberOfVisits"), float),
    **{f"{place}.{name}": str for place in PLACES for name in PLACE if name != "coordinates"},
    **{f"{place}.coordinates.{name}": float for place in PLACES for name in PLACE["coordinates"]},
    "globalUnsubscribe": bool,
    "propertyKeys": list,
}
Holds = Callable[[Mapping[str, Json]], bool]


@behaviour.plays("PX-FILTER-1", "PX-FILTER-2", "PX-FILTER-3", "PX-FILTER-4", "PX-FILTER-5")
def conditions(text: str) -> list[Holds]:
    """Return the conditions of one filter, all of which must hold; raises _UnreadableError."""
    return [_condition(each) for each in text.split(";")]


@behaviour.plays("PX-FILTER-6", "PX-FILTER-7", "PX-FILTER-8")
def _condition(text: str) -> Holds:
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise _UnreadableError(f"the filter {text!r} is no comparison such as lastName==Example")
    name, sign, wanted = match[1], match[2], match[3].strip().casefold()
    kind, number = _kind(name), None if "~" in sign else _number(wanted)
    if kind is float and number is None and "~" not in sign:
        raise _UnreadableError(f"{name} is compared with a number, not with {wanted!r}")
    compare, negated = _COMPARISONS[_NEGATED.get(sign, sign)], sign in _NEGATED

    def holds(user: Mapping[str, Json]) -> bool:
        value = _value(user, name)
        values = value if kind is list else [value]
        return negated is not any(compare(*_operands(each, wanted, number)) for each in values if each is not None)

    return holds


def _number(text: str) -> int | float | None:
    """Return the number that a text stands for, whole if it can be; None where it is none."""
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return None


def _operands(value: Json, text: str, number: float | None) -> tuple[Json, Json]:
    """Return what to compare: text without case, numbers by their value, all else as JSON writes it."""
    if isinstance(value, str):
        return value.casefold(), text
    if isinstance(value, bool) or number is None or not isinstance(value, int | float):
        return json.dumps(value).casefold(), text
    return value, number


def _kind(name: str) -> type:
    """Return the type that a field of that name has; raises _UnreadableError where there is none."""
    if name.startswith(_CUSTOM):
        return object
    if name not in _KINDS:
        raise _UnreadableError(f"there is no field {name!r} to compare or sort by")
    return _KINDS[name]


def _value(user: Mapping[str, Json], name: str) -> Json:
    if name.startswith(_CUSTOM):
        return (user["customAttributes"] or {}).get(name.removeprefix(_CUSTOM))
    value: Json = user
    for part in name.split("."):
        value = value[part]
    return value
