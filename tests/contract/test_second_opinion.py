"""openapi-core's word on responses: whatever it raises is an opinion, and one shape is shown to it once."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from tests.contract.conftest import GOOD, URL, Make
from understudy.contract.exchange import Exchange, Request, Response
from understudy.contract.judge import Judge
from understudy.contract.second_opinion import SecondOpinion
from understudy.spec.document import Document


@pytest.fixture
def second(core: Judge) -> SecondOpinion:
    """Return a second opinion that has seen nothing yet."""
    return SecondOpinion(core.judged)


def test_it_agrees_to_a_good_answer_and_objects_to_a_bad_one(second: SecondOpinion, exchange: Make) -> None:
    """On statuses, bodies and their properties."""
    assert second.objection(exchange(200)) is None
    assert second.objection(exchange(200, {"identifier": 7, "identifierType": ""})) is not None
    assert second.objection(exchange(201, [])) is not None


def test_it_is_asked_under_any_base_url(second: SecondOpinion, exchange: Make) -> None:
    """A base URL with a path of its own does not silence it."""
    bad = exchange(201, {**GOOD, "canBePrimary": "yes"})
    below = replace(bad, request=replace(bad.request, url=URL.replace("/api", "/some/where/api")))
    assert second.objection(below, anew=True) == second.objection(bad, anew=True) != None  # noqa: E711 (all three)


@pytest.mark.parametrize("answer", [b"\xff", b"{", b"[" * 100_000, b""])
def test_whatever_it_stumbles_over_is_an_opinion(answer: bytes, second: SecondOpinion, exchange: Make) -> None:
    """Bytes that are no text make it raise while it words its objection, deep ones while it parses."""
    assert isinstance(second.objection(exchange(200, answer)), str | None)


def test_a_defect_of_its_own_is_an_opinion(
    second: SecondOpinion, exchange: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It never ends a run."""

    def broken(*_: object) -> Iterator[Exception]:
        raise ZeroDivisionError("of its own")
        yield

    monkeypatch.setattr(second, "_validator", SimpleNamespace(iter_errors=broken))
    assert second.objection(exchange(200)) == "ZeroDivisionError: of its own"


def test_a_value_that_a_keyword_tells_apart_has_a_shape_of_its_own(second: SecondOpinion, exchange: Make) -> None:
    """What was right of one date says nothing of one that has the same form and cannot be."""
    dates = ("2026-01-31T12:00:00Z", "2026-13-31T12:00:00Z")
    right, wrong = ({**GOOD, "elements": [{"name": "a", "interactionDate": each}]} for each in dates)
    assert second.objection(exchange(200, right)) is None
    assert second.objection(exchange(200, wrong)) is not None


def test_answers_of_one_shape_are_shown_once(
    second: SecondOpinion, exchange: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes a thousand times longer than jsonschema-rs."""
    asked: list[Exchange] = []
    monkeypatch.setattr(SecondOpinion, "_asked", lambda self, each, operation: asked.append(each))
    shapes: list[Any] = [
        {**GOOD, "id": "633ba071-61b0-485f-81a0-a2245777b432"},
        {**GOOD, "id": "733ba071-61b0-485f-81a0-a2245777b432", "identifier": "other"},
        {**GOOD, "id": "not a uuid"},
        {**GOOD, "elements": [{"name": "a"}]},
        {**GOOD, "elements": [{"name": "b"}, {"name": "c"}]},
        {**GOOD, "elements": []},
    ]
    for shape in shapes:
        second.objection(exchange(200, shape))
    assert len(asked) == 4
    second.objection(exchange(201, shapes[0]))
    second.objection(exchange(200, shapes[0]), anew=True)
    assert len(asked) == 6


def test_declared_headers_are_of_the_shape(
    second: SecondOpinion, exchange: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A header that counts down has one shape, any other text its own; nobody declares a Date."""
    asked: list[Exchange] = []
    monkeypatch.setattr(SecondOpinion, "_asked", lambda self, each, operation: asked.append(each))
    for headers in (
        {"Retry-After": "7", "Date": "now"},
        {"Retry-After": "8", "Date": "then"},
        {"Retry-After": "soon"},
        {"Retry-After": "later"},
        {"Retry-After": "100"},
        {},
    ):
        second.objection(exchange(429, GOOD, headers))
    assert len(asked) == 4


def test_it_disagrees_with_the_first_opinion_in_a_remark(
    core: Judge, exchange: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Either way round, and never in a finding."""
    monkeypatch.setattr(SecondOpinion, "objection", lambda self, each, anew=False: "no good")
    told = [each.title for each in core.judge(exchange(200), "test") if each.check == "second-opinion"]
    assert told == ["openapi-core takes an answer for wrong that jsonschema-rs takes for right"]
    monkeypatch.setattr(SecondOpinion, "objection", lambda self, each, anew=False: None)
    told = [each.title for each in core.judge(exchange(200, []), "test") if each.check == "second-opinion"]
    assert told == ["openapi-core takes an answer for right that jsonschema-rs takes for wrong"]


@pytest.mark.parametrize(("body", "objects"), [(b'{"status": 404}', False), (b'{"status": "gone"}', True)])
def test_it_reads_every_media_type_of_json(body: bytes, objects: bool) -> None:
    """Problem details are JSON too, though openapi-core does not know them."""
    schema = {"type": "object", "properties": {"status": {"type": "integer"}}}
    answer = {"description": "none", "content": {"application/problem+json": {"schema": schema}}}
    get = {"operationId": "a", "responses": {"404": answer}}
    document = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {"/a": {"get": get}}}
    response = Response(404, (("Content-Type", "application/problem+json"),), body)
    made = Exchange(Request("GET", "http://127.0.0.1/a"), response, 0.0, "a")
    assert bool(SecondOpinion(Document(document)).objection(made)) is objects
