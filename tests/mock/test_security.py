"""Who may call what: bearer tokens, scopes, HTTP Basic and API keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mock.exchange import DETAILS, FULL, PAGE, PROFILES, READ, WRITE, call, project, served
from understudy import pack as packs
from understudy.mock.security import basic
from understudy.mock.settings import Settings
from understudy.values import Json

ME = ("dataSubjectIdentifier", "security@example.com")


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("Authorization", ""),),
        (("Authorization", "Bearer"),),
        (("Authorization", "Bearer nobody"),),
        (("Authorization", "Basic dW5kZXJzdHVkeTp1bmRlcnN0dWR5"),),
        (("Authorization", "understudy-full"),),
        (("X-Api-Key", "understudy-full"),),
        (("Authorization", b"Bearer \xff\xfe"),),
        (("Authorization", "Bearer eyJhbGciOiJub25lIn0.eyJzY29wZXMiOlsiQ09OU0VOVCJdLCJleHAiOjk5OTk5OTk5OTl9."),),
    ],
)
def test_without_a_valid_token_401_challenges(mock: str, headers: tuple[tuple[str, str], ...]) -> None:
    """OT-AUTH-1, with the challenge that HTTP demands, whatever else is wrong with the request."""
    answer = call(mock, "POST", WRITE, *headers, body={})
    assert (answer.status, answer.rules) == (401, ["OT-AUTH-1"])
    assert answer.headers["www-authenticate"] == 'Bearer realm="understudy"'


@pytest.mark.parametrize("headers", [(), (("Authorization", "Bearer nobody"),), (("X-Consent-Key", "nobody"),)])
def test_a_stranger_breaks_the_rule_on_security_where_none_is_on_401(headers: tuple[tuple[str, str], ...]) -> None:
    """CG-AUTH-2 cites the operation's security; the 401 itself is an overlay's, and no rule is on it."""
    with served(packs.load("consentgrid")) as url:
        answer = call(url, "POST", "/v1/subjects/user/security", *headers, body={"data": {}})
    assert answer.status == 403
    assert "CG-AUTH-2" in answer.rules


def test_a_deviation_that_passes_over_a_refusal_plays_with_the_scopes_of_the_caller() -> None:
    """So it can do what it refuses: the restricted caller's write is answered with 403, and stored."""
    pack = packs.load("consentgrid")
    deviation = pack.deviations.by_name["write-without-privilege-is-done"]
    path = "/v1/subjects/user/security"
    with served(pack, Settings(seed=1, deviations={"consentgrid": deviation})) as url:
        assert call(url, "POST", path, READ, body={"data": {"a": 1}}).status == 403
        assert call(url, "POST", path, FULL, body={"data": {}}).json["data"] == {"a": 1}


def test_the_read_only_scope_does_not_open_the_write(mock: str) -> None:
    """OT-AUTH-2 to OT-AUTH-4: the answer names the scope that is missing, and what is said of the one that is there."""
    answer = call(mock, "POST", WRITE, READ, ME, body={})
    assert answer.status == 403
    assert set(answer.rules) == {"OT-AUTH-2", "OT-AUTH-3", "OT-AUTH-4"}
    assert "CONSENT" in answer.json["detail"]


def test_the_scope_consent_opens_the_write(mock: str) -> None:
    """OT-AUTH-3; the scheme's name is case-insensitive and blanks around the token are nobody's (RFC 9110)."""
    me = ("dataSubjectIdentifier", "consent@example.com")
    assert call(mock, "POST", WRITE, FULL, me, body={}).status == 201
    assert call(mock, "POST", WRITE, ("authorization", "bEARER  understudy-full "), me, body={}).status == 200


@pytest.mark.parametrize("path", [PAGE, PROFILES, DETAILS])
@pytest.mark.parametrize("token", [FULL, READ])
def test_both_scopes_open_the_reads(mock: str, path: str, token: tuple[str, str]) -> None:
    """OT-READ-3: one of two alternatives is enough."""
    call(mock, "POST", WRITE, FULL, ME, body={})
    assert call(mock, "GET", path, token, ("identifier", ME[1])).status == 200


def test_a_refused_caller_is_refused_before_the_request_is_looked_at(mock: str) -> None:
    """401 and 403 come before 400: a stranger learns nothing of the parameters."""
    assert call(mock, "POST", WRITE, body=b"\xff").status == 401
    assert call(mock, "POST", WRITE, READ, body=b"\xff").status == 403


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"Basic dTpwOnE=", ("u", "p:q")),
        (b"basic  dTo=", ("u", "")),
        (b"Basic dQ==", None),
        (b"Basic !!!!", None),
        (b"Basic /w==", None),
        (b"Basic", None),
        (b"Bearer dTpw", None),
    ],
)
def test_user_and_password_of_http_basic(value: bytes, found: tuple[str, str] | None) -> None:
    """RFC 7617: the first colon parts them; what cannot be read is not there."""
    assert basic({"headers": [(b"authorization", value)]}) == found


SCHEMES: Json = {
    "header": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "key"},
    "basic": {"type": "http", "scheme": "Basic"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "openid": {"type": "openIdConnect", "openIdConnectUrl": "https://x.invalid/.well-known"},
    "referred": {"$ref": "#/components/securitySchemes/header"},
}
MODEL = """
from understudy.model.behaviour import Behaviour
from understudy.model.call import Reply
behaviour = Behaviour(("a", "b"), ("a",))
def play(call, state):
    return Reply(200, sorted(call.scopes))
for name in {names!r}:
    behaviour.operation(name)(play)
"""


def operation(name: str, security: list[dict[str, list[str]]]) -> Json:
    """Return a path item with one operation that answers with the caller's scopes."""
    content = {"application/json": {"schema": {"type": "array"}}}
    responses = {"200": {"description": "scopes", "content": content}, "401": {"description": "stranger"}}
    return {"get": {"operationId": name, "security": security, "responses": responses}}


@pytest.fixture(scope="module")
def schemes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root: Path = tmp_path_factory.mktemp("schemes")
    paths = {f"/{name}": operation(name, [{name: []}]) for name in SCHEMES}
    paths["/both"] = operation("both", [{"basic": [], "header": []}])
    paths["/optional"] = operation("optional", [{"bearer": []}, {}])
    paths["/first"] = operation("first", [{}, {"bearer": ["b"]}])
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": paths,
        "components": {"securitySchemes": SCHEMES},
    }
    names = [*SCHEMES, "both", "optional", "first"]
    with served(project(root, document, MODEL.format(names=names))) as url:
        yield url


BASIC = ("Authorization", "Basic dW5kZXJzdHVkeTp1bmRlcnN0dWR5")


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/header", (("X-Key", "understudy-full"),), 200),
        ("/header", (("X-Key", "nobody"),), 401),
        ("/header", (), 401),
        ("/referred", (("x-key", "understudy-full"),), 200),
        ("/query?key=understudy-full", (), 200),
        ("/query?key=", (), 401),
        ("/cookie", (("Cookie", "a=b; key=understudy-full"),), 200),
        ("/cookie", (("Cookie", "key"),), 401),
        ("/basic", (BASIC,), 200),
        ("/basic", (("Authorization", "Basic dTpw"),), 401),
        ("/bearer", (FULL,), 200),
        ("/openid", (FULL,), 200),
        ("/both", (BASIC,), 401),
        ("/both", (BASIC, ("X-Key", "understudy-full")), 200),
        ("/optional", (), 200),
        ("/optional", (("Authorization", "Bearer nobody"),), 200),
        ("/first", (READ,), 200),
    ],
)
def test_schemes_of_every_type_open_with_the_ready_made_credentials(
    schemes: str, path: str, headers: tuple[tuple[str, str], ...], status: int
) -> None:
    """API keys wherever they stand, HTTP Basic, bearer tokens of any name, conjunctions and optional security."""
    assert call(schemes, "GET", path, *headers).status == status


def test_the_model_is_told_what_the_caller_may(schemes: str) -> None:
    """Whatever the scheme; a caller without credentials may nothing."""
    assert call(schemes, "GET", "/header", ("X-Key", "understudy-read")).json == ["a"]
    assert call(schemes, "GET", "/basic", BASIC).json == ["a", "b"]
    assert call(schemes, "GET", "/optional").json == []


@pytest.mark.parametrize("path", ["/optional", "/first"])
def test_a_credential_that_is_optional_counts(schemes: str, path: str) -> None:
    """Wherever the alternative stands that wants none."""
    assert call(schemes, "GET", path, FULL).json == ["a", "b"]
    assert call(schemes, "GET", path).json == []
