"""OneTrust's model as what it is: a function of (call, state)."""

from datetime import timedelta

import pytest

from tests.packs.tenants import PACK, Answered, Tenant
from understudy.values import Json


@pytest.fixture
def tenant() -> Tenant:
    return Tenant()


def phones(*values: str) -> Json:
    """Return an identifier type with these values."""
    return {"name": "Phone", "linked": True, "value": list(values)}


def test_an_unknown_identifier_creates_and_a_known_one_updates(tenant: Tenant) -> None:
    """201, then 200 with the same id."""
    created, updated = tenant.write("ada"), tenant.write("ada")
    assert (created.status, updated.status) == (201, 200)
    assert created.body["id"] == updated.body["id"]
    assert created.rules == ("OT-CREATE-1", "OT-CREATE-4", "OT-BODY-4")
    assert updated.rules == ("OT-UPDATE-1", "OT-ID-1", "OT-BODY-4")


def test_an_empty_body_creates_a_subject_of_the_tenants_default_type(tenant: Tenant) -> None:
    """No property of the body is required."""
    assert tenant.write("ada").body == {
        "id": tenant.write("ada").body["id"],
        "identifier": "ada",
        "identifierType": "Email",
        "canBePrimary": True,
        "elements": [],
    }
    other = Tenant({"default-identifier-type": "Visitor"})
    assert other.write("ada").body["identifierType"] == "Visitor"


def test_two_subjects_never_share_an_id(tenant: Tenant) -> None:
    """However many there are."""
    assert len({tenant.write(str(number)).body["id"] for number in range(50)}) == 50


def test_identifiers_are_compared_exactly(tenant: Tenant) -> None:
    """Case, blanks and composition included."""
    assert [tenant.write(name).status for name in ("ada", "Ada", "a da", "å", "a\u030a")] == [201] * 5


def test_the_type_is_fixed_at_creation(tenant: Tenant) -> None:
    """An update that says another is otherwise carried out."""
    created = tenant.write("ada", identifierType="Phone")
    updated = tenant.write("ada", {"name": "City", "value": "Oslo"}, identifierType="Email")
    assert created.body["identifierType"] == updated.body["identifierType"] == "Phone"
    assert "OT-CREATE-3" in created.rules
    assert "OT-PRIMARY-2" in updated.rules
    assert updated.body["elements"][0]["value"] == "Oslo"


def test_elements_are_merged_by_name_in_the_order_of_their_first_writing(tenant: Tenant) -> None:
    """Those that an update does not name stay."""
    tenant.write("ada", {"name": "City", "value": "Oslo"}, {"name": "Country", "value": "Norway"})
    tenant.write("ada", {"name": "City", "value": ["Bergen", "Voss"]}, {"name": "city", "value": "small"})
    assert list(tenant.elements("ada").items()) == [
        ("City", {"linked": False, "value": ["Bergen", "Voss"]}),
        ("Country", {"linked": False, "value": "Norway"}),
        ("city", {"linked": False, "value": "small"}),
    ]


def test_of_an_element_named_twice_in_one_request_the_last_counts(tenant: Tenant) -> None:
    """One after the other."""
    tenant.write("ada", {"name": "City", "value": "Oslo"}, {"name": "City", "value": "Bergen"})
    assert tenant.elements("ada") == {"City": {"linked": False, "value": "Bergen"}}


def test_an_element_without_value_keeps_the_one_it_has(tenant: Tenant) -> None:
    """Null is a value of its own: it empties the element."""
    tenant.write("ada", {"name": "City", "value": "Oslo"})
    tenant.write("ada", {"name": "City"})
    assert tenant.elements("ada")["City"]["value"] == "Oslo"
    tenant.write("ada", {"name": "City", "value": None})
    assert tenant.elements("ada")["City"] == {"linked": False}


def test_an_element_has_the_interaction_date_that_it_was_sent_with(tenant: Tenant) -> None:
    """Linked or not."""
    date = "2026-01-31T09:30:00Z"
    tenant.write(
        "ada", {"name": "City", "value": "x", "interactionDate": date}, {**phones("1"), "interactionDate": date}
    )
    assert {element["interactionDate"] for element in tenant.elements("ada").values()} == {date}


def test_a_linked_list_replaces_the_types_identifiers(tenant: Tenant) -> None:
    """Sent again they stay, new ones are added, those left out are none any longer and find nobody."""
    tenant.write("ada", phones("1", "2"))
    updated = tenant.write("ada", phones("2", "3"))
    assert updated.body["elements"] == [{"name": "Phone", "linked": True, "value": ["2", "3"]}]
    assert {"OT-LINK-1", "OT-LINK-2"} <= set(updated.rules)
    assert [tenant.write(phone).body["identifier"] for phone in ("2", "3")] == ["ada", "ada"]
    assert tenant.write("1").status == 201


@pytest.mark.parametrize(
    ("sent", "rules"),
    [
        ({"value": []}, {"OT-LINK-3", "OT-LINK-4"}),
        ({}, {"OT-LINK-3", "OT-LINK-4", "OT-LINK-7"}),
        ({"value": None}, {"OT-LINK-7"}),
        ({"value": ""}, {"OT-LINK-7"}),
    ],
)
def test_an_empty_linked_value_demotes_and_keeps_the_values_as_elements(
    tenant: Tenant, sent: Json, rules: set[str]
) -> None:
    """No longer linked, no longer identifiers, still there; other types are left alone."""
    tenant.write("ada", phones("1", "2"), {"name": "Card", "linked": True, "value": ["9"]})
    demoted = tenant.write("ada", {"name": "Phone", "linked": True, **sent})
    assert tenant.elements("ada")["Phone"] == {"linked": False, "value": ["1", "2"]}
    assert rules <= set(demoted.rules)
    assert tenant.write("9").body["identifier"] == "ada"
    assert tenant.write("1").status == 201


def test_removal_is_asked_for_explicitly(tenant: Tenant) -> None:
    """An identifier type that is named without `linked` and without a value stays what it is."""
    tenant.write("ada", phones("1"))
    tenant.write("ada", {"name": "Phone", "interactionDate": "2026-01-31T09:30:00Z"})
    assert tenant.elements("ada")["Phone"] == {
        "linked": True,
        "value": ["1"],
        "interactionDate": "2026-01-31T09:30:00Z",
    }
    assert tenant.write("1").status == 200


def test_linked_false_makes_a_plain_element_of_an_identifier_type(tenant: Tenant) -> None:
    """Its identifiers find nobody any more."""
    tenant.write("ada", phones("1"))
    tenant.write("ada", {"name": "Phone", "linked": False})
    assert tenant.elements("ada")["Phone"] == {"linked": False, "value": ["1"]}
    assert tenant.write("1").status == 201


def test_an_identifier_type_stays_one_without_being_called_so_again(tenant: Tenant) -> None:
    """A new list sets its identifiers."""
    tenant.write("ada", phones("1"))
    tenant.write("ada", {"name": "Phone", "value": ["2"]})
    assert tenant.elements("ada")["Phone"] == {"linked": True, "value": ["2"]}


def test_removing_what_was_never_there_makes_no_element(tenant: Tenant) -> None:
    """There is nothing to keep."""
    assert tenant.write("ada", phones()).body["elements"] == []


def test_a_single_text_is_a_list_of_one_identifier_and_blanks_are_none(tenant: Tenant) -> None:
    """Given twice, an identifier is there once."""
    tenant.write(
        "ada",
        {"name": "Phone", "linked": True, "value": "1"},
        {"name": "Card", "linked": True, "value": ["", "9", "9"]},
    )
    assert tenant.elements("ada")["Phone"]["value"] == ["1"]
    assert tenant.elements("ada")["Card"]["value"] == ["9"]


@pytest.mark.parametrize("taken", ["bo", "bo's phone"])
def test_an_identifier_of_another_subject_is_not_taken(tenant: Tenant, taken: str) -> None:
    """Primary or additional: it is left out, the rest is carried out, and the answer says which and why."""
    tenant.write("bo", phones("bo's phone"))
    reply = tenant.write("ada", phones("1", taken), {"name": "City", "value": "Oslo"})
    reason = "Identifier is already associated with another data subject"
    assert (reply.status, reply.body["additionalIdMessages"]) == (201, [{"name": "Phone", "values": {taken: reason}}])
    assert "OT-LINK-9" in reply.rules
    assert [element["value"] for element in reply.body["elements"]] == [["1"], "Oslo"]
    assert tenant.write(taken).body["identifier"] == "bo"


def test_where_no_identifier_of_a_list_can_be_taken_the_type_stays_as_it_was(tenant: Tenant) -> None:
    """A list of conflicts is no empty list."""
    tenant.write("bo")
    date = {"interactionDate": "2025-01-31T12:00:00Z"}
    tenant.write("ada", phones("1") | date)
    taken = phones("bo", "ada")
    unsaid = {key: value for key, value in taken.items() if key != "linked"}  # it is a type of identifiers already
    for sent in (taken, taken | {"interactionDate": "2026-01-31T12:00:00Z"}, unsaid):
        reply = tenant.write("ada", sent)
        assert reply.body["elements"] == [{"name": "Phone", "linked": True, "value": ["1"], **date}]
        assert set(reply.body["additionalIdMessages"][0]["values"]) == {"bo", "ada"}
        assert "OT-LINK-9" in reply.rules
        assert {"OT-LINK-1", "OT-LINK-2", "OT-UPDATE-2"}.isdisjoint(reply.rules)
    assert {"OT-LINK-2", "OT-LINK-9"} <= set(tenant.write("ada", phones("bo", "2")).rules)


def test_one_identifier_may_stand_under_two_types_of_a_subject(tenant: Tenant) -> None:
    """Removed from one, it still finds its subject by the other."""
    tenant.write("ada", phones("1"), {"name": "Mobile", "linked": True, "value": ["1"]})
    tenant.write("ada", phones())
    assert tenant.write("1").body["identifier"] == "ada"


def test_an_additional_identifier_in_the_header_finds_its_subject(tenant: Tenant) -> None:
    """The primary one stays what the creating request said."""
    tenant.write("ada", phones("1"))
    reply = tenant.write("1", {"name": "City", "value": "Oslo"})
    assert (reply.status, reply.body["identifier"]) == (200, "ada")
    assert {"OT-LINK-6", "OT-PRIMARY-1"} <= set(reply.rules)
    pages = [tenant.call("getDataSubjectsUsingGET", header={"identifier": name}) for name in ("1", "ada", "nobody")]
    assert [page.rules for page in pages] == [("OT-READ-1", "OT-READ-2"), ("OT-READ-1",), ("OT-READ-1",)]


def test_whether_it_does_is_a_switch() -> None:
    """The document says it of the reads alone; those find it either way."""
    tenant = Tenant({"additional-finds": "off"})
    tenant.write("ada", phones("1"))
    assert tenant.call("getDataSubjectsUsingGET", header={"identifier": "1"}).body["content"][0]["identifier"] == "ada"
    assert tenant.write("1").status == 201


def test_without_the_feature_no_additional_identifier_is_taken() -> None:
    """Each is reported; the subject is created all the same."""
    reply = Tenant({"multiple-identifiers": "off"}).write("ada", phones("1"))
    assert (reply.status, reply.body["elements"]) == (201, [])
    assert reply.body["additionalIdMessages"][0]["values"] == {"1": "Multiple identifiers are not enabled"}


def test_with_a_catalogue_unknown_elements_are_left_out_and_reported() -> None:
    """In the words of the document's example."""
    reply = Tenant({"catalogue": "City, Phone"}).write("ada", {"name": "City"}, {"name": "Account Number"})
    assert reply.body["messages"] == ["Invalid Data Element Name : Account Number"]
    assert [element["name"] for element in reply.body["elements"]] == ["City"]
    assert "OT-MSG-1" in reply.rules


def test_language_is_the_last_that_was_written(tenant: Tenant) -> None:
    """An update without one leaves it."""
    for body in ({"language": "nb-no"}, {"language": "en-us"}, {}):
        tenant.write("ada", **body)
    assert details(tenant, "ada").body["language"] == "en-us"


def details(tenant: Tenant, identifier: str) -> Answered:
    """Read a subject's basic details."""
    return tenant.call("getDataSubjectBasicDetailsUsingGET", header={"identifier": identifier})


def test_basic_details_tell_when_a_subject_was_created_and_last_updated(tenant: Tenant) -> None:
    """By the clock that the calls bring with them."""
    tenant.write("ada", phones("1"))
    tenant.now += timedelta(hours=1)
    tenant.write("1")
    body = details(tenant, "1").body
    assert (body["createdDate"], body["lastUpdatedDate"]) == ("2026-01-31T12:00:00.000Z", "2026-01-31T13:00:00.000Z")
    assert body["dataElements"] == [{"name": "Phone", "linked": True, "value": ["1"]}]
    assert (details(tenant, "nobody").status, details(tenant, "nobody").body) == (404, "Data subject not found")


@pytest.mark.parametrize(("query", "shown"), [({}, 1), ({"page": 1}, 0), ({"size": 1}, 1), ({"page": 1, "size": 1}, 0)])
def test_a_page_holds_the_subject_or_nothing(tenant: Tenant, query: dict[str, Json], shown: int) -> None:
    """Numbers, sizes and flags agree with the content."""
    tenant.write("ada", {"name": "City"})
    body = tenant.call("getDataSubjectsUsingGET", header={"identifier": "ada"}, query=query).body
    assert (len(body["content"]), body["numberOfElements"], body["empty"]) == (shown, shown, shown == 0)
    assert (body["number"], body["first"], body["last"]) == (query.get("page", 0), "page" not in query, True)


def test_a_page_may_be_asked_for_one_id(tenant: Tenant) -> None:
    """Another id than the subject's finds nothing."""
    own = tenant.write("ada").body["id"]
    other = tenant.write("bo").body["id"]
    for wanted, found in ((own, 1), (other, 0)):
        page = tenant.call("getDataSubjectsUsingGET", header={"identifier": "ada"}, query={"id": wanted}).body
        assert page["numberOfElements"] == found


@pytest.mark.parametrize("place", ["header", "query"])
def test_profiles_are_found_by_header_or_query_in_pascal_case(tenant: Tenant, place: str) -> None:
    """The header wins where both are given."""
    tenant.write("ada", {"name": "City", "value": None})
    given: dict[str, dict[str, Json]] = {"query": {"identifier": "nobody"}, place: {"identifier": "ada"}}
    body = tenant.call("getDataSubjectProfilesUsingGET", header=given.get("header"), query=given["query"]).body
    assert body["content"][0]["DataElements"] == [{"Name": "City", "Value": "", "Linked": False, "DoNotCall": False}]
    assert tenant.call("getDataSubjectProfilesUsingGET").body["content"] == []


@pytest.mark.parametrize("identifier", ["ada", "1"])
def test_a_deleted_subject_is_gone_with_all_its_identifiers(tenant: Tenant, identifier: str) -> None:
    """A write creates it anew, with another id."""
    before = tenant.write("ada", phones("1")).body["id"]
    body = {"identifier": identifier, "retainReceipts": True}
    assert tenant.call("deleteDataSubjectUsingDELETE", body=body).status == 200
    assert tenant.call("deleteDataSubjectUsingDELETE", body=body).status == 404
    after = tenant.write("ada")
    assert (after.status, tenant.write("1").status) == (201, 201)
    assert after.body["id"] != before


def test_deleting_without_identifier_is_refused_with_422(tenant: Tenant) -> None:
    """The body is a string."""
    reply = tenant.call("deleteDataSubjectUsingDELETE", body={"retainReceipts": False})
    assert (reply.status, reply.body, reply.rules) == (422, "Identifier is missing", ("OT-DELETE-4",))


def test_many_subjects_are_deleted_by_identifiers_and_ids(tenant: Tenant) -> None:
    """Unknown ones are no error, and one that is named twice is deleted once."""
    ids = {name: tenant.write(name, phones(f"{name}'s")).body["id"] for name in ("ada", "bo", "cy")}
    body = {"identifiers": ["ada", "ada's", "nobody"], "dataSubjectGuids": [ids["ada"], ids["bo"]]}
    assert tenant.call("deleteDataSubjectsUsingDELETE", body=body).status == 200
    assert [tenant.write(name).status for name in ("ada", "bo", "cy")] == [201, 201, 200]
    assert tenant.call("deleteDataSubjectsUsingDELETE", body={}).status == 200


GRANT = {"grant_type": "client_credentials", "client_id": "c", "client_secret": "s"}


def test_a_token_tells_what_the_document_lists(tenant: Tenant) -> None:
    """The permissions stand in ot-scopes; `scope` says read whatever they are."""
    body = tenant.call("GetOAuthToken", body=GRANT, media_type="multipart/form-data").body
    assert (body["token_type"], body["scope"], body["ot-scopes"], body["languageId"]) == (
        "bearer",
        "read",
        "CONSENT",
        1,
    )
    assert {"access_token", "expires_in", "role", "jti", "guid", "tenantId", "tenantGuid", "orgGroupId"} <= set(body)
    assert {"orgGroupGuid", "sessionId", "email", "user_name"} <= set(body)


def test_a_clients_basic_credentials_win_over_a_form(tenant: Tenant) -> None:
    """The grant type may stand in the form or in the query."""
    assert tenant.call("GetOAuthToken", body=GRANT, basic=("c", "wrong")).status == 401
    grant = {"grant_type": "client_credentials"}
    assert tenant.call("GetOAuthToken", query=grant, basic=("c", "s")).status == 200
    assert tenant.call("GetOAuthToken", body=grant, basic=("c", "s")).rules == ("OT-TOKEN-9", "OT-TOKEN-4")


def test_a_refusal_of_the_model_changes_nothing(tenant: Tenant) -> None:
    """Nor does a reading."""
    tenant.write("ada")
    before = {name: dict(records) for name, records in tenant.store.collections.items()}
    tenant.call("deleteDataSubjectUsingDELETE", body={"retainReceipts": True})
    details(tenant, "ada")
    assert tenant.store.collections == before


def test_the_rules_of_every_reply_are_rules_of_the_pack() -> None:
    """The model plays no rule that is not there."""
    assert set(PACK.behaviour.played) <= set(PACK.rules.by_id)


def test_the_model_is_pure() -> None:
    """It imports nothing that could reach outside."""
    forbidden = ("import os", "import time", "import random", "open(", "datetime.now", "uuid4", "global ")
    source = (PACK.root / "mock" / "onetrust.py").read_text()
    assert [word for word in forbidden if word in source] == []
