"""Descriptions against what is declared: JSON blocks and statuses."""

import pytest

from tests.spec.lint.conftest import Found
from understudy.spec.lint.statuses import statuses


def block(text: str, label: str = "json") -> str:
    """Return prose with a fenced block."""
    return f"For example:\n\n```{label}\n{text}\n```\n\nThat is all."


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        (block('{"name": 1}'), ["prose-against-schema"]),
        (block('{"name": ["A"]}', ""), ["prose-against-schema"]),
        (block('{"name": 1} // why'), ["prose-against-schema", "prose-not-json"]),
        (block('{"name": "http://a" /* why */,}'), ["prose-not-json"]),
        (block('{"name": 1} // why', "jsonc"), ["prose-against-schema"]),
        (block('{"name" "a"}'), ["prose-not-json"]),
        (block('{"name": "a"}'), []),
        (block('{"name": "http://a//b"}'), []),
        (block('{"name": "a", "unknown": 1}'), []),
        (block('{"unknown": 1}'), []),
        ('For example:\n\n    {"name": 1,\n     "size": 5}\n\nThat is all.', ["prose-against-schema"]),
        ('For example:\n\n    {"name": "a"}\n', []),
        ('For example:\n\n    {"name": 1\n', []),
        ('    - a list\n    {"name": 1}\n', []),
        ("<pre><code>{&quot;name&quot;: 1}</code></pre>", ["prose-against-schema"]),
        ("<PRE>\n{ 'name' : 1 }\n</PRE>", []),
        (block('{"name": "a", ...}'), []),
        (block('{"name": "a"}\n{"name": "b"}'), []),
        (block("name: 1", "yaml"), []),
        (block("{}"), []),
        ("> " + block('{"size": 1}').replace("\n", "\n> "), []),
        ("> " + block('{"size": "x"}').replace("\n", "\n> "), ["prose-against-schema"]),
    ],
)
def test_a_json_block_is_held_against_the_schema_it_is_meant_for(
    description: str, expected: list[str], found: Found
) -> None:
    """Comments are read over; a block that no schema claims is let be."""
    pairs = found(operation={"description": description})
    assert pairs == [(check, "op/description") for check in expected]


def test_one_unknown_name_among_four_hides_no_conflict(found: Found) -> None:
    """The block is still meant for the schema that knows the others."""
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {}, "c": {}}}
    for text, bad in (('{"a": 1, "b": 2, "c": 3, "d": 4}', True), ('{"a": 1, "b": 2, "d": 4}', False)):
        pairs = found(schemas={"A": {**schema, "description": block(text)}})
        assert pairs == [("prose-against-schema", "schemas/A/description")] * bad


def test_blocks_of_parameters_are_read(found: Found) -> None:
    """Their schema is the parameter's."""
    schema = {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}}
    parameter = {"name": "filter", "in": "query", "schema": schema, "description": block('[{"a": 1}]')}
    path = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    pairs = found(operation={"parameters": [path, parameter]})
    assert pairs == [("prose-against-schema", "op/parameters/1/description")]


@pytest.mark.parametrize(
    ("value", "bad"),
    [('"ID_OF_KIND"', False), ('"<kind>"', False), ('"string"', False), ('"other"', True), ("5", True)],
)
def test_a_stand_in_breaks_no_enum(value: str, bad: bool, found: Found) -> None:
    """A text such as `ID_OF_KIND` stands for another; a number stands for itself."""
    schema = {"type": "object", "required": ["id"], "properties": {"kind": {"type": "string", "enum": ["a"]}, "id": {}}}
    schema["description"] = block(f'{{"kind": {value}}}')
    pairs = found(schemas={"A": schema})
    assert {check for check, _ in pairs} == ({"prose-against-schema"} if bad else set())


def test_blocks_of_the_whole_document_are_read(found: Found) -> None:
    """Those of its description and of its tags."""
    described = {"title": "t", "version": "1", "description": block("{'a'}")}
    pairs = found(info=described, tags=[{"name": "t", "description": block("[1 2]")}])
    assert pairs == [("prose-not-json", "/info/description"), ("prose-not-json", "/tags/0/description")]


@pytest.mark.parametrize(
    ("prose", "expected"),
    [
        ("Answers 404 Not Found where there is none.", ["404"]),
        ("Returns `409` if it is there.", ["409"]),
        ("Fails with a 422 error.", ["422"]),
        ("Responds with HTTP 429.", ["429"]),
        ("The status code 503 says so.", ["503"]),
        ("- `410 Gone`: it was there", ["410"]),
        ("Returns 404. Returns 404 again.", ["404"]),
        ("Returns 404 if the user does not exist.", ["404"]),
        ("Returns 404: the user was never there.", ["404"]),
        ("Returns 404 when there is no such user, never 410.", ["404"]),
        ("If the user can't be found, a 404 Not Found is returned.", ["404"]),
        ("When a lock is held 409 Conflict is returned.", ["409"]),
        ("Returns 403 if your key lacks the scope.", ["403"]),
        ("Returns 202 Accepted, not 200.", ["202"]),
        ("Returns 409, 410 or 411.", ["409", "410", "411"]),
        ("A 412 is returned when the ETag differs.", ["412"]),
        ("| Status | Meaning |\n|---|---|\n| 409 | Conflict |", ["409"]),
        ("Error 409 means that it is there.", ["409"]),
        ("Returns <b>409</b> if it is there.", ["409"]),
        ("You get 404 if it is gone.", ["404"]),
        ("You get a 404 error.", ["404"]),
        ("Get the 500 and 1000 row exports.", []),
        ("Buyers receive a 500 and a 200 voucher.", []),
        ("Order status: 300 means shipped.", []),
        ("Error 404 is stored in the log.", []),
        ("We retry until we receive a 200.", []),
        ("You get 400 when you sell it for 500.", []),
        ("get 404, 500 and 600 ml", []),
        ("The status: 500 units are left.", []),
        ("413 Payload Too Large, 413 Content Too Large", ["413"]),
        ("422 Unprocessable Content", ["422"]),
        ("The call does not fail with 404 if the user does not exist.", []),
        ("Does not, if the user is missing, return a 404 error.", []),
        ("404 is never returned.", []),
        ("No 404 error is returned.", []),
        ("In no case does it return 404.", []),
        ("If the image's URL returns 404, the old image is kept.", []),
        ("We call your URL; if it returns 500, we try again.", []),
        ("Unless the upstream returns HTTP 502, it is kept.", []),
        ("Results in 400 responses a day, and up to 429 errors.", []),
        ("Returns 365 status codes.", []),
        ("Set status=200 in the body.", []),
        ("Up to 500 items are returned.", []),
        ("Returns 200 items per page.", []),
        ("It never returns 404.", []),
        ("It does not answer with 404 Not Found.", []),
        ("Unlike `GET /things`, which returns 404.", []),
        ("Your server must respond with HTTP 200.", []),
        ("See https://example.com/404 and section 4.404.", []),
        ("The webhook is stopped after a 410 response.", []),
        ("Costs $404 and takes 404 ms.", []),
        ("```\nHTTP/1.1 404 Not Found\n```", []),
    ],
)
def test_statuses_are_read_where_nothing_else_can_be_meant(prose: str, expected: list[str]) -> None:
    """A number alone is none; nor is one that a sentence denies, or says of somebody else."""
    assert statuses(prose) == expected


@pytest.mark.parametrize(("declared", "bad"), [("200", True), ("404", False), ("4XX", False), ("default", False)])
def test_a_status_in_prose_is_declared(declared: str, bad: bool, found: Found) -> None:
    """By itself, by its class, or by `default`."""
    response = {"description": "d", "headers": {"X": {"schema": {"type": "string"}}}}
    operation = {"summary": "Returns 404 if there is none.", "responses": {"200": response, declared: response}}
    assert found(operation=operation) == [("prose-status-undeclared", "op/summary")] * bad


def test_other_texts_about_an_operation_are_read_too(found: Found) -> None:
    """Those of its responses and of its path."""
    operation = {"responses": {"200": {"description": "Done. A 410 Gone is answered once it is deleted."}}}
    assert found(operation=operation) == [("prose-status-undeclared", "op/responses/200/description")]
    responses = {
        "200": {"description": "d"},
        "423": {"description": "d", "headers": {"X": {"schema": {"type": "string"}}}},
    }
    item = {"description": "Answers 423 Locked while it moves.", "get": {"responses": {"200": {"description": "d"}}}}
    assert found(paths={"/a": item}) == [("prose-status-undeclared", "/paths/~1a/description")]
    assert found(paths={"/a": {**item, "put": {"responses": responses}}}) == []


@pytest.mark.parametrize(
    "prose", ["*`" * 50_000 + "404", "returns 404 or 409 " * 5_000, "returns the HTTP " * 20_000, "<b>" * 60_000]
)
def test_no_prose_takes_for_ever(prose: str) -> None:
    """Nor does one endless sentence."""
    statuses(prose)


@pytest.mark.parametrize("text", ["<pre>" + " " * 100_000, "<pre>" * 40_000, "    {\n" * 40_000, "\n\n    {" * 30_000])
def test_blocks_without_an_end_are_passed_over(text: str, found: Found) -> None:
    """In a time that grows with the text alone."""
    assert found(operation={"description": text}) == []
