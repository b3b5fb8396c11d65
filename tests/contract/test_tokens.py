"""The full caller's token: got once, renewed when it has expired, never asked for again and again."""

import json
import time

import pytest

from understudy.contract.exchange import Request, Response
from understudy.contract.target import Credentials
from understudy.contract.tokens import Tokens
from understudy.errors import TargetError
from understudy.pack import Pack
from understudy.values import Json

CLIENT = Credentials(client_id="id", client_secret="secret")


class Endpoint:
    """A token endpoint that numbers what it grants."""

    def __init__(self, **more: Json) -> None:
        self.more = more
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Response:
        """Grant the next token."""
        self.asked.append(request)
        return Response(200, (), json.dumps({"access_token": f"token-{len(self.asked)}", **self.more}).encode())


@pytest.mark.parametrize("seconds", [{}, {"expires_in": 3600}, {"expires_in": "soon"}, {"expires_in": -1}])
def test_a_token_is_got_once_while_it_lasts(seconds: dict[str, Json], pack: Pack) -> None:
    """Seconds that are none say nothing."""
    endpoint, tokens = Endpoint(**seconds), Tokens(CLIENT, pack.effective, "http://a")
    assert [tokens.current(endpoint) for _ in range(3)] == ["token-1"] * 3
    assert endpoint.asked[0].url.startswith("http://a/")


def test_a_token_is_renewed_before_its_seconds_are_over(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that holds the old one gets the new one, and both are the full caller's."""
    endpoint, tokens = Endpoint(expires_in=100), Tokens(CLIENT, pack.effective, "http://a")
    now = time.monotonic()
    assert tokens.current(endpoint) == "token-1"
    monkeypatch.setattr(time, "monotonic", lambda: now + 95)
    assert tokens.current(endpoint) == "token-2"
    sent = tokens.renewed(Request("GET", "http://a", (("Authorization", "Bearer token-1"),)))
    assert (sent.header("authorization"), tokens.known) == ("Bearer token-2", ("token-2", "token-1"))


def test_only_a_token_that_was_taken_before_is_worth_another(pack: Pack) -> None:
    """Else wrong credentials would be tried twice, each time."""
    endpoint, tokens = Endpoint(), Tokens(CLIENT, pack.effective, "http://a")
    tokens.current(endpoint)
    assert not tokens.refused(endpoint)
    tokens.accepted()
    assert tokens.refused(endpoint)
    assert not tokens.refused(endpoint)
    assert len(endpoint.asked) == 2


def test_a_given_token_is_never_renewed(pack: Pack) -> None:
    """Whatever the target says of it."""
    endpoint, tokens = Endpoint(), Tokens(Credentials("given", client_id="id"), pack.effective, "http://a")
    tokens.accepted()
    assert (tokens.current(endpoint), tokens.refused(endpoint), endpoint.asked) == ("given", False, [])


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"access_token": 1}', b'{"access_token": ""}', b"null"])
def test_an_answer_without_a_token_is_told(body: bytes, pack: Pack) -> None:
    """As the target's error, which it is."""
    with pytest.raises(TargetError, match="200 without one"):
        Tokens(CLIENT, pack.effective, "http://a").current(lambda request: Response(200, (), body))
