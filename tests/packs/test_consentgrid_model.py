"""ConsentGrid's model as what it is: a function of (call, state)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from understudy import pack as packs
from understudy.mock.session import Session
from understudy.mock.settings import Settings, declared
from understudy.model.behaviour import Refusal
from understudy.model.call import ABSENT, Absent, Call, Surroundings
from understudy.model.clock import Clock
from understudy.model.ids import Ids
from understudy.model.state import Store
from understudy.values import Json

PACK = packs.load("consentgrid")
CREATE, WRITE, UPDATE = "createSubject", "createOrUpdateSubject", "updateSubject"
READ, LIST = "getSubject", "listSubjects"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
DEFAULTS: Mapping[str, Json] = {switch.name: switch.default for switch in declared(PACK)}


@dataclass(frozen=True)
class Answered:
    """What an operation answered."""

    status: int
    body: Json
    rules: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def fields(self) -> Json:
        """The data of the record."""
        return self.body["data"]


@dataclass
class Account:
    """An account's state, and calls on it; what is accepted is kept."""

    switches: Mapping[str, Json] = field(default_factory=dict)
    store: Store = field(default_factory=Store)
    ids: Ids = field(default_factory=lambda: Ids(1))
    now: datetime = NOON

    def call(self, operation_id: str, path: Mapping[str, Json], query: Mapping[str, Json], body: Json) -> Answered:
        """Call an operation, and hold its answer against the effective document."""
        around = Surroundings({}, {**DEFAULTS, **self.switches})
        call = Call(operation_id, self.now, self.ids.for_call(), path=path, query=query, body=body, around=around)
        transaction = self.store.begin()
        reply = PACK.behaviour.operations[operation_id](call, transaction)
        response = PACK.effective.operations[operation_id].response(reply.status)
        assert response is not None
        assert list(response.content["application/json"].violations(reply.body)) == []
        if reply.accepted:
            transaction.commit()
        return Answered(reply.status, reply.body, reply.rules, reply.remarks)

    def create(self, body: Json = ABSENT, kind: str = "user", **fields: Json) -> Answered:
        """Create a subject under a generated ID."""
        return self.call(CREATE, {"type": kind}, {}, sent(body, fields))

    def write(
        self,
        subject_id: str,
        option: str | None = None,
        body: Json | Absent = ABSENT,
        kind: str = "user",
        **fields: Json,
    ) -> Answered:
        """Create or update a subject."""
        return self.call(WRITE, {"type": kind, "subjectId": subject_id}, chosen(option), sent(body, fields))

    def update(
        self,
        subject_id: str,
        option: str | None = None,
        body: Json | Absent = ABSENT,
        kind: str = "user",
        **fields: Json,
    ) -> Answered:
        """Update a subject."""
        return self.call(UPDATE, {"type": kind, "subjectId": subject_id}, chosen(option), sent(body, fields))

    def read(self, subject_id: str, version: int | None = None, kind: str = "user") -> Answered:
        """Read a subject, or an old version of it."""
        query = {} if version is None else {"version": version}
        return self.call(READ, {"type": kind, "subjectId": subject_id}, query, ABSENT)

    def list(self, **query: Json) -> Answered:
        """List subjects."""
        return self.call(LIST, {}, query, ABSENT)


def sent(body: Json | Absent, fields: Mapping[str, Json]) -> Json:
    """Return the body, or one with these fields."""
    return {"data": dict(fields)} if body is ABSENT else body


def chosen(option: str | None) -> dict[str, Json]:
    """Return the query with that saveOption."""
    return {} if option is None else {"saveOption": option}


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture(params=["write", "update"])
def way(request: pytest.FixtureRequest) -> str:
    """Return the name of one of the two ways to update."""
    name: str = request.param
    return name


def test_the_pages_example_comes_out_to_the_letter(account: Account) -> None:
    """The name stays, birthDate changes and country is added; the seed data hold the subject that it begins with."""
    subject_id = "123e4567-e89b-12d3-a456-426655440000"
    seeded = Session(PACK, Settings(seed=1, clock=Clock(NOON)))
    account.store = seeded.store
    assert account.read(subject_id).body == {
        "id": subject_id,
        "type": "user",
        "data": {"name": "John Doe", "birthDate": "1985-04-12"},
    }
    updated = account.update(subject_id, birthDate="1995-04-12", country="US")
    assert updated.status == 200
    assert updated.body == {
        "id": subject_id,
        "type": "user",
        "data": {"name": "John Doe", "birthDate": "1995-04-12", "country": "US"},
    }


def test_an_unknown_id_creates_and_a_known_one_updates(account: Account) -> None:
    """201 once, then 200 however often, always with the ID and the type of the path."""
    answers = [account.write("ada", n=number) for number in range(4)]
    assert [answer.status for answer in answers] == [201, 200, 200, 200]
    assert {(answer.body["id"], answer.body["type"]) for answer in answers} == {("ada", "user")}
    assert [answer.fields["n"] for answer in answers] == [0, 1, 2, 3]
    assert answers[0].rules == ("CG-WRITE-1", "CG-WRITE-2", "CG-WRITE-3")
    assert answers[1].rules == ("CG-WRITE-4", "CG-ARCHIVE-1", "CG-MERGE-1", "CG-MERGE-2", "CG-MERGE-3")


def test_generated_ids_are_unique_and_find_their_subject(account: Account) -> None:
    """However many there are, and whatever they hold."""
    answers = [account.create(name="twin", n=number % 2) for number in range(50)]
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["id"] for answer in answers}) == 50
    assert account.update(answers[7].body["id"], more=1).fields == {"name": "twin", "n": 1, "more": 1}
    assert account.write(answers[8].body["id"]).status == 200


@pytest.mark.parametrize("option", [None, "merge"])
def test_merging_gives_new_values_and_keeps_the_rest(account: Account, way: str, option: str | None) -> None:
    """Explicitly or unspecified; lists and objects are values like others."""
    account.write("ada", name="Ada", tags=["a", "b"], address={"city": "London", "zip": "W1"}, n=1)
    merged = getattr(account, way)("ada", option, tags=["b"], address={"city": "Oslo"}, n=0, new=False)
    assert merged.status == 200
    assert merged.fields == {"name": "Ada", "tags": ["b"], "address": {"city": "Oslo"}, "n": 0, "new": False}
    assert account.read("ada").fields == merged.fields
    assert getattr(account, way)("ada", option).fields == merged.fields


def test_rewriting_leaves_what_was_sent_and_nothing_else(account: Account, way: str) -> None:
    """And the next call without saveOption merges again, without what was dropped."""
    account.write("ada", name="Ada", address={"city": "London", "zip": "W1"})
    rewritten = getattr(account, way)("ada", "rewrite", address={"city": "Oslo"})
    assert rewritten.fields == {"address": {"city": "Oslo"}}
    rules = ("CG-REWRITE-1", "CG-REWRITE-2") if way == "write" else ("CG-REPATCH-1", "CG-REPATCH-2")
    assert set(rules) <= set(rewritten.rules)
    assert getattr(account, way)("ada", n=1).fields == {"address": {"city": "Oslo"}, "n": 1}
    assert getattr(account, way)("ada", "rewrite").fields == {}


@pytest.mark.parametrize("option", ["merge", "rewrite"])
def test_a_save_option_is_no_hindrance_to_creating(account: Account, option: str) -> None:
    """It speaks of subjects that are there."""
    created = account.write("ada", option, name="Ada")
    assert (created.status, created.fields) == (201, {"name": "Ada"})
    assert "CG-WRITE-6" in created.rules


@pytest.mark.parametrize("option", ["replace", "MERGE", ""])
def test_an_unknown_save_option_is_refused_or_merges(account: Account, way: str, option: str) -> None:
    """By a switch; refused, it changes nothing."""
    account.write("ada", name="Ada")
    refused = getattr(account, way)("ada", option, name="Eve")
    assert refused.status == 400
    assert refused.body["error"]["where"] == "saveOption"
    assert refused.rules == ("CG-OPTION-1", "CG-ERROR-3")
    assert account.read("ada", 1).fields == account.read("ada").fields == {"name": "Ada"}
    lenient = Account({"unknown-save-option": "merge"}, account.store)
    merged = getattr(lenient, way)("ada", option, city="Oslo")
    assert (merged.status, merged.fields) == (200, {"name": "Ada", "city": "Oslo"})
    assert merged.remarks == ("CG-OPTION-1",)


def test_merging_goes_deep_where_the_switch_says_so(way: str) -> None:
    """Objects in objects, but neither lists nor what is an object on one side alone."""
    account = Account({"merge": "deep"})
    account.write("ada", a={"b": {"c": 1, "d": 2}, "e": [1, 2]}, f={"g": 1}, h=1)
    merged = getattr(account, way)("ada", a={"b": {"d": 3}, "e": [3]}, f=2, h={"i": 1})
    assert merged.fields == {"a": {"b": {"c": 1, "d": 3}, "e": [3]}, "f": 2, "h": {"i": 1}}
    assert account.read("ada", 1).fields == {"a": {"b": {"c": 1, "d": 2}, "e": [1, 2]}, "f": {"g": 1}, "h": 1}
    assert getattr(account, way)("ada", "rewrite", a={"b": {}}).fields == {"a": {"b": {}}}


def test_null_deletes_where_the_switch_says_so(way: str) -> None:
    """A field alone: what is null inside of one is its value."""
    account = Account({"null": "dropped"})
    assert account.write("ada", a=1, b=None, c={"d": None}).fields == {"a": 1, "c": {"d": None}}
    assert getattr(account, way)("ada", a=None).fields == {"c": {"d": None}}


def test_one_subject_cannot_be_read_where_the_switch_says_so() -> None:
    """Though it is there."""
    account = Account({"single-get": "absent"})
    assert account.write("ada", a=1).status == 201
    assert (account.read("ada").status, account.read("ada").rules[0]) == (404, "CG-GET-1")


def test_null_is_stored_as_null(account: Account, way: str) -> None:
    """It does not delete."""
    account.write("ada", name="Ada", city="Oslo")
    assert getattr(account, way)("ada", city=None).fields == {"name": "Ada", "city": None}


def test_data_is_any_object(account: Account) -> None:
    """Whatever its fields are called and hold."""
    fields = {
        "a.b": 1,
        "": [{}, [None]],
        "id": "x",
        "type": {},
        "Name": 2**53 - 1,
        "name": -0.5,
        "å": "e\u0301 \U0001f600",
    }
    assert account.write("ada", body={"data": fields}).fields == fields
    assert account.update("ada", body={"data": {"a.b": 2}}).fields == {**fields, "a.b": 2}
    assert account.read("ada").body["id"] == "ada"


def test_a_body_without_data_has_no_fields(account: Account) -> None:
    """Of a subject that is there it changes none."""
    created = account.write("ada", body={})
    assert (created.status, created.fields) == (201, {})
    assert "CG-BODY-13" in created.rules
    account.update("ada", name="Ada")
    assert account.update("ada", body={}).fields == {"name": "Ada"}
    assert account.write("ada", "rewrite", body={}).fields == {}


def test_type_and_id_together_are_the_key(account: Account) -> None:
    """Nor do parts that look like one another run into each other."""
    names = [
        ("user", "a"),
        ("device", "a"),
        ("User", "a"),
        ("user", "A"),
        ("user", 'a", "b'),
        ('user", "a', "b"),
        ("", "a"),
    ]
    for number, (kind, subject_id) in enumerate(names):
        assert account.write(subject_id, kind=kind, n=number).status == 201
    for number, (kind, subject_id) in enumerate(names):
        assert account.update(subject_id, kind=kind).fields == {"n": number}
        assert account.read(subject_id, 1, kind).body["type"] == kind


@pytest.mark.parametrize("status", ["404", "400"])
def test_an_update_of_nobody_is_refused_and_creates_none(status: str) -> None:
    """With the status that the switch says."""
    account = Account({"missing-patch": status})
    account.write("ada", kind="device")
    refused = account.update("ada", name="Ada")
    assert refused.status == int(status)
    assert refused.rules == ("CG-UPDATE-5", "CG-ERROR-3")
    assert account.write("ada").status == 201


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"id": "eve"}, "/id"),
        ({"type": "device"}, "/type"),
        ({"id": {"id": "eve", "type": "user"}}, "/id"),
        ({"id": {"id": "ada", "type": "device"}}, "/type"),
        ({"id": "ADA", "type": "user"}, "/id"),
    ],
)
def test_a_body_that_names_another_subject_is_refused_or_has_no_effect(
    account: Account, way: str, body: dict[str, Json], where: str
) -> None:
    """By a switch, in either form of a record."""
    account.write("ada", name="Ada")
    refused = getattr(account, way)("ada", body={**body, "data": {"name": "Eve"}})
    assert (refused.status, refused.body["error"]["where"]) == (400, where)
    assert account.read("ada").fields == {"name": "Ada"}
    ignoring = Account({"mismatch": "ignore"}, account.store)
    ignored = getattr(ignoring, way)("ada", body={**body, "data": {"name": "Eve"}})
    assert (ignored.status, ignored.remarks) == (200, ("CG-PATH-1",))
    assert (ignored.body["id"], ignored.body["type"], ignored.fields) == ("ada", "user", {"name": "Eve"})


@pytest.mark.parametrize("form", ["flat", "envelope"])
def test_a_record_can_be_sent_back_as_it_was_read(way: str, form: str) -> None:
    """In either form, without a remark."""
    account = Account({"record": form})
    account.write("ada", name="Ada")
    again = getattr(account, way)("ada", "rewrite", body=account.read("ada").body)
    assert (again.status, again.fields, again.remarks) == (200, {"name": "Ada"}, ())


def test_a_creation_generates_its_id_whatever_the_body_says(account: Account) -> None:
    """With a remark; another type than the path's is refused."""
    created = account.create(body={"id": "ada", "data": {"name": "Ada"}})
    assert (created.status, created.remarks) == (201, ("CG-PATH-2",))
    assert created.body["id"] != "ada"
    assert account.read("ada").status == 404
    assert account.create(body={"type": "device"}).status == 400
    assert account.list().body["total"] == 1


def test_every_version_stays_readable_as_it_was(account: Account) -> None:
    """Versions begin with 1 and grow by one, written or updated, merged or rewritten."""
    account.write("ada", a=1, tags=["x"])
    account.update("ada", b=2)
    account.write("ada", "rewrite", c=3)
    account.update("ada", "rewrite", tags=[])
    states = [{"a": 1, "tags": ["x"]}, {"a": 1, "tags": ["x"], "b": 2}, {"c": 3}, {"tags": []}]
    assert [account.read("ada", version).fields for version in (1, 2, 3, 4)] == states
    assert account.read("ada").fields == states[-1]
    assert account.read("ada", 5).status == account.read("ada", 0).status == 404
    assert account.read("ada", 5).rules == ("CG-VERSION-4", "CG-ERROR-3")


def test_refused_calls_make_no_version(account: Account, way: str) -> None:
    """The archive has no gaps."""
    account.write("ada", a=1)
    assert getattr(account, way)("ada", "nonsense").status == 400
    assert getattr(account, way)("ada", body={"id": "eve"}).status == 400
    assert account.read("ada", 2).status == 404
    account.update("ada", a=2)
    assert account.read("ada", 2).fields == {"a": 2}


def test_the_envelope_shows_version_time_and_maker() -> None:
    """The time is of the version, and not of the form of RFC 3339."""
    account = Account({"record": "envelope"})
    account.write("ada", a=1)
    account.now += timedelta(hours=1)
    account.update("ada", a=2)
    assert account.read("ada").body == {
        "id": {"id": "ada", "type": "user"},
        "version": 2,
        "versionTime": "2026-01-31T13:00:00.000+0000",
        "by": {"id": "understudy", "type": "apikey"},
        "data": {"a": 2},
    }
    old = account.read("ada", 1).body
    assert (old["version"], old["versionTime"]) == (1, "2026-01-31T12:00:00.000+0000")
    listed = account.list().body["subjects"]
    assert [subject["id"] for subject in listed] == [{"id": "ada", "type": "user"}]


def test_the_list_has_pages_of_a_type(account: Account) -> None:
    """100 without max, never above 200, users without a type, total whatever the page holds."""
    for number in range(250):
        account.write(f"id {number}", n=number)
    account.write("kiosk", kind="device")
    account.update("id 0", again=True)

    def shown(**query: Json) -> list[int]:
        listed = account.list(**query)
        assert (listed.status, listed.body["total"]) == (200, 250)
        return [subject["data"]["n"] for subject in listed.body["subjects"]]

    assert shown() == list(range(100))
    assert shown(max=200) == shown(max=201) == shown(max=10**9) == list(range(200))
    assert "CG-LIST-6" in account.list(max=201).rules
    assert "CG-LIST-6" not in account.list(max=200).rules
    assert shown(offset=100) == list(range(100, 200))
    assert shown(offset=200, max=1000) == list(range(200, 250))
    assert shown(offset=249, max=2, type="user") == [249]
    assert shown(offset=250) == shown(max=0) == []
    assert account.list(type="device").body["total"] == 1
    assert account.list(type="Device").body == {"total": 0, "subjects": []}


def test_nobody_is_answered_with_404(account: Account) -> None:
    """A subject of another type is nobody too."""
    account.write("ada")
    assert account.read("eve").status == account.read("ada", kind="device").status == 404
    assert account.read("eve").rules == ("CG-GET-2", "CG-ERROR-3")


@pytest.mark.parametrize(("setting", "status"), [("403", 403), ("401", 401)])
def test_a_bad_key_is_refused_as_the_switch_says(setting: str, status: int) -> None:
    """With a challenge only where the status is that of one."""
    challenge = (("WWW-Authenticate", "Bearer"),)
    refusal = Refusal(401, "no key", ("CG-AUTH-2",), "Authorization", challenge)
    reply = PACK.behaviour.refused(refusal, WRITE, {**DEFAULTS, "bad-key": setting})
    assert reply is not None
    assert (reply.status, reply.headers) == (status, challenge if status == 401 else ())
    assert reply.rules == ("CG-AUTH-2", "CG-AUTH-7", "CG-ERROR-3")
    error = {"status": status, "message": "no key", "where": "Authorization", "rules": ["CG-AUTH-2", "CG-AUTH-7"]}
    assert reply.body == {"error": error}


def test_other_refusals_keep_their_status_and_headers() -> None:
    """In the same form, where no operation was found too."""
    refusal = Refusal(405, "not here", ("CG-HTTP-2",), headers=(("Allow", "GET"),))
    reply = PACK.behaviour.refused(refusal, None, DEFAULTS)
    assert reply is not None
    assert (reply.status, reply.headers, reply.media_type) == (405, (("Allow", "GET"),), "application/json")
    assert reply.body == {"error": {"status": 405, "message": "not here", "rules": ["CG-HTTP-2"]}}


def test_the_seed_data_are_played_through_the_model() -> None:
    """A fresh session holds them, old versions included."""
    account = Account(store=Session(PACK, Settings()).store)
    assert account.list().body["total"] == 2
    assert account.read("ada@example.com").fields["languages"] == ["en", "fr"]
    assert account.read("ada@example.com", 1).fields["languages"] == ["en"]
    assert account.read("kiosk 7", kind="device").fields["serial"] == 2**53 - 1
