"""Runtime expressions: grammar, embedding, and what they stand for."""

from dataclasses import replace
from typing import Any

import pytest

from understudy.contract.arazzo.expressions import Context, Ran, Unresolved, evaluate, find, parse, resolve, template
from understudy.contract.exchange import Exchange, Request, Response

EXCHANGE = Exchange(
    Request(
        "POST",
        "https://x.test/pets/7?limit=5&q=a%20b",
        (("X-Trace", "t1"), ("Content-Type", "application/json")),
        b'{"name":"Rex"}',
    ),
    Response(
        201,
        (("Location", "/pets/7"), ("Content-Type", "application/json; charset=utf-8")),
        b'{"id":7,"a/b":[{"c.d":true}],"gone":null}',
    ),
)
CONTEXT = Context(
    inputs={"user": "ann", "tags": ["a", "b"], "n": 3, "x.y": "dotted"},
    steps={"create": {"id": 7, "pets": [{"id": 1}]}},
    workflows={"other": Ran({"user": "bob"}, {"token": {"value": "t"}})},
    sources={"pets": "./pets.yaml"},
    components={"page": 2, "who": "$inputs.user"},
    outputs={"sum": 3},
    exchange=EXCHANGE,
    sent={"path": {"petId": 7}, "query": {"limit": 5}},
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$url", "https://x.test/pets/7?limit=5&q=a%20b"),
        ("$method", "POST"),
        ("$statusCode", 201),
        ("$request.header.x-trace", "t1"),
        ("$request.query.limit", 5),
        ("$request.query.q", "a b"),
        ("$request.path.petId", 7),
        ("$request.body", {"name": "Rex"}),
        ("$request.body#/name", "Rex"),
        ("$response.header.location", "/pets/7"),
        ("$response.body#/id", 7),
        ("$response.body#/gone", None),
        ("$response.body#/a~1b/0/c.d", True),
        ("$inputs.user", "ann"),
        ("$inputs.x.y", "dotted"),
        ("$inputs.tags#/1", "b"),
        ("$steps.create.outputs.id", 7),
        ("$steps.create.outputs.pets#/0/id", 1),
        ("$workflows.other.inputs.user", "bob"),
        ("$workflows.other.outputs.token#/value", "t"),
        ("$outputs.sum", 3),
        ("$sourceDescriptions.pets.url", "./pets.yaml"),
        ("$sourceDescriptions.pets.listPets", "listPets"),
        ("$components.parameters.page", 2),
        ("$components.parameters.who", "ann"),
    ],
)
def test_every_form_stands_for_a_value_of_its_type(text: str, value: Any) -> None:
    """Each form of the specification resolves to the value with the type it has."""
    assert resolve(parse(text), CONTEXT) == value


@pytest.mark.parametrize(
    "text",
    [
        "$nope",
        "$urls",
        "$response",
        "$response.query.x",
        "$response.header.",
        "$response.header.a b",
        "$response.body.x",
        "$response.body#x",
        "$response.body#/~2",
        "$inputs.",
        "$steps.create",
        "$steps.create.id",
        "$workflows.other.steps.x",
        "$components.parameters.",
        "url",
        "$inputs.a b",
    ],
)
def test_what_the_grammar_does_not_have_is_an_error(text: str) -> None:
    """A text outside the grammar is refused, and the message shows it."""
    with pytest.raises(ValueError, match="is not a runtime expression"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("$response.header.X-None", "the response has no header X-None"),
        ("$response.body#/nope", "there is nothing at /nope"),
        ("$response.body#/a~1b/7", "there is nothing at /a~1b/7"),
        ("$request.path.other", "the request has no path parameter other"),
        ("$steps.later.outputs.id", "step later has not been passed"),
        ("$steps.create.outputs.nope", "the step has no such output"),
        ("$workflows.nope.outputs.x", "workflow nope has not run"),
        ("$inputs.nope", "no such input was given"),
        ("$outputs.nope", "the called workflow has no such output"),
    ],
)
def test_what_is_not_there_is_unresolved(text: str, reason: str) -> None:
    """An expression that stands for nothing says which it was and why."""
    with pytest.raises(Unresolved) as caught:
        resolve(parse(text), CONTEXT)
    assert (caught.value.expression, caught.value.reason) == (text, reason)


def test_without_an_exchange_there_is_no_response() -> None:
    """Before a response has come, $statusCode stands for nothing."""
    with pytest.raises(Unresolved, match="no response has come"):
        resolve(parse("$statusCode"), replace(CONTEXT, exchange=None))


@pytest.mark.parametrize(
    ("headers", "body", "value"),
    [
        ((("Content-Type", "text/plain"),), b"[1]", "[1]"),
        ((("Content-Type", "application/problem+json"),), b"[1]", [1]),
        ((), b"[1]", [1]),
        ((), b"plain", "plain"),
    ],
)
def test_a_body_is_json_where_its_media_type_says_so(
    headers: tuple[tuple[str, str], ...], body: bytes, value: Any
) -> None:
    """Bodies are JSON by their media type, and by their look where there is none."""
    context = replace(CONTEXT, exchange=replace(EXCHANGE, response=Response(200, headers, body)))
    assert resolve(parse("$response.body"), context) == value


@pytest.mark.parametrize(("body", "reason"), [(b"", "has no body"), (b"{", "is not JSON")])
def test_a_body_that_is_missing_or_broken_is_unresolved(body: bytes, reason: str) -> None:
    """An empty body, and one that is not the JSON it claims to be, stand for nothing."""
    response = Response(200, (("Content-Type", "application/json"),), body)
    with pytest.raises(Unresolved, match=reason):
        resolve(parse("$response.body"), replace(CONTEXT, exchange=replace(EXCHANGE, response=response)))


def test_the_body_that_was_sent_is_taken_before_its_bytes() -> None:
    """$request.body is the value the step sent, whatever became of it on the wire."""
    assert resolve(parse("$request.body#/n"), replace(CONTEXT, body={"n": 1})) == 1


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("$inputs.n", 3),
        ("{$inputs.n}", "3"),
        ("id={$inputs.user}&t={$inputs.tags}", 'id=ann&t=["a","b"]'),
        ({"a": ["$inputs.tags", "x{$inputs.n}"], "b": None}, {"a": [["a", "b"], "x3"], "b": None}),
        ("costs $5, {not} $", "costs $5, {not} $"),
        ("$5", "$5"),
        ("", ""),
    ],
)
def test_values_keep_their_type_and_embedded_expressions_become_text(value: Any, result: Any) -> None:
    """A whole-string expression keeps its JSON type; one in braces becomes text."""
    assert evaluate(value, CONTEXT) == result


def test_embedded_strings_are_escaped_in_json_text() -> None:
    """What is embedded in JSON text cannot break out of its quotes."""
    context = Context(inputs={"name": 'a"b'})
    assert evaluate('{"name": "{$inputs.name}"}', context, in_json=True) == '{"name": "a\\"b"}'


@pytest.mark.parametrize("text", ["{$inputs.x", "a {$nope} b", "$inputs.x and more"])
def test_wrong_templates_are_errors(text: str) -> None:
    """An open brace and a wrong expression inside of one are refused."""
    with pytest.raises(ValueError, match=r"closed|not a runtime expression"):
        template(text)


def test_find_yields_the_expressions_inside_a_value() -> None:
    """All expressions of a payload are found, embedded or whole."""
    found = find({"a": ["$inputs.x", 1], "b": "{$url}-{$method}"})
    assert [expression.text for expression in found] == ["$inputs.x", "$url", "$method"]
