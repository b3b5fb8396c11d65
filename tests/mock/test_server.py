"""Listening, and serving in a thread: addresses, ports in use, start and end."""

import socket
import threading
from datetime import UTC, datetime

import pytest

from tests.mock.exchange import FULL, PAGE, call, connected, served
from understudy.errors import UsageError
from understudy.mock.server import has_date, listen, running, url_of
from understudy.mock.settings import Settings
from understudy.model.clock import Clock
from understudy.pack import Pack


def test_port_0_takes_a_free_one() -> None:
    """The base URL tells which."""
    with listen("127.0.0.1", 0) as sock:
        assert url_of(sock) == f"http://127.0.0.1:{sock.getsockname()[1]}"


def test_an_ipv6_address_stands_in_brackets() -> None:
    """RFC 3986, section 3.2.2."""
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        sock = listen("::1", 0)
    except UsageError:
        pytest.skip("no IPv6 loopback here")
    with sock:
        assert url_of(sock).startswith("http://[::1]:")


def test_a_port_in_use_is_a_users_mistake() -> None:
    """The error says which address, why, and what to do."""
    with listen("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
        with pytest.raises(
            UsageError, match=rf"cannot listen on 127.0.0.1:{port}: .*in use; choose another --host or --port"
        ):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.1", "x" * 300])
def test_a_host_that_is_not_ours_is_a_users_mistake(host: str) -> None:
    """Neither a name nobody has nor another machine's address can be listened on."""
    with pytest.raises(UsageError, match="cannot listen"):
        listen(host, 0)


def test_the_server_ends_with_its_block(pack: Pack) -> None:
    """Its thread is gone and its port is free again."""
    with served(pack) as url:
        assert call(url, "GET", PAGE, FULL, ("identifier", "x")).status == 200
    assert "understudy-mock" not in {thread.name for thread in threading.enumerate()}
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
