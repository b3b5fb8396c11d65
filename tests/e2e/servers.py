"""A OneTrust write operation of our own, written from the vendor's document alone: nothing of understudy's is in it.

It keeps every documented sentence. `Freedom`s are other ways to keep them, `fault`s (in `faults.py`) break one each.
"""

import re
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs

from tests.e2e.serving import Answer, Bad, Call, Fault, Json, Served, media_type, parsed

PATH = "/api/consentmanager/v1/datasubjects/dataelements"
TOKEN_PATH = "/api/access/v1/oauth/token"
FULL, READ = "full-4be1f9c2d07a", "read-77aa10c3e5b8"
CLIENT, SECRET = "the-client", 'se/c"ret+91d2'
_DATE_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


@dataclass
class Subject:
    """A data subject: elements by name, each with `name`, `value`, `linked`, perhaps `interactionDate`."""

    identifier: str
    kind: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    elements: dict[str, dict[str, Json]] = field(default_factory=dict)


class Endpoint(Served):
    """The operation."""

    vendor, full, read = "onetrust", FULL, READ

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.subjects: dict[str, Subject] = {}
        self.minted: set[str] = set()

    def respond(self, call: Call) -> Answer:
        """Answer as the document says."""
        if call.path == TOKEN_PATH and call.method == "POST":
            return self.token(call)
        if call.path != PATH:
            return self.refusal(404)
        if call.method != "POST":
            return Answer(405, headers={"Allow": "POST"})
        call.who = self.caller(call)
        if not call.who:
            return Answer(401, headers={"WWW-Authenticate": "Bearer"})
        if call.who == "read":
            return self.refusal(403)
        if call.body and media_type(call) != "application/json":
            return self.wrong_media_type()
        try:
            return self.write(self.identifier(call), self.details(call.body))
        except Bad as bad:
            return self.refusal(400, str(bad))

    def refusal(self, status: int, reason: str = "") -> Answer:
        """Return an error; the document declares no body for it."""
        return Answer(status, {"message": reason})

    def wrong_media_type(self) -> Answer:
        """Refuse another media type than application/json."""
        return self.refusal(415)

    def token(self, call: Call) -> Answer:
        """Grant a token to the client."""
        form = {name: values[0] for name, values in parse_qs(call.body.decode("latin-1")).items()}
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return self.refusal(401)
        granted = f"minted-{uuid.uuid4().hex}"
        self.minted.add(granted)
        return Answer(200, {"access_token": granted, "token_type": "bearer", "expires_in": 3600})

    def caller(self, call: Call) -> str:
        """Return who calls: full, read or nobody ('')."""
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return ""
        return {FULL: "full", READ: "read"}.get(token, "full" if token in self.minted else "")

    def identifier(self, call: Call) -> str:
        """Return the identifier of the header; raises Bad."""
        identifier = call.headers.get("datasubjectidentifier", "")
        if not 1 <= len(identifier) <= 255:
            raise Bad("identifier")
        return identifier

    def details(self, raw: bytes) -> dict[str, Json]:
        """Return the body; raises Bad."""
        body = parsed(raw)
        if not isinstance(body, dict):
            raise Bad("not an object")
        for name in ("identifierType", "language"):
            if not isinstance(body.get(name, ""), str):
                raise Bad(name)
        if not isinstance(body.get("dataElements", []), list):
            raise Bad("dataElements")
        for element in body.get("dataElements", []):
            self.element(element)
        return body

    def element(self, element: Json) -> None:
        """Check a data element; raises Bad."""
        if not isinstance(element, dict) or not isinstance(element.get("name"), str):
            raise Bad("name")
        if not isinstance(element.get("linked", False), bool):
            raise Bad("linked")
        if "interactionDate" in element and not _is_date_time(element["interactionDate"]):
            raise Bad("interactionDate")
        self.value(element)

    def value(self, element: dict[str, Json]) -> None:
        """Check a value, of which the document says two things at once: strings and lists of strings are taken."""
        value = element.get("value")
        if not all(item is None or isinstance(item, str) for item in (value if isinstance(value, list) else [value])):
            raise Bad("value")

    def write(self, identifier: str, body: dict[str, Json]) -> Answer:
        """Create or update the data subject."""
        found = self.subjects.get(identifier)
        subject = found or Subject(identifier, body.get("identifierType", "Email"))
        self.subjects[identifier] = subject
        for element in body.get("dataElements", []):
            self.merge(subject, element)
        return Answer(200 if found else 201, self.shown(subject))

    def merge(self, subject: Subject, sent: dict[str, Json]) -> None:
        """Take one sent element in."""
        old = subject.elements.get(sent["name"], {})
        if sent.get("linked") and not sent.get("value"):
            self.unlink(subject, old)
            return
        subject.elements[sent["name"]] = {"linked": False, **old, **sent}

    def unlink(self, subject: Subject, element: dict[str, Json]) -> None:
        """Remove the additional identifiers of a type; their values stay."""
        if element:
            element["linked"] = False

    def shown(self, subject: Subject) -> dict[str, Json]:
        """Return the answer's body."""
        elements = list(subject.elements.values())
        return {
            "id": subject.id,
            "identifier": subject.identifier,
            "identifierType": subject.kind,
            "elements": elements,
        }


def _is_date_time(value: Json) -> bool:
    match = _DATE_TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return False
    try:
        datetime.fromisoformat(f"{match[1]}T{match[2].replace(':60', ':59')}{match[4].upper()}")
    except ValueError:
        return False
    return True


class Expiring(Endpoint):
    """Takes each token that it grants for so many calls, whatever it says of seconds."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self.calls, self.used = calls, Counter[str]()

    def caller(self, call: Call) -> str:
        """Return who calls, nobody where the token is used up."""
        token = call.headers.get("authorization", "").partition(" ")[2]
        self.used[token] += 1
        return super().caller(call) if self.used[token] <= self.calls or token == READ else ""
