"""Listening: addresses, free ports, ports in use."""

import socket

import pytest

from understudy.errors import UsageError
from understudy.serving import listen, url_of


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
