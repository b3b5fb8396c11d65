"""Endpoints that keep every documented sentence in ways that the document leaves open; none may be found fault with."""

import re
from collections.abc import Callable, Mapping

from tests.e2e.servers import Endpoint, Subject
from tests.e2e.serving import Answer, Bad, Call, Json, Served, Step, mixes


class BareErrors(Endpoint):
    """Errors have no body."""

    def refusal(self, status: int, reason: str = "") -> Answer:
        return Answer(status)


class HtmlErrors(Endpoint):
    """Errors are pages for people."""

    def refusal(self, status: int, reason: str = "") -> Answer:
        return Answer(status, b"<html><body>" + reason.encode(), {"Content-Type": "text/html; charset=utf-8"})


class ListedErrors(Endpoint):
    """Errors are JSON of another form."""

    def refusal(self, status: int, reason: str = "") -> Answer:
        return Answer(status, [{"code": status, "reason": reason}], {"Content-Type": "application/vnd.errors+json"})


class Terse(Endpoint):
    """Answers have the two required properties alone."""

    def shown(self, subject: Subject) -> dict[str, Json]:
        return {"identifier": subject.identifier, "identifierType": subject.kind}


class Talkative(Endpoint):
    """Answers have more properties than the document names, and so have their elements."""

    def shown(self, subject: Subject) -> dict[str, Json]:
        answer = super().shown(subject)
        elements = [{**element, "uuid": 7, "source": None} for element in answer["elements"]]
        return {**answer, "elements": elements, "links": [], "canBePrimary": True, "messages": [], "version": 3}


class Reversed(Endpoint):
    """The set of elements comes in another order, and so do the identifiers of a type."""

    def shown(self, subject: Subject) -> dict[str, Json]:
        answer = super().shown(subject)
        elements = [
            {**each, "value": each["value"][::-1]} if isinstance(each.get("value"), list) else each
            for each in answer["elements"]
        ]
        return {**answer, "elements": elements[::-1]}


ADDRESS = re.compile(r"[^@\s/]+@[^@\s/]+")


class AddressesAlone(Endpoint):
    """A subject is found by an e-mail address: the tenant has no other type of identifier."""

    def write(self, identifier: str, body: dict[str, Json]) -> Answer:
        if not ADDRESS.fullmatch(identifier) or body.get("identifierType", "Email") != "Email":
            raise Bad("identifierType")
        return super().write(identifier, body)


class Unprocessable(Endpoint):
    """Bad bodies get 422."""

    def refusal(self, status: int, reason: str = "") -> Answer:
        return super().refusal(422 if status == 400 else status, reason)


class BadMediaType(Endpoint):
    """Another media type gets 400."""

    def wrong_media_type(self) -> Answer:
        return self.refusal(400)


class AnyValue(Endpoint):
    """A value is an object too, as the document's schema says, or a number."""

    def value(self, element: dict[str, Json]) -> None:
        """Take whatever comes."""


class ListsAlone(Endpoint):
    """A linked element takes a list alone, as in all of the document's examples."""

    def value(self, element: dict[str, Json]) -> None:
        super().value(element)
        if element.get("linked") and not isinstance(element.get("value", []), list):
            raise Bad("value")


class Slow(Endpoint):
    """Every answer takes its time."""

    def __init__(self) -> None:
        super().__init__()
        self.delay = 0.005


class Busy(Endpoint):
    """Some calls meet a limit that opens again after a second."""

    def respond(self, call: Call) -> Answer:
        if len(self.seen) in (5, 60):
            return Answer(
                429,
                headers={
                    "Retry-After": "1",
                    "ot-period": "MINUTE",
                    "ot-request-made": "7",
                    "ot-requests-allowed": "6",
                    "ot-ratelimit-event-id": "633ba071-61b0-485f-81a0-a2245777b432",
                },
            )
        return super().respond(call)


class OpenFirst(Endpoint):
    """The request is read before the caller is asked for a token: a bad one gets 400 from anybody."""

    def caller(self, call: Call) -> str:
        try:
            self.identifier(call)
            self.details(call.body)
        except Bad:
            return super().caller(call) or "full"
        return super().caller(call)


class StrictChallenge(Endpoint):
    """A malformed Authorization is a bad request (RFC 6750, section 3.1)."""

    def respond(self, call: Call) -> Answer:
        _scheme, _, token = call.headers.get("authorization", "none x").partition(" ")
        return super().respond(call) if token else self.refusal(400)


def charset(endpoint: Served, call: Call, step: Step) -> Answer:
    """Name the charset of JSON, in other words and case."""
    answer = step(call)
    kept = {} if isinstance(answer.body, bytes) else {"CONTENT-TYPE": "Application/JSON; Charset=UTF-8"}
    return Answer(answer.status, answer.raw(), {**answer.headers, **kept})


def lower_case(endpoint: Served, call: Call, step: Step) -> Answer:
    """Send header names in lower case."""
    answer = step(call)
    kept = {} if isinstance(answer.body, bytes) else {"content-type": "application/json"}
    return Answer(answer.status, answer.raw(), {**{k.lower(): v for k, v in answer.headers.items()}, **kept})


class Catalogue(Endpoint):
    """The tenant knows a few names alone; others are left out and reported, as the document's example has it."""

    def write(self, identifier: str, body: dict[str, Json]) -> Answer:
        sent = body.get("dataElements", [])
        known = [each for each in sent if each["name"] in ("Work Email", "Country")]
        told = [f"Invalid Data Element Name : {each['name']}" for each in sent if each not in known]
        answer = super().write(identifier, {**body, "dataElements": known})
        return Answer(answer.status, {**answer.body, "messages": told})


class OneIdentifier(Endpoint):
    """The tenant has no additional identifiers: each is left out and reported, as the schema has it."""

    def write(self, identifier: str, body: dict[str, Json]) -> Answer:
        sent = body.get("dataElements", [])
        linked = [each for each in sent if each.get("linked")]
        told = [
            {"name": each["name"], "values": dict.fromkeys(each["value"], "not enabled")}
            for each in linked
            if isinstance(each.get("value"), list) and all(isinstance(value, str) for value in each["value"])
        ]
        answer = super().write(identifier, {**body, "dataElements": [each for each in sent if each not in linked]})
        return Answer(answer.status, {**answer.body, "additionalIdMessages": told})


class Flat(Endpoint):
    """Each identifier of a type comes in an element of its own; `linked` is there where it is true alone."""

    def shown(self, subject: Subject) -> dict[str, Json]:
        flat = []
        for each in subject.elements.values():
            values = each["value"] if isinstance(each.get("value"), list) else [each.get("value")]
            kept = {key: value for key, value in each.items() if key != "linked" or value}
            flat += [{**kept, "value": value} for value in values]
        return {**super().shown(subject), "elements": flat}


class Sparing(Endpoint):
    """A list of one comes as a string, null is left out, and so is the id of a new data subject."""

    def write(self, identifier: str, body: dict[str, Json]) -> Answer:
        answer = super().write(identifier, body)
        if answer.status == 201:
            del answer.body["id"]
        return answer

    def shown(self, subject: Subject) -> dict[str, Json]:
        spare = []
        for each in subject.elements.values():
            value = each.get("value")
            only = value[0] if isinstance(value, list) and len(value) == 1 else value
            spare.append({key: old for key, old in {**each, "value": only}.items() if old is not None})
        return {**super().shown(subject), "elements": spare}


class Unmarked(Endpoint):
    """Elements do not say whether they are linked."""

    def shown(self, subject: Subject) -> dict[str, Json]:
        unmarked = [
            {key: value for key, value in each.items() if key != "linked"} for each in subject.elements.values()
        ]
        return {**super().shown(subject), "elements": unmarked}


class Apart(Endpoint):
    """Identifiers and a data element of one name are two elements; removed identifiers join the values there."""

    def merge(self, subject: Subject, sent: dict[str, Json]) -> None:
        key = f"{sent['name']}\0linked"
        if not sent.get("linked"):
            super().merge(subject, sent)
        elif sent.get("value"):
            subject.elements[key] = {**sent}
        elif key in subject.elements:
            removed, plain = subject.elements.pop(key), subject.elements.get(sent["name"], {})
            values = [*listed(plain.get("value")), *listed(removed["value"])]
            subject.elements[sent["name"]] = {**removed, **plain, "linked": False, "value": values}


class Keeping(Endpoint):
    """An identifier that a list leaves out stays as a data element of its own."""

    def merge(self, subject: Subject, sent: dict[str, Json]) -> None:
        old = subject.elements.get(sent["name"], {})
        before = listed(old.get("value")) if old.get("linked") else []
        super().merge(subject, sent)
        if sent.get("linked") and sent.get("value"):
            for value in (each for each in before if each not in listed(sent["value"])):
                subject.elements[f"{sent['name']}\0{value}"] = {"name": sent["name"], "linked": False, "value": value}


def listed(value: Json) -> list[Json]:
    """Return a value as a list of what there is."""
    return [each for each in (value if isinstance(value, list) else [value]) if each]


class Versioned(Endpoint):
    """Interaction dates come back in UTC with milliseconds, language in another case, and canBePrimary always."""

    def shown(self, subject: Subject) -> dict[str, Json]:
        answer = super().shown(subject)
        dated = [
            {**each, **({"interactionDate": "2026-01-31T09:30:00.000+00:00"} if "interactionDate" in each else {})}
            for each in answer["elements"]
        ]
        return {**answer, "elements": dated, "canBePrimary": False}


MIXES: Mapping[str, Callable[[], Endpoint]] = mixes(
    Endpoint,
    (Terse, Unprocessable, OpenFirst, lower_case),
    (Talkative, ListedErrors, AnyValue, Busy),
    (Reversed, HtmlErrors, BadMediaType, StrictChallenge, Keeping),
    (Flat, BareErrors, ListsAlone),
    (Sparing, charset),
    (Unmarked, AddressesAlone),
    (Versioned, Apart),
    (Catalogue, Slow),
    (OneIdentifier,),
    (AddressesAlone, Unprocessable),
)
"""Servers with several freedoms, of which none hides what another one shows."""
