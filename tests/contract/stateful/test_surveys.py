"""Long histories and lists under many queries: what shows there alone is found, under the rule that is broken."""

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, TypeAlias

import pytest

from tests.contract.stateful.playing import Explore, outcomes
from tests.e2e.gainsight_px.servers import Directory, User
from tests.e2e.serving import Answer, Bad, Call, running
from tests.mock.exchange import served
from understudy import credentials
from understudy import pack as packs
from understudy.contract.arazzo import Patience
from understudy.contract.client import Client, Wanted
from understudy.contract.evidence import Outcome
from understudy.contract.stateful import course, machine
from understudy.contract.target import Credentials
from understudy.mock.settings import Settings


class CaseOfChosen(Directory):
    """Compares one of few with its case."""

    def holds(self, has: Any, sign: str, wanted: str) -> bool:
        """Compare."""
        return (has == wanted) is (sign == "==") if has in ("LEAD", "USER") else super().holds(has, sign, wanted)


class FirstOfEach(Directory):
    """Looks at the first of several conditions of a filter, behind the account."""

    def matches(self, user: Any, filters: Any) -> bool:
        """Match."""
        return super().matches(user, [";".join(each.split(";")[:2]) for each in filters])


class SecondRises(Directory):
    """Has the second field of an order rise, whatever is asked."""

    def chosen(self, call: Call) -> list[User]:
        """Return the users."""
        call.query[:] = [(name, value.replace(";-", ";") if name == "sort" else value) for name, value in call.query]
        return super().chosen(call)


class LooksAtTwo(Directory):
    """Looks at two filters, and not at a third."""

    def matches(self, user: Any, filters: Any) -> bool:
        """Match."""
        return super().matches(user, filters[:2])


class NamesAlone(Directory):
    """Lists the users' identifiers alone, of which the documents require no more."""

    def page(self, users: list[User], start: int, size: int) -> Answer:
        """Return a page."""
        answer = super().page(users, start, size)
        named = [{"identifyId": each["identifyId"]} for each in answer.body["users"]]
        return Answer(200, {**answer.body, "users": named})


class KnowsNoIdentifiers(Directory):
    """Refuses to filter by identifyId; the documents do not say which fields a filter knows."""

    def compares(self, user: Any, part: str) -> bool:
        """Compare."""
        if part.startswith("identifyId"):
            raise Bad("filter")
        return super().compares(user, part)


class ContainsTurned(Directory):
    """Has `~` and `!~` the other way round, of which no document says what they are."""

    def holds(self, has: Any, sign: str, wanted: str) -> bool:
        """Compare."""
        return super().holds(has, {"~": "!~", "!~": "~"}.get(sign, sign), wanted)


class Slow(Directory):
    """Takes its time."""

    def respond(self, call: Call) -> Answer:
        """Answer."""
        time.sleep(0.05)
        return super().respond(call)


@pytest.fixture(autouse=True)
def surveys_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Play as good as nothing but surveys, and shrink for a moment."""
    monkeypatch.setattr(machine, "SEQUENCES", 1)
    monkeypatch.setattr(course, "SHRINKING", 0.2)


Surveyed: TypeAlias = Callable[..., Client]


@pytest.fixture
def surveyed(explore: Explore, monkeypatch: pytest.MonkeyPatch) -> Surveyed:
    """Return a function that plays surveys on a directory and returns the client; nothing is waited for.

    A rule that is wanted ends them.
    """
    monkeypatch.setattr(Patience, "doubtful", False)

    def played(directory: Directory, rule: str | None = None, seconds: float = 50) -> Client:
        known = Credentials(Directory.full, Directory.read)
        with running(directory) as url:
            return explore(url, "gainsight_px", "full", known, wanted(rule), seconds=seconds)

    return played


def wanted(rule: str | None) -> Wanted | None:
    """Return what says whether evidence is a finding of that rule."""
    return None if rule is None else lambda piece: piece.outcome is Outcome.FAILED and piece.rule == rule


def test_a_directory_that_lists_right_has_no_finding(surveyed: Surveyed) -> None:
    """And has been asked, also for more users than small pages hold."""
    directory = Directory()
    client = surveyed(directory)
    assert outcomes(client, Outcome.FAILED) == []
    assert len({each.rule for each in outcomes(client, Outcome.PASSED)}) > 1
    assert max(int(call.asked("pageSize") or 0) for call in directory.seen) == 1000
    assert sum(call.asked("filter") is not None for call in directory.seen) > 200


@pytest.mark.parametrize("made", [NamesAlone, KnowsNoIdentifiers])
def test_what_the_documents_leave_open_is_no_finding(made: type[Directory], surveyed: Surveyed) -> None:
    """Fields that are not shown are not compared, and a query may be refused."""
    assert outcomes(surveyed(made()), Outcome.FAILED) == []


def test_a_sign_that_is_understood_otherwise_ends_no_survey(surveyed: Surveyed) -> None:
    """It is a remark, and as many lists are asked for as elsewhere."""
    directory, other = Directory(), ContainsTurned()
    surveyed(directory)
    remarks = outcomes(surveyed(other), Outcome.REMARK)
    assert {each.rule for each in remarks} == {"PX-FILTER-7"}
    lists = [sum(call.asked("filter") is not None for call in each.seen) for each in (directory, other)]
    assert lists[0] - lists[1] < 5


def test_surveys_leave_time_for_what_is_drawn(surveyed: Surveyed, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow target as well: half of their share is left though one call may have come late."""
    drawn: list[float] = []
    monkeypatch.setattr(machine, "_search", lambda course, *rest: drawn.append(course.until - time.monotonic()))
    slow = Slow()
    surveyed(slow, seconds=6)
    assert drawn[0] > 6 * (1 - machine.SURVEYED) / 2
    assert sum(call.method == "POST" for call in slow.seen) > 1


@pytest.mark.parametrize(("paces", "made"), [([0.01], 50), ([1.0], 0), ([0.0, 1.0], 1), ([0.0, 0.01, 1.0], 50)])
def test_many_records_are_made_where_there_is_time_for_all(paces: list[float], made: int) -> None:
    """By the pace that the first call shows, if none is known before."""
    pace = iter([*paces, *[paces[-1]] * 50])

    class Paced:
        judge = SimpleNamespace(judged=SimpleNamespace(operations={"createUser"}))

        @property
        def apart(self) -> float:
            return next(pace)

    calls: list[Any] = [SimpleNamespace(operation_id="createUser")] * 50
    course: Any = SimpleNamespace(client=Paced())
    assert len([*machine._in_time(course, calls, time.monotonic() + 10)]) == made


@pytest.mark.parametrize(
    ("made", "rule"),
    [
        (CaseOfChosen, "PX-FILTER-6"),
        (FirstOfEach, "PX-FILTER-4"),
        (LooksAtTwo, "PX-FILTER-5"),
        (SecondRises, "PX-SORT-3"),
    ],
)
def test_what_a_list_shows_wrongly_is_found(made: type[Directory], rule: str, surveyed: Surveyed) -> None:
    """Under the rule on what was asked for."""
    assert rule in {each.rule for each in outcomes(surveyed(made(), rule), Outcome.FAILED)}


@pytest.mark.parametrize(
    ("vendor", "name", "rule"),
    [
        ("onetrust", "third-list-is-added", "OT-LINK-2"),
        ("onetrust", "page-knows-three-of-a-type", "OT-READ-2"),
        ("onetrust", "page-stands-still-after-four-writes", "OT-READ-1"),
        ("onetrust", "elements-of-another-after-the-twentieth", "OT-CREATE-2"),
        ("consentgrid", "equals-are-updated-too", "CG-UPDATE-3"),
        ("consentgrid", "fifteenth-before-is-updated-too", "CG-UPDATE-3"),
        ("gainsight_px", "negative-bounds-are-left-out", "PX-FILTER-3"),
        ("gainsight_px", "long-texts-are-compared-by-their-begin", "PX-FILTER-1"),
        ("gainsight_px", "pages-of-a-hundred", "PX-LIST-3"),
        ("gainsight_px", "lists-are-an-update-behind", "PX-UPDATE-2"),
    ],
)
def test_what_shows_in_long_histories_alone_is_found(vendor: str, name: str, rule: str, explore: Explore) -> None:
    """Surveys are played on every vendor."""
    pack = packs.load(vendor)
    settings = Settings(deviations={vendor: pack.deviations.by_name[name]})
    with served(pack, settings) as url:
        client = explore(url, vendor, "full", Credentials(credentials.FULL, credentials.READ), wanted(rule))
    assert rule in {each.rule for each in outcomes(client, Outcome.FAILED)}


@pytest.mark.parametrize("vendor", packs.names())
def test_a_mock_has_no_finding(vendor: str, explore: Explore) -> None:
    """Whatever is asked of it; hundreds of calls are."""
    with served(packs.load(vendor), Settings(seed=3, strict=True)) as url:
        client = explore(url, vendor, "full", Credentials(credentials.FULL, credentials.READ))
    assert [each.title for each in (*outcomes(client, Outcome.FAILED), *outcomes(client, Outcome.REMARK))] == []
    assert client.requests > 200
