"""OneTrust's data subjects: created and updated by an identifier in a header, with additional identifiers by type.

Rule ids are those of specs/onetrust/rules.yaml. Pure: everything comes in with the call and the transaction. One file,
though a long one, since a model is loaded by its path alone; a third of it are tokens, reads and deletes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from understudy.model.behaviour import Behaviour, Exceeded, Quota, Refusal, Switch
from understudy.model.call import Call, Reply
from understudy.model.clock import format_time
from understudy.model.state import Table, Transaction
from understudy.values import Json

HOUR, MINUTE = 3600, 60


@dataclass(frozen=True, slots=True)
class Element:
    """A data element; a linked one is an identifier type, and its values are additional identifiers."""

    name: str
    value: str | tuple[str, ...] | None = None
    linked: bool = False
    interaction_date: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """A data subject, kept under its primary identifier; elements in the order of their first writing."""

    id: str
    identifier: str
    identifier_type: str
    created: datetime
    updated: datetime
    language: str | None = None
    elements: tuple[Element, ...] = ()

    def additional(self) -> frozenset[str]:
        """Return all additional identifiers, of whatever type."""
        return frozenset([value for element in self.elements if element.linked for value in _listed(element.value)])


SUBJECTS = Table("subjects", Subject)
OWNERS = Table("owners", str)  # an additional identifier -> the primary identifier of the subject that has it

_FORMS = {"multipart": "OT-TOKEN-1", "urlencoded": "OT-TOKEN-2", "query": "OT-TOKEN-8", "basic": "OT-TOKEN-9"}
_LIFETIMES = ("3600", "86400", "604800", "2592000", "31536000")  # an hour, a day, a week, a month, a year

SWITCHES = (
    Switch("default-identifier-type", "Email", None, "identifierType of a subject created without one", "OT-CREATE-4"),
    Switch("multiple-identifiers", "on", ("on", "off"), 'the tenant\'s feature "multiple identifiers"', "OT-LINK-11"),
    Switch("additional-finds", "on", ("on", "off"), "whether a write finds its subject by any identifier", "OT-LINK-6"),
    Switch("catalogue", None, None, "element names that the tenant knows, by commas; any if unset", "OT-MSG-1"),
    Switch("token-form", "any", ("any", *_FORMS), "forms of a token request that are taken", "OT-TOKEN-1"),
    Switch("token-lifetime", str(HOUR), _LIFETIMES, "seconds a token lives", "OT-TOKEN-4"),
    Switch("ot-scopes", "ot-scopes", ("ot-scopes", "ot_scopes"), "name of the permissions in a token", "OT-TOKEN-7"),
)


def _limited(exceeded: Exceeded, switches: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    """Return the five documented headers of a 429."""
    return (
        ("Retry-After", str(exceeded.retry_after)),
        ("ot-period", "HOUR" if exceeded.quota.seconds == HOUR else "MINUTE"),
        ("ot-ratelimit-event-id", exceeded.event_id),
        ("ot-request-made", str(exceeded.made)),
        ("ot-requests-allowed", str(exceeded.quota.limit)),
    )


def _refused(refusal: Refusal, operation_id: str | None, switches: Mapping[str, Json]) -> Reply | None:
    """Answer as the vendor's other pages have it: a string for the delete, OAuth's error object for the token."""
    if operation_id == "deleteDataSubjectUsingDELETE" and refusal.status == 400:
        told = ": ".join(filter(None, (", ".join(refusal.rules), refusal.where)))
        return refusal.reply(f"{refusal.detail} ({told})" if told else refusal.detail)
    if operation_id == "GetOAuthToken" and refusal.status in (400, 401):
        return _no_token(refusal, "invalid_request" if refusal.status == 400 else "invalid_client")
    return None


def _no_token(refusal: Refusal, error: str) -> Reply:
    """Answer with OAuth's error object, which may have more members than those two (RFC 6749, sections 5.1 and 8.2)."""
    told = replace(refusal, rules=(*refusal.rules, "OT-TOKEN-10"))
    return told.reply({"error": error, "error_description": refusal.detail, **told.problem})


behaviour = Behaviour(
    full=("CONSENT", "CONSENT_READ"),
    restricted=("CONSENT_READ",),
    switches=SWITCHES,
    tables=(SUBJECTS, OWNERS),
    quotas={
        "older": (Quota(200_000, HOUR), Quota(20_000, MINUTE)),
        "newer": (Quota(200_000, HOUR), Quota(1_000, MINUTE, per_operation=True)),
    },
    quota_rule="OT-LIMIT-1",
    limited=_limited,
    refused=_refused,
)


@behaviour.operation("createOrUpdateDataSubjectUsingPOST")
@behaviour.plays("OT-CREATE-1", "OT-UPDATE-1", "OT-BODY-4", "OT-UPDATE-5", "OT-ID-1", "OT-PRIMARY-1", "OT-PRIMARY-2")
def write_subject(call: Call, state: Transaction) -> Reply:
    """Create the subject of the identifier, or update the one that has it."""
    body: dict[str, Json] = call.body if isinstance(call.body, dict) else {}
    identifier = call.header["dataSubjectIdentifier"]
    found = find(state, identifier, additional=call.switch("additional-finds") == "on")
    before = found or create(call, identifier, body)
    sent, messages = _known(body.get("dataElements") or [], call.switch("catalogue"))
    elements, conflicts = merge(call, state, before, sent)
    after = Subject(
        before.id,
        before.identifier,
        before.identifier_type,
        before.created,
        call.now,
        body.get("language", before.language),
        elements,
    )
    _save(state, before, after)
    rules = _rules(found, identifier, body, sent, messages=bool(messages), conflicts=conflicts)
    if body.get("identifierType", after.identifier_type) != after.identifier_type:
        messages.append(f"Identifier Type cannot be updated : {body['identifierType']}")
    return Reply(200 if found else 201, _detail(after, messages, conflicts), rules)


@behaviour.plays("OT-LINK-6", "OT-LINK-10", "OT-ID-3", "OT-READ-2")
def find(state: Transaction, identifier: str, *, additional: bool = True) -> Subject | None:
    """Return the subject with that primary identifier or, failing that, with that additional one."""
    subject = SUBJECTS.get(state, identifier)
    if subject is None and additional:
        owner = OWNERS.get(state, identifier)
        subject = SUBJECTS.get(state, owner) if owner is not None else None
    return subject


@behaviour.plays("OT-CREATE-3", "OT-CREATE-4", "OT-ID-2")
def create(call: Call, identifier: str, body: dict[str, Json]) -> Subject:
    """Return a new subject without elements."""
    kind = str(body.get("identifierType", call.switch("default-identifier-type")))
    return Subject(call.fresh("subject"), identifier, kind, created=call.now, updated=call.now)


@behaviour.plays("OT-CREATE-2", "OT-UPDATE-2", "OT-UPDATE-3", "OT-UPDATE-4", "OT-UPDATE-6", "OT-LINK-5")
def merge(call: Call, state: Transaction, subject: Subject, sent: list[Json]) -> tuple[tuple[Element, ...], list[Json]]:
    """Return the subject's elements with the sent ones, by name, and the additional identifiers that were not taken."""
    elements = {element.name: element for element in subject.elements}
    conflicts: list[Json] = []
    for value in sent:
        name = value["name"]
        old = elements.get(name)
        date = value.get("interactionDate")
        if _links(value, old):
            refused: dict[str, Json] = {}
            new = link(call, state, subject, old, value, refused)
            if refused:
                conflicts.append({"name": name, "values": refused})
            if new is not None and new is not old:
                elements[name] = replace(new, interaction_date=date)
        else:
            kept = value.get("value", old and old.value)
            linked = old is not None and old.linked and "linked" not in value
            elements[name] = Element(name, _frozen(kept), linked, date)
    return tuple(elements.values()), conflicts


def _links(sent: dict[str, Json], old: Element | None) -> bool:
    """Whether identifiers are set or removed; without `linked`, an identifier type given no value stays as it is."""
    return bool(sent.get("linked", old is not None and old.linked and "value" in sent))


@behaviour.plays("OT-LINK-1", "OT-LINK-2", "OT-LINK-3", "OT-LINK-4", "OT-LINK-7", "OT-LINK-8", "OT-LINK-9")
def link(
    call: Call,
    state: Transaction,
    subject: Subject,
    old: Element | None,
    sent: dict[str, Json],
    refused: dict[str, Json],
) -> Element | None:
    """Return the identifier type with the sent list; an empty one demotes what is there. Conflicts go to `refused`."""
    wanted = dict.fromkeys(_listed(_frozen(sent.get("value"))))
    if not wanted:
        return replace(old, linked=False) if old else None
    for identifier in wanted:
        reason = _conflict(call, state, subject, identifier)
        if reason:
            refused[identifier] = reason
    taken = tuple(identifier for identifier in wanted if identifier not in refused)
    return Element(sent["name"], taken, linked=True) if taken else old


@behaviour.plays("OT-LINK-11")
def _conflict(call: Call, state: Transaction, subject: Subject, identifier: str) -> str | None:
    if call.switch("multiple-identifiers") == "off":
        return "Multiple identifiers are not enabled"
    if identifier == subject.identifier:
        return "Identifier is the primary identifier of this data subject"
    owner = find(state, identifier)
    if owner is not None and owner.identifier != subject.identifier:
        return "Identifier is already associated with another data subject"
    return None


@behaviour.plays("OT-MSG-1")
def _known(sent: list[Json], catalogue: str | None) -> tuple[list[Json], list[str]]:
    if catalogue is None:
        return sent, []
    known = {name.strip() for name in catalogue.split(",")}
    messages = [f"Invalid Data Element Name : {element['name']}" for element in sent if element["name"] not in known]
    return [element for element in sent if element["name"] in known], messages


def _save(state: Transaction, before: Subject, after: Subject) -> None:
    SUBJECTS.put(state, after.identifier, after)
    had, has = before.additional(), after.additional()
    if had != has:
        for identifier in sorted(had - has):
            if OWNERS.get(state, identifier) == after.identifier:
                OWNERS.delete(state, identifier)
        for identifier in sorted(has - had):
            if OWNERS.get(state, identifier) is None:
                OWNERS.put(state, identifier, after.identifier)


@behaviour.adopts("createOrUpdateDataSubjectUsingPOST")
def adopt_subject(call: Call, body: Json, state: Transaction) -> frozenset[str] | None:
    """Have the subject as an answer shows it, with the identifiers that others have too contested."""
    elements = _adopted(body["elements"]) if isinstance(body.get("elements"), list) else None
    if elements is None:
        return None
    identifier = body["identifier"]
    contested = {identifier} if OWNERS.get(state, identifier) is not None else set()
    before = SUBJECTS.get(state, identifier) or create(call, identifier, {})
    language = call.body.get("language", before.language) if isinstance(call.body, dict) else before.language
    kind = body["identifierType"]
    after = replace(before, identifier_type=kind, updated=call.now, language=language, elements=elements)
    for each in after.additional():
        owner = find(state, each)
        if each == identifier or (owner is not None and owner.identifier != identifier):
            contested.add(each)
    _save(state, before, after)
    return frozenset(contested)


def _adopted(shown: list[Json]) -> tuple[Element, ...] | None:
    """Return the elements that an answer shows, those of one name as one; None where a value is not text.

    Nor can they be told where the answer does not say which ones are linked. What is plain beside identifiers of its
    name is not one of them, and is left out.
    """
    if shown and not any("linked" in each for each in shown):
        return None
    elements: dict[str, Element] = {}
    types = {each["name"] for each in shown if each.get("linked")}
    for each in shown:
        if each["name"] in types and not each.get("linked"):
            continue
        value, old = each.get("value"), elements.get(each["name"])
        if not all(isinstance(item, str) for item in (value if isinstance(value, list) else [value or ""])):
            return None
        value = _frozen(value)
        linked = bool(each.get("linked")) or (old is not None and old.linked)
        if linked or old is not None:
            value = _listed(old.value if old else None) + _listed(value)
        elements[each["name"]] = Element(each["name"], value, linked, each.get("interactionDate"))
    return tuple(elements.values())


def _rules(
    found: Subject | None,
    identifier: str,
    body: dict[str, Json],
    sent: list[Json],
    *,
    messages: bool,
    conflicts: list[Json],
) -> tuple[str, ...]:
    rules = ["OT-UPDATE-1", "OT-ID-1"] if found else ["OT-CREATE-1"]
    if found and found.identifier != identifier:
        rules = ["OT-LINK-6", *rules, "OT-PRIMARY-1"]
    if "identifierType" in body:
        rules.append("OT-PRIMARY-2" if found else "OT-CREATE-3")
    elif not found:
        rules.append("OT-CREATE-4")
    if not body:
        rules.append("OT-BODY-4")
    refused = {conflict["name"]: conflict["values"] for conflict in conflicts}
    before = {element.name: element for element in found.elements} if found else {}
    for element in sent:
        values, conflicting = _listed(_frozen(element.get("value"))) or ("",), refused.get(element["name"], ())
        if _links(element, before.get(element["name"])) and all(each in conflicting for each in values):
            continue  # none of the list was taken, and so it is none
        if not element.get("linked"):
            rules.append("OT-UPDATE-2" if found else "OT-CREATE-2")
        elif element.get("value"):
            rules += ["OT-LINK-1", "OT-LINK-2"]
        else:
            rules += ["OT-LINK-3", "OT-LINK-4", *(["OT-LINK-7"] if element.get("value") != [] else [])]
    return (*dict.fromkeys(rules), *(["OT-MSG-1"] if messages else []), *(["OT-LINK-9"] if conflicts else []))


def _detail(subject: Subject, messages: list[str], conflicts: list[Json]) -> dict[str, Json]:
    detail: dict[str, Json] = {
        "id": subject.id,
        "identifier": subject.identifier,
        "identifierType": subject.identifier_type,
        "canBePrimary": True,
        "elements": [_shown(element) for element in subject.elements],
    }
    if messages:
        detail["messages"] = messages
    if conflicts:
        detail["additionalIdMessages"] = conflicts
    return detail


def _shown(element: Element) -> dict[str, Json]:
    shown: dict[str, Json] = {"name": element.name, "linked": element.linked}
    if element.value is not None:
        shown["value"] = _thawed(element.value)
    if element.interaction_date is not None:
        shown["interactionDate"] = element.interaction_date
    return shown


def _frozen(value: Json) -> str | tuple[str, ...] | None:
    return tuple(value) if isinstance(value, list | tuple) else value


def _thawed(value: str | tuple[str, ...] | None) -> Json:
    return list(value) if isinstance(value, tuple) else value


def _listed(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the identifiers that a value stands for; empty ones are none."""
    values = (value,) if isinstance(value, str) else value or ()
    return values if all(values) else tuple(filter(None, values))


# --- the token endpoint ----------------------------------------------------------------------------------------------

_BY = {"query": "query", "basic": "Authorization"}
"""Where the client stands in the forms of a token request that are no body."""
_NO_GRANT = ("OT-TOKEN-5",)


@behaviour.operation("GetOAuthToken")
@behaviour.plays("OT-TOKEN-1", "OT-TOKEN-2", "OT-TOKEN-4", "OT-TOKEN-5", "OT-TOKEN-8", "OT-TOKEN-9", "OT-TOKEN-10")
def get_token(call: Call, state: Transaction) -> Reply:
    """Grant a token to a client that shows its secret in one of the four forms."""
    form, fields = _token_request(call)
    if call.switch("token-form") not in ("any", form):
        other = f"send the token request in the form {call.switch('token-form')}"
        return _no_token(Refusal(400, other, _NO_GRANT, _BY.get(form, "Content-Type")), "invalid_request")
    grant = fields.get("grant_type")
    if grant != "client_credentials":
        error = "unsupported_grant_type" if grant else "invalid_request"  # RFC 6749, section 5.2
        told = "grant_type must be client_credentials" if grant else "grant_type is missing"
        return _no_token(Refusal(400, told, _NO_GRANT, _place(form, "grant_type")), error)
    client = call.around.clients.get(fields.get("client_id") or "")
    if client is None or client.secret != fields.get("client_secret"):
        return _unknown("Authorization" if form == "basic" else _place(form, "client_id"))
    token = _token(call, client.client_id, client.scopes)
    return Reply(200, token, (_FORMS[form], "OT-TOKEN-4"), (("Cache-Control", "no-store"),))  # RFC 6749, section 5.1


def _token_request(call: Call) -> tuple[str, dict[str, Json]]:
    fields: dict[str, Json] = call.body if isinstance(call.body, dict) else {}
    if call.basic:
        grant = fields.get("grant_type", call.query.get("grant_type"))
        return "basic", {"grant_type": grant, "client_id": call.basic[0], "client_secret": call.basic[1]}
    if fields:
        return ("multipart" if call.media_type == "multipart/form-data" else "urlencoded"), fields
    return "query", dict(call.query)


@behaviour.plays("OT-TOKEN-6", "OT-TOKEN-10")
def _unknown(where: str) -> Reply:
    challenge = (("WWW-Authenticate", 'Basic realm="understudy"'),)  # RFC 6749, section 5.2
    told = "the client is unknown or its secret is wrong"
    return _no_token(Refusal(401, told, ("OT-TOKEN-6",), where, challenge), "invalid_client")


def _place(form: str, name: str) -> str:
    return name if form == "query" else f"/{name}"


@behaviour.plays("OT-TOKEN-7")
def _token(call: Call, client_id: str, scopes: tuple[str, ...]) -> dict[str, Json]:
    lifetime = int(call.switch("token-lifetime"))
    issued = int(call.now.timestamp())
    jti = call.fresh("token")
    claims = {"sub": client_id, "scopes": list(scopes), "iat": issued, "exp": issued + lifetime, "jti": jti}
    tenant = str(uuid5(NAMESPACE_URL, "understudy:tenant"))
    return {
        "access_token": call.around.mint(claims),
        "token_type": "bearer",
        "expires_in": lifetime,
        "scope": "read",
        "role": "Site Admin",
        "jti": jti,
        "guid": call.fresh("guid"),
        "tenantId": 1,
        "tenantGuid": tenant,
        "orgGroupId": "1",
        "orgGroupGuid": tenant,
        "sessionId": call.fresh("session"),
        "languageId": 1,
        "email": f"{client_id}@example.com",
        "user_name": client_id,
        call.switch("ot-scopes"): ",".join(scopes),
    }


# --- reads and deletes -----------------------------------------------------------------------------------------------


@behaviour.operation("getDataSubjectsUsingGET")
@behaviour.plays("OT-READ-1")
def read_page(call: Call, state: Transaction) -> Reply:
    """Answer with the page of subjects that have the identifier."""
    found = find(state, call.header["identifier"])
    wanted = [found] if found and call.query.get("id", found.id) == found.id else []
    other = ("OT-READ-2",) if found and found.identifier != call.header["identifier"] else ()
    return Reply(200, _page(call, [_subject(subject) for subject in wanted]), ("OT-READ-1", *other))


def _subject(subject: Subject) -> dict[str, Json]:
    return {
        "id": subject.id,
        "identifier": subject.identifier,
        "identifierType": subject.identifier_type,
        "language": subject.language,
        "elements": [_read_element(element) for element in subject.elements],
    }


def _read_element(element: Element) -> dict[str, Json]:
    return {**_shown(element), "value": "" if element.value is None else _thawed(element.value)}


@behaviour.operation("getDataSubjectProfilesUsingGET")
@behaviour.plays("OT-READ-4")
def read_profiles(call: Call, state: Transaction) -> Reply:
    """Answer with the page of profiles that have the identifier, which header or query may name."""
    identifier = call.header.get("identifier", call.query.get("identifier"))
    found = find(state, identifier) if identifier is not None else None
    return Reply(200, _page(call, [_profile(found)] if found else []), ("OT-READ-4",))


def _profile(subject: Subject) -> dict[str, Json]:
    return {
        "Id": subject.id,
        "Identifier": subject.identifier,
        "IdentifierType": subject.identifier_type,
        "Language": subject.language,
        "DataElements": [
            {"Name": shown["name"], "Value": shown["value"], "Linked": shown["linked"], "DoNotCall": False}
            for shown in map(_read_element, subject.elements)
        ],
    }


def _page(call: Call, content: list[Json]) -> dict[str, Json]:
    number, size = call.query.get("page", 0), call.query.get("size", 20)
    shown = content[number * size : (number + 1) * size]
    return {
        "content": shown,
        "number": number,
        "size": size,
        "pageable": {"pageNumber": number, "pageSize": size},
        "first": number == 0,
        "last": (number + 1) * size >= len(content),
        "sort": {"sorted": False},
        "numberOfElements": len(shown),
        "empty": not shown,
    }


@behaviour.operation("getDataSubjectBasicDetailsUsingGET")
@behaviour.plays("OT-READ-5", "OT-READ-6", "OT-READ-7")
def read_details(call: Call, state: Transaction) -> Reply:
    """Answer with one subject's details."""
    subject = find(state, call.header["identifier"])
    if subject is None:
        return Reply(404, "Data subject not found", ("OT-READ-6",))
    details = {
        **{key: value for key, value in _subject(subject).items() if key != "elements"},
        "createdDate": format_time(subject.created),
        "lastTransactionDate": None,
        "lastUpdatedDate": format_time(subject.updated),
        "lastReceiptGuid": None,
        "testDataSubject": False,
        "doNotCall": False,
        "dataElements": [_read_element(element) for element in subject.elements],
        "consentGroups": [],
    }
    return Reply(200, details, ("OT-READ-5", "OT-READ-7"))


@behaviour.operation("deleteDataSubjectUsingDELETE")
@behaviour.plays("OT-DELETE-1", "OT-DELETE-3", "OT-DELETE-4")
def delete_subject(call: Call, state: Transaction) -> Reply:
    """Delete the subject with the identifier, at once."""
    body: dict[str, Json] = call.body if isinstance(call.body, dict) else {}
    if "identifier" not in body:
        return Reply(422, "Identifier is missing", ("OT-DELETE-4",))
    subject = find(state, body["identifier"])
    if subject is None:
        return Reply(404, "Data subject not found", ("OT-DELETE-3",))
    _forget(state, subject)
    return Reply(200, "Data subject deleted", ("OT-DELETE-1",))


@behaviour.operation("deleteDataSubjectsUsingDELETE")
@behaviour.plays("OT-DELETE-5")
def delete_subjects(call: Call, state: Transaction) -> Reply:
    """Delete every subject of the lists that there is; the vendor does so some time later, the mock at once."""
    body: dict[str, Json] = call.body if isinstance(call.body, dict) else {}
    for subject in list(_meant(state, body.get("identifiers") or [], frozenset(body.get("dataSubjectGuids") or []))):
        _forget(state, subject)
    return Reply(200, "Request to delete data subjects accepted", ("OT-DELETE-5",))


def _meant(state: Transaction, identifiers: list[str], ids: frozenset[str]) -> Iterator[Subject]:
    for identifier in dict.fromkeys(identifiers):
        subject = find(state, identifier)
        if subject:
            yield subject
    if ids:
        yield from [subject for _, subject in SUBJECTS.scan(state) if subject.id in ids]


def _forget(state: Transaction, subject: Subject) -> None:
    SUBJECTS.delete(state, subject.identifier)
    for identifier in sorted(subject.additional()):
        OWNERS.delete(state, identifier)
