"""Directories that keep every documented sentence in ways that the pages leave open; none may be found fault with."""

from collections.abc import Callable, Mapping

from tests.e2e.gainsight_px.servers import FIELDS, READ_ONLY, Check, Directory, Fields, User
from tests.e2e.serving import Answer, Bad, Call, Json, Served, Step, mixes


class BareErrors(Directory):
    """Errors have no body."""

    def refusal(self, status: int, reason: str = "", headers: dict[str, str] | None = None) -> Answer:
        return Answer(status, headers=headers or {})


class Pages(Directory):
    """Errors are pages for people."""

    def refusal(self, status: int, reason: str = "", headers: dict[str, str] | None = None) -> Answer:
        return Answer(status, b"<html></html>", {"Content-Type": "text/html; charset=utf-8", **(headers or {})})


class Problems(Directory):
    """Errors are problem details (RFC 9457), and a 401 has a challenge."""

    def refusal(self, status: int, reason: str = "", headers: dict[str, str] | None = None) -> Answer:
        challenge = {"WWW-Authenticate": "ApiKey"} if status == 401 else {}
        kept = {"Content-Type": "application/problem+json", **(headers or {}), **challenge}
        return Answer(status, {"type": "about:blank", "status": status, "detail": reason}, kept)


class Unprocessable(Directory):
    """Bad bodies get 422, those of another media type 415."""

    def refusal(self, status: int, reason: str = "", headers: dict[str, str] | None = None) -> Answer:
        bad = 415 if reason == "media type" else status if reason == "possible duplicate" else 422
        return super().refusal(bad if status == 400 else status, reason, headers)


class OneRefusal(Directory):
    """A key that may not write is as good as none."""

    def not_allowed(self, call: Call) -> Answer:
        return self.refusal(401, "bad API key")


class Lenient(Directory):
    """A body may leave out identifyId and propertyKeys, as real clients do."""

    def valid(self, body: Fields) -> Fields:
        keys = body.get("propertyKeys")
        return super().valid({"identifyId": "of the path", **body, "propertyKeys": ["AP-1"] if keys is None else keys})


class NullIsAbsent(Directory):
    """null stands for a field that is not there."""

    def body(self, call: Call) -> Fields:
        try:
            bare: Fields = _bare(super().body(call))
        except RecursionError as error:  # Python 3.13 parses what is too deep for this
            raise Bad("too deep") from error
        return bare


class AnyMediaType(Directory):
    """A body is read as JSON, whatever it is called."""

    def body(self, call: Call) -> Fields:
        call.headers["content-type"] = "application/json"
        return super().body(call)


def _postal_code(given: Json, where: str) -> None:
    if isinstance(given, bool) or not isinstance(given, (int, str)):
        raise Bad(where)


class PostalNumbers(Directory):
    """A postalCode may be a number, as in the page's own example, and is kept as text."""

    def valid(self, body: Fields) -> Fields:
        for name in ("location", "lastInferredLocation"):
            place = body.get(name)
            if isinstance(place, dict) and "postalCode" in place:
                _postal_code(place["postalCode"], name)
                place["postalCode"] = str(place["postalCode"])
        return super().valid(body)


class OwnIsRefused(Directory):
    """Read-only fields are refused, lastInferredLocation among them."""

    def valid(self, body: Fields) -> Fields:
        if body.keys() & {*READ_ONLY, "lastInferredLocation"}:
            raise Bad("read-only")
        return super().valid(body)


class InferredIsIgnored(Directory):
    """lastInferredLocation is the server's own, whatever a body says of it."""

    checks: Mapping[str, Check] = {name: each for name, each in FIELDS.items() if name != "lastInferredLocation"}


class FoundFirst(Directory):
    """The user is looked for before the body is looked at."""

    def done(self, call: Call) -> Answer:
        named = "/".join(call.segments[2:])
        if call.method == "PUT" and named != "update" and named not in self.users:
            return self.missing(named)
        return super().done(call)


class Slow(Directory):
    """Every answer takes its time."""

    def __init__(self) -> None:
        super().__init__()
        self.delay = 0.005


class Busy(Directory):
    """Some calls meet a limit, of which nothing says when it opens again."""

    def respond(self, call: Call) -> Answer:
        if len(self.seen) in (5, 60):
            return Answer(429)
        return super().respond(call)


class Everything(Problems, OneRefusal, Lenient, NullIsAbsent, AnyMediaType, InferredIsIgnored):
    """Several freedoms at once."""


# --- what other operations show ---------------------------------------------------------------------------------------


class EmptyForms(Directory):
    """Absent fields are shown in their empty forms, and a location as an object of empty strings."""

    def shown(self, user: User) -> Fields:
        place = dict.fromkeys(("countryName", "countryCode", "stateName", "city", "street", "postalCode"), "")
        texts = dict.fromkeys(("email", "firstName", "lastName", "title", "phone", "role", "accountId"), "")
        numbers = dict.fromkeys(("signUpDate", "firstVisitDate", "score"), 0)
        empty = {"type": "EMPTY_USER_TYPE", "gender": "EMPTY_GENDER", "customAttributes": None, "location": place}
        return {**texts, **numbers, **empty, **super().shown(user)}


class Talkative(Directory):
    """Users have more properties than the pages name, and so have lists."""

    def shown(self, user: User) -> Fields:
        return {"zodiac": "leo", **super().shown(user), "meta": {"a": [1]}, "lastVisit": None}

    def page(self, users: list[User], start: int, size: int) -> Answer:
        answer = super().page(users, start, size)
        return Answer(200, {"took": 3, **answer.body})


class Clears(Directory):
    """An update takes away the fields that it does not name, and what is in objects."""

    def update(self, named: str, body: Fields) -> Answer:
        if named in self.users:
            self.users[named].fields.clear()
        return super().update(named, body)


class Clamps(Directory):
    """A pageSize out of bounds is taken for the nearest one that is not."""

    def listed(self, call: Call) -> Answer:
        clamped = [
            (name, str(min(max(int(asked), 1), 1000)) if name == "pageSize" and _is_whole(asked) else asked)
            for name, asked in call.query
        ]
        call.query = clamped
        return super().listed(call)


class ScrollsOn(Directory):
    """A scrollId comes with the last page, too."""

    def page(self, users: list[User], start: int, size: int) -> Answer:
        answer = super().page(users, start, size)
        following = answer.body["scrollId"] or f"scroll-{len(self.scrolls)}"
        self.scrolls[following] = (users, start + size)
        return Answer(200, {**answer.body, "scrollId": following})


class Backwards(Directory):
    """Lists begin with the last user, where they are not sorted; the last page has no scrollId."""

    def visible(self) -> list[User]:
        return super().visible()[::-1]

    def page(self, users: list[User], start: int, size: int) -> Answer:
        answer = super().page(users, start, size)
        return Answer(200, {name: each for name, each in answer.body.items() if each is not None})


class Silent(Directory):
    """A creation answers with nothing, a delete with 200."""

    def create(self, sent: Fields) -> Answer:
        answer = super().create(sent)
        return Answer(201) if answer.status == 201 else answer

    def delete(self, named: str, *, hard: bool) -> Answer:
        answer = super().delete(named, hard=hard)
        return Answer(200, {"deleted": 1}) if answer.status == 204 else answer


def charset(served: Served, call: Call, step: Step) -> Answer:
    """Name the charset of JSON, in other words and case."""
    answer = step(call)
    kept = {} if isinstance(answer.body, bytes) else {"CONTENT-TYPE": 'Application/JSON;charset="UTF-8"'}
    return Answer(answer.status, answer.raw(), {**answer.headers, **kept})


def _is_whole(asked: str) -> bool:
    return asked.removeprefix("-").isdecimal()


def _bare(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _bare(each) for name, each in value.items() if each is not None}
    return [_bare(each) for each in value if each is not None] if isinstance(value, list) else value


MIXES: Mapping[str, Callable[[], Directory]] = mixes(
    Directory,
    (BareErrors, Lenient, FoundFirst, Busy),
    (Pages, PostalNumbers, NullIsAbsent),
    (Problems, OwnIsRefused, AnyMediaType, OneRefusal),
    (Unprocessable, InferredIsIgnored, Slow),
)
"""Servers with several freedoms, of which none hides what another one shows."""
FULL_MIXES: Mapping[str, Callable[[], Directory]] = mixes(
    Directory,
    (EmptyForms, Clamps, ScrollsOn),
    (Talkative, Clears),
    (Backwards, Silent, charset),
)
"""Freedoms of the vendor's other pages."""
