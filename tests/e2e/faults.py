"""Faults, one documented sentence broken by each: a function before the endpoint's answer, or an endpoint of its own."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from uuid import uuid4

from tests.e2e.servers import FULL, Answer, Bad, Call, Endpoint, Fault, Json, Step, Subject

HEADERS_OF_429 = {
    "Retry-After": "1",
    "ot-period": "MINUTE",
    "ot-ratelimit-event-id": "633ba071-61b0-485f-81a0-a2245777b432",
    "ot-request-made": "7",
    "ot-requests-allowed": "6",
}


def status(old: int, new: int) -> Fault:
    """Answer with another status."""

    def fault(endpoint: Endpoint, call: Call, step: Step) -> Answer:
        answer = step(call)
        return replace(answer, status=new) if answer.status == old else answer

    return fault


def answer(change: Callable[[dict[str, Json]], Json], *statuses: int) -> Fault:
    """Change the bodies of good answers."""

    def fault(endpoint: Endpoint, call: Call, step: Step) -> Answer:
        given = step(call)
        changed = given.status in (statuses or (200, 201))
        return replace(given, body=change(json.loads(given.raw()))) if changed else given

    return fault


def property_(name: str, value: Json) -> Fault:
    """Put a wrong value into good answers."""
    return answer(lambda body: {**body, name: value})


def element(name: str, value: Json) -> Fault:
    """Put a wrong value into the elements of good answers; ... leaves the property out."""

    def changed(old: dict[str, Json]) -> dict[str, Json]:
        kept = {key: each for key, each in old.items() if key != name}
        return kept if value is ... else {**kept, name: value}

    return answer(lambda body: {**body, "elements": [changed(each) for each in body["elements"]]})


def headers(**more: str) -> Fault:
    """Take a request as if it had these headers."""
    named = {name.replace("_", "-"): value for name, value in more.items()}
    return lambda endpoint, call, step: step(replace(call, headers={**call.headers, **named}))


def _forgiving(endpoint: Endpoint, call: Call, step: Step, body: bytes, when: bool) -> Answer:
    return step(replace(call, body=body)) if when else step(call)


def instead(wrong: Callable[[Json], bool]) -> Fault:
    """Take a body that is wrong in one way as if it were {}."""

    def fault(endpoint: Endpoint, call: Call, step: Step) -> Answer:
        return _forgiving(endpoint, call, step, b"{}", wrong(_parsed(call.body)))

    return fault


def elements(mend: Callable[[dict[str, Json]], dict[str, Json]]) -> Fault:
    """Take data elements that are wrong in one way as if they had been mended."""

    def fault(endpoint: Endpoint, call: Call, step: Step) -> Answer:
        body = _parsed(call.body)
        if not isinstance(body, dict) or not isinstance(body.get("dataElements"), list):
            return step(call)
        sent = [mend(each) if isinstance(each, dict) else each for each in body["dataElements"]]
        return step(replace(call, body=json.dumps({**body, "dataElements": sent}).encode()))

    return fault


def refuses(wrong: Callable[[Call], bool], status: int = 400) -> Fault:
    """Refuse some good requests, or fail at some bad ones."""
    return lambda endpoint, call, step: Answer(status) if wrong(call) else step(call)


def accepts(wrong: Callable[[Call], bool], **sent: str) -> Fault:
    """Take some bad requests as if they had been good ones."""

    def fault(endpoint: Endpoint, call: Call, step: Step) -> Answer:
        named = {name.replace("_", "-"): value for name, value in sent.items()}
        return step(replace(call, headers={**call.headers, **named})) if wrong(call) else step(call)

    return fault


def limited(**wrong: str) -> Fault:
    """Answer the first calls with a 429 whose headers are wrong; an empty one is left out."""
    sent = {**HEADERS_OF_429, **{name.replace("_", "-"): value for name, value in wrong.items()}}
    kept = {name: value for name, value in sent.items() if value}
    return lambda endpoint, call, step: Answer(429, headers=kept) if len(endpoint.seen) <= 2 else step(call)


def _parsed(body: bytes) -> Json:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _identifier(call: Call) -> str:
    return call.headers.get("datasubjectidentifier", "")


def _authorized(call: Call) -> bool:
    return call.headers.get("authorization") == f"Bearer {FULL}"


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


class Elsewhere(Endpoint):
    """The operation wants some property of the body."""

    def details(self, raw: bytes) -> dict[str, Json]:
        body = super().details(raw)
        if not body:
            raise Bad("empty")
        return body


@dataclass(frozen=True)
class Case:
    """A faulty endpoint, the rules of which at least one finding must be, and what else may be found beside them."""

    make: Callable[[], Endpoint]
    rules: frozenset[str]
    beside: frozenset[str] = frozenset()
    check: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """The words for the command: the one check that must find it, or none for all of them."""
        return ("-k", self.check) if self.check else ()


def _case(made: Fault | type[Endpoint], *rules: str, beside: str = "", check: str = "constraints") -> Case:
    make = made if isinstance(made, type) else partial(Endpoint, made)
    return Case(make, frozenset(rules), frozenset(beside.split()), check)


def _told(made: Fault, *rules: str, beside: str = "") -> Case:
    """Return a fault that the answer to any good request shows."""
    return _case(made, *rules, beside=beside)


def _sequence(made: type[Endpoint], *rules: str, beside: str = "") -> Case:
    """Return a fault that only a sequence of calls shows."""
    return _case(made, *rules, beside=beside, check="arazzo")


def _wrong(name: str, kind: type | tuple[type, ...]) -> Fault:
    return elements(lambda each: {k: v for k, v in each.items() if k != name or isinstance(v, kind)})


STATUS = "OT-STATUS-1"
FOUND_BY_DOCUMENT: Mapping[str, Case] = {
    "200-on-create": _case(status(201, 200), "OT-CREATE-1", check=""),
    "201-on-update": _case(status(200, 201), "OT-UPDATE-1", check=""),
    "202-on-create": _case(status(201, 202), STATUS, beside="OT-CREATE-1", check=""),
    "303-on-update": _case(status(200, 303), STATUS, beside="OT-UPDATE-1", check="create-then-update"),
    "204-on-update": _case(status(200, 204), STATUS, beside="OT-UPDATE-1", check="create-then-update"),
    "any-token": _told(AnyToken, "OT-AUTH-1"),
    "no-token-needed": _told(headers(authorization=f"Bearer {FULL}"), "OT-AUTH-1", beside="OT-AUTH-2 OT-AUTH-4"),
    "403-without-token": _told(status(401, 403), "OT-AUTH-1"),
    "200-without-token": _told(status(401, 200), "OT-AUTH-1", beside="OT-ANSWER-1 OT-ANSWER-2 OT-ANSWER-3"),
    "scope-not-checked": _told(WithoutScopes, "OT-AUTH-2", "OT-AUTH-4"),
    "401-for-the-scope": _told(status(403, 401), "OT-AUTH-2", beside="OT-AUTH-4"),
    "missing-header-taken": _case(accepts(lambda call: not call.headers.get("datasubjectidentifier") and "datasubjectidentifier" not in call.headers, datasubjectidentifier="x"), "OT-HEAD-1"),
    "empty-header-taken": _case(accepts(lambda call: call.headers.get("datasubjectidentifier") == "", datasubjectidentifier="x"), "OT-HEAD-2"),
    "256-characters-taken": _case(accepts(lambda call: len(_identifier(call)) > 255, datasubjectidentifier="x"), "OT-HEAD-3"),
    "255-characters-refused": _case(refuses(lambda call: len(_identifier(call)) == 255), "OT-HEAD-3"),
    "500-to-256-characters": _case(refuses(lambda call: len(_identifier(call)) > 255, 500), "OT-HEAD-3", beside=STATUS),
    "missing-body-taken": _case(lambda endpoint, call, step: _forgiving(endpoint, call, step, b"{}", not call.body), "OT-BODY-1"),
    "other-media-type-taken": _case(lambda endpoint, call, step: step(replace(call, body=b"{}", headers={**call.headers, "content-type": "application/json"})) if "text" in call.headers.get("content-type", "") else step(call), "OT-BODY-2"),
    "broken-json-taken": _case(lambda endpoint, call, step: _forgiving(endpoint, call, step, b"{}", bool(call.body) and call.body != b"null" and _parsed(call.body) is None and "json" in call.headers.get("content-type", "")), "OT-BODY-2"),
    "500-to-broken-json": _case(refuses(lambda call: call.body[:1] == b"{" and _parsed(call.body) is None, 500), "OT-BODY-2", beside=STATUS),
    "array-body-taken": _case(instead(lambda body: isinstance(body, list)), "OT-BODY-3"),
    "null-body-taken": _case(lambda endpoint, call, step: _forgiving(endpoint, call, step, b"{}", call.body == b"null"), "OT-BODY-3"),
    "empty-object-refused": _case(Elsewhere, "OT-BODY-4", check="arazzo"),
    "elements-object-taken": _case(instead(lambda body: isinstance(body, dict) and isinstance(body.get("dataElements"), dict)), "OT-BODY-5"),
    "identifier-type-number-taken": _case(instead(lambda body: isinstance(body, dict) and isinstance(body.get("identifierType"), int)), "OT-BODY-6"),
    "language-list-taken": _case(instead(lambda body: isinstance(body, dict) and isinstance(body.get("language"), list)), "OT-BODY-7"),
    "nameless-element-taken": _case(elements(lambda each: {"name": "x", **each}), "OT-BODY-8"),
    "name-number-taken": _case(elements(lambda each: {**each, "name": "x"} if isinstance(each.get("name"), int) else each), "OT-BODY-9"),
    "linked-string-taken": _case(_wrong("linked", bool), "OT-BODY-10"),
    "date-number-taken": _case(elements(lambda each: {k: v for k, v in each.items() if k != "interactionDate" or isinstance(v, str)}), "OT-BODY-11"),
    "bad-date-taken": _case(elements(lambda each: {k: v for k, v in each.items() if k != "interactionDate" or not isinstance(v, str)}), "OT-BODY-12"),
    "wrong-media-type": _told(lambda endpoint, call, step: replace(step(call), headers={"Content-Type": "text/html"}), "OT-ANSWER-1"),
    "no-media-type": _told(lambda endpoint, call, step: replace(step(call), body=step(call).raw()), "OT-ANSWER-1"),
    "empty-body": _told(lambda endpoint, call, step: replace(step(call), body=b"", headers={"Content-Type": "application/json"}), "OT-ANSWER-1"),
    "not-json": _told(lambda endpoint, call, step: replace(step(call), body=b"{'id': 1}", headers={"Content-Type": "application/json"}), "OT-ANSWER-1"),
    "answer-a-list": _told(answer(lambda body: [body]), "OT-ANSWER-2"),
    "answer-null": _told(answer(lambda body: None), "OT-ANSWER-2"),
    "no-identifier": _told(answer(lambda body: {k: v for k, v in body.items() if k != "identifier"}), "OT-ANSWER-3"),
    "no-identifier-type-on-update": _case(answer(lambda body: {k: v for k, v in body.items() if k != "identifierType"}, 200), "OT-ANSWER-3", check="create-then-update"),
    "identifier-a-number": _told(property_("identifier", 7), "OT-ANSWER-4"),
    "identifier-type-null": _told(property_("identifierType", None), "OT-ANSWER-5"),
    "id-no-uuid": _told(property_("id", "1234"), "OT-ANSWER-6"),
    "can-be-primary-a-string": _told(property_("canBePrimary", "yes"), "OT-ANSWER-7"),
    "elements-an-object": _told(property_("elements", {}), "OT-ANSWER-8"),
    "element-without-name": _told(element("name", ...), "OT-ANSWER-9"),
    "element-name-null": _told(element("name", None), "OT-ANSWER-10"),
    "element-linked-a-string": _told(element("linked", "true"), "OT-ANSWER-11"),
    "element-date-german": _told(element("interactionDate", "31.01.2026"), "OT-ANSWER-12"),
    "element-date-a-number": _told(element("interactionDate", 1769851800), "OT-ANSWER-12"),
    "messages-a-string": _told(property_("messages", "all is well"), "OT-ANSWER-13"),
    "messages-of-numbers": _told(property_("messages", [1]), "OT-ANSWER-13"),
    "id-messages-an-object": _told(property_("additionalIdMessages", {}), "OT-ANSWER-14"),
    "id-messages-a-list-of-reasons": _told(property_("additionalIdMessages", [{"name": "Phone", "values": ["taken"]}]), "OT-ANSWER-15"),
    "id-message-reason-a-number": _told(property_("additionalIdMessages", [{"name": "Phone", "values": {"1": 2}}]), "OT-ANSWER-15"),
    "retry-after-soon": _told(limited(Retry_After="soon"), "OT-LIMIT-3"),
    "period-day": _told(limited(ot_period="DAY"), "OT-LIMIT-5"),
    "event-id-a-number": _told(limited(ot_ratelimit_event_id="4711"), "OT-LIMIT-6"),
    "requests-made-many": _told(limited(ot_request_made="many"), "OT-LIMIT-7"),
    "requests-allowed-negative": _told(limited(ot_requests_allowed="-1"), "OT-LIMIT-8"),
}  # fmt: skip
"""Faults that single exchanges show."""
FOUND_BY_SCENARIOS: Mapping[str, Case] = {
    "forgets-elements": _sequence(Forgets, "OT-CREATE-2", beside="OT-LINK-1 OT-LINK-4 OT-LINK-5"),
    "identifier-type-put-aside": _sequence(OneType, "OT-CREATE-3"),
    "update-without-effect": _sequence(FirstWins, "OT-UPDATE-2"),
    "new-id-on-update": _sequence(NewId, "OT-ID-1"),
    "one-id-for-all": _sequence(OneId, "OT-ID-2"),
    "primary-moves": _sequence(PrimaryMoves, "OT-PRIMARY-1"),
    "never-links": _sequence(NeverLinks, "OT-LINK-1", beside="OT-LINK-2 OT-LINK-5"),
    "appends-to-the-list": _sequence(Appends, "OT-LINK-2"),
    "ignores-the-empty-list": _sequence(IgnoresEmptyList, "OT-LINK-3"),
    "drops-what-is-removed": _sequence(DropsRemoved, "OT-LINK-4"),
    "empties-what-is-removed": _sequence(EmptiesRemoved, "OT-LINK-4"),
    "unlinks-what-is-not-named": _sequence(Unlinks, "OT-LINK-5", beside="OT-LINK-2"),
}
"""Faults that only a sequence of calls shows."""
