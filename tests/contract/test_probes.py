"""The checks made from document and rules alone: constraints, access, limits."""

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

import pytest

from tests.contract.conftest import WRITE
from tests.e2e.breaking import refuses, status
from tests.e2e.faults import HEADERS_OF_429, AnyToken, WithoutScopes
from tests.e2e.freedoms import StrictChallenge
from tests.e2e.gainsight_px.servers import FIELDS, Directory
from tests.e2e.servers import FULL, READ, Endpoint
from tests.e2e.serving import Answer, Call, Served, Step, running
from understudy import pack as packs
from understudy.contract.access import ACCEPTED, OPENED, forgeries, made_up
from understudy.contract.authentication import BASIC, BEARER, Place
from understudy.contract.client import Client
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.judge import Judge
from understudy.contract.probes import PROBED, Prober
from understudy.contract.target import LIMITED, Credentials, Run
from understudy.spec.rules import Part

Probe: TypeAlias = Callable[..., Client]


@pytest.fixture
def probe(core: Judge, run: Run) -> Iterator[Probe]:
    """Yield a function that makes one probe of an endpoint and returns the client with the evidence."""
    made: list[Client] = []

    def probed(kind: str, endpoint: Endpoint, credentials: Credentials | None = None) -> Client:
        with running(endpoint) as base_url:
            given = credentials or Credentials(FULL, READ)
            client = Client(replace(run, base_url=base_url, sessions={LIMITED: base_url}, credentials=given), core)
            made.append(client)
            getattr(Prober(client), kind)(WRITE)
        return client

    yield probed
    for client in made:
        client.close()


def rules(client: Client, outcome: Outcome) -> set[str | None]:
    """Return the rules with evidence of that outcome."""
    return {piece.rule for piece, _ in client.collector if piece.outcome is outcome}


def failures(client: Client) -> list[Evidence]:
    """Return what failed."""
    return client.collector.failures()


def test_every_part_that_plays_rules_is_probed_or_played_by_the_size_of_bodies() -> None:
    """A part without a check would leave its rules unverified."""
    assert set(PROBED) == set(Part) - {Part.SIZE}


# --- constraints ------------------------------------------------------------------------------------------------------


def test_all_rules_on_requests_are_kept_by_a_good_endpoint(probe: Probe) -> None:
    """Each is passed, none without a request of its own."""
    client = probe("constraints", Endpoint())
    assert failures(client) == []
    wanted = {f"OT-HEAD-{n}" for n in (1, 2, 3)} | {f"OT-BODY-{n}" for n in (1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12)}
    assert wanted <= rules(client, Outcome.PASSED)


def test_what_is_not_in_scope_is_not_sent(probe: Probe) -> None:
    """Values of 751 characters break another page's schema."""
    endpoint = Endpoint()
    probe("constraints", endpoint)
    assert all(len(call.body) < 700 for call in endpoint.seen)


def test_a_refusal_at_the_bound_breaks_the_rule(probe: Probe) -> None:
    """255 characters must be taken."""
    short = Endpoint(refuses(lambda call: len(call.headers.get("datasubjectidentifier", "")) > 100))
    (failure,) = failures(probe("constraints", short))
    assert (failure.rule, failure.actual) == ("OT-HEAD-3", "400 to 255 characters")


@pytest.mark.parametrize(("answer", "how"), [(400, "is refused"), (503, "meets a server error"), (0, "has no answer")])
def test_what_becomes_of_a_request_at_the_bound_is_told(answer: int, how: str, probe: Probe) -> None:
    """A refusal, a breakdown and silence are three faults."""
    short = refuses(lambda call: len(call.headers.get("datasubjectidentifier", "")) > 100, answer)
    titles = {each.title for each in failures(probe("constraints", Endpoint(short))) if each.rule == "OT-HEAD-3"}
    assert {each for each in titles if "at the bound" in each} == {f"A request at the bound of the rule {how}"}


@pytest.mark.parametrize("refusal", [401, 403, 429])
def test_a_refusal_of_the_caller_says_nothing_of_the_bound(refusal: int, probe: Probe) -> None:
    """Nor does a limit."""
    client = probe("constraints", Endpoint(lambda endpoint, call, step: Answer(refusal, headers={"Retry-After": ""})))
    assert {failure.rule for failure in failures(client)} <= {"OT-LIMIT-2", "OT-LIMIT-3"}


class TakesAnything(Directory):
    """Looks at no body of a creation, and takes a list of one id for the id."""

    def done(self, call: Call) -> Answer:
        creates = call.method == "POST" and call.who == "full"
        return Answer(201, {}) if creates else super().done(call)


def test_what_shares_a_schema_is_probed_where_it_is_used(run: Run) -> None:
    """An operation that creates is sent wrong types under ids of its own, which nobody has."""
    judge, served = Judge(packs.load("gainsight_px"), "full"), TakesAnything()
    with running(served) as base_url:
        known = Credentials(Directory.full, Directory.read)
        client = Client(replace(run, base_url=base_url, credentials=known), judge)
        Prober(client).constraints("createUser")
        client.close()
    assert {"PX-USER-7", "PX-USER-15", "PX-USER-21"} <= rules(client, Outcome.FAILED)
    bodies = [json.loads(call.body) for call in served.seen if b'"firstName": 7' in call.body]
    others = [json.loads(call.body) for call in served.seen if b'"score": 1.5' in call.body]
    assert len(bodies) == len(others) == 1
    assert bodies[0]["identifyId"] != others[0]["identifyId"]


ANY_SCORE = {**FIELDS, "score": lambda given, where: None}


class TakesScores(Directory):
    """Takes any score."""

    checks = ANY_SCORE


def test_a_record_is_shared_until_a_request_that_is_to_be_refused_is_taken(run: Run) -> None:
    """What is refused leaves it as it was; what is taken may have changed it, and the next request has another one."""
    judge, shared = Judge(packs.load("gainsight_px"), "full"), list[set[str]]()
    for served in (Directory(), TakesScores()):
        with running(served) as base_url:
            known = Credentials(Directory.full, Directory.read)
            client = Client(replace(run, base_url=base_url, credentials=known), judge)
            Prober(client).constraints("updateUser")
            client.close()
        shared.append({name for label, name in client.records.items() if " refused " in label and name})
        assert any(b'"firstName": 7' in call.body for call in served.seen if call.method == "PUT")
    assert len(shared[0]) == 1
    assert len(shared[1]) > 1


# --- access -----------------------------------------------------------------------------------------------------------


def test_all_rules_on_access_are_kept_by_a_good_endpoint(probe: Probe) -> None:
    """Nobody, somebody else, the restricted and the full caller."""
    client = probe("access", Endpoint())
    assert failures(client) == []
    assert {"OT-AUTH-1", "OT-AUTH-2", "OT-AUTH-3", "OT-AUTH-4", "OT-ROUTE-1"} <= rules(client, Outcome.PASSED)


def test_without_a_restricted_credential_its_rules_are_not_exercised(probe: Probe) -> None:
    """Neither passed nor failed."""
    client = probe("access", Endpoint(), Credentials(FULL))
    assert {"OT-AUTH-2", "OT-AUTH-4"} & (rules(client, Outcome.PASSED) | rules(client, Outcome.FAILED)) == set()


def test_a_malformed_authorization_may_be_a_bad_request(probe: Probe) -> None:
    """RFC 6750 says 400 where there are no credentials in it at all."""
    assert failures(probe("access", StrictChallenge())) == []


class PrefixOnly(Endpoint):
    """Compares the beginning of a token alone."""

    def caller(self, call: Call) -> str:
        return "full" if FULL[:3] in call.headers.get("authorization", "") else super().caller(call)


class AnyCase(Endpoint):
    """Compares tokens without their case."""

    def caller(self, call: Call) -> str:
        call.headers["authorization"] = call.headers.get("authorization", "").lower().replace("bearer", "Bearer")
        return super().caller(call)


class Beginnings(Endpoint):
    """Takes the beginning of a token for the token."""

    def caller(self, call: Call) -> str:
        token = call.headers.get("authorization", "").removeprefix("Bearer ")
        return "full" if len(token) > 4 and FULL.startswith(token) else super().caller(call)


def test_a_short_token_without_its_last_letter_is_hidden(probe: Probe) -> None:
    """One letter is all that is missing of it."""
    endpoint = Endpoint()
    endpoint.minted.add("k3y-9f27ab41")
    endpoint.caller = lambda call: "full"  # type: ignore[method-assign]
    for failure in failures(probe("access", endpoint, Credentials("k3y-9f27ab41", READ))):
        assert "k3y-9f27ab4" not in failure.curl


@pytest.mark.parametrize("make", [AnyToken, PrefixOnly, AnyCase, Beginnings])
def test_a_token_that_is_none_must_not_open(make: type[Endpoint], probe: Probe) -> None:
    """Made up, changed, or in other case; what was sent is said, and no line shows the token, however changed."""
    found = failures(probe("access", make()))
    assert {failure.rule for failure in found} == {"OT-AUTH-1"}
    assert " to " in found[0].actual
    for failure in found:
        assert FULL[6:].lower() not in failure.curl.lower()


def test_what_is_no_secret_is_shown(probe: Probe) -> None:
    """Though a token begins like what everybody sends: hidden, no line would repeat a finding."""
    endpoint = Endpoint()
    endpoint.minted.add("understudy-full")
    client = probe("access", endpoint, Credentials("understudy-full", READ))
    assert client.secrets.hide("understudy-ada understudy-no-such-token") == "understudy-ada understudy-no-such-token"
    assert client.secrets.hide("understudy-full understudy-fullx UNDERSTUDY-FULL") == "*** *** ***"


BEARER_PLACE = Place("header", "Authorization", BEARER)


def sent(place: Place, secret: str) -> Iterator[str]:
    """Yield what is sent in the place of a secret and is made of it."""
    for prefix, forged, user in forgeries(place, secret):
        yield prefix + (forged if user is None else forged.basic(user)).text


def test_forgeries_are_no_valid_tokens() -> None:
    """None is the token itself, whatever its letters; a JWT's last letter is left, of which base64 ignores bits."""
    for token in (
        "x" * 9,
        "ABC",
        "123456",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXw",
    ):
        forged = list(sent(BEARER_PLACE, token))
        assert f"Bearer {token}" not in forged
        assert len(set(forged)) == len(forged)
        whole = [header for header in forged if header != f"Bearer {token[:-1]}"]
        assert all(header.endswith((token[-1], token[-1].swapcase(), "x", ".", "n", "w")) for header in whole)
    assert len(list(made_up(BEARER_PLACE))) == 4
    assert list(sent(Place("header", "X-Key"), "abc")) == ["abcx", "axc", "ABC"]
    assert list(sent(Place("header", "X-Key"), "1" * 9)) == ["1" * 9 + "x", "1111x1111", "1" * 8]
    basic = sent(Place("header", "Authorization", BASIC, "user"), "123")
    decoded = [b64decode(value.removeprefix(BASIC)).decode() for value in basic]
    assert decoded == ["user:123x", "user:1x3", "user:123:x", "understudy:123"]


@pytest.mark.parametrize(
    ("endpoint", "rule"),
    [
        (lambda: Endpoint(status(401, 403)), {"OT-AUTH-1"}),
        (WithoutScopes, {"OT-AUTH-2", "OT-AUTH-4"}),
        (lambda: Endpoint(status(201, 403)), {"OT-AUTH-3"}),
    ],
    ids=["403 without a token", "scopes not checked", "full refused"],
)
def test_each_caller_is_told_apart(endpoint: Callable[[], Endpoint], rule: set[str], probe: Probe) -> None:
    """401 for who is not known, 403 for who may not, 2xx for who may."""
    assert {failure.rule for failure in failures(probe("access", endpoint()))} == rule


def test_a_redirection_lets_nobody_in(probe: Probe) -> None:
    """It is another status than 401 or 403, and opens nothing."""
    found = failures(probe("access", Endpoint(status(401, 302), status(403, 302))))
    assert {each.rule for each in found} >= {"OT-AUTH-1", "OT-AUTH-2"}
    assert not [each for each in found if each.title in (ACCEPTED, OPENED)]


@pytest.mark.parametrize("refusal", [404, 405])
def test_an_operation_that_is_not_offered_breaks_the_rule_on_its_place(refusal: int, probe: Probe) -> None:
    """A path or a method that is not there is no matter of the credential, nor of a record."""
    assert {failure.rule for failure in failures(probe("access", Endpoint(status(201, refusal))))} == {"OT-ROUTE-1"}


# --- limits -----------------------------------------------------------------------------------------------------------


def test_a_quota_is_used_up_and_opens_again(probe: Probe) -> None:
    """The rules on 429 and its headers are seen, and that it keeps its word."""

    def once(endpoint: Served, call: Call, step: Step) -> Answer:
        return Answer(429, headers=HEADERS_OF_429) if len(endpoint.seen) == 2 else step(call)

    client = probe("limits", Endpoint(once))
    assert failures(client) == []
    assert {"OT-LIMIT-1", "OT-LIMIT-2", "OT-LIMIT-3", "OT-LIMIT-4", "OT-LIMIT-5"} <= rules(client, Outcome.PASSED)


def test_a_quota_that_stays_shut_breaks_its_word(probe: Probe) -> None:
    """A 429 after the seconds of Retry-After."""
    shut = Endpoint(lambda endpoint, call, step: Answer(429, headers=HEADERS_OF_429))
    assert {failure.rule for failure in failures(probe("limits", shut))} == {"OT-LIMIT-4"}


def test_a_breakdown_keeps_no_word(probe: Probe) -> None:
    """A server error after the seconds of Retry-After is none of a quota that has opened again."""

    def breaks(endpoint: Served, call: Call, step: Step) -> Answer:
        return Answer(429, headers=HEADERS_OF_429) if len(endpoint.seen) == 1 else Answer(500)

    client = probe("limits", Endpoint(breaks))
    assert "OT-LIMIT-4" not in rules(client, Outcome.PASSED)
    assert {each.title for each in failures(client)} == {"The answer is a server error"}


def test_a_quota_without_end_is_found(probe: Probe) -> None:
    """However many requests come, none is refused with 429."""
    assert {failure.rule for failure in failures(probe("limits", Endpoint()))} == {"OT-LIMIT-1"}
