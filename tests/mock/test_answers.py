"""What leaves the mock: every answer with its rules, and none that breaks the document."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.mock.exchange import (
    DELETE,
    DETAILS,
    FULL,
    JSON,
    PAGE,
    READ,
    TOKEN,
    WRITE,
    WRITE_ID,
    Answer,
    call,
    onetrust,
    served,
    with_operation,
    write,
)
from understudy.mock.answers import RuleHeader, rendered
from understudy.mock.settings import Settings
from understudy.model.behaviour import Quota, Refusal
from understudy.model.call import ABSENT, Call, Reply
from understudy.model.clock import Clock
from understudy.model.state import Transaction
from understudy.pack import Pack
from understudy.spec.rules import Part, Rule
from understudy.values import Json

ME = ("dataSubjectIdentifier", "answers@example.com")
NOTHING: dict[str, Json] = {}
GOOD: dict[str, Json] = {"identifier": "a", "identifierType": "Email"}


def element(**more: Json) -> dict[str, Json]:
    """Return a good answer with one element."""
    return {**GOOD, "elements": [{"name": "x", **more}]}


WRONG: dict[str, Reply] = {
    "OT-STATUS-1": Reply(202, GOOD),
    "OT-ANSWER-1": Reply(200, "text", media_type="text/plain"),
    "OT-ANSWER-2": Reply(200, []),
    "OT-ANSWER-3": Reply(200, {"identifier": "a"}),
    "OT-ANSWER-4": Reply(200, {**GOOD, "identifier": 1}),
    "OT-ANSWER-5": Reply(200, {**GOOD, "identifierType": None}),
    "OT-ANSWER-6": Reply(200, {**GOOD, "id": "7"}),
    "OT-ANSWER-7": Reply(200, {**GOOD, "canBePrimary": "yes"}),
    "OT-ANSWER-8": Reply(200, {**GOOD, "elements": {}}),
    "OT-ANSWER-9": Reply(200, {**GOOD, "elements": [{}]}),
    "OT-ANSWER-10": Reply(200, {**GOOD, "elements": [{"name": 1}]}),
    "OT-ANSWER-11": Reply(201, element(linked="no")),
    "OT-ANSWER-12": Reply(201, element(interactionDate="today")),
    "OT-ANSWER-13": Reply(201, {**GOOD, "messages": "none"}),
    "OT-ANSWER-14": Reply(201, {**GOOD, "additionalIdMessages": {}}),
    "OT-ANSWER-16": Reply(201, {**GOOD, "additionalIdMessages": [{"name": 7}]}),
    "OT-ANSWER-15": Reply(201, {**GOOD, "additionalIdMessages": [{"values": []}]}),
}
PLAYED = [rule for rule in onetrust().rules if rule.part is Part.ANSWER and rule.operation == WRITE_ID]


class Scripted:
    """A model function that keeps something, and then answers with what it was told to."""

    def __init__(self) -> None:
        self.reply: Reply | Callable[[], Any] = Reply(200, GOOD)
        self.calls = 0

    def __call__(self, call: Call, state: Transaction) -> Reply:
        self.calls = len(list(state.scan("calls")))
        state.put("calls", str(self.calls), call.now)
        return self.reply if isinstance(self.reply, Reply) else self.reply()

    def kept(self, url: str) -> int:
        """Return how many calls were kept so far; this one is not, since its answer is wrong."""
        told, self.reply = self.reply, Reply(202, GOOD)
        assert write(url, "x", {}).status == 500
        self.reply = told
        return self.calls


@pytest.fixture(scope="module")
def script() -> Scripted:
    return Scripted()


@pytest.fixture(scope="module")
def scripted(script: Scripted) -> Iterator[str]:
    with served(with_operation(onetrust(), WRITE_ID, script)) as url:
        yield url


@pytest.mark.parametrize("rule", PLAYED, ids=lambda rule: rule.id)
def test_an_answer_that_breaks_one_constraint_becomes_a_500_that_names_its_rule(
    scripted: str, script: Scripted, rule: Rule
) -> None:
    """Each rule that the self-validation plays has an answer that breaks it alone; nothing of the call is kept."""
    script.reply = WRONG[rule.id]
    kept = script.kept(scripted)
    answer = write(scripted, "x", {})
    assert (answer.status, rule.id in answer.rules) == (500, True)
    assert answer.json["detail"].startswith("the mock's own answer breaks its document")
    assert script.kept(scripted) == kept


def test_a_token_type_other_than_bearer_becomes_a_500_that_names_its_rule() -> None:
    """The siblings' answers are validated too."""
    body = {"access_token": "x", "token_type": "Bearer", "expires_in": 1}
    with served(with_operation(onetrust(), "GetOAuthToken", lambda call, state: Reply(200, body))) as url:
        assert call(url, "POST", TOKEN).rules == ["OT-TOKEN-3"]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, ABSENT),
        Reply(
            401,
            {"type": "t", "title": "t", "status": 401, "detail": "d", "rules": []},
            media_type="application/problem+json",
        ),
        Reply(200, {**GOOD, "more": object()}),
        Reply(200, {**GOOD, "more": 2**70}),
        Reply(200, {**GOOD, "more": "\ud800"}),
        Reply(200, GOOD, ("OT-NONE-1",)),
        Reply(200, GOOD, headers=(("x", "\u20ac"),)),
        lambda: None,
        lambda: 1 / 0,
    ],
    ids=["no body", "no challenge", "no JSON", "no number", "no text", "no rule", "no header", "no reply", "no luck"],
)
def test_what_cannot_be_sent_becomes_a_500_and_is_not_kept(
    scripted: str, script: Scripted, reply: Reply | Callable[[], Any], capfd: pytest.CaptureFixture[str]
) -> None:
    """A body is missing, a required header, or the model fails: the client is told, and nothing is committed."""
    script.reply = reply
    kept = script.kept(scripted)
    assert write(scripted, "x", {}).status == 500
    assert script.kept(scripted) == kept


def test_a_model_that_fails_is_named_to_the_client_and_traced_on_standard_error(
    scripted: str, script: Scripted, capfd: pytest.CaptureFixture[str]
) -> None:
    """The author of a pack needs the line; the client needs to know that it is not to blame."""
    script.reply = lambda: NOTHING["no such key"]
    answer = write(scripted, "x", {})
    assert (answer.status, answer.rules) == (500, ["none"])
    assert answer.json["detail"] == f"the model of {WRITE_ID} failed: KeyError: 'no such key'"
    assert 'script.reply = lambda: NOTHING["no such key"]' in capfd.readouterr().err


def test_a_right_answer_is_kept(scripted: str, script: Scripted) -> None:
    """The counterpart: state of a call whose answer is right is seen by the next."""
    script.reply = Reply(200, GOOD)
    before = script.kept(scripted)
    write(scripted, "x", {})
    assert script.kept(scripted) == before + 1


def test_a_refusal_by_the_model_keeps_nothing(scripted: str, script: Scripted) -> None:
    """Though the model has written before it refused."""
    script.reply = Reply(400, Refusal(400, "no").problem, media_type="application/problem+json")
    before = script.kept(scripted)
    assert write(scripted, "x", {}).status == 400
    assert script.kept(scripted) == before


@pytest.mark.parametrize(
    ("status", "made"),
    [
        (201, lambda url: write(url, "every answer", {})),
        (200, lambda url: call(url, "GET", PAGE, FULL, ("identifier", "every answer"))),
        (200, lambda url: call(url, "HEAD", PAGE, FULL, ("identifier", "every answer"))),
        (400, lambda url: write(url, "every answer", [])),
        (400, lambda url: call(url, "POST", TOKEN)),
        (400, lambda url: call(url, "DELETE", DELETE, FULL, body={})),
        (401, lambda url: call(url, "POST", WRITE, ME, body={})),
        (401, lambda url: call(url, "POST", f"{TOKEN}?grant_type=client_credentials")),
        (403, lambda url: call(url, "POST", WRITE, READ, ME, body={})),
        (404, lambda url: call(url, "GET", "/nowhere")),
        (404, lambda url: call(url, "GET", "/s/nobody/onetrust/x")),
        (404, lambda url: call(url, "GET", DETAILS, FULL, ("identifier", "nobody"))),
        (405, lambda url: call(url, "PUT", WRITE)),
        (413, lambda url: write(url, "every answer", b" " * (1024 * 1024 + 1), JSON)),
        (415, lambda url: write(url, "every answer", b"{}", ("Content-Type", "text/xml"))),
        (429, lambda url: call(url, "POST", "/s/shut/onetrust" + WRITE, FULL, ME, body={})),
    ],
)
def test_every_answer_bears_its_rules(pack: Pack, status: int, made: Callable[[str], Answer]) -> None:
    """Each with the basis of the rule."""
    known = {f"{rule.id};{rule.basis}" for rule in pack.rules}
    with served(pack, shut=Settings(quotas=(Quota(0, 60),))) as url:
        answer = made(url)
    assert answer.status == status
    assert set(answer.headers["understudy-rules"].split(", ")) <= known


@pytest.mark.parametrize(
    ("status", "where", "made"),
    [
        (400, "#", lambda url: write(url, "p", [])),
        (400, "/language", lambda url: write(url, "p", {"language": 1})),
        (400, "dataSubjectIdentifier", lambda url: write(url, "", {})),
        (401, "Authorization", lambda url: call(url, "POST", WRITE, ME, body={})),
        (403, "Authorization", lambda url: call(url, "POST", WRITE, READ, ME, body={})),
        (404, "path", lambda url: call(url, "GET", "/nowhere")),
        (405, "method", lambda url: call(url, "PUT", WRITE)),
        (413, "Content-Length", lambda url: write(url, "p", b" " * (1024 * 1024 + 1), JSON)),
        (415, "Content-Type", lambda url: write(url, "p", b"{}")),
        (429, "quota", lambda url: call(url, "POST", "/s/shut/onetrust" + WRITE, FULL, ME, body={})),
    ],
)
def test_a_refusal_is_problem_json_that_says_why_and_where(
    pack: Pack, status: int, where: str, made: Callable[[str], Answer]
) -> None:
    """RFC 9457, with the rules and a JSON pointer, the name of a header, or the part of the request line."""
    with served(pack, shut=Settings(quotas=(Quota(0, 60),))) as url:
        answer = made(url)
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "rules"} <= set(answer.json)
    assert (answer.status, answer.json["status"], answer.json.get("where")) == (status, status, where)


def test_the_deletes_are_refused_with_a_string(mock: str) -> None:
    """Where the vendor's document shows a body of its own, that is sent, with rule and place in it."""
    answer = call(mock, "DELETE", DELETE, FULL, body={})
    assert (answer.status, answer.json) == (400, '"retainReceipts" is a required property (OT-DELETE-2: #)')


@pytest.mark.parametrize(
    ("made", "status", "error", "rule", "where"),
    [
        ({}, 400, "invalid_request", "OT-TOKEN-5", "grant_type"),
        ({"body": b"grant_type=other"}, 400, "unsupported_grant_type", "OT-TOKEN-5", "/grant_type"),
        ({"body": b"grant_type=client_credentials"}, 401, "invalid_client", "OT-TOKEN-6", "/client_id"),
        (
            {"body": b"grant_type=client_credentials", "basic": True},
            401,
            "invalid_client",
            "OT-TOKEN-6",
            "Authorization",
        ),
    ],
)
def test_a_refused_token_request_names_rule_and_place(
    mock: str, made: dict[str, Any], status: int, error: str, rule: str, where: str
) -> None:
    """Beside what OAuth has: more members may be there (RFC 6749, section 5.1)."""
    headers = [("Content-Type", "application/x-www-form-urlencoded")] if "body" in made else []
    headers += [("Authorization", "Basic YTpi")] if "basic" in made else []
    answer = call(mock, "POST", TOKEN, *headers, body=made.get("body"))
    assert (answer.status, answer.headers["content-type"]) == (status, "application/json")
    told = answer.json
    assert (told["error"], told["error_description"]) == (error, told["detail"])
    assert (told["status"], told["rules"], told["where"]) == (status, [rule, "OT-TOKEN-10"], where)


def test_a_reply_without_body_has_no_content_type() -> None:
    """204 has no Content-Length either (RFC 9110, section 8.6)."""
    start, body = rendered(Reply(204), lambda rules: b"none")
    assert (start["headers"], body["body"]) == ([(b"understudy-rules", b"none")], b"")


def test_text_is_sent_as_it_is() -> None:
    """Only JSON is quoted."""
    assert rendered(Reply(200, "a", media_type="text/plain"), lambda rules: b"none")[1]["body"] == b"a"
    assert rendered(Reply(200, "a", media_type="text/x+json"), lambda rules: b"none")[1]["body"] == b'"a"'


def test_time_is_handed_in() -> None:
    """The model has no clock of its own."""
    seen: list[datetime] = []

    def play(call: Call, state: Transaction) -> Reply:
        seen.append(call.now)
        return Reply(200, GOOD)

    moment = datetime(2026, 1, 31, tzinfo=UTC)
    with served(with_operation(onetrust(), WRITE_ID, play), Settings(clock=Clock(moment))) as url:
        answer = write(url, "x", {})
    assert seen == [moment]
    assert "date" not in answer.headers


def test_rules_are_named_once_each_with_their_basis(pack: Pack) -> None:
    """In the order of their naming; `none` stands for no rule at all."""
    value = RuleHeader(pack).value
    assert value(("OT-LINK-3", "OT-LINK-7", "OT-LINK-3")) == b"OT-LINK-3;documented, OT-LINK-7;inferred"
    assert value(()) == b"none"


def test_a_rule_that_is_not_there_is_not_named(pack: Pack) -> None:
    """The model's mistake is told by name."""
    with pytest.raises(ValueError, match="no rule is called OT-NONE-1"):
        RuleHeader(pack).value(("OT-LINK-3", "OT-NONE-1"))
