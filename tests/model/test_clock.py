"""Time: parsed, formatted, standing still or running."""

from datetime import UTC, datetime, timedelta

import pytest

from understudy.model.clock import Clock, format_time, parse_time

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_a_frozen_clock_stands_still() -> None:
    """At its moment, however often it is asked."""
    clock = Clock(NOON)
    assert [clock.now(), clock.now()] == [NOON, NOON]


def test_a_running_clock_is_the_machines_in_utc() -> None:
    """Plus its offset."""
    before = datetime.now(UTC)
    now, tomorrow = Clock().now(), Clock(offset=timedelta(days=1)).now()
    assert now.utcoffset() == timedelta()
    assert before <= now <= datetime.now(UTC)
    assert timedelta(days=1) <= tomorrow - now < timedelta(days=1, seconds=10)


@pytest.mark.parametrize("text", ["2026-01-31T12:00:00Z", "2026-01-31T13:00:00+01:00", "2026-01-31 12:00:00.000Z"])
def test_an_rfc_3339_time_is_read_in_utc(text: str) -> None:
    """Whatever its offset."""
    assert parse_time(text) == NOON
    assert parse_time(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["", "noon", "2026-01-31", "2026-01-31T12:00:00", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+01:00"]
)
def test_a_time_without_offset_or_out_of_range_is_none(text: str) -> None:
    """It could mean any hour."""
    with pytest.raises(ValueError, match=r"."):
        parse_time(text)


def test_a_time_is_written_in_utc_with_milliseconds() -> None:
    """As most vendors write it."""
    assert format_time(NOON.astimezone()) == "2026-01-31T12:00:00.000Z"
