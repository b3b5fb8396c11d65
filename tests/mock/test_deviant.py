"""Deviations over a real socket: what must be refused is taken, and wrong answers leave the mock as they are."""

import json
from dataclasses import replace

import pytest

from tests.mock.exchange import DETAILS, FULL, WRITE, Answer, call, onetrust, served, write
from understudy.mock.settings import Settings
from understudy.model.behaviour import Operation
from understudy.model.call import Call, Reply
from understudy.model.deviation import Deviation
from understudy.model.state import Transaction

OPERATION = "createOrUpdateDataSubjectUsingPOST"
BODY = {"dataElements": [{"name": "Country", "value": "Norway"}]}


def deviating(deviation: Deviation) -> Settings:
    return Settings(seed=1, deviations={"onetrust": deviation})


def derived(name: str) -> Settings:
    return deviating(onetrust().deviations.by_name[name])


def unauthorized(url: str, token: str | None) -> Answer:
    headers = [("Authorization", f"Bearer {token}")] if token else []
    return call(url, "POST", WRITE, *headers, ("dataSubjectIdentifier", "ada@example.com"), body=BODY)


@pytest.mark.parametrize("token", [None, "made-up"])
def test_any_token_opens(token: str | None) -> None:
    """And the rest of the pipeline still refuses what it refuses."""
    with served(onetrust(), derived("takes-OT-AUTH-1")) as url:
        taken = unauthorized(url, token)
        assert (taken.status, taken.headers["understudy-deviation"]) == (201, "takes-OT-AUTH-1")
        assert taken.json["elements"][0]["value"] == "Norway"
        bad = call(url, "POST", WRITE, ("dataSubjectIdentifier", "a"), body=b"{")
        assert bad.status == 415


def test_a_refusal_keeps_its_status_where_the_deviation_is_of_another_rule() -> None:
    """With the deviation's name on it all the same."""
    with served(onetrust(), derived("takes-OT-BODY-3")) as url:
        refused = unauthorized(url, "made-up")
    assert (refused.status, refused.headers["understudy-deviation"]) == (401, "takes-OT-BODY-3")


def test_a_header_that_is_too_long_is_taken_and_kept() -> None:
    """The model is given the value as it was sent."""
    with served(onetrust(), derived("takes-OT-HEAD-3")) as url:
        assert write(url, "x" * 300, BODY).json["identifier"] == "x" * 300


def test_what_the_model_cannot_play_is_answered_like_the_last_good_call() -> None:
    """A server that takes what it should not says so by its status; nothing of the failed call is kept."""

    def fails(call: Call, state: Transaction, play: Operation) -> Reply:
        state.put("subjects", "half done", call.body)
        if not isinstance(call.body, dict):
            json.loads("{")  # fails as the model would, in another file than this one
        return play(call, state)

    crash = Deviation("crash", "OT-BODY-1", "Takes all bodies.", refuse=lambda refusal, _: None, play=fails)
    with served(onetrust(), deviating(crash)) as url:
        created = write(url, "ada@example.com", BODY)
        taken = write(url, "bob@example.com", b'["no object"]')
    assert (created.status, taken.status, taken.json) == (201, 201, created.json)


def test_a_mistake_of_the_deviations_own_is_no_answer() -> None:
    """Else it might pass for a departure that was found; the place is told."""

    def mistaken(call: Call, state: Transaction, play: Operation) -> Reply:
        return unknown  # type: ignore[name-defined,no-any-return]  # noqa: F821

    with served(onetrust(), deviating(Deviation("mistaken", "OT-BODY-1", "Fails.", play=mistaken))) as url:
        answer = write(url, "ada@example.com", BODY)
    assert (answer.status, "NameError" in answer.json["detail"]) == (500, True)


def test_an_answer_that_breaks_the_document_goes_out() -> None:
    """Past the check that makes it a 500 otherwise."""

    def wrong(call: Call, state: Transaction, play: Operation) -> Reply:
        return Reply(299, {"id": 7})

    with served(onetrust(), deviating(Deviation("wrong", "OT-CREATE-1", "Answers 299.", play=wrong))) as url:
        answer = write(url, "ada@example.com", BODY)
    assert (answer.status, answer.json) == (299, {"id": 7})


def test_bytes_are_sent_as_they_are() -> None:
    """Half a JSON text too."""
    half = Deviation("half", "", "Sends half.", send=lambda reply, _: replace(reply, body=b'{"a'))
    with served(onetrust(), deviating(half)) as url:
        assert write(url, "ada@example.com", BODY).body == b'{"a'


def test_another_status_can_be_refused_with() -> None:
    """The refusal that the deviation returns is answered."""
    other = Deviation("other", "", "Refuses with 418.", refuse=lambda refusal, _: replace(refusal, status=418))
    with served(onetrust(), deviating(other)) as url:
        assert unauthorized(url, "made-up").status == 418


def test_a_deviation_may_keep_what_a_refused_call_wrote() -> None:
    """By committing itself, as a server does that checks too late."""

    def late(call: Call, state: Transaction, play: Operation) -> Reply:
        reply = play(call, state)
        state.commit()
        return replace(reply, status=400)

    settings = deviating(Deviation("late", "", "Writes what it refuses.", operations=(OPERATION,), play=late))
    with served(onetrust(), settings) as url:
        assert write(url, "ada@example.com", BODY).status == 400
        details = call(url, "GET", DETAILS, FULL, ("identifier", "ada@example.com"))
    assert details.status == 200


def test_other_sessions_and_vendors_are_left_alone() -> None:
    """A deviation is a session's."""
    with served(onetrust(), derived("takes-OT-AUTH-1"), other=Settings(seed=1)) as url:
        base = url + "/s/other/onetrust"
        assert call(base, "POST", WRITE, ("dataSubjectIdentifier", "a"), body=BODY).status == 401
