"""Gainsight PX's users, written from the vendor's pages alone: nothing of understudy's is in it.

It keeps every documented sentence, those of the vendor's other pages (create, read, list, delete) among them.
"""

import copy
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as value
from typing import TypeAlias

from tests.e2e.serving import Answer, Bad, Call, Fault, Json, Served, media_type, parsed

Fields: TypeAlias = dict[str, Json]
Check: TypeAlias = Callable[[Json, str], None]

LITERALS = ("update", "delete")
READ_ONLY = ("aptrinsicId", "id", "globalId", "createDate", "lastModifiedDate", "lastSeenDate", "numberOfVisits")
OPERATORS: Mapping[str, Callable[[Json, Json], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "~": lambda one, other: str(other) in str(one),
    "!~": lambda one, other: str(other) not in str(one),
}
_COMPARED = re.compile(r"([\w.]+?)(==|!=|<=|>=|!~|<|>|~)(.*)", re.DOTALL)


def _text(given: Json, where: str) -> None:
    if not isinstance(given, str):
        raise Bad(where)


def _one_of(*allowed: str) -> Check:
    def check(given: Json, where: str) -> None:
        if given not in allowed:
            raise Bad(where)

    return check


def _whole(bits: int) -> Check:
    def check(given: Json, where: str) -> None:
        if isinstance(given, bool) or not isinstance(given, int) or not -(2 ** (bits - 1)) <= given < 2 ** (bits - 1):
            raise Bad(where)

    return check


def _number(given: Json, where: str) -> None:
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise Bad(where)


def _flag(given: Json, where: str) -> None:
    if not isinstance(given, bool):
        raise Bad(where)


def _object(**known: Check) -> Check:
    def check(given: Json, where: str) -> None:
        if not isinstance(given, dict):
            raise Bad(where)
        for name in given.keys() & known.keys():
            known[name](given[name], f"{where}/{name}")

    return check


def _list(each: Check) -> Check:
    def check(given: Json, where: str) -> None:
        if not isinstance(given, list):
            raise Bad(where)
        for number, entry in enumerate(given):
            each(entry, f"{where}/{number}")

    return check


def _texts(names: str) -> dict[str, Check]:
    return dict.fromkeys(names.split(), _text)


INT32, INT64 = _whole(32), _whole(64)
PLACE = _object(
    **_texts("countryName countryCode stateName stateCode city street postalCode continent regionName timeZone"),
    coordinates=_object(latitude=_number, longitude=_number),
)
AGENT = _object(**_texts("rawUserAgent device platformType platformVersion browserType browserVersion"))
METRIC = _object(groupId=_text, channel=INT64, environment=INT32, firstSeenDate=INT64, lastSeenDate=INT64)
FIELDS: Mapping[str, Check] = {
    "type": _one_of("LEAD", "USER", "VISITOR", "EMPTY_USER_TYPE"),
    "gender": _one_of("MALE", "FEMALE", "OTHER", "EMPTY_GENDER"),
    **_texts("email firstName lastName title phone role subscriptionId accountId sfdcContactId"),
    "signUpDate": INT64,
    "firstVisitDate": INT64,
    "score": INT64,
    "location": PLACE,
    "propertyKeys": _list(_text),
    "customAttributes": _object(),
    "globalUnsubscribe": _flag,
    "channelMetricList": _list(METRIC),
    "lastVisitedUserAgentData": _list(_object(propertyKey=_text, userAgent=AGENT)),
    "lastInferredLocation": PLACE,
}


@dataclass
class User:
    """A user: what was written, and what is the server's own."""

    identify_id: str
    number: int
    fields: Fields = value(default_factory=dict)
    deleted: bool = False
    updates: int = 0


class Directory(Served):
    """The operations on users."""

    vendor, full, read = "gainsight_px", "px-full-8c1f22aa", "px-read-77be01dd"
    existing = "someone-1"
    checks = FIELDS

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.users: dict[str, User] = {}
        self.count = 0
        self.scrolls: dict[str, tuple[list[User], int]] = {}
        for name in (self.existing, "other@example.com"):
            self.users[name] = self.new(name)
            self.users[name].fields = {"firstName": "Sam", "email": "sam@example.com", "propertyKeys": ["AP-OWN-2"]}

    def respond(self, call: Call) -> Answer:
        """Answer as the pages say."""
        methods = self.offered(call)
        if call.method not in methods:
            return self.refusal(405 if methods else 404, headers={"Allow": ", ".join(methods)} if methods else {})
        call.who = self.caller(call)
        if not call.who:
            return self.refusal(401, "bad API key")
        if call.who == "read" and call.method != "GET":
            return self.not_allowed(call)
        try:
            return self.done(call)
        except Bad as bad:
            return self.refusal(400, str(bad))

    def offered(self, call: Call) -> tuple[str, ...]:
        """Return the methods that the path of a call offers."""
        if call.segments[:2] != ["v1", "users"] or not all(call.segments):
            return ()
        return ("GET", "POST") if len(call.segments) == 2 else ("GET", "PUT", "DELETE")

    def done(self, call: Call) -> Answer:
        """Do what an authorized call asks for; raises Bad."""
        if len(call.segments) == 2:
            return self.create(self.body(call)) if call.method == "POST" else self.listed(call)
        named = "/".join(call.segments[2:])
        if call.method == "GET":
            found = self.find(named)
            return Answer(200, self.shown(found)) if found is not None else self.missing(named)
        if call.method == "PUT":
            body = self.valid(self.body(call))
            return self.update(body["identifyId"] if named == "update" else named, body)
        if named == "delete":
            _text(self.body(call).get("identifyId"), "identifyId")
            named = self.body(call)["identifyId"]
        return self.delete(named, hard=self.flag(call))

    # --- who calls, and with what -----------------------------------------------------------------------------------

    def caller(self, call: Call) -> str:
        """Return who calls: full, read or nobody ('')."""
        return {self.full: "full", self.read: "read"}.get(call.headers.get("x-aptrinsic-api-key", ""), "")

    def refusal(self, status: int, reason: str = "", headers: dict[str, str] | None = None) -> Answer:
        """Return an error."""
        error = {"status": f"E{status}", "message": reason, "debugMessage": None, "subErrors": None}
        return Answer(status, {"externalapierror": error}, headers or {})

    def not_allowed(self, call: Call) -> Answer:
        """Refuse a key that may not write."""
        return Answer(403, b"<html></html>", {"Content-Type": "text/html"})

    def missing(self, named: str) -> Answer:
        """Say that a user was not found."""
        return self.refusal(404, f"user {named} was not found")

    def body(self, call: Call) -> Fields:
        """Return a body; raises Bad."""
        if media_type(call) != "application/json":
            raise Bad("media type")
        body = parsed(call.body)
        if not isinstance(body, dict):
            raise Bad("not an object")
        return body

    def valid(self, body: Fields) -> Fields:
        """Return a body that describes a user; raises Bad."""
        _text(body.get("identifyId"), "identifyId")
        if not body["identifyId"] or body.get("propertyKeys", []) == []:
            raise Bad("identifyId or propertyKeys")
        for name in body.keys() & self.checks.keys():
            self.checks[name](body[name], name)
        return body

    def flag(self, call: Call) -> bool:
        """Return whether a delete is a hard one; raises Bad."""
        asked = call.asked("hardDelete") or "false"
        if asked not in ("true", "false"):
            raise Bad("hardDelete")
        return asked == "true"

    # --- writing ----------------------------------------------------------------------------------------------------

    def new(self, named: str) -> User:
        """Return a new user."""
        self.count += 1
        return User(named, self.count)

    def find(self, named: str) -> User | None:
        """Return the user of an id, if not deleted."""
        found = self.users.get(named)
        return found if found is not None and not found.deleted else None

    def create(self, sent: Fields) -> Answer:
        """Create a user, or revive one; raises Bad."""
        body = self.valid(sent)
        named = body["identifyId"]
        if self.find(named) is not None:
            return self.duplicate(body)
        user = self.users.setdefault(named, self.new(named))
        self.revive(user)
        self.write(user, body)
        return Answer(201, self.shown(user))

    def duplicate(self, body: Fields) -> Answer:
        """Refuse to create a user who is there."""
        return self.refusal(400, "possible duplicate")

    def update(self, named: str, body: Fields) -> Answer:
        """Update a user, or revive one."""
        user = self.users.get(named)
        if user is None:
            return self.missing(named)
        self.revive(user)
        user.updates += 1
        self.write(user, body)
        return Answer(204)

    def revive(self, user: User) -> None:
        """Undo a soft delete."""
        user.deleted = False

    def write(self, user: User, body: Fields) -> None:
        """Give a user what a body says."""
        for name in body.keys() & self.checks.keys():
            old, new = user.fields.get(name), self.stored(name, copy.deepcopy(body[name]))
            user.fields[name] = self.merged(old, new) if isinstance(old, dict) and isinstance(new, dict) else new

    def stored(self, name: str, given: Json) -> Json:
        """Return the value of a field as the directory keeps it."""
        return given

    def merged(self, old: Fields, new: Fields) -> Fields:
        """Return a location or the custom attributes with what was sent over them."""
        return {**old, **new}

    def delete(self, named: str, *, hard: bool) -> Answer:
        """Delete a user."""
        user = self.find(named)
        if user is None:
            return self.missing(named)
        user.deleted = True
        if hard:
            del self.users[named]
        return Answer(204)

    # --- reading ----------------------------------------------------------------------------------------------------

    def shown(self, user: User) -> Fields:
        """Return a user as a read shows them: what was written, and the read-only fields."""
        own = {"aptrinsicId": f"apt-{user.number}", "globalId": user.number, "createDate": 1769851800000 + user.number}
        return {**copy.deepcopy(user.fields), "identifyId": user.identify_id, "id": user.identify_id, **own}

    def listed(self, call: Call) -> Answer:
        """List users: a page, or the next one; raises Bad."""
        size, scroll = call.asked("pageSize") or self.page_size(), call.asked("scrollId")
        if not size.isdecimal() or not 1 <= int(size) <= 1000:
            raise Bad("pageSize")
        if scroll is not None and scroll not in self.scrolls:
            raise Bad("scrollId")
        users, start = (self.chosen(call), 0) if scroll is None else self.scrolls[scroll]
        return self.page(users, start, int(size))

    def page_size(self) -> str:
        """Return how many users a page holds where the call does not say."""
        return "25"

    def page(self, users: list[User], start: int, size: int) -> Answer:
        """Return a page of users."""
        shown = [self.shown(each) for each in users[start : start + size]]
        following = None
        if start + size < len(users):
            following = f"scroll-{len(self.scrolls)}"
            self.scrolls[following] = (users, start + size)
        return Answer(200, {"users": shown, "totalHits": len(users), "scrollId": following})

    def chosen(self, call: Call) -> list[User]:
        """Return the users that a call asks for, in its order; raises Bad."""
        filters = [asked for name, asked in call.query if name == "filter"]
        users = [each for each in self.visible() if not filters or self.matches(self.shown(each), filters)]
        for name in reversed((call.asked("sort") or "").split(";")):
            if name:
                users.sort(key=lambda user: _rank(self.shown(user), name.lstrip("-")), reverse=self.falls(name))
        return users

    def visible(self) -> list[User]:
        """Return the users that a list shows."""
        return [each for each in self.users.values() if not each.deleted]

    def falls(self, name: str) -> bool:
        """Return whether a name in `sort` turns the order around."""
        return name.startswith("-")

    def matches(self, user: Fields, filters: Sequence[str]) -> bool:
        """Return whether a user matches one of the filters; raises Bad."""
        return any(all(self.compares(user, part) for part in each.split(";")) for each in filters)

    def compares(self, user: Fields, part: str) -> bool:
        """Return whether one comparison holds; raises Bad."""
        match = _COMPARED.fullmatch(part)
        if match is None or match[1].partition(".")[0] not in (*FIELDS, *READ_ONLY, "identifyId"):
            raise Bad("filter")
        has = _at(user, match[1])
        return self.holds(has, match[2], match[3])

    def holds(self, has: Json, sign: str, wanted: str) -> bool:
        """Return whether a value and the text of a filter compare so; raises Bad."""
        if has is None:
            return sign in ("!=", "!~")
        if isinstance(has, (int, float)) and not isinstance(has, bool):
            try:
                return OPERATORS[sign](has, float(wanted))
            except ValueError as error:
                raise Bad("filter") from error
        return OPERATORS[sign](str(has).lower(), wanted.lower())


def _at(user: Fields, name: str) -> Json:
    found: Json = user
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _rank(user: Fields, name: str) -> tuple[bool, Json]:
    found = _at(user, name)
    return (found is not None, str(found).lower() if not isinstance(found, (int, float)) else found)
