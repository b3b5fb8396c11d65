"""Criteria: simple conditions, regular expressions, JSONPath."""

from dataclasses import replace
from typing import Any
from unittest import mock

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.contract.arazzo import criteria
from understudy.contract.arazzo.criteria import Criterion, check, evaluate, tells
from understudy.contract.arazzo.expressions import Context
from understudy.contract.exchange import Exchange, Request, Response
from understudy.values import Json

BODY = {
    "name": "Rex",
    "quote": "it's",
    "count": 5,
    "ratio": 0.5,
    "no": False,
    "yes": True,
    "zero": 0,
    "empty": "",
    "nothing": None,
    "elements": [{"name": "Phone", "value": "1"}, {"name": "Mail"}],
    "same": [{"NAME": 1}],
}
HEADERS = (("Content-Type", "application/json"), ("X-Limit", "100"), ("Set-Cookie", "id=secret"))
CONTEXT = Context(
    inputs={"pet": {"name": "REX"}, "pet.id": 4, "list": [10, 20]},
    steps={"create": {"pet": {"tags": ["a"]}}},
    exchange=Exchange(
        Request("GET", "https://x.test/", (("Authorization", "Bearer abc"),)),
        Response(200, HEADERS, orjson.dumps(BODY)),
    ),
)


def held(condition: str, **more: Any) -> bool:
    criterion = Criterion(condition, **more)
    list(check(criterion))
    return evaluate(criterion, CONTEXT).held


@pytest.mark.parametrize(
    "condition",
    [
        "$statusCode == 200",
        "$statusCode==200&&$method=='get'",
        "$statusCode >= 200 && $statusCode < 300",
        "$statusCode <= 200 && !($statusCode > 200)",
        "$statusCode != 201",
        "$statusCode == 201 || $statusCode == 200",
        "$statusCode == 200 || $statusCode == 201 && false",
        "($statusCode == 200 || $statusCode == 201) && true",
        "$response.body#/name == 'rEX'",
        "$response.body#/name != 'max'",
        "$response.body#/name > 'APE'",
        "$response.body#/quote == 'it''s'",
        "$response.body#/count == 5.0",
        "$response.body#/ratio == 5e-1",
        "$response.body#/count > -1",
        "$response.header.X-Limit == 100",
        "$response.header.X-Limit > 99",
        "$response.body#/nothing == null",
        "$response.body#/no == false",
        "$response.body#/yes",
        "!$response.body#/no",
        "!$response.body#/zero",
        "!$response.body#/empty",
        "!$response.body#/nothing",
        "$response.body#/yes != 1",
        "$response.body#/no != 0",
        "$response.body#/count != '5x'",
        "$response.body.elements[1].name == 'mail'",
        "$response.body#/elements[0].name == 'Phone'",
        "$response.body#/elements/0/name == 'Phone'",
        "$response.body#/same == $response.body#/same",
        "$response.body#/elements != $response.body#/same",
        "$inputs.pet.name == $response.body#/name",
        "$inputs.pet.id == 4",
        "$inputs.list[1] == 20",
        "$steps.create.outputs.pet.tags[0] == 'A'",
        "$response.header.X-None == 'a' || $statusCode == 200",
        "($statusCode == 200) == true",
    ],
)
def test_conditions_that_hold(condition: str) -> None:
    """Literals, operators, grouping, loose numbers, strings in whatever case, properties and indexes."""
    assert held(condition)


@pytest.mark.parametrize(
    "condition",
    [
        "$statusCode == 201",
        "$statusCode == 200 && false",
        "$response.body#/name < 5",
        "$response.body#/nothing < 5",
        "$response.body#/elements > 1",
        "$response.header.X-None == null",
        "!$response.header.X-None",
        "$response.body#/nope != 'x'",
        "$response.body.elements[2].name == 'Mail'",
        "$response.body.elements.name == 'Mail'",
        "$inputs.list[0].x == 1",
        "$response.header.X-None == 1 || $statusCode == 201",
    ],
)
def test_conditions_that_do_not_hold(condition: str) -> None:
    """What is not so does not hold, and neither does what hangs on something that is not there."""
    assert not held(condition)


@pytest.mark.parametrize(
    "condition",
    [
        "$statusCode == ",
        "$statusCode = 200",
        "$statusCode == 200 &&",
        "($statusCode == 200",
        "$statusCode == 200)",
        '$statusCode == "200"',
        "$statusCode == 'open",
        "$statusCode == 200 201",
        "$statusCode == 1 == 2",
        "$response.body#/a['x'] == 1",
        "$response.body#/a[-1] == 1",
        "status == 200",
        "{$statusCode == 200}",
        "$nope == 1",
        "$response.body#/a == '{$inputs.x}'",
        "007 == $statusCode",
        "truely",
    ],
)
def test_conditions_that_cannot_be_read(condition: str) -> None:
    """A condition outside the grammar is refused before anything is evaluated."""
    with pytest.raises(ValueError, match=r"wrong at|ends too early|not a runtime expression|compare with"):
        list(check(Criterion(condition)))


def test_a_judgement_tells_people_what_was_there() -> None:
    """The answer has the condition as it is written, and each of its expressions with its value once."""
    answer = evaluate(Criterion("$statusCode == 201 ||  $statusCode == 204 || $response.body#/name == 'x'"), CONTEXT)
    assert answer == (
        False,
        "$statusCode == 201 || $statusCode == 204 || $response.body#/name == 'x'",
        "$statusCode is 200, $response.body#/name is 'Rex'",
    )


def test_a_judgement_says_why_an_expression_stands_for_nothing() -> None:
    """A missing header makes the criterion false and is named as the reason."""
    answer = evaluate(Criterion("$response.header.Retry-After > 0"), CONTEXT)
    assert not answer.held
    assert answer.actual == "$response.header.Retry-After cannot be resolved: the response has no header Retry-After"


@pytest.mark.parametrize("expression", ["$request.header.authorization", "$response.header.Set-Cookie"])
def test_secrets_are_not_shown(expression: str) -> None:
    """The value of a secret header never gets into what people read."""
    assert evaluate(Criterion(f"{expression} == 'x'"), CONTEXT).actual == f"{expression} is a secret"


def test_long_values_are_cut() -> None:
    """A long body does not drown the report."""
    context = Context(inputs={"text": "x" * 1000})
    assert evaluate(Criterion("$inputs.text == ''"), context).actual.endswith("xxx...")


@pytest.mark.parametrize(
    ("context", "condition", "holds"),
    [
        ("$statusCode", "^20[0-9]$", True),
        ("$statusCode", "^40", False),
        ("$response.body#/name", "ex", True),
        ("$response.body#/name", "^rex$", False),
        ("$response.body#/yes", "^true$", True),
        ("$response.body#/elements", '"Phone"', True),
        ("$response.header.X-None", ".*", False),
    ],
)
def test_regular_expressions(context: str, condition: str, holds: bool) -> None:
    """A pattern is searched in the text of its context, case and all."""
    assert held(condition, context=context, type="regex") is holds


@pytest.mark.parametrize(
    ("context", "condition", "holds"),
    [
        ("$response.body", "$[?count(@.elements[?@.name=='Phone']) > 0]", True),
        ("$response.body", "$[?count(@.elements[?@.name=='Fax']) > 0]", False),
        ("$response.body", "$[?@.count == 5 && @.name == 'Rex']", True),
        ("$response.body#/elements", "$[?length(@) == 2]", True),
        ("$response.body#/elements", "$[0][?@.name == 'Mail']", True),
        ("$response.body", "$..elements[?@.value]", True),
        ("$response.body#/nope", "$[?@]", False),
    ],
)
def test_jsonpath_filters_the_context(context: str, condition: str, holds: bool) -> None:
    """A JSONPath holds in the specification's form: a filter that the context passes."""
    assert held(condition, context=context, type="jsonpath") is holds


@pytest.mark.parametrize(
    "condition",
    [
        "$[?@.name == 'Phone']",
        "$[?@.name != 'Phone']",
        "$[?!@.name]",
        "$[?length(@.name) == 5 || @.name == 'Phone']",
        "$[?@['name'] == 'Phone' && count(@[?@.name]) > 0]",
        "$[?!@.elements || count(@[?@.name == 'Fax']) > 0]",
        "$[?@.error != 'x' || count(@[?@.name == 'Fax']) > 0]",
        "$[?count(@.items) == 0 || count(@[?@.name == 'Fax']) > 0]",
        "$[?!(@.name == 'x' || count(@[?@.name == 'Fax']) > 0)]",
        "$..[?@.name != 'Phone']",
        "$..[?!@.name]",
        "$[?(!@.name && length(@) > 1) || count(@[?@.name == 'Fax']) > 0]",
    ],
)
def test_an_array_is_not_asked_for_what_its_items_have(condition: str) -> None:
    """It would be wrong of every array, or right of each; what to write is told."""
    answer = evaluate(Criterion(condition, "$response.body#/elements", "jsonpath"), CONTEXT)
    assert not answer.held
    assert "for its items write $[?count(@[?...]) > 0]" in answer.actual


def test_what_nests_too_deep_for_a_path_is_told() -> None:
    """A path with `..` is followed for a hundred levels."""
    deep: Json = {"name": "x"}
    for _ in range(150):
        deep = {"a": deep}
    assert CONTEXT.exchange is not None
    exchange = replace(CONTEXT.exchange, response=Response(200, HEADERS, orjson.dumps(deep)))
    answer = evaluate(
        Criterion("$..[?@.name == 'x']", "$response.body", "jsonpath"), replace(CONTEXT, exchange=exchange)
    )
    assert (answer.held, "nests too deep to be looked through" in answer.actual) == (False, True)


def test_items_of_an_array_are_counted() -> None:
    """In the form that other runners read alike."""
    asked = Criterion("$[?count(@[?@.name == 'Phone']) > 0]", "$response.body#/elements", "jsonpath")
    assert evaluate(asked, CONTEXT).held
    assert not evaluate(replace(asked, condition="$[?count(@[?@.name == 'Fax']) > 0]"), CONTEXT).held


@pytest.mark.parametrize(
    "condition",
    [
        "$[?@.error || count(@[?@.name]) > 0]",
        "$[?@.error == 'x' || count(@[?@.name]) > 0]",
        "$..[?@.name == 'Phone']",
    ],
)
def test_a_filter_for_either_form_is_asked_of_an_array(condition: str) -> None:
    """So is one over all that is below."""
    assert evaluate(Criterion(condition, "$response.body#/elements", "jsonpath"), CONTEXT).held


def test_context_based_judgements_name_their_context() -> None:
    """The words for a pattern name the context, the pattern and the value."""
    answer = evaluate(Criterion("^a", "$response.body#/name", "regex"), CONTEXT)
    assert answer == (False, "$response.body#/name matches ^a", "$response.body#/name is 'Rex'")


@pytest.mark.parametrize(
    ("criterion", "message"),
    [
        (Criterion("(", "$url", "regex"), "is not a regular expression"),
        (Criterion("$[?", "$url", "jsonpath"), "is not a JSONPath of RFC 9535"),
        (Criterion("$.elements[?@.name=='Phone']", "$response.body", "jsonpath"), "is not a filter over the context"),
        (Criterion("$", "$response.body", "jsonpath"), "is not a filter over the context"),
        (Criterion("//a", "$response.body", "xpath"), "xpath are not supported"),
        (Criterion("x", "$response.body", "glob"), "'glob' is not a type of criterion"),
        (Criterion("x", None, "regex"), "needs a context"),
        (Criterion("x", "response", "regex"), "is not a runtime expression"),
        (Criterion("$[?@]", "$url", "jsonpath", "draft-goessner-dispatch-jsonpath-00"), "only rfc9535"),
    ],
)
def test_criteria_that_cannot_be_used(criterion: Criterion, message: str) -> None:
    """Patterns, paths, types and versions that cannot be evaluated are refused with the reason."""
    with pytest.raises(ValueError, match=message):
        list(check(criterion))


@pytest.mark.parametrize(
    ("condition", "telling"),
    [
        ("$statusCode != 400 && $statusCode != 422", {200, 201, 204}),
        ("$statusCode != 404 && $statusCode != 405", {200, 201, 204}),
        ("$statusCode < 500", {200, 201, 204}),
        ("$statusCode == 201 || $statusCode >= 400", {201}),
        ("$statusCode < 300 || $statusCode == 400 || $statusCode == 422", {200, 201, 204, 400, 422}),
        ("$statusCode == 401 || $statusCode == 403", {401, 403}),
        ("$statusCode >= 400 && $statusCode < 500", {400, 401, 402, 403, 404, 422, 451}),
        ("$statusCode >= 400", {400, 401, 402, 403, 404, 422, 451}),
        ("$statusCode >= 430 && $statusCode < 500", {451}),
        ("$statusCode > 422", {451}),
        ("$statusCode == 500", {500}),
        ("$statusCode == 200 || $statusCode == 403 || $statusCode == 404", {200, 403, 404}),
        ("$statusCode >= 300 && $statusCode < 400", {302}),
        ("$statusCode == 301 || $statusCode == 302", {302}),
        ("$statusCode != 401 && $statusCode != 403", {200, 201, 204}),
    ],
)
def test_an_answer_shows_what_criteria_are_after_or_does_not(condition: str, telling: set[int]) -> None:
    """A success, a refusal; a redirection, a breakdown and a 404 to everything meet some, and show nothing."""
    criterion, found = Criterion(condition), set()
    for status in (200, 201, 204, 302, 400, 401, 402, 403, 404, 422, 451, 500, 503):
        context = Context(exchange=Exchange(Request("GET", "https://x.test/"), Response(status)))
        if evaluate(criterion, context).held and tells([criterion], context):
            found.add(status)
    assert found == telling


COMPARED = st.builds(
    lambda left, operator, right: f"{left} {operator} {right}",
    st.sampled_from(["$statusCode", "$response.body#/count", "404"]),
    st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
    st.sampled_from(
        ["200", "250", "299", "300", "404", "'404'", "404.5", "true", "$statusCode", "$response.body#/count"]
    ),
)
CONDITIONS = st.recursive(
    st.one_of(COMPARED, st.just("$statusCode")),
    lambda inner: st.one_of(
        st.builds("({0} && {1})".format, inner, inner),
        st.builds("({0} || {1})".format, inner, inner),
        st.builds("!({0})".format, inner),
    ),
    max_leaves=4,
)


@given(st.lists(CONDITIONS, min_size=1, max_size=3), st.sampled_from([300, 404, 451, 500]))
@settings(deadline=None)
def test_what_is_tried_beside_the_numbers_that_are_named_tells_as_much_as_all(
    conditions: list[str], status: int
) -> None:
    """As trying every status would."""
    given_ = [Criterion(condition) for condition in conditions]
    response = Response(status, HEADERS, orjson.dumps({"count": 404}))
    context = Context(exchange=Exchange(Request("GET", "https://x.test/"), response))
    with mock.patch.object(criteria, "_turning", lambda _, end: range(200, end)):
        every = tells(given_, context)
    assert tells(given_, context) is every


def test_criteria_that_are_not_of_the_status_alone_show_something_too() -> None:
    """A pattern for the status is one on it; what a refusal says is what a criterion on its body is after."""
    pattern = Criterion("^40[0-9]$", context="$statusCode", type="regex")
    spoken = Criterion("$response.body.error == 'invalid_client'")
    aside = Criterion("$statusCode != 400", context="$response.body")  # of which a simple one makes nothing
    given = ((pattern, 404, True), (spoken, 401, True), (spoken, 500, False), (aside, 404, False))
    for criterion, status, telling in given:
        response = Response(status, (), b'{"error": "invalid_client"}')
        context = Context(exchange=Exchange(Request("GET", "https://x.test/"), response))
        assert evaluate(criterion, context).held
        assert tells([criterion], context) is telling


@pytest.mark.parametrize(
    "criterion",
    [
        Criterion("$[?@.a == 1e99999]", "$response.body", "jsonpath"),
        Criterion("$[?" + "(" * 3000 + "@.a" + ")" * 3000 + "]", "$response.body", "jsonpath"),
        Criterion("$[?!$.identifier]", "$response.body", "jsonpath"),
        Criterion("$[?@.a == 1 || count(@.b[?@.c == $.d]) > 0]", "$response.body", "jsonpath"),
        Criterion("a{99999999999999999999}", "$response.body", "regex"),
        Criterion("(" * 3000 + ")" * 3000, "$response.body", "regex"),
        Criterion("(" * 3000 + "1 == 1" + ")" * 3000),
        Criterion(" && ".join(["1 == 1"] * 3000)),
    ],
)
def test_what_cannot_be_read_or_asks_the_root_is_wrong(criterion: Criterion) -> None:
    """The root is the list that the context stands in, and has no names, whatever is answered."""
    with pytest.raises(ValueError, match=r"is not a|write @ for \$|nested too deep"):
        list(check(criterion))
