"""Faults that break one documented sentence each: functions before the endpoint's answer, or endpoints of their own."""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from uuid import uuid4

from tests.e2e.breaking import Case, answer, case, has, lacks, raw, refuses, status, takes, without
from tests.e2e.servers import FULL, Endpoint, Subject
from tests.e2e.serving import Answer, Bad, Call, Fault, Json, Served, Step

HEADERS_OF_429 = {
    "Retry-After": "1",
    "ot-period": "MINUTE",
    "ot-ratelimit-event-id": "633ba071-61b0-485f-81a0-a2245777b432",
    "ot-request-made": "7",
    "ot-requests-allowed": "6",
}


def element(name: str, value: Json) -> Fault:
    """Put a wrong value into the elements of good answers; ... leaves the property out."""

    def changed(old: dict[str, Json]) -> dict[str, Json]:
        return without(old, name) if value is ... else {**old, name: value}

    return answer(lambda body: {**body, "elements": [changed(each) for each in body["elements"]]})


def takes_body(wrong: Callable[[Json], bool]) -> Fault:
    """Take some bad bodies as if they were {}."""
    return takes(lambda call: wrong(_parsed(call.body)), b"{}")


def takes_property(name: str, kind: type) -> Fault:
    """Take a property of a wrong kind in the body."""
    return takes_body(lambda body: isinstance(body, dict) and isinstance(body.get(name), kind))


def takes_elements(mend: Callable[[dict[str, Json]], dict[str, Json]]) -> Fault:
    """Take data elements that are wrong in one way as if they had been mended."""

    def fault(endpoint: Served, call: Call, step: Step) -> Answer:
        body = _parsed(call.body)
        if not isinstance(body, dict) or not isinstance(body.get("dataElements"), list):
            return step(call)
        sent = [mend(each) if isinstance(each, dict) else each for each in body["dataElements"]]
        return step(replace(call, body=json.dumps({**body, "dataElements": sent}).encode()))

    return fault


def takes_in_element(name: str, wrong: Callable[[Json], bool]) -> Fault:
    """Take a wrong value of an element's property, as if the property had been left out."""
    return takes_elements(lambda each: without(each, name) if wrong(each.get(name)) else each)


def limited(**wrong: str) -> Fault:
    """Answer the first calls with a 429 whose headers are wrong; an empty one is left out."""
    sent = {**HEADERS_OF_429, **{name.replace("_", "-"): value for name, value in wrong.items()}}
    kept = {name: value for name, value in sent.items() if value}
    return lambda endpoint, call, step: Answer(429, headers=kept) if len(endpoint.seen) <= 2 else step(call)


def _parsed(body: bytes) -> Json:
    try:
        return json.loads(body)
    except ValueError:
        return ...


def _length(call: Call) -> int:
    return len(call.headers.get("datasubjectidentifier", ""))


def _broken(call: Call) -> bool:
    return bool(call.body) and _parsed(call.body) is ... and "json" in call.headers.get("content-type", "")


def _links(call: Call) -> bool:
    body = _parsed(call.body)
    sent = body.get("dataElements", []) if isinstance(body, dict) else []
    return any(isinstance(each, dict) and each.get("linked") and each.get("value") for each in sent)


class IgnoresEmptyList(Endpoint):
    """`linked: true` with `[]` changes nothing."""

    def unlink(self, subject: Subject, element: dict[str, Json]) -> None:
        """Leave it linked."""


class DropsRemoved(Endpoint):
    """Removed identifiers vanish instead of staying as data elements."""

    def unlink(self, subject: Subject, element: dict[str, Json]) -> None:
        subject.elements.pop(element.get("name", ""), None)


class EmptiesRemoved(Endpoint):
    """Removed identifiers lose their values."""

    def unlink(self, subject: Subject, element: dict[str, Json]) -> None:
        element.update(linked=False, value=[])


class Appends(Endpoint):
    """A linked list is added to the one before instead of replacing it."""

    def merge(self, subject: Subject, sent: dict[str, Json]) -> None:
        old = subject.elements.get(sent["name"], {}).get("value")
        if sent.get("linked") and isinstance(old, list) and isinstance(sent.get("value"), list) and sent["value"]:
            sent = {**sent, "value": list(dict.fromkeys([*old, *sent["value"]]))}
        super().merge(subject, sent)


class Unlinks(Endpoint):
    """An update unlinks the identifier types that it does not name."""

    def write(self, identifier: str, body: dict[str, Json]) -> Answer:
        named = {each["name"] for each in body.get("dataElements", [])}
        found = self.subjects.get(identifier)
        for name, each in found.elements.items() if found else ():
            each["linked"] = each["linked"] and name in named
        return super().write(identifier, body)


class NeverLinks(Endpoint):
    """Nothing is ever shown as linked."""

    def shown(self, subject: Subject) -> dict[str, Json]:
        shown = super().shown(subject)
        return {**shown, "elements": [{**each, "linked": False} for each in shown["elements"]]}


class PrimaryMoves(Endpoint):
    """A linked list makes its first identifier the primary one."""

    def merge(self, subject: Subject, sent: dict[str, Json]) -> None:
        super().merge(subject, sent)
        if sent.get("linked") and isinstance(sent.get("value"), list) and sent["value"]:
            subject.identifier = str(sent["value"][0])


class NewId(Endpoint):
    """Every answer has an id of its own."""

    def shown(self, subject: Subject) -> dict[str, Json]:
        return {**super().shown(subject), "id": str(uuid4())}


class OneId(Endpoint):
    """All data subjects share one id."""

    def shown(self, subject: Subject) -> dict[str, Json]:
        return {**super().shown(subject), "id": "633ba071-61b0-485f-81a0-a2245777b432"}


class Forgets(Endpoint):
    """A new data subject has none of the sent elements."""

    def write(self, identifier: str, body: dict[str, Json]) -> Answer:
        return super().write(identifier, body if identifier in self.subjects else {**body, "dataElements": []})


class FirstWins(Endpoint):
    """An update leaves the values of the elements that it names."""

    def merge(self, subject: Subject, sent: dict[str, Json]) -> None:
        if sent.get("linked") or sent["name"] not in subject.elements:
            super().merge(subject, sent)


class OneType(Endpoint):
    """The identifierType of the creating request is put aside."""

    def write(self, identifier: str, body: dict[str, Json]) -> Answer:
        return super().write(identifier, {**body, "identifierType": "Email"})


class WithoutScopes(Endpoint):
    """Any valid token opens the operation."""

    def caller(self, call: Call) -> str:
        return super().caller(call) and "full"


class AnyToken(Endpoint):
    """Whatever is sent as a token opens the operation."""

    def caller(self, call: Call) -> str:
        return super().caller(call) or ("full" if call.headers.get("authorization") else "")


class KnowsAddresses(Endpoint):
    """Answers 200 to a create under an identifier that is no address."""

    def write(self, identifier: str, body: dict[str, Json]) -> Answer:
        answer = super().write(identifier, body)
        return answer if "@" in identifier else replace(answer, status=200)


class FirstOfItsType(Endpoint):
    """Takes the first of several identifiers of the primary's type for the primary one."""

    def merge(self, subject: Subject, sent: dict[str, Json]) -> None:
        super().merge(subject, sent)
        listed = sent.get("value")
        if sent.get("linked") and sent["name"] == subject.kind and isinstance(listed, list) and len(listed) > 1:
            subject.identifier = listed[0]


class TwoTypes(Endpoint):
    """Has room for two types of identifiers: a third one unlinks the first."""

    def merge(self, subject: Subject, sent: dict[str, Json]) -> None:
        super().merge(subject, sent)
        linked = [each for each in subject.elements.values() if each.get("linked")]
        for each in linked[:-2]:
            self.unlink(subject, each)


class NoThirdType(Endpoint):
    """Has room for two types of identifiers: a third one is not linked."""

    def merge(self, subject: Subject, sent: dict[str, Json]) -> None:
        super().merge(subject, sent)
        linked = [each for each in subject.elements.values() if each.get("linked")]
        for each in linked[2:]:
            self.unlink(subject, each)


class ThirdHidesSecond(Endpoint):
    """Has room for two types of identifiers: a third one takes the place of the second, once it is answered."""

    def write(self, identifier: str, body: dict[str, Json]) -> Answer:
        answer = deepcopy(super().write(identifier, body))
        linked = [each for each in self.subjects[identifier].elements.values() if each.get("linked")]
        for each in linked[1:-1]:
            self.unlink(self.subjects[identifier], each)
        return answer


class WantsSomething(Endpoint):
    """The operation wants some property of the body."""

    def details(self, raw: bytes) -> dict[str, Json]:
        body = super().details(raw)
        if not body:
            raise Bad("empty")
        return body


def _case(made: Fault | type[Endpoint], rules: str, beside: str = "", check: str = "constraints") -> Case:
    return case(Endpoint, made, rules, beside, check)


def _told(made: Fault | type[Endpoint], rules: str, beside: str = "") -> Case:
    """Return a fault that the answers to one good request by each caller show."""
    return _case(made, rules, beside, "access")


def _sequence(made: Fault | type[Endpoint], rules: str, beside: str = "") -> Case:
    """Return a fault that only a sequence of calls shows."""
    return _case(made, rules, beside, "arazzo")


CASES: Mapping[str, Case] = {
    "200-on-create": _case(status(201, 200), "OT-CREATE-1", check=""),
    "200-on-create-without-address": _sequence(KnowsAddresses, "OT-CREATE-1"),
    "first-of-its-type-is-primary": _sequence(FirstOfItsType, "OT-PRIMARY-1"),
    "two-types-alone": _sequence(TwoTypes, "OT-LINK-5"),
    "third-hides-second": _sequence(ThirdHidesSecond, "OT-LINK-5"),
    "no-third-type": _sequence(NoThirdType, "OT-LINK-1"),
    "201-on-update": _case(status(200, 201), "OT-UPDATE-1", check=""),
    "202-on-create": _case(status(201, 202), "OT-STATUS-1", "OT-CREATE-1", check=""),
    "303-on-update": _sequence(status(200, 303), "OT-STATUS-1", "OT-UPDATE-1 OT-BODY-4 OT-LINK-1 OT-LINK-3"),
    "204-on-update": _sequence(status(200, 204), "OT-STATUS-1", "OT-UPDATE-1"),
    "any-token": _told(AnyToken, "OT-AUTH-1"),
    "no-token-needed": _told(
        takes(lambda call: True, authorization=f"Bearer {FULL}"), "OT-AUTH-1", "OT-AUTH-2 OT-AUTH-4"
    ),
    "403-without-token": _told(status(401, 403), "OT-AUTH-1"),
    "200-without-token": _told(status(401, 200), "OT-AUTH-1", "OT-ANSWER-1"),
    "scope-not-checked": _told(WithoutScopes, "OT-AUTH-2 OT-AUTH-4"),
    "401-for-the-scope": _told(status(403, 401), "OT-AUTH-2", "OT-AUTH-4"),
    "no-header-taken": _case(
        takes(lambda call: "datasubjectidentifier" not in call.headers, datasubjectidentifier="x"), "OT-HEAD-1"
    ),
    "empty-header-taken": _case(
        takes(lambda call: call.headers.get("datasubjectidentifier") == "", datasubjectidentifier="x"), "OT-HEAD-2"
    ),
    "256-characters-taken": _case(takes(lambda call: _length(call) > 255, datasubjectidentifier="x"), "OT-HEAD-3"),
    "255-characters-refused": _case(refuses(lambda call: _length(call) == 255), "OT-HEAD-3"),
    "500-to-256-characters": _case(refuses(lambda call: _length(call) > 255, 500), "OT-HEAD-3", "OT-STATUS-1"),
    "no-body-taken": _case(takes(lambda call: not call.body, b"{}"), "OT-BODY-1"),
    "other-media-type-taken": _case(
        takes(lambda call: "text" in call.headers.get("content-type", ""), b"{}", content_type="application/json"),
        "OT-BODY-2",
    ),
    "broken-json-taken": _case(takes(_broken, b"{}"), "OT-BODY-2"),
    "500-to-broken-json": _case(refuses(_broken, 500), "OT-BODY-2", "OT-STATUS-1"),
    "array-taken": _case(takes_body(lambda body: isinstance(body, list)), "OT-BODY-3"),
    "null-taken": _case(takes_body(lambda body: body is None), "OT-BODY-3"),
    "empty-object-refused": _sequence(WantsSomething, "OT-BODY-4"),
    "elements-object-taken": _case(takes_property("dataElements", dict), "OT-BODY-5"),
    "identifier-type-number-taken": _case(takes_property("identifierType", int), "OT-BODY-6"),
    "language-list-taken": _case(takes_property("language", list), "OT-BODY-7"),
    "nameless-element-taken": _case(takes_elements(lambda each: {"name": "x", **each}), "OT-BODY-8"),
    "name-number-taken": _case(
        takes_elements(lambda each: {**each, "name": "x"} if isinstance(each.get("name"), int) else each), "OT-BODY-9"
    ),
    "linked-string-taken": _case(takes_in_element("linked", lambda value: not isinstance(value, bool)), "OT-BODY-10"),
    "date-number-taken": _case(
        takes_in_element("interactionDate", lambda value: not isinstance(value, str)), "OT-BODY-11"
    ),
    "bad-date-taken": _case(takes_in_element("interactionDate", lambda value: isinstance(value, str)), "OT-BODY-12"),
    "wrong-media-type": _told(raw(None, "text/html"), "OT-ANSWER-1"),
    "no-media-type": _told(raw(None), "OT-ANSWER-1"),
    "empty-body": _told(raw(b"", "application/json"), "OT-ANSWER-1"),
    "not-json": _told(raw(b"{'id': 1}", "application/json"), "OT-ANSWER-1"),
    "not-utf-8": _told(raw(b'{"identifier": "\xe9", "identifierType": ""}', "application/json"), "OT-ANSWER-1"),
    "answer-a-list": _told(answer(lambda body: [body]), "OT-ANSWER-2"),
    "answer-null": _told(answer(lambda body: None), "OT-ANSWER-2"),
    "no-identifier": _told(lacks("identifier"), "OT-ANSWER-3"),
    "no-identifier-type-on-update": _sequence(lacks("identifierType", 200), "OT-ANSWER-3", "OT-CREATE-3"),
    "identifier-a-number": _told(has("identifier", 7), "OT-ANSWER-4"),
    "identifier-type-null": _told(has("identifierType", None), "OT-ANSWER-5"),
    "id-no-uuid": _told(has("id", "1234"), "OT-ANSWER-6"),
    "id-a-number": _told(has("id", 1234), "OT-ANSWER-6"),
    "can-be-primary-a-string": _told(has("canBePrimary", "yes"), "OT-ANSWER-7"),
    "elements-an-object": _told(has("elements", {}), "OT-ANSWER-8"),
    "element-without-name": _told(element("name", ...), "OT-ANSWER-9"),
    "element-name-null": _told(element("name", None), "OT-ANSWER-10"),
    "element-linked-a-string": _told(element("linked", "true"), "OT-ANSWER-11"),
    "element-date-german": _told(element("interactionDate", "31.01.2026"), "OT-ANSWER-12"),
    "element-date-a-number": _told(element("interactionDate", 1769851800), "OT-ANSWER-12"),
    "messages-a-string": _told(has("messages", "all is well"), "OT-ANSWER-13"),
    "messages-of-numbers": _told(has("messages", [1]), "OT-ANSWER-13"),
    "id-messages-an-object": _told(has("additionalIdMessages", {}), "OT-ANSWER-14"),
    "id-messages-with-a-list": _told(
        has("additionalIdMessages", [{"name": "Phone", "values": ["taken"]}]), "OT-ANSWER-15"
    ),
    "id-messages-with-numbers": _told(
        has("additionalIdMessages", [{"name": "Phone", "values": {"1": 2}}]), "OT-ANSWER-15"
    ),
    "retry-after-soon": _told(limited(Retry_After="soon"), "OT-LIMIT-3"),
    "retry-after-negative": _told(limited(Retry_After="-1"), "OT-LIMIT-3"),
    "period-day": _told(limited(ot_period="DAY"), "OT-LIMIT-5"),
    "event-id-a-number": _told(limited(ot_ratelimit_event_id="4711"), "OT-LIMIT-6"),
    "requests-made-many": _told(limited(ot_request_made="many"), "OT-LIMIT-7"),
    "requests-allowed-negative": _told(limited(ot_requests_allowed="-1"), "OT-LIMIT-8"),
    "forgets-elements": _sequence(Forgets, "OT-CREATE-2", "OT-LINK-1 OT-LINK-4 OT-LINK-5"),
    "identifier-type-put-aside": _sequence(OneType, "OT-CREATE-3"),
    "update-without-effect": _sequence(FirstWins, "OT-UPDATE-2"),
    "new-id-on-update": _sequence(NewId, "OT-ID-1"),
    "one-id-for-all": _sequence(OneId, "OT-ID-2"),
    "primary-moves": _sequence(PrimaryMoves, "OT-PRIMARY-1"),
    "never-links": _sequence(NeverLinks, "OT-LINK-1", "OT-LINK-2 OT-LINK-5"),
    "linked-list-refused": _sequence(refuses(_links), "OT-LINK-1"),
    "appends-to-the-list": _sequence(Appends, "OT-LINK-2"),
    "ignores-the-empty-list": _sequence(IgnoresEmptyList, "OT-LINK-3"),
    "drops-what-is-removed": _sequence(DropsRemoved, "OT-LINK-4"),
    "empties-what-is-removed": _sequence(EmptiesRemoved, "OT-LINK-4"),
    "unlinks-what-is-not-named": _sequence(Unlinks, "OT-LINK-5", "OT-LINK-1 OT-LINK-2"),
}
