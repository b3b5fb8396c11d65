"""Long histories and lists under many queries: what shows there alone is found, under the rule that is broken."""

import secrets
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.stateful.test_machine import outcomes
from tests.e2e.gainsight_px.servers import Directory, User
from tests.e2e.serving import Answer, Call, running
from tests.mock.exchange import served
from understudy import credentials
from understudy import pack as packs
from understudy.contract.client import Client
from understudy.contract.evidence import Outcome
from understudy.contract.judge import Judge
from understudy.contract.stateful import machine
from understudy.contract.target import Credentials, Run
from understudy.mock.settings import Settings


class NegativeBoundsLeftOut(Directory):
    """Takes <= for < where the bound is negative."""

    def holds(self, has: Any, sign: str, wanted: str) -> bool:
        """Compare."""
        return super().holds(has, "<" if sign == "<=" and wanted.startswith("-") else sign, wanted)


class BeginsAlike(Directory):
    """Compares the first 60 characters of a text."""

    def holds(self, has: Any, sign: str, wanted: str) -> bool:
        """Compare."""
        return super().holds(has[:60] if isinstance(has, str) else has, sign, wanted[:60])


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


class TwoFilters(Directory):
    """Looks at two filters, and not at a third."""

    def matches(self, user: Any, filters: Any) -> bool:
        """Match."""
        return super().matches(user, filters[:2])


class HundredAtMost(Directory):
    """Shows a hundred users on a page, though more are asked for."""

    def page(self, users: list[User], start: int, size: int) -> Answer:
        """Return a page."""
        return super().page(users, start, min(size, 100))


class SecondRises(Directory):
    """Has the second field of an order rise, whatever is asked."""

    def chosen(self, call: Call) -> list[User]:
        """Return the users."""
        query = [(name, ";-".join(value.split(";-")[:1]) if name == "sort" else value) for name, value in call.query]
        call.query[:] = query
        return super().chosen(call)


class StaleList(Directory):
    """Lists users with the role that they were created with."""

    def listed(self, call: Call) -> Answer:
        """List users."""
        answer = super().listed(call)
        if isinstance(answer.body, dict):
            for user in answer.body["users"]:
                user["role"] = self.first.setdefault(user["identifyId"], user.get("role"))
        return answer

    def __init__(self) -> None:
        super().__init__()
        self.first: dict[str, Any] = {}

    def create(self, sent: Any) -> Answer:
        """Create a user."""
        self.first.setdefault(sent["identifyId"], sent.get("role"))
        return super().create(sent)


def found(directory: Directory) -> Iterator[tuple[str | None, str]]:
    """Yield rule and title of what a directory's lists show wrongly."""
    with running(directory) as url:
        yield from surveyed("gainsight_px", url, Credentials(Directory.full, Directory.read))


def surveyed(vendor: str, url: str, known: Credentials) -> Iterator[tuple[str | None, str]]:
    """Yield rule and title of what surveys find at a base URL."""
    run = Run(
        vendor=vendor,
        base_url=url,
        label=url,
        scope="full",
        seed=5,
        run_id=secrets.token_hex(8),
        deadline=time.time() + 60,
        budget=60,
        credentials=known,
    )
    client = Client(run, Judge(packs.load(vendor), "full"))
    client.patience.lags = False  # so that nothing is waited for
    machine.explore(client, 30)
    client.close()
    yield from ((each.rule, each.title) for each in outcomes(client, Outcome.FAILED))


@pytest.fixture(autouse=True)
def surveys_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sequences but those that list, made short for a moment."""
    monkeypatch.setattr(machine, "SEQUENCES", 1)
    monkeypatch.setattr(machine, "SHRINKING", 0.2)


def test_a_directory_that_lists_right_has_no_finding() -> None:
    """And has been asked, also for more users than small pages hold."""
    directory = Directory()
    assert list(found(directory)) == []
    assert max(int(call.asked("pageSize") or 0) for call in directory.seen) == 1000
    assert sum(call.asked("filter") is not None for call in directory.seen) > 200


@pytest.mark.parametrize(
    ("made", "rule"),
    [
        (NegativeBoundsLeftOut, "PX-FILTER-3"),
        (BeginsAlike, "PX-FILTER-1"),
        (CaseOfChosen, "PX-FILTER-6"),
        (FirstOfEach, "PX-FILTER-4"),
        (TwoFilters, "PX-FILTER-5"),
        (HundredAtMost, "PX-LIST-3"),
        (SecondRises, "PX-SORT-3"),
        (StaleList, "PX-UPDATE-2"),
    ],
)
def test_what_a_list_shows_wrongly_is_found(made: type[Directory], rule: str) -> None:
    """Under the rule on what was asked for."""
    assert rule in {each for each, _ in found(made())}


@pytest.mark.parametrize(
    ("vendor", "name", "rule"),
    [
        ("onetrust", "third-list-is-added", "OT-LINK-2"),
        ("onetrust", "page-knows-three-of-a-type", "OT-READ-2"),
        ("onetrust", "page-stands-still-after-four-writes", "OT-READ-1"),
        ("onetrust", "elements-of-another-after-the-twentieth", "OT-CREATE-2"),
        ("consentgrid", "equals-are-updated-too", "CG-UPDATE-3"),
        ("consentgrid", "fifteenth-before-is-updated-too", "CG-UPDATE-3"),
    ],
)
def test_what_shows_in_long_histories_alone_is_found(vendor: str, name: str, rule: str) -> None:
    """Surveys are played on every vendor."""
    pack = packs.load(vendor)
    settings = Settings(deviations={vendor: pack.deviations.by_name[name]})
    with served(pack, settings) as url:
        found_here = {each for each, _ in surveyed(vendor, url, Credentials(credentials.FULL, credentials.READ))}
    assert rule in found_here


@pytest.mark.parametrize("vendor", packs.names())
def test_a_mock_has_no_finding(vendor: str) -> None:
    """Whatever is asked of it."""
    with served(packs.load(vendor), Settings(seed=3)) as url:
        assert list(surveyed(vendor, url, Credentials(credentials.FULL, credentials.READ))) == []
