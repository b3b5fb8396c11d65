"""Bearer tokens over a socket and in process: four forms of request, signatures, and an end by the mock's clock."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import jwt
import pytest

from tests.mock.exchange import TOKEN, WRITE, Answer, call, served
from understudy.mock.settings import Settings
from understudy.mock.tokens import Keyring
from understudy.model.clock import Clock
from understudy.pack import Pack

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
CLIENT = {"client_id": "understudy", "client_secret": "understudy"}
GRANT = {"grant_type": "client_credentials"}
BASIC = ("Authorization", "Basic dW5kZXJzdHVkeTp1bmRlcnN0dWR5")
URLENCODED = ("Content-Type", "application/x-www-form-urlencoded")
FORMS = ("multipart", "urlencoded", "query", "basic")


def at(moment: datetime) -> Settings:
    """Return settings whose clock stands still then."""
    return Settings(seed=5, clock=Clock(moment))


def strict(form: str) -> Settings:
    """Return settings that take one form of token request alone."""
    return Settings(seed=5, switches={"onetrust": {"token-form": form}})


@pytest.fixture(scope="module")
def clocks(pack: Pack) -> Iterator[str]:
    later = {"before": NOON + timedelta(seconds=3599), "after": NOON + timedelta(seconds=3600)}
    sessions = {name: at(moment) for name, moment in later.items()}
    week = Settings(seed=5, clock=Clock(NOON), switches={"onetrust": {"token-lifetime": "604800"}})
    other = Settings(seed=6, clock=Clock(NOON), switches={"onetrust": {"ot-scopes": "ot_scopes"}})
    with served(pack, at(NOON), week=week, other=other, **sessions, **{form: strict(form) for form in FORMS}) as url:
        yield url


def multipart(fields: dict[str, str], extra: str = "") -> tuple[tuple[str, str], bytes]:
    """Return Content-Type and body of a multipart form."""
    parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in fields.items()]
    return ("Content-Type", "multipart/form-data; boundary=b"), ("".join(parts) + extra + "--b--\r\n").encode()


def ask(url: str, form: str, fields: dict[str, str]) -> Answer:
    """Ask for a token in one of the four forms."""
    if form == "multipart":
        header, body = multipart(fields)
        return call(url, "POST", TOKEN, header, body=body)
    if form == "urlencoded":
        return call(url, "POST", TOKEN, URLENCODED, body=urlencode(fields).encode())
    if form == "query":
        return call(url, "POST", f"{TOKEN}?{urlencode(fields)}")
    grant = {name: text for name, text in fields.items() if name == "grant_type"}
    return call(url, "POST", TOKEN, BASIC, URLENCODED, body=urlencode(grant).encode())


RULES = {"multipart": "OT-TOKEN-1", "urlencoded": "OT-TOKEN-2", "query": "OT-TOKEN-8", "basic": "OT-TOKEN-9"}


@pytest.mark.parametrize("form", FORMS)
def test_a_token_is_granted_in_each_of_the_four_forms_and_opens_the_write(clocks: str, form: str) -> None:
    """Documented twice, observed twice; the answer names which."""
    answer = ask(clocks, form, GRANT | CLIENT)
    assert (answer.status, answer.json["token_type"], answer.json["expires_in"]) == (200, "bearer", 3600)
    assert answer.json["ot-scopes"] == "CONSENT,CONSENT_READ"
    assert answer.rules == [RULES[form], "OT-TOKEN-4"]
    token = ("Authorization", f"Bearer {answer.json['access_token']}")
    assert call(clocks, "POST", WRITE, token, ("dataSubjectIdentifier", form), body={}).status == 201


@pytest.mark.parametrize("strict_form", FORMS)
@pytest.mark.parametrize("form", FORMS)
def test_a_switch_makes_each_form_strict(clocks: str, strict_form: str, form: str) -> None:
    """Then the other three are refused with OAuth's error object."""
    answer = ask(f"{clocks}/s/{strict_form}", form, GRANT | CLIENT)
    assert answer.status == (200 if form == strict_form else 400)
    if form != strict_form:
        assert answer.json["error"] == "invalid_request"


@pytest.mark.parametrize("form", FORMS)
def test_another_grant_type_is_refused_with_400(clocks: str, form: str) -> None:
    """OT-TOKEN-5, in the form that clients read (OT-TOKEN-10)."""
    answer = ask(clocks, form, {"grant_type": "password"} | CLIENT)
    assert (answer.status, answer.json["error"]) == (400, "unsupported_grant_type")
    assert answer.rules == ["OT-TOKEN-5", "OT-TOKEN-10"]


@pytest.mark.parametrize("form", FORMS)
def test_a_grant_type_that_is_missing_is_an_invalid_request(clocks: str, form: str) -> None:
    """RFC 6749, section 5.2; and a token that is granted is kept by no cache (section 5.1)."""
    answer = ask(clocks, form, CLIENT)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert ask(clocks, form, GRANT | CLIENT).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("client", [{"client_id": "nobody"}, {"client_secret": "wrong"}, {"client_secret": ""}])
def test_a_wrong_client_is_refused_with_401(clocks: str, client: dict[str, str]) -> None:
    """OT-TOKEN-6, with the challenge that HTTP demands."""
    answer = ask(clocks, "urlencoded", GRANT | CLIENT | client)
    assert (answer.status, answer.json["error"], answer.rules[0]) == (401, "invalid_client", "OT-TOKEN-6")
    assert answer.headers["www-authenticate"].startswith("Basic ")


def test_the_read_only_client_gets_a_token_that_does_not_open_the_write(clocks: str) -> None:
    """Same secret, without the write scope."""
    token = ask(clocks, "query", GRANT | CLIENT | {"client_id": "understudy-read"}).json
    assert token["ot-scopes"] == "CONSENT_READ"
    bearer = ("Authorization", f"Bearer {token['access_token']}")
    assert call(clocks, "POST", WRITE, bearer, ("dataSubjectIdentifier", "x"), body={}).status == 403


def test_a_token_ends_by_the_mocks_clock(clocks: str) -> None:
    """One second before its end it opens the write; at its end it does not."""
    token = ("Authorization", f"Bearer {ask(clocks, 'query', GRANT | CLIENT).json['access_token']}")
    me = ("dataSubjectIdentifier", "clock")
    assert call(f"{clocks}/s/before", "POST", WRITE, token, me, body={}).status == 201
    refused = call(f"{clocks}/s/after", "POST", WRITE, token, me, body={})
    assert (refused.status, refused.rules) == (401, ["OT-AUTH-1"])


def test_lifetime_and_the_name_of_the_permissions_are_switches(clocks: str) -> None:
    """The documents contradict each other: hour or longer, hyphen or underscore."""
    week = ask(f"{clocks}/s/week", "query", GRANT | CLIENT).json
    token = ("Authorization", f"Bearer {week['access_token']}")
    assert week["expires_in"] == 604800
    assert call(f"{clocks}/s/after", "POST", WRITE, token, ("dataSubjectIdentifier", "week"), body={}).status == 201
    assert "ot_scopes" in ask(f"{clocks}/s/other", "query", GRANT | CLIENT).json


def test_a_token_of_another_seed_is_not_known(clocks: str) -> None:
    """The signing key comes from the seed."""
    token = ("Authorization", f"Bearer {ask(f'{clocks}/s/other', 'query', GRANT | CLIENT).json['access_token']}")
    assert call(clocks, "POST", WRITE, token, ("dataSubjectIdentifier", "x"), body={}).status == 401


def test_a_token_is_a_signed_jwt(clocks: str) -> None:
    """RFC 7519: whose it is, what it allows, when it was issued and when it ends; one changed byte breaks it."""
    answer = ask(clocks, "query", GRANT | CLIENT).json
    token = answer["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 3600
    assert (claims["iat"], claims["sub"], claims["jti"]) == (NOON.timestamp(), "understudy", answer["jti"])
    head, payload, signature = token.split(".")
    forged = jwt.utils.base64url_encode(jwt.utils.base64url_decode(payload).replace(b"CONSENT_READ", b"CONSENT_REST"))
    for changed in (
        f"{head}.{forged.decode()}.{signature}",
        f"{head}.{payload}.{signature[::-1]}",
        f"{head}.{payload}.",
    ):
        bearer = ("Authorization", f"Bearer {changed}")
        assert call(clocks, "POST", WRITE, bearer, ("dataSubjectIdentifier", "x"), body={}).status == 401


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ((("Content-Type", "application/json"),), b"{}", 415),
        ((("Content-Type", "multipart/form-data"),), b"x", 400),
        ((("Content-Type", "multipart/form-data; boundary=b"),), b"x", 400),
        ((("Content-Type", "multipart/form-data; boundary=b; charset=utf-99"),), multipart(GRANT | CLIENT)[1], 200),
        ((URLENCODED,), b"%zz=%ff&&", 400),
        ((URLENCODED,), b"grant_type", 400),
        ((URLENCODED,), b"\xff\xfe", 400),
    ],
)
def test_odd_forms_are_refused_or_read_but_never_a_500(
    clocks: str, headers: tuple[tuple[str, str], ...], body: bytes, status: int
) -> None:
    """What cannot be read as a form lacks its fields."""
    assert call(clocks, "POST", TOKEN, *headers, body=body).status == status


def test_a_file_in_the_form_is_no_field(clocks: str) -> None:
    """It is left out, and the rest is read."""
    extra = '--b\r\nContent-Disposition: form-data; name="client_id"; filename="f"\r\n\r\nx\r\n'
    header, body = multipart(GRANT | CLIENT, extra)
    assert call(clocks, "POST", TOKEN, header, body=body).status == 200


def test_a_keyring_forgets_no_valid_token(pack: Pack) -> None:
    """What it remembers of tokens is bounded, and nothing depends on it."""
    keyring, clock = Keyring(pack.behaviour, 1), Clock(NOON)
    end = NOON.timestamp() + 60
    tokens = [keyring.mint({"scopes": ["a"], "exp": end, "jti": str(number)}) for number in range(5000)]
    assert all(keyring.scopes(token, clock) == frozenset("a") for token in [*tokens, tokens[0]])
    assert keyring.scopes(tokens[0], Clock(NOON + timedelta(minutes=1))) is None


@pytest.mark.parametrize(
    "claims", [{"scopes": ["a"]}, {"exp": 1e12}, {"scopes": 7, "exp": 1e12}, {"scopes": [], "exp": "x"}]
)
def test_a_token_without_scopes_or_end_is_not_valid(pack: Pack, claims: dict[str, object]) -> None:
    """Though the signature is right."""
    keyring = Keyring(pack.behaviour, 1)
    assert keyring.scopes(keyring.mint(claims), Clock()) is None


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=a", b"--a\r\nContent-Disposition: form-data; nam\r\n\r\nx\r\n--a--\r\n"),
        ("multipart/form-data; boundary=a", b"--another"),
        ("application/x-www-form-urlencoded", b"\xff\xfe=1"),
    ],
)
def test_a_form_that_cannot_be_read_is_refused_as_oauth_has_it(mock: str, media_type: str, body: bytes) -> None:
    """With an error and its description, and under the rule that wants them."""
    answer = call(mock, "POST", TOKEN, ("Content-Type", media_type), body=body)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert answer.headers["understudy-rules"] == "OT-TOKEN-10;observed"


def test_another_writing_of_a_token_is_none(pack: Pack) -> None:
    """base64 has several for the same bytes: with padding, or with other bits behind the last ones that count."""
    keyring = Keyring(pack.behaviour, 1)
    token = keyring.mint({"scopes": ["a"], "exp": 4_000_000_000})
    assert keyring.scopes(token, Clock()) == frozenset("a")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = [token[:-1] + letter for letter in last if letter != token[-1]]
    assert {keyring.scopes(other, Clock()) for other in (f"{token}=", f"{token}==", *others)} == {None}
