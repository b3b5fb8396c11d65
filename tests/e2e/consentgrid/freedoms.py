"""Registers that keep every documented sentence in ways that the pages leave open; none may be found fault with."""

from collections.abc import Callable, Mapping

from tests.e2e.consentgrid.servers import Data, Register, Subject
from tests.e2e.serving import Answer, Bad, Call, Json, Served, Step, mixes, parsed


class Problems(Register):
    """Errors are problem details (RFC 9457), those of which the page says nothing have no body."""

    def refusal(self, status: int, reason: str = "", headers: dict[str, str] | None = None) -> Answer:
        if status not in (400, 403):
            return Answer(status, headers=headers or {})
        problem = {"type": "about:blank", "status": status, "detail": reason}
        return Answer(status, problem, {"Content-Type": "application/problem+json"})


class Pages(Register):
    """404 and 405 are pages for people, and the objects of other errors are empty."""

    def refusal(self, status: int, reason: str = "", headers: dict[str, str] | None = None) -> Answer:
        if status in (400, 403):
            return Answer(status, {})
        return Answer(status, b"<html></html>", {"Content-Type": "text/html; charset=utf-8", **(headers or {})})


class Enveloped(Register):
    """Records are in the envelope of the model page."""

    def record(self, subject: Subject) -> Data:
        flat = super().record(subject)
        return {
            "id": {"id": flat["id"], "type": flat["type"]},
            "version": subject.version,
            "versionTime": "2026-01-31 09:30:00",
            "by": {"id": "7", "type": "apikey"},
            "data": flat["data"],
        }


class Talkative(Register):
    """Records have more properties than the page names, in another order, and so have their fields."""

    def record(self, subject: Subject) -> Data:
        flat = super().record(subject)
        data = dict(reversed(flat["data"].items()))
        return {"data": data, "createdAt": "today", "status": None, **dict(reversed(flat.items())), "links": []}


class Challenging(Register):
    """A missing or bad key is answered with 401 and a challenge."""

    def forbidden(self, call: Call, *names: str) -> Answer:
        challenge = {"WWW-Authenticate": "Bearer"}
        return super().forbidden(call, *names) if call.who else self.refusal(401, "key", challenge)


class Deep(Register):
    """Objects inside of a subject are merged, at any depth."""

    def merged(self, call: Call, subject: Subject, sent: Data) -> Data:
        return _deep(subject.data, sent)


class NullDeletes(Register):
    """A field that is sent as null is deleted."""

    def merged(self, call: Call, subject: Subject, sent: Data) -> Data:
        merged = super().merged(call, subject, sent)
        return {name: each for name, each in merged.items() if each is not None or name not in sent}


class NullIsNothing(Register):
    """null is not stored, wherever it stands."""

    def stored(self, data: Data) -> Data:
        kept: Data = _bare(data)
        return kept


class WantsData(Register):
    """A body has data."""

    def body(self, call: Call, *names: str) -> Data:
        data = super().body(call, *names)
        if "data" not in parsed(call.body):
            raise Bad("data")
        return data


class AnyMediaType(Register):
    """A body is read as JSON, whatever it is called."""

    def body(self, call: Call, *names: str) -> Data:
        call.headers["content-type"] = "application/json"
        return super().body(call, *names)


class Trusting(Register):
    """The path names the subject, whatever the body says; another saveOption than the two is none."""

    def agrees(self, said: Json, given: str) -> None:
        """Take the path's."""

    def rewrites(self, call: Call) -> bool:
        return call.asked("saveOption") == "rewrite"


class Conflicting(Register):
    """The update of a subject that is not there is a conflict."""

    def missing(self) -> Answer:
        return self.refusal(409, "no such subject")


class Numbered(Register):
    """Generated IDs are numbers in a row, and there were subjects before."""

    def __init__(self) -> None:
        super().__init__()
        for number in range(400):
            self.subjects["user", f"{number}"] = Subject("user", f"{number}", {"name": f"Subject {number}"})

    def generate(self, kind: str, body: Data) -> str:
        return str(100000 + len(self.generated))


class ReadFirst(Register):
    """A request is read before the caller is asked for a key that may write."""

    def forbidden(self, call: Call, *names: str) -> Answer:
        if call.who:
            self.body(call, *names)
            self.rewrites(call)
        return super().forbidden(call, *names)

    def respond(self, call: Call) -> Answer:
        try:
            return super().respond(call)
        except Bad as bad:
            return self.refusal(400, str(bad))


class Slow(Register):
    """Every answer takes its time."""

    def __init__(self) -> None:
        super().__init__()
        self.delay = 0.005


class Busy(Register):
    """Some calls meet a limit that opens again after a second, or at once."""

    def respond(self, call: Call) -> Answer:
        if len(self.seen) in (5, 60):
            return Answer(429, headers={"Retry-After": "1"} if len(self.seen) == 5 else {})
        return super().respond(call)


class Everything(Enveloped, Problems, Challenging, Deep, WantsData, Trusting, Conflicting, Numbered):
    """Several freedoms at once."""


def charset(served: Served, call: Call, step: Step) -> Answer:
    """Name the charset of JSON, in other words and case."""
    answer = step(call)
    kept = {} if isinstance(answer.body, bytes) else {"CONTENT-TYPE": 'Application/JSON;charset="UTF-8"'}
    return Answer(answer.status, answer.raw(), {**answer.headers, **kept})


def _deep(old: Data, new: Data) -> Data:
    both = {name: _deep(old[name], each) for name, each in new.items() if _objects(old.get(name), each)}
    return {**old, **new, **both}


def _objects(one: Json, other: Json) -> bool:
    return isinstance(one, dict) and isinstance(other, dict)


def _bare(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _bare(each) for name, each in value.items() if each is not None}
    return [_bare(each) for each in value if each is not None] if isinstance(value, list) else value


MIXES: Mapping[str, Callable[[], Register]] = mixes(
    Register,
    (Problems, Enveloped, Deep, WantsData, Busy),
    (Pages, Talkative, NullDeletes, AnyMediaType, Slow),
    (Challenging, NullIsNothing, Trusting, Numbered),
    (Conflicting, ReadFirst, charset),
)
"""Servers with several freedoms, of which none hides what another one shows."""
