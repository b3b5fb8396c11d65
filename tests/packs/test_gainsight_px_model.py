"""Gainsight PX's model as what it is: a function of (call, state)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from understudy import pack as packs
from understudy.mock.settings import declared
from understudy.model.behaviour import Exceeded, Quota, Refusal
from understudy.model.call import ABSENT, Absent, Call, Surroundings
from understudy.model.ids import Ids
from understudy.model.state import Store
from understudy.values import Json

PACK = packs.load("gainsight_px")
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
MOMENT = 1769860800000  # NOON in milliseconds since 1970
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Answered:
    """What an operation answered."""

    status: int
    body: Json
    rules: tuple[str, ...]
    remarks: tuple[str, ...]


@dataclass
class Account:
    """An account's state, and calls on it; what is accepted is kept."""

    switches: Mapping[str, Json] = field(default_factory=dict)
    store: Store = field(default_factory=Store)
    ids: Ids = field(default_factory=lambda: Ids(1))
    now: datetime = NOON

    def call(
        self,
        operation_id: str,
        identify_id: str | None = None,
        *,
        query: Mapping[str, Json] | None = None,
        body: Json | Absent = ABSENT,
    ) -> Answered:
        """Call an operation."""
        switches = {switch.name: switch.default for switch in declared(PACK)} | dict(self.switches)
        call = Call(
            operation_id,
            self.now,
            self.ids.for_call(),
            path={} if identify_id is None else {"identifyId": identify_id},
            query=query or {},
            body=body,
            around=Surroundings(switches=switches),
        )
        transaction = self.store.begin()
        reply = PACK.behaviour.operations[operation_id](call, transaction)
        if reply.accepted:
            transaction.commit()
        return Answered(reply.status, reply.body, reply.rules, reply.remarks)

    def create(self, identify_id: str, **fields: Json) -> Answered:
        """Create a user."""
        return self.call("createUser", body={"identifyId": identify_id, "propertyKeys": ["AP-1"], **fields})

    def update(self, identify_id: str, **fields: Json) -> Answered:
        """Update the user whom the path names."""
        return self.call("updateUser", identify_id, body=fields)

    def delete(self, identify_id: str, **query: Json) -> Answered:
        """Delete the user whom the path names."""
        return self.call("deleteUser", identify_id, query=query)

    def get(self, identify_id: str) -> Answered:
        """Read the user whom the path names."""
        return self.call("getUser", identify_id)

    def user(self, identify_id: str) -> dict[str, Json]:
        """Return the user whom the path names, who must be there."""
        answered = self.get(identify_id)
        assert answered.status == 200
        return dict(answered.body)

    def page(self, **query: Json) -> Answered:
        """Ask for a page of users."""
        return self.call("listUsers", query=query)

    def listed(self, *filters: str, **query: Json) -> list[str]:
        """Return the ids on a page of the users that match, in their order."""
        answered = self.page(filter=list(filters), **query)
        assert answered.status == 200
        return [user["identifyId"] for user in answered.body["users"]]


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def crowd(account: Account) -> Account:
    """Three users, created one second after the other."""
    for name, score, role in (("cy", 7, "Reader"), ("Ada", 30, "Writer"), ("bo", 5, "Writer")):
        account.create(name, score=score, role=role, firstName=name, customAttributes={"seats": score})
        account.now += timedelta(seconds=1)
    return account


# --- writes


def test_a_user_is_created_once(account: Account) -> None:
    """201, then 400, which changes nothing."""
    created, again = account.create("ada", firstName="Ada"), account.create("ada", firstName="Bo", title="x")
    assert (created.status, created.body) == (201, ABSENT)
    assert created.rules == ("PX-CREATE-1", "PX-CREATE-3")
    assert (again.status, again.rules) == (400, ("PX-CREATE-2", "PX-ERROR-2"))
    assert again.body["externalapierror"]["message"] == "possible duplicate of user ada"
    assert (account.user("ada")["firstName"], account.user("ada")["title"]) == ("Ada", "")


def test_an_update_creates_nobody(account: Account) -> None:
    """404 in the vendor's envelope, and the id stays free."""
    answered = account.update("ada", firstName="Ada")
    assert (answered.status, answered.rules) == (404, ("PX-MISSING-1", "PX-ERROR-1"))
    assert answered.body == {
        "externalapierror": {
            "status": "NOT_FOUND",
            "message": "user ada was not found",
            "debugMessage": None,
            "subErrors": None,
        }
    }
    assert account.create("ada").status == 201


def test_a_user_is_shown_with_all_fields(account: Account) -> None:
    """Empty texts, zero, null and the empty forms where there is nothing; `id` is the identifyId."""
    account.create("ada")
    user = account.user("ada")
    assert set(PACK.effective.value["components"]["schemas"]["UserRecord"]["properties"]) == set(user)
    assert (user["id"], user["identifyId"], user["propertyKeys"]) == ("ada", "ada", ["AP-1"])
    assert (user["firstName"], user["score"], user["globalUnsubscribe"]) == ("", 0, False)
    assert (user["type"], user["gender"], user["channelMetricList"]) == ("EMPTY_USER_TYPE", "EMPTY_GENDER", [])
    assert user["customAttributes"] is user["lastVisitedUserAgentData"] is None
    assert user["location"]["coordinates"] == {"latitude": 0.0, "longitude": 0.0}
    assert (user["createDate"], user["lastModifiedDate"], user["lastSeenDate"]) == (MOMENT, MOMENT, 0)


def test_every_writable_field_of_the_page_comes_back(account: Account) -> None:
    """As the example of the effective document has it, nested ones included."""
    put = PACK.effective.value["paths"]["/v1/users/{identifyId}"]["put"]
    example = put["requestBody"]["content"]["application/json"]["example"]
    account.create(example["identifyId"])
    assert account.call("updateUser", example["identifyId"], body=example).status == 204
    user = account.user(example["identifyId"])
    assert {name: user[name] for name in example} == example


def test_an_update_leaves_what_it_does_not_name(account: Account) -> None:
    """Of places and custom attributes, too; lists are replaced."""
    account.create(
        "ada",
        firstName="Ada",
        location={"city": "Oslo", "street": "1", "coordinates": {"latitude": 59.9, "longitude": 10.7}},
        customAttributes={"plan": "gold", "seats": 5},
        channelMetricList=[{"groupId": "web"}, {"groupId": "app"}],
    )
    account.update(
        "ada",
        title="Analyst",
        location={"city": "Bergen", "coordinates": {"latitude": 60.4}},
        customAttributes={"seats": 6},
        channelMetricList=[{"groupId": "new"}],
    )
    user = account.user("ada")
    assert (user["firstName"], user["title"], user["propertyKeys"]) == ("Ada", "Analyst", ["AP-1"])
    assert (user["location"]["city"], user["location"]["street"]) == ("Bergen", "1")
    assert user["location"]["coordinates"] == {"latitude": 60.4, "longitude": 10.7}
    assert user["customAttributes"] == {"plan": "gold", "seats": 6}
    assert [metric["groupId"] for metric in user["channelMetricList"]] == ["new"]


def test_whether_objects_are_merged_is_a_switch() -> None:
    """Replaced, they lose what is not sent."""
    account = Account({"objects": "replace"})
    account.create("ada", location={"city": "Oslo", "street": "1"}, customAttributes={"plan": "gold"})
    account.update("ada", location={"city": "Bergen"}, customAttributes={"seats": 6})
    user = account.user("ada")
    assert (user["location"]["street"], user["customAttributes"]) == ("", {"seats": 6})


def test_an_update_moves_the_modification_alone(account: Account) -> None:
    """By the clock that the calls bring with them."""
    account.create("ada")
    account.now += timedelta(hours=1)
    account.update("ada")
    user = account.user("ada")
    assert (user["createDate"], user["lastModifiedDate"]) == (MOMENT, MOMENT + 3_600_000)


def test_a_postal_code_that_is_a_number_becomes_text(account: Account) -> None:
    """The page's own example sends one."""
    account.create("ada", location={"postalCode": 94010})
    assert account.user("ada")["location"]["postalCode"] == "94010"


def test_ids_are_compared_exactly(account: Account) -> None:
    """Case, blanks, signs and composition included, by every operation."""
    names = ("ada", "Ada", "a da", "a+da", "å", "a\u030a", "a/da", "a%2Fda", "update")
    assert [account.create(name).status for name in names] == [201] * len(names)
    for operation in (account.get, account.update, account.delete):
        assert operation("ADA").status == 404
    assert [account.user(name)["identifyId"] for name in names] == list(names)


def test_the_path_counts_where_the_body_names_another(account: Account) -> None:
    """With a remark; nobody's id changes."""
    account.create("ada")
    account.create("bo")
    answered = account.update("ada", identifyId="bo", title="Analyst")
    assert (answered.status, answered.remarks) == (204, ("PX-UPDATE-10",))
    assert (account.user("ada")["title"], account.user("bo")["title"]) == ("Analyst", "")
    assert account.update("ada", identifyId="ada").remarks == ()


def test_a_mismatch_can_be_refused_by_a_switch() -> None:
    """400, and nothing changes."""
    account = Account({"mismatch": "refuse"})
    account.create("ada")
    answered = account.update("ada", identifyId="bo", title="Analyst")
    assert (answered.status, answered.rules) == (400, ("PX-UPDATE-10", "PX-ERROR-2"))
    assert account.user("ada")["title"] == ""


READ_ONLY = ("id", "aptrinsicId", "globalId", "createDate", "lastModifiedDate", "lastSeenDate", "numberOfVisits")


@pytest.mark.parametrize("name", READ_ONLY)
def test_a_read_only_field_has_no_effect(account: Account, name: str) -> None:
    """Neither in a creation nor in an update; each leaves a remark."""
    created = account.create("ada", **{name: 7})
    assert created.remarks == ("PX-READONLY-3" if name == "createDate" else "PX-READONLY-1",)
    before = account.user("ada")
    assert before[name] != 7
    assert account.update("ada", **{name: 7}).remarks == ("PX-READONLY-1",)
    assert account.user("ada") == before


def test_the_documented_profile_refuses_to_create_with_a_read_only_field() -> None:
    """An update ignores it in either profile."""
    account = Account({"profile": "documented"})
    answered = account.create("ada", createDate=1)
    assert (answered.status, answered.rules) == (400, ("PX-READONLY-4", "PX-ERROR-2"))
    assert account.create("ada").status == 201
    assert account.update("ada", createDate=1).status == 204


def test_last_inferred_location_can_be_made_read_only_by_a_switch() -> None:
    """The two pages of the vendor's disagree."""
    for value, city in (("writable", "Oslo"), ("read-only", "")):
        account = Account({"last-inferred-location": value})
        account.create("ada")
        answered = account.update("ada", lastInferredLocation={"city": "Oslo"})
        assert account.user("ada")["lastInferredLocation"]["city"] == city
        assert answered.remarks == (() if city else ("PX-READONLY-2",))


def test_an_unknown_property_has_no_effect(account: Account) -> None:
    """And leaves a remark."""
    account.create("ada")
    before = account.user("ada")
    assert account.update("ada", nickname="x").remarks == ("PX-UPDATE-11",)
    assert account.user("ada") == before


# --- deletes


@pytest.mark.parametrize("by_body", [False, True])
def test_a_deleted_user_is_unknown(account: Account, by_body: bool) -> None:
    """Reads, deletions and lists do not find the user; another one stays."""
    account.create("ada")
    account.create("bo")
    deleted = account.call("deleteUserOfBody", body={"identifyId": "ada"}) if by_body else account.delete("ada")
    assert deleted.status == 204
    assert (account.get("ada").status, account.get("ada").rules[0]) == (404, "PX-GET-2")
    assert account.delete("ada").rules[0] == "PX-DELETE-2"
    assert account.call("deleteUserOfBody", body={"identifyId": "ada"}).rules[0] == "PX-DELBODY-2"
    assert account.listed() == ["bo"]


@pytest.mark.parametrize("wait", [timedelta(), WEEK])
@pytest.mark.parametrize("revive", ["create", "update", "updateOfBody"])
def test_a_user_comes_back_within_seven_days(account: Account, revive: str, wait: timedelta) -> None:
    """With the record's id, the moment of its creation, and the fields that are not sent anew."""
    account.create("ada", firstName="Ada", title="Analyst")
    before = account.user("ada")
    account.delete("ada")
    account.now += wait
    if revive == "create":
        answered, rules = account.create("ada", title="Editor"), {"PX-DELETE-3", "PX-DELETE-8"}
    elif revive == "update":
        answered, rules = account.update("ada", title="Editor"), {"PX-DELETE-4", "PX-UPDATE-3"}
    else:
        body = {"identifyId": "ada", "title": "Editor"}
        answered, rules = account.call("updateUserOfBody", body=body), {"PX-DELETE-4", "PX-UPBODY-1"}
    assert answered.status == (201 if revive == "create" else 204)
    assert rules <= set(answered.rules)
    wanted = {"title": "Editor", "lastModifiedDate": MOMENT + wait // timedelta(milliseconds=1)}
    assert account.user("ada") == before | wanted
    assert account.create("ada").status == 400


def test_after_seven_days_an_update_finds_nobody_and_a_creation_makes_a_new_user(account: Account) -> None:
    """A millisecond is enough."""
    account.create("ada", title="Analyst")
    before = account.user("ada")
    account.delete("ada")
    account.now += WEEK + timedelta(milliseconds=1)
    assert account.update("ada", title="Editor").status == 404
    assert account.call("updateUserOfBody", body={"identifyId": "ada"}).status == 404
    assert account.create("ada").rules == ("PX-CREATE-1", "PX-CREATE-3")
    user = account.user("ada")
    assert (user["title"], user["createDate"] > before["createDate"]) == ("", True)
    assert user["aptrinsicId"] != before["aptrinsicId"]


def test_the_seven_days_are_counted_from_the_last_deletion(account: Account) -> None:
    """A user who came back and is deleted again has seven days more."""
    account.create("ada")
    for _ in range(3):
        assert account.delete("ada").status == 204
        account.now += WEEK
        assert account.update("ada").status == 204
    account.delete("ada")
    account.now += WEEK * 2
    assert account.update("ada").status == 404


@pytest.mark.parametrize("soft_first", [False, True])
def test_a_hard_delete_prevents_the_revival(account: Account, soft_first: bool) -> None:
    """Even where the user had come back from a soft one before."""
    account.create("ada", title="Analyst")
    record = account.user("ada")["aptrinsicId"]
    if soft_first:
        account.delete("ada", hardDelete=False)
        assert account.update("ada").status == 204
    assert account.delete("ada", hardDelete=True).rules == ("PX-DELETE-1", "PX-DELETE-5")
    assert account.update("ada").status == 404
    assert account.create("ada").rules == ("PX-CREATE-1", "PX-CREATE-3")
    user = account.user("ada")
    assert (user["title"], user["aptrinsicId"] == record) == ("", False)


def test_the_user_whom_a_body_names_is_updated(account: Account) -> None:
    """Not one called update, who can be reached in no path; ids with slashes are as good as others."""
    for name in ("update", "a/b@example.com"):
        account.create(name)
    body = {"identifyId": "a/b@example.com", "title": "Editor"}
    answered = account.call("updateUserOfBody", body=body)
    assert (answered.status, answered.rules) == (204, ("PX-UPDATE-1", "PX-UPBODY-1", "PX-UPBODY-3"))
    assert (account.user("a/b@example.com")["title"], account.user("update")["title"]) == ("Editor", "")
    assert account.call("updateUserOfBody", body={"identifyId": "nobody"}).rules[0] == "PX-UPBODY-2"


# --- lists


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("score==7", ["cy"]),
        ("score == 7.0", ["cy"]),
        ("score!=7", ["Ada", "bo"]),
        ("score<7", ["bo"]),
        ("score<=7", ["cy", "bo"]),
        ("score>7", ["Ada"]),
        ("score>=7", ["cy", "Ada"]),
        ("role==writer", ["Ada", "bo"]),
        ("ROLE==writer", None),
        ("role!=WRITER", ["cy"]),
        ("firstName>b", ["cy", "bo"]),
        ("firstName~D", ["Ada"]),
        ("firstName!~D", ["cy", "bo"]),
        ("score~0", ["Ada"]),
        ("propertyKeys==ap-1", ["cy", "Ada", "bo"]),
        ("propertyKeys!=ap-1", []),
        ("globalUnsubscribe==false", ["cy", "Ada", "bo"]),
        ("customAttributes.seats>5", ["cy", "Ada"]),
        ("customAttributes.none==1", []),
        ("location.city==", ["cy", "Ada", "bo"]),
        ("location.coordinates.latitude==0", ["cy", "Ada", "bo"]),
        (f"createDate>{MOMENT}", ["Ada", "bo"]),
        ("role==Writer;score<30", ["bo"]),
        ("score<30;role==Writer", ["bo"]),
        ("role==Writer;score<30;firstName==cy", []),
        ("understudy", None),
        ("role==Writer;", None),
        ("nobody==1", None),
        ("score<many", None),
    ],
)
def test_a_filter_finds_those_who_meet_all_its_conditions(
    crowd: Account, condition: str, found: list[str] | None
) -> None:
    """Without case; one that cannot be read is refused."""
    if found is None:
        assert crowd.page(filter=[condition]).rules == ("PX-FILTER-8", "PX-ERROR-2")
    else:
        assert crowd.listed(condition) == found


def test_several_filters_find_those_who_meet_one_of_them(crowd: Account) -> None:
    """Each user once, however many meet."""
    assert crowd.listed("score==5", "role==Writer;score>7", "firstName==BO") == ["Ada", "bo"]


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("", ["cy", "Ada", "bo"]),
        ("score", ["bo", "cy", "Ada"]),
        ("-score", ["Ada", "cy", "bo"]),
        ("firstName", ["Ada", "bo", "cy"]),
        ("role;score", ["cy", "bo", "Ada"]),
        ("role;-score", ["cy", "Ada", "bo"]),
        ("-role;score", ["bo", "Ada", "cy"]),
        ("-createDate", ["bo", "Ada", "cy"]),
        ("propertyKeys;-score", ["Ada", "cy", "bo"]),
    ],
)
def test_sort_puts_users_in_order(crowd: Account, sort: str, found: list[str]) -> None:
    """Numbers by value, text without case, in the order of creation where they are equal or nothing is asked for."""
    assert crowd.listed(sort=sort) == found
    assert walked(crowd, sort=sort, pageSize=1) == found


def walked(account: Account, **query: Json) -> list[str]:
    """Return the ids on all pages, which end with an empty one."""
    found, page = [], account.page(**query)
    while page.body["users"]:
        found += [user["identifyId"] for user in page.body["users"]]
        page = account.page(scrollId=page.body["scrollId"], pageSize=query["pageSize"])
        assert "PX-LIST-8" in page.rules
    return found


def test_an_order_by_a_field_that_is_not_there_is_refused(crowd: Account) -> None:
    """400."""
    assert crowd.page(sort="score;nobody").rules == ("PX-FILTER-8", "PX-ERROR-2")


def test_a_page_holds_25_users_unless_it_is_asked_for_others(account: Account) -> None:
    """All are counted in totalHits, on every page."""
    for number in range(26):
        account.create(str(number))
    first = account.page()
    assert (len(first.body["users"]), first.body["totalHits"]) == (25, 26)
    rest = account.page(scrollId=first.body["scrollId"])
    assert ([user["id"] for user in rest.body["users"]], rest.body["totalHits"]) == (["25"], 26)
    assert len(account.page(pageSize=26).body["users"]) == 26


def test_a_scroll_keeps_its_filter_and_its_place(crowd: Account) -> None:
    """Though the user whom the page ended with is gone, and others have come before it."""
    first = crowd.page(filter=["score>=5"], sort="score", pageSize=1)
    crowd.delete("bo")
    crowd.create("di", score=4)
    crowd.create("ed", score=6)
    rest = crowd.page(scrollId=first.body["scrollId"])
    assert [user["id"] for user in rest.body["users"]] == ["ed", "cy", "Ada"]
    assert rest.body["totalHits"] == 3


def test_a_user_who_moves_in_the_order_is_not_shown_twice(crowd: Account) -> None:
    """The one whom the page ended with, at least."""
    first = crowd.page(sort="score", pageSize=1)
    crowd.update("bo", score=99)
    assert [user["id"] for user in crowd.page(scrollId=first.body["scrollId"]).body["users"]] == ["cy", "Ada"]


@pytest.mark.parametrize("scroll_id", ["", "understudy", "ÿ", "W10"])
def test_a_scroll_id_that_no_page_gave_out_is_refused(crowd: Account, scroll_id: str) -> None:
    """Nor is one that was changed taken."""
    assert crowd.page(scrollId=scroll_id).rules == ("PX-LIST-10", "PX-ERROR-2")
    given = crowd.page().body["scrollId"]
    assert crowd.page(scrollId=("A" if given[0] != "A" else "B") + given[1:]).status == 400


def test_the_scroll_id_of_the_last_page_is_a_switch() -> None:
    """By default there is one; it is not to be relied on that there is none."""
    account = Account({"scroll-end": "null"})
    for name in ("ada", "bo"):
        account.create(name)
    first = account.page(pageSize=1)
    assert isinstance(first.body["scrollId"], str)
    assert account.page(pageSize=1, scrollId=first.body["scrollId"]).body["scrollId"] is None
    assert isinstance(Account().page().body["scrollId"], str)


# --- what goes for all operations


def test_a_429_says_when_to_try_again_if_the_switch_is_on() -> None:
    """No header of it is documented."""
    exceeded = Exceeded(Quota(200, 1), 1, 201, "event")
    limited = PACK.behaviour.limited
    assert limited(exceeded, {"retry-after": "off"}) == ()
    assert limited(exceeded, {"retry-after": "on"}) == (("Retry-After", "1"),)


def test_a_refusal_of_the_pipeline_has_the_vendors_form() -> None:
    """A page where the key lacks the permission, the envelope else; what came from outside is escaped in the page."""
    refused = PACK.behaviour.refused
    bad = refused(Refusal(415, "no such media type", ("PX-BODY-2",), where="Content-Type"), "updateUser", {})
    assert bad is not None
    assert isinstance(bad.body, dict)
    assert (bad.status, bad.rules) == (415, ("PX-BODY-2", "PX-ERROR-2"))
    assert bad.body["externalapierror"]["status"] == "UNSUPPORTED_MEDIA_TYPE"
    assert bad.body["externalapierror"]["message"] == "no such media type (Content-Type)"
    forbidden = refused(Refusal(403, "<b>", ("PX-AUTH-4",)), "updateUser", {})
    assert forbidden is not None
    assert (forbidden.status, forbidden.media_type, forbidden.rules) == (403, "text/html", ("PX-AUTH-4",))
    assert "&lt;b&gt;" in str(forbidden.body)


def test_a_refusal_of_the_model_changes_nothing(account: Account) -> None:
    """Nor do readings and lists."""
    account.create("ada")
    before = {name: dict(records) for name, records in account.store.collections.items()}
    account.create("ada", title="x")
    account.update("bo", title="x")
    account.delete("bo")
    account.get("ada")
    account.page()
    assert account.store.collections == before


def test_an_update_leaves_earlier_records_alone(account: Account) -> None:
    """Records are values: whoever holds one does not see it change."""
    account.create("ada", location={"city": "Oslo"}, customAttributes={"plan": "gold"})
    held = account.store.collections["users"]["ada"]
    shown = repr(held)
    account.update("ada", location={"city": "Bergen"}, customAttributes={"plan": "silver"})
    assert repr(held) == shown


def test_the_rules_of_every_reply_are_rules_of_the_pack() -> None:
    """The model plays no rule that is not there."""
    assert set(PACK.behaviour.played) <= set(PACK.rules.by_id)
    assert {switch.rule for switch in declared(PACK)} - {""} <= set(PACK.rules.by_id)


def test_the_model_is_pure() -> None:
    """It imports nothing that could reach outside."""
    forbidden = ("import os", "import time", "import random", "open(", "datetime.now", "uuid4", "global ")
    source = PACK.model.read_text()
    assert not [word for word in forbidden if word in source]
