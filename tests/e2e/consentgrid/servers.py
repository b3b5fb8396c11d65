"""ConsentGrid's subjects, written from the vendor's pages alone: nothing of understudy's is in it.

It keeps every documented sentence, those of the pages on reading, listing and versions among them.
"""

import base64
import copy
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tests.e2e.serving import Answer, Bad, Call, Fault, Json, Served, media_type, parsed

Data = dict[str, Json]
Key = tuple[str, str]


@dataclass
class Subject:
    """A subject under its type and ID: its fields, the version they are of, and those before."""

    type: str
    id: str
    data: Data
    version: int = 1
    archive: list["Subject"] = field(default_factory=list)
    updates: int = 0

    def state(self) -> "Subject":
        """Return a copy of the subject as it is."""
        return replace(self, data=copy.deepcopy(self.data), archive=[])


class Register(Served):
    """The operations on subjects."""

    vendor, full, read = "consentgrid", "cg-full-51d0", "cg-read-9b27"

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.subjects: dict[Key, Subject] = {}
        self.generated: list[str] = []

    def respond(self, call: Call) -> Answer:
        """Answer as the pages say."""
        kind, *names = self.names(call)
        if not kind or call.method not in ("GET", *(("POST",) if len(names) < 2 else ("POST", "PATCH"))):
            return self.refusal(404 if not kind else 405, headers={"Allow": "GET, POST, PATCH"} if kind else {})
        call.who = self.caller(call)
        if not call.who or (call.who == "read" and call.method != "GET"):
            return self.forbidden(call, *names)
        try:
            return self.done(call, *names)
        except Bad as bad:
            return self.refusal(400, str(bad))

    def names(self, call: Call) -> list[str]:
        """Return `subjects` and the type and ID that the path names, so far as it does; '' for another path."""
        segments = call.segments
        known = segments[:2] == ["v1", "subjects"] and len(segments) <= 4 and all(segments)
        offered = (known and (call.method == "GET") == (len(segments) in (2, 4))) or len(segments) == 4
        return segments[1:] if known and offered else [""]

    def done(self, call: Call, *names: str) -> Answer:
        """Do what an authorized call asks for; raises Bad."""
        if call.method == "GET":
            return self.listed(call) if not names else self.shown(call, (names[0], names[1]))
        body, rewrites = self.body(call, *names), self.rewrites(call)
        if len(names) == 1:
            return self.create(names[0], body)
        key = (names[0], names[1])
        found = self.find(key)
        if found is not None:
            return self.update(call, found, body, rewrites=rewrites)
        if call.method == "PATCH":
            return self.missing()
        self.subjects[key] = Subject(names[0], names[1], self.stored(body))
        return Answer(201, self.record(self.subjects[key]))

    # --- who calls, and with what -----------------------------------------------------------------------------------

    def caller(self, call: Call) -> str:
        """Return who calls: full, read or nobody ('')."""
        scheme, _, secret = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            user, _, secret = base64.b64decode(secret + "==").decode("latin-1").partition(":")
            secret = secret if user == "apikey" else ""
        elif scheme.lower() != "bearer":
            secret = call.headers.get("x-consent-key", "")
        return {self.full: "full", self.read: "read"}.get(secret.strip(), "")

    def forbidden(self, call: Call, *names: str) -> Answer:
        """Refuse a caller."""
        return self.refusal(403, "key" if call.who else "no key")

    def refusal(self, status: int, reason: str = "", headers: dict[str, str] | None = None) -> Answer:
        """Return an error, an object of JSON."""
        return Answer(status, {"error": {"code": status, "message": reason}}, headers or {})

    def missing(self) -> Answer:
        """Refuse the update of a subject that is not there."""
        return self.refusal(404, "no such subject")

    def body(self, call: Call, *names: str) -> Data:
        """Return the fields that a body holds; raises Bad."""
        if media_type(call) != "application/json":
            raise Bad("media type")
        body = parsed(call.body)
        if not isinstance(body, dict):
            raise Bad("not an object")
        data = body.get("data", {})
        if not isinstance(data, dict):
            raise Bad("data")
        for name, given in zip(("type", "id"), names, strict=False):
            self.agrees(body.get(name, given), given)
        return data

    def agrees(self, said: Json, given: str) -> None:
        """Look at an ID or type of the body beside that of the path; raises Bad."""
        if said != given:
            raise Bad("body and path")

    def rewrites(self, call: Call) -> bool:
        """Return whether a write rewrites; raises Bad."""
        option = call.asked("saveOption")
        if option not in (None, "merge", "rewrite"):
            raise Bad("saveOption")
        return option == "rewrite"

    # --- writing ----------------------------------------------------------------------------------------------------

    def find(self, key: Key) -> Subject | None:
        """Return the subject of a type and ID."""
        return self.subjects.get(key)

    def create(self, kind: str, body: Data) -> Answer:
        """Create a subject under a generated ID."""
        subject = Subject(kind, self.generate(kind, body), self.stored(body))
        self.generated.append(subject.id)
        self.subjects[kind, subject.id] = subject
        return Answer(201, self.record(subject))

    def generate(self, kind: str, body: Data) -> str:
        """Return an ID that nobody has."""
        return str(uuid.uuid4())

    def update(self, call: Call, subject: Subject, body: Data, *, rewrites: bool) -> Answer:
        """Merge into a subject, or rewrite it; what it was goes to the archive."""
        self.archive(subject)
        subject.updates += 1
        sent = self.stored(body)
        subject.data = self.rewritten(call, subject, sent) if rewrites else self.merged(call, subject, sent)
        return Answer(200, self.record(subject))

    def archive(self, subject: Subject) -> None:
        """Put the state of a subject away, and count on."""
        subject.archive.append(subject.state())
        subject.version += 1

    def merged(self, call: Call, subject: Subject, sent: Data) -> Data:
        """Return the fields of a subject with what was sent over them."""
        return {**subject.data, **sent}

    def rewritten(self, call: Call, subject: Subject, sent: Data) -> Data:
        """Return what was sent."""
        return sent

    def stored(self, data: Data) -> Data:
        """Return fields as the register keeps them."""
        return data

    # --- reading ----------------------------------------------------------------------------------------------------

    def record(self, subject: Subject) -> Data:
        """Return the record of a subject, in the flat form of the page's example."""
        return {"id": subject.id, "type": subject.type, "data": copy.deepcopy(subject.data)}

    def shown(self, call: Call, key: Key) -> Answer:
        """Return a subject, or one of its versions; raises Bad."""
        asked, found = call.asked("version"), self.find(key)
        if asked is not None and not (asked.isdecimal() and int(asked)):
            raise Bad("version")
        for state in self.versions(found) if found is not None else ():
            if asked is None or state.version == int(asked):
                return Answer(200, self.record(state))
        return self.missing()

    def versions(self, subject: Subject) -> Iterator[Subject]:
        """Yield the states of a subject, the latest one first."""
        yield subject
        yield from reversed(subject.archive)

    def listed(self, call: Call) -> Answer:
        """List the subjects of a type, a page of them; raises Bad."""
        asked = {name: call.asked(name) or str(default) for name, default in (("offset", 0), ("max", 100))}
        if not all(each.isdecimal() for each in asked.values()):
            raise Bad("offset or max")
        kind = call.asked("type") or "user"
        return self.page(
            [each for each in self.subjects.values() if each.type == kind],
            **{name: int(each) for name, each in asked.items()},
        )

    def page(self, subjects: list[Subject], offset: int, max: int) -> Answer:  # noqa: A002 (the page's name)
        """Return a page of subjects."""
        shown = [self.record(each) for each in subjects[offset : offset + min(max, 200)]]
        return Answer(200, {"total": len(subjects), "subjects": shown})
