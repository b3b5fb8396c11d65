"""The judge of single exchanges: the rows of DESIGN's table "What fails, and what is a remark" that one can show."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.contract.conftest import GOOD, Make
from understudy import pack as packs
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.exchange import NO_ANSWER, Exchange, Request, Response
from understudy.contract.judge import Judge, in_scope
from understudy.contract.verdict import weigh
from understudy.pack import Pack
from understudy.spec.document import Schema
from understudy.values import Json

LIMITED = {
    "Retry-After": "55",
    "ot-period": "MINUTE",
    "ot-ratelimit-event-id": "633ba071-61b0-485f-81a0-a2245777b432",
    "ot-request-made": "20009",
    "ot-requests-allowed": "20000",
    "Content-Type": "",
}


def weighed(judge: Judge, exchange: Exchange, outcome: Outcome) -> dict[str | None, Evidence]:
    """Return the evidence of that outcome by rule, as the verdict weighs it."""
    rules = judge.pack.rules.by_id
    evidence = judge.judge(exchange, "test")
    return {each.rule: each for each in evidence if weigh(each, rules.get(each.rule or ""), strict=False) is outcome}


def failed(judge: Judge, exchange: Exchange) -> set[str | None]:
    """Return the rules of findings."""
    return set(weighed(judge, exchange, Outcome.FAILED))


def remarks(judge: Judge, exchange: Exchange) -> set[str | None]:
    """Return the rules of remarks."""
    return set(weighed(judge, exchange, Outcome.REMARK))


def passed(judge: Judge, exchange: Exchange) -> set[str | None]:
    """Return the rules that held."""
    return set(weighed(judge, exchange, Outcome.PASSED))


# --- findings ---------------------------------------------------------------------------------------------------------


def test_a_documented_must_that_is_broken_is_a_finding(core: Judge, exchange: Make) -> None:
    """An answer without the required identifierType breaks the rule that cites the requirement."""
    assert failed(core, exchange(answer={"identifier": "ada@example.com"})) == {"OT-ANSWER-3"}


@pytest.mark.parametrize("credential", ["full", "restricted", "none", "garbage"])
def test_a_5xx_to_any_input_is_a_finding(credential: str, core: Judge, exchange: Make) -> None:
    """A server error is one, whoever called, and though the document lists 500."""
    assert failed(core, exchange(500, b"", credential=credential)) == {"OT-STATUS-1"}
    assert failed(core, exchange(503, b"", credential=credential)) == {"OT-STATUS-1"}


@pytest.mark.parametrize(("status", "title"), [(503, "The answer is a server error"), (NO_ANSWER, "No answer comes")])
def test_silence_is_told_from_a_server_error(status: int, title: str, core: Judge, exchange: Make) -> None:
    """Both break the rule on statuses."""
    assert weighed(core, exchange(status, b""), Outcome.FAILED)["OT-STATUS-1"].title == title


def test_a_5xx_to_a_bad_request_breaks_the_rule_that_asks_for_its_refusal(core: Judge, exchange: Make) -> None:
    """What should have been refused is named, besides the server error."""
    bad = exchange(500, b"", sent={"dataSubjectIdentifier": "x" * 256})
    assert failed(core, bad) == {"OT-STATUS-1", "OT-HEAD-3"}


@pytest.mark.parametrize("status", [202, 204, 206, 301, 302, 304])
def test_an_undeclared_2xx_or_3xx_is_a_finding(status: int, core: Judge, exchange: Make) -> None:
    """A success, or a redirection, that the document does not know."""
    assert failed(core, exchange(status, b"")) == {"OT-STATUS-1"}


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        ([], "OT-ANSWER-2"),
        (None, "OT-ANSWER-2"),
        ({**GOOD, "identifier": 7}, "OT-ANSWER-4"),
        ({**GOOD, "identifierType": None}, "OT-ANSWER-5"),
        ({**GOOD, "id": "1"}, "OT-ANSWER-6"),
        ({**GOOD, "canBePrimary": 1}, "OT-ANSWER-7"),
        ({**GOOD, "elements": None}, "OT-ANSWER-8"),
        ({**GOOD, "elements": [{}]}, "OT-ANSWER-9"),
        ({**GOOD, "elements": [{"name": 1}]}, "OT-ANSWER-10"),
        ({**GOOD, "elements": [{"name": "a", "linked": "yes"}]}, "OT-ANSWER-11"),
        ({**GOOD, "elements": [{"name": "a", "interactionDate": "today"}]}, "OT-ANSWER-12"),
        ({**GOOD, "elements": [{"name": "a", "interactionDate": 7}]}, "OT-ANSWER-12"),
        ({**GOOD, "messages": "none"}, "OT-ANSWER-13"),
        ({**GOOD, "messages": [7]}, "OT-ANSWER-13"),
        ({**GOOD, "additionalIdMessages": {}}, "OT-ANSWER-14"),
        ({**GOOD, "additionalIdMessages": [{"values": []}]}, "OT-ANSWER-15"),
        ({**GOOD, "additionalIdMessages": [{"values": {"a": 7}}]}, "OT-ANSWER-15"),
        ({**GOOD, "additionalIdMessages": [{"name": 7}]}, "OT-ANSWER-16"),
    ],
)
def test_a_response_that_breaks_the_judged_document_is_a_finding_under_its_rule(
    answer: object, rule: str, core: Judge, exchange: Make
) -> None:
    """The rule on the property that is wrong is named, and no other."""
    assert failed(core, exchange(201, answer)) == {rule}


def test_a_wrong_property_that_no_rule_speaks_of_is_put_down_to_no_rule(core: Judge) -> None:
    """Nor to the rule on whatever is around it; what is inside a property is put down to the property's rule."""
    detail = core.pack.rules.by_id["OT-ANSWER-2"].citation.pointer.rpartition("/")[0]
    assert core.on_answers(f"{detail}/properties/unheard-of/type") == ()
    assert [rule.id for rule in core.on_answers(f"{detail}/properties/messages/items/type")] == ["OT-ANSWER-13"]


@pytest.mark.parametrize(
    ("answer", "headers"),
    [
        (GOOD, {"Content-Type": "text/html"}),
        (GOOD, {"Content-Type": "application/problem+json"}),
        (GOOD, {"Content-Type": ""}),
        (b"", {"Content-Type": "application/json"}),
        (b"{", {}),
        (b'{"identifier": NaN}', {}),
        (b'{"identifier": "\xe9"}', {}),
        (b"[" * 100_000, {}),
    ],
)
def test_a_success_that_is_not_json_is_a_finding(
    answer: object, headers: Mapping[str, str], core: Judge, exchange: Make
) -> None:
    """Another media type than the documented one, or text that is not JSON."""
    assert failed(core, exchange(200, answer, headers)) == {"OT-ANSWER-1"}


@pytest.mark.parametrize(
    ("header", "value", "rule"),
    [
        ("Retry-After", "soon", "OT-LIMIT-3"),
        ("Retry-After", "1.5", "OT-LIMIT-3"),
        ("Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT", "OT-LIMIT-3"),
        ("ot-period", "DAY", "OT-LIMIT-5"),
        ("ot-ratelimit-event-id", "4711", "OT-LIMIT-6"),
        ("ot-request-made", "many", "OT-LIMIT-7"),
        ("ot-requests-allowed", "-1", "OT-LIMIT-8"),
    ],
)
def test_a_response_header_that_breaks_the_judged_document_is_a_finding(
    header: str, value: str, rule: str, core: Judge, exchange: Make
) -> None:
    """`format` without `type` notwithstanding: the overlay says what can only be meant."""
    assert failed(core, exchange(429, b"", {**LIMITED, header: value})) == {rule}


@pytest.mark.parametrize(
    ("sent", "body", "rule"),
    [
        ({"dataSubjectIdentifier": None}, {}, "OT-HEAD-1"),
        ({"dataSubjectIdentifier": ""}, {}, "OT-HEAD-2"),
        ({"dataSubjectIdentifier": "x" * 256}, {}, "OT-HEAD-3"),
        ({}, b"", "OT-BODY-1"),
        ({}, b"{", "OT-BODY-2"),
        ({"Content-Type": "text/plain"}, {}, "OT-BODY-2"),
        ({}, [], "OT-BODY-3"),
        ({}, None, "OT-BODY-3"),
        ({}, {"dataElements": {}}, "OT-BODY-5"),
        ({}, {"identifierType": 1}, "OT-BODY-6"),
        ({}, {"language": []}, "OT-BODY-7"),
        ({}, {"dataElements": [{}]}, "OT-BODY-8"),
        ({}, {"dataElements": [{"name": 1}]}, "OT-BODY-9"),
        ({}, {"dataElements": [{"name": "a", "linked": "no"}]}, "OT-BODY-10"),
        ({}, {"dataElements": [{"name": "a", "interactionDate": 1}]}, "OT-BODY-11"),
        ({}, {"dataElements": [{"name": "a", "interactionDate": "x"}]}, "OT-BODY-12"),
    ],
)
def test_a_request_that_the_judged_document_forbids_accepted_with_2xx_is_a_finding(
    sent: Mapping[str, str | None], body: object, rule: str, core: Judge, exchange: Make
) -> None:
    """The rule on the request is named, and its refusal keeps it."""
    assert failed(core, exchange(200, sent=sent, body=body)) == {rule}
    assert rule in passed(core, exchange(400, b"", sent=sent, body=body))


# --- remarks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "remark", "finding"),
    [
        (b'{"size": NaN}', {"OT-BODY-2"}, set()),
        (b'{"size": -Infinity}', {"OT-BODY-2"}, set()),
        (b'{"size": NaN, "dataElements": {}}', {"OT-BODY-2"}, {"OT-BODY-5"}),
        (b'{"language": NaN}', {"OT-BODY-2"}, {"OT-BODY-7"}),
        (b"{NaN", set(), {"OT-BODY-2"}),
    ],
)
def test_a_parser_may_have_an_extension(
    body: bytes, remark: set[str], finding: set[str], core: Judge, exchange: Make
) -> None:
    """RFC 8259 lets it, and Python's own has this one; what else is wrong with the body is so all the same."""
    taken = exchange(200, body=body)
    assert (remarks(core, taken), failed(core, taken)) == (remark, finding)


@pytest.mark.parametrize(("text", "outcome"), [("", Outcome.REMARK), ("x", Outcome.FAILED)])
def test_a_query_parameter_without_a_text_may_be_taken_for_none(text: str, outcome: Outcome) -> None:
    """`pageSize=` is no number, and to many servers no parameter either; no document says which of the two it is."""
    judge = Judge(packs.load("gainsight_px"), "full")
    request = Request("GET", f"http://target/v1/users?pageSize={text}")
    answer = Response(200, (("Content-Type", "application/json"),), b'{"users": [], "totalHits": 0, "scrollId": null}')
    assert "PX-LIST-6" in weighed(judge, Exchange(request, answer, 0.0, "listUsers", "full"), outcome)


def test_a_documented_should_that_is_broken_is_a_remark(core: Judge, exchange: Make) -> None:
    """A 429 without a header that the document lists and does not require."""
    bare = exchange(429, b"", {"Content-Type": "", "Retry-After": "1"})
    assert (failed(core, bare), remarks(core, bare)) == (set(), {"OT-LIMIT-2"})


@pytest.mark.parametrize("status", [404, 405, 413, 414, 415, 422, 409])
def test_a_bad_request_refused_with_an_undeclared_4xx_is_a_remark(status: int, core: Judge, exchange: Make) -> None:
    """The document says how a bad request is refused, and does not say that nothing else is."""
    bad = exchange(status, b"", body={"dataElements": {}})
    assert failed(core, bad) == set()
    assert remarks(core, bad) == {None}
    assert "OT-BODY-5" in passed(core, bad)


@pytest.mark.parametrize(("status", "found"), [(422, False), (409, True), (418, True)])
def test_a_good_request_refused_with_a_status_of_its_own_is_a_finding(
    status: int, found: bool, core: Judge, exchange: Make
) -> None:
    """422 is a refusal that any server may give; 409 says something that the document does not know."""
    assert bool(failed(core, exchange(status, b""))) is found


def test_an_inferred_rule_that_is_broken_is_a_remark(full: Judge, exchange: Make) -> None:
    """With --strict it is a finding."""
    rule = full.pack.rules.by_id["OT-LINK-8"]
    broken = Evidence("test", Outcome.FAILED, rule.id)
    assert weigh(broken, rule, strict=False) is Outcome.REMARK
    assert weigh(broken, rule, strict=True) is Outcome.FAILED


# --- neither ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["one", {"a": 1}, 7, None, ["one"], []])
@pytest.mark.parametrize("status", [200, 400])
def test_a_request_on_which_the_two_documents_disagree_is_neither(
    value: object, status: int, core: Judge, exchange: Make
) -> None:
    """The vendored document wants objects for values and shows strings: taken or refused, both will do."""
    sent = exchange(status, GOOD if status == 200 else b"", body={"dataElements": [{"name": "a", "value": value}]})
    assert (failed(core, sent), remarks(core, sent)) == (set(), set())


@pytest.mark.parametrize("status", [200, 400])
def test_what_the_vendored_document_allows_is_no_bad_request_for_another_page(
    status: int, full: Judge, exchange: Make
) -> None:
    """An object for a value is what the document's own schema says, and what the sibling's forbids."""
    sent = exchange(status, GOOD if status == 200 else b"", body={"dataElements": [{"name": "a", "value": {"b": 1}}]})
    assert (failed(full, sent), remarks(full, sent)) == (set(), set())


@pytest.mark.parametrize(
    ("answer", "headers"),
    [
        ({**GOOD, "more": {"of": "it"}}, {}),
        ({**GOOD, "elements": [{"name": "b", "uuid": 1}, {"name": "a"}]}, {}),
        (GOOD, {"Content-Type": "application/json; charset=utf-8"}),
        (GOOD, {"Content-Type": "", "content-TYPE": "Application/JSON;charset=UTF-8"}),
        (GOOD, {"X-More": "header"}),
    ],
)
def test_freedoms_of_a_good_answer_are_neither(
    answer: object, headers: Mapping[str, str], core: Judge, exchange: Make
) -> None:
    """Extra properties, order, header case and charset parameters."""
    judged = exchange(200, answer, headers)
    assert (failed(core, judged), remarks(core, judged)) == (set(), set())


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("answer", [b"", b"<html>", {"error": 1}, [1], b"\xff"])
def test_error_bodies_of_any_form_are_neither_where_none_is_documented(
    status: int, answer: object, core: Judge, exchange: Make
) -> None:
    """The document declares its errors without bodies."""
    judged = exchange(status, answer, {"Content-Type": "text/html"}, body={"dataElements": {}})
    assert (failed(core, judged), remarks(core, judged)) == (set(), set())


def test_a_429_with_a_sound_retry_after_is_never_a_finding(core: Judge, exchange: Make) -> None:
    """Whatever was asked: the limit comes before the request."""
    bodies: tuple[Json, ...] = ({}, {"dataElements": {}})
    for body in bodies:
        judged = exchange(429, b"", LIMITED, body=body)
        assert (failed(core, judged), remarks(core, judged)) == (set(), set())
        assert {"OT-LIMIT-1", "OT-LIMIT-2", "OT-LIMIT-3", "OT-LIMIT-5"} <= passed(core, judged)


def test_what_the_target_does_not_show_is_not_exercised(core: Judge, exchange: Make) -> None:
    """Optional properties that are left out are neither passed nor failed."""
    held = passed(core, exchange(200))
    assert held & {"OT-ANSWER-6", "OT-ANSWER-7", "OT-ANSWER-8", "OT-ANSWER-13"} == set()
    assert {"OT-ANSWER-2", "OT-ANSWER-3", "OT-ANSWER-4", "OT-ANSWER-5"} <= held


@pytest.mark.parametrize("credential", ["none", "garbage", "restricted"])
def test_a_bad_request_of_a_caller_who_may_not_is_neither(credential: str, core: Judge, exchange: Make) -> None:
    """Who may not call learns nothing of the request, and who lets him is the access check's to find."""
    assert failed(core, exchange(200, body={"dataElements": {}}, credential=credential)) == set()


def test_an_exchange_of_no_operation_is_not_judged(core: Judge, exchange: Make) -> None:
    """What was sent to another path or by another method says nothing of the document."""
    assert core.judge(replace(exchange(500, b""), operation_id=None), "test") == []


# --- scope ------------------------------------------------------------------------------------------------------------


def test_core_leaves_out_what_stands_on_other_pages(core: Judge, full: Judge, exchange: Make) -> None:
    """A value of 751 characters breaks a sibling's schema: no matter in core, a finding in full."""
    long = exchange(200, body={"dataElements": [{"name": "a", "value": "x" * 751}]})
    assert (failed(core, long), failed(full, long)) == (set(), {"OT-BODY-15"})
    assert not in_scope(full.pack.rules.by_id["OT-BODY-15"], "core")
    assert "OT-BODY-15" not in core.rules.by_id


def test_evidence_repeats_its_request(core: Judge, exchange: Make) -> None:
    """A failure carries the curl line of its request, with a variable for the token."""
    found = weighed(core, exchange(500, b""), Outcome.FAILED)["OT-STATUS-1"]
    assert "curl " in found.curl
    assert "$UNDERSTUDY_TOKEN" in found.curl
    assert "full-token" not in found.curl


@pytest.mark.parametrize("body", [GOOD, {**GOOD, "canBePrimary": "yes"}, b"{", b"x" * 2000])
def test_the_same_body_is_judged_the_same_again(body: Json, pack: Pack, exchange: Make) -> None:
    """As sound, or as what it was, of its own status and of another one."""
    judge = Judge(pack, "core")
    first, second, other = (list(judge.judge(exchange(status, body), "test")) for status in (200, 200, 401))
    assert second == first
    assert other == list(Judge(pack, "core").judge(exchange(401, body), "test"))


def test_of_sound_bodies_of_one_shape_all_keep_the_rules_of_the_first(
    pack: Pack, exchange: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is not sound is looked at, and one that has other members."""
    looked: list[Json] = []
    applied = Schema.applied

    def look(schema: Schema, value: Json) -> frozenset[str]:
        looked.append(value)
        return applied(schema, value)

    monkeypatch.setattr(Schema, "applied", look)
    judge = Judge(pack, "core")
    bad, more = {**GOOD, "canBePrimary": "yes"}, {**GOOD, "canBePrimary": True}
    other = {**GOOD, "identifier": "bo@example.com"}
    shown = [list(judge.judge(exchange(200, body), "test")) for body in (GOOD, bad, other, bad, more)]
    assert looked == [GOOD, bad, bad, more]
    assert shown[2] == shown[0] != shown[4]
