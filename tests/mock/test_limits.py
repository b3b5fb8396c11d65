"""Rate limits: fixed windows of the session's clock, off by default, in two documented regimes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.mock.exchange import FULL, PAGE, PROFILES, READ, WRITE, Answer, call, onetrust, served, write
from understudy.mock.limits import Limits
from understudy.mock.session import Session
from understudy.mock.settings import Settings
from understudy.model.behaviour import Quota
from understudy.model.clock import Clock
from understudy.pack import Pack
from understudy.spec.rules import Part, Rule

PLAYED = [rule for rule in onetrust().rules if rule.part is Part.LIMITS]
MINUTE = datetime(2026, 1, 31, 12, 0, 5, tzinfo=UTC)
HEADERS = ("retry-after", "ot-period", "ot-ratelimit-event-id", "ot-request-made", "ot-requests-allowed")


@pytest.fixture(scope="module")
def limited(pack: Pack) -> Iterator[str]:
    clock = Clock(MINUTE)
    sessions = {
        "two": Settings(clock=clock, quotas=(Quota(2, 60),)),
        "each": Settings(clock=clock, quotas=(Quota(1, 60, per_operation=True),)),
        "hour": Settings(clock=clock, quotas=(Quota(1, 3600), Quota(1, 60))),
        "account": Settings(clock=clock, quotas=(Quota(0, 60),)),
        "shut": Settings(clock=clock, quotas=(Quota(0, 60),)),
    }
    with served(pack, Settings(), **sessions) as url:
        yield url


def test_too_many_calls_are_refused_with_429_and_all_five_headers(limited: str) -> None:
    """Those that are refused count too, as the vendor's sample shows."""
    url = f"{limited}/s/two"
    assert [write(url, "x", {}).status for _ in range(3)] == [201, 200, 429]
    answer = write(url, "x", {})
    assert [answer.headers[name] for name in HEADERS if name != "ot-ratelimit-event-id"] == ["55", "MINUTE", "4", "2"]
    assert len(answer.headers["ot-ratelimit-event-id"]) == 36
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("rule", PLAYED, ids=lambda rule: rule.id)
def test_a_429_names_each_rule_that_the_limits_play(limited: str, rule: Rule) -> None:
    """Each of its headers is a documented rule's doing."""
    assert rule.id in write(f"{limited}/s/shut", "x", {}).rules


def test_limits_are_the_accounts_not_the_tokens(limited: str) -> None:
    """Another token and another operation use up the same quota; the event has an id of its own each time."""
    url = f"{limited}/s/account"
    callers = ((PAGE, READ), (PROFILES, FULL))
    answers: list[Answer] = [call(url, "GET", path, token, ("identifier", "x")) for path, token in callers]
    assert [answer.headers["ot-request-made"] for answer in answers] == ["1", "2"]
    assert len({answer.headers["ot-ratelimit-event-id"] for answer in answers}) == 2


def test_a_quota_can_count_each_operation_for_itself(limited: str) -> None:
    """The newer regime's minute is an endpoint's."""
    url = f"{limited}/s/each"
    assert write(url, "x", {}).status == 201
    assert call(url, "GET", PAGE, FULL, ("identifier", "x")).status == 200
    assert write(url, "x", {}).status == 429


def test_of_several_quotas_the_one_that_stays_closed_longest_is_reported(limited: str) -> None:
    """After its Retry-After, requests are allowed again; so it must be the longer wait."""
    url = f"{limited}/s/hour"
    write(url, "x", {})
    answer = write(url, "x", {})
    assert (answer.headers["ot-period"], answer.headers["retry-after"]) == ("HOUR", "3595")


def test_strangers_use_up_no_quota(limited: str) -> None:
    """401 comes before 429."""
    assert call(f"{limited}/s/shut", "POST", WRITE, body={}).status == 401


def test_limits_are_off_by_default(limited: str, pack: Pack) -> None:
    """Only a switch brings a regime into force."""
    assert not Session(pack, Settings()).limits
    assert {write(limited, "off", {}).status for _ in range(5)} == {200, 201}


@pytest.mark.parametrize(
    ("regime", "calls", "operations", "period", "allowed"),
    [
        ("older", 20_000, 1, "MINUTE", "20000"),
        ("newer", 1_000, 1, "MINUTE", "1000"),
        ("newer", 200_000, 200, "HOUR", "200000"),
    ],
)
def test_both_documented_regimes_can_be_switched_on(
    pack: Pack, regime: str, calls: int, operations: int, period: str, allowed: str
) -> None:
    """200,000 an hour with 20,000 a minute, or with 1,000 a minute for each endpoint; one more is refused."""
    limits = Session(pack, Settings(switches={"onetrust": {"quota": regime}})).limits
    now = MINUTE.timestamp()
    taken = [limits.count(f"operation {number % operations}", now, "event") for number in range(calls)]
    exceeded = limits.count("operation 0", now, "event")
    assert not any(taken)
    assert exceeded is not None
    headers = dict(pack.behaviour.limited(exceeded, {}))
    assert (headers["ot-period"], headers["ot-requests-allowed"]) == (period, allowed)
    assert headers["ot-request-made"] == str(calls + 1)


def test_after_retry_after_a_call_is_allowed_again() -> None:
    """Neither sooner nor later than the header says."""
    limits = Limits((Quota(1, 60),))
    now = MINUTE.timestamp() + 0.25
    limits.count("x", now, "event")
    exceeded = limits.count("x", now, "event")
    assert exceeded is not None
    assert limits.count("x", now + exceeded.retry_after - 1, "event") is not None
    assert limits.count("x", now + exceeded.retry_after, "event") is None


def test_the_windows_are_of_the_sessions_clock() -> None:
    """A call counts in the window of its own time."""
    limits = Limits((Quota(1, 3600),))
    hours = [limits.count("x", (MINUTE + timedelta(hours=hour)).timestamp(), "event") for hour in range(5)]
    assert hours == [None] * 5
