"""Where two answers differ."""

import json
from dataclasses import replace

import pytest

from understudy.cli.compare import ignoring
from understudy.contract.comparison.contrast import Tally, contrasted, difference
from understudy.contract.comparison.normal import NOTHING, Normal
from understudy.contract.exchange import NO_ANSWER, Exchange, Request, Response
from understudy.contract.stateful.scenario import Taking
from understudy.contract.target import Run, Secrets
from understudy.values import Json

RUN = Run("any", "http://a", "a", "core", 1, "r", 0.0, 0.0)


def answered(status: int, media_type: str, body: Json) -> Exchange:
    """Return an exchange with that answer."""
    headers = (("Content-Type", media_type),) if media_type else ()
    response = Response(status, headers, json.dumps(body).encode())
    return Exchange(Request("GET", "http://a/people/1"), response, 0.1, "any", "full")


JSON = "application/json"
HEAD = (("Content-Type", JSON),)


def nested(depth: int) -> tuple[bytes, ...]:
    """Return two bodies that differ in what they hold so deep."""
    return tuple(b"[" * depth + inner + b"]" * depth for inner in (b"1", b"2"))


@pytest.mark.parametrize(
    ("credential", "wanting", "status", "taken"),
    [("full", "any", 200, 1), ("full", "any", 401, 0), ("none", "any", 200, 0), ("full", "other", 200, 0)],
)
def test_calls_that_want_no_credential_show_nothing_of_it(
    credential: str, wanting: str, status: int, taken: int
) -> None:
    """They are compared, and are no call that both targets took."""
    exchange, tally = replace(answered(status, JSON, {}), credential=credential), Tally({wanting})
    assert (tally.compared([exchange, exchange]), tally.taken) == (True, taken)


@pytest.mark.parametrize(
    ("one", "other", "compared", "skipped"),
    [(200, 401, True, 0), (401, 200, True, 0), (200, 429, False, 1), (429, 429, False, 1), (200, NO_ANSWER, True, 0)],
)
def test_what_one_target_alone_takes_is_not_taken(one: int, other: int, compared: bool, skipped: int) -> None:
    """What a limit kept from one of them is counted, and said."""
    tally = Tally({"any"})
    assert tally.compared([answered(one, JSON, {}), answered(other, JSON, {})]) == compared
    assert (tally.taken, tally.skipped) == (0, skipped)
    assert tally.left_out() == ("1 calls were kept from one of them by its limits" if skipped else "")


@pytest.mark.parametrize("depth", [900, 5000, 100_000])
def test_bodies_that_are_too_deep_are_not_compared(depth: int) -> None:
    """Wherever Python gives up, when it parses them or when they are looked through; and that is said."""
    deep = [replace(answered(200, JSON, None), response=Response(200, HEAD, body)) for body in nested(depth)]
    tally = Tally({"any"})
    assert tally.difference((Normal(RUN), Normal(RUN)), deep, lambda body: body) is None
    assert tally.left_out() == "of 1 calls the answers nest too deep to be compared"
    assert tally.difference((Normal(RUN), Normal(RUN)), deep, lambda body: body, bodies=False) is None
    flat = answered(200, JSON, {})
    found = tally.difference((Normal(RUN), Normal(RUN)), (deep[0], flat), lambda body: body)
    assert found == ("", "<nested too deep to be compared>", {})
    assert tally.deep == 1


def test_a_path_that_cannot_be_followed_leaves_a_body_uncompared() -> None:
    """One with `..`, which is followed for a hundred levels."""
    deep = [replace(answered(200, JSON, None), response=Response(200, HEAD, body)) for body in nested(150)]
    tally = Tally({"any"})
    assert tally.difference((Normal(RUN), Normal(RUN)), deep, ignoring(["$..seen"])) is None
    assert tally.deep == 1


def test_bodies_of_some_depth_are_compared() -> None:
    """As all others are."""
    deep = [replace(answered(200, JSON, None), response=Response(200, HEAD, body)) for body in nested(100)]
    tally = Tally({"any"})
    assert tally.difference((Normal(RUN), Normal(RUN)), deep, lambda body: body) == ("/0" * 100, 1, 2)
    assert tally.left_out() == ""


def test_what_is_not_called_is_said() -> None:
    """Beside what the limits kept."""
    tally = Tally({"any"}, skipped=2, missing=["readOne", "readAll"])
    told = "no request could be made for both, for want of a record (--existing), to readOne, readAll"
    assert tally.left_out() == f"{told}; 2 calls were kept from one of them by its limits"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((200, JSON, {"a": 1}), (200, JSON, {"a": 1}), None),
        ((200, JSON, {"a": 1}), (201, JSON, {"a": 1}), ("status", 200, 201)),
        ((200, JSON, {"a": 1}), (200, "text/json", {"a": 1}), ("media type", JSON, "text/json")),
        ((200, JSON, {"a": 1}), (200, "", {"a": 1}), ("media type", JSON, NOTHING)),
        ((200, f"{JSON}; charset=utf-8", {"a": 1}), (200, JSON, {"a": 1}), None),
        ((200, JSON, {"a": 1}), (200, JSON, {"a": 2}), ("/a", 1, 2)),
        ((404, JSON, {"a": 1}), (404, "text/html", "gone"), None),
        ((404, JSON, {"a": 1}), (410, JSON, {"a": 1}), ("status", 404, 410)),
    ],
)
def test_answers_differ_in_status_media_type_and_body(
    one: tuple[int, str, Json], other: tuple[int, str, Json], expected: object
) -> None:
    """In this order; what refusals say is not compared."""
    normals, exchanges = (Normal(RUN), Normal(RUN)), (answered(*one), answered(*other))
    assert difference(normals, exchanges, lambda body: body) == expected


def test_what_is_told_of_a_difference_has_no_secrets() -> None:
    """Not where a target echoes one, nor in the lines that repeat the calls."""
    found = ("/a", "with hush in it", "nothing")
    told = contrasted(found, "any", None, (None, None), Taking((), str), ("curl hush", "curl -H hush"))
    hidden = told.hidden(Secrets(["hush"]).hide)
    assert "hush" in str(told)
    assert "hush" not in str(hidden)
    assert (hidden.evidence.expected, hidden.curls) == ("with *** in it", ("curl ***", "curl -H ***"))
