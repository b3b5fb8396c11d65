"""Serving a mock in a thread: start and end."""

import threading
from datetime import UTC, datetime

import pytest

from tests.mock.exchange import FULL, PAGE, call, connected, served
from understudy.errors import UsageError
from understudy.mock.server import has_date, running
from understudy.mock.settings import Settings
from understudy.model.clock import Clock
from understudy.pack import Pack


def test_the_server_ends_with_its_block(pack: Pack) -> None:
    """Its thread is gone and its port is free again."""
    with served(pack) as url:
        assert call(url, "GET", PAGE, FULL, ("identifier", "x")).status == 200
    assert "understudy-server" not in {thread.name for thread in threading.enumerate()}
    with pytest.raises(ConnectionRefusedError), connected(url):
        pass


def test_what_cannot_be_served_is_an_error_of_the_caller() -> None:
    """Not of a thread that nobody looks at."""
    with pytest.raises(UsageError, match="no vendor"), running({}, {"": Settings()}):
        pass


def test_answers_bear_no_date_where_a_clock_stands_still(pack: Pack) -> None:
    """Else no two runs were equal to the byte."""
    still = Settings(clock=Clock(datetime(2026, 1, 31, tzinfo=UTC)))
    assert (has_date({"": Settings()}), has_date({"": Settings(), "a": still})) == (True, False)
    with served(pack, still) as url:
        assert "date" not in call(url, "GET", PAGE).headers
    with served(pack) as url:
        assert "date" in call(url, "GET", PAGE).headers
