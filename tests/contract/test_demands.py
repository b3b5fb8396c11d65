"""What a request breaks is read off the wire."""

import pytest

from tests.contract.conftest import URL, WRITE
from understudy.contract.demands import Excuse, breaches, parse_json
from understudy.contract.exchange import Request
from understudy.pack import Pack
from understudy.spec.document import Document
from understudy.spec.rules import Part

JSON = ("Content-Type", "application/json")
ADA = ("dataSubjectIdentifier", "ada")


def broken(pack: Pack, *headers: tuple[str, str], body: bytes | None = b"{}") -> list[tuple[Part, str]]:
    """Return the parts and last keywords that a request of the write operation breaks."""
    request = Request("POST", URL, headers, body)
    found = breaches(pack.judged("core").operations[WRITE], request)
    return [(breach.part, breach.pointer.rpartition("/")[2]) for breach in found]


def test_a_good_request_breaks_nothing(pack: Pack) -> None:
    """Header names in any case, and a charset, are as good."""
    assert broken(pack, ADA, JSON) == []
    assert broken(pack, ("DATASUBJECTIDENTIFIER", "ada"), ("content-type", "Application/JSON; charset=UTF-8")) == []


@pytest.mark.parametrize(
    ("value", "keyword"), [("", "minLength"), (" \t", "minLength"), ("x" * 256, "maxLength"), ("x" * 255, "")]
)
def test_a_header_is_read_without_the_blanks_around_it(value: str, keyword: str, pack: Pack) -> None:
    """Blanks are no part of a value, so that blanks alone are an empty one."""
    assert broken(pack, ("dataSubjectIdentifier", value), JSON) == ([(Part.PARAMETERS, keyword)] if keyword else [])


def test_an_optional_parameter_without_a_text_may_be_none(pack: Pack) -> None:
    """In header or query; one that is required, or has a text, is there."""
    operation = pack.effective.operations["getDataSubjectProfilesUsingGET"]
    found = breaches(operation, Request("GET", f"{URL}?identifier=&size=51", (("identifier", ""),)))
    assert [(each.message.partition(":")[0], each.excuse) for each in found] == [
        ("identifier", Excuse.EMPTY),
        ("identifier", Excuse.EMPTY),
        ("size", None),
    ]
    written = breaches(
        pack.effective.operations[WRITE], Request("POST", URL, (("dataSubjectIdentifier", ""), JSON), b"{}")
    )
    assert [each.excuse for each in written] == [None]


def test_a_header_is_measured_in_characters(pack: Pack) -> None:
    """255 letters of two bytes each, which a request keeps as the Latin-1 reading of their bytes."""
    assert broken(pack, ("dataSubjectIdentifier", ("ø" * 255).encode().decode("latin-1")), JSON) == []


ITEMS = Document(
    {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {
            "/items/{size}/{name}": {
                "get": {
                    "operationId": "items",
                    "parameters": [
                        {"name": "size", "in": "path", "required": True, "schema": {"enum": ["s", "l"]}},
                        {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "maxLength": 3}},
                        {"name": "limit", "in": "query", "schema": {"type": ["integer", "null"]}},
                        {"name": "tag", "in": "query", "schema": {"type": "array", "items": {"type": "integer"}}},
                    ],
                    "responses": {"200": {"description": "ok"}},
                }
            }
        },
    }
)


@pytest.mark.parametrize(
    ("path", "keywords"),
    [
        ("/items/s/a%2Fb", []),
        ("/base/url/items/l/abc?limit=5&tag=1&tag=2", []),
        ("/items/xl/abc", ["enum"]),
        ("/items/s/abcd", ["maxLength"]),
        ("/items/s/abc?limit=many&tag=x", ["type", "type"]),
    ],
)
def test_parameters_are_read_as_the_mock_reads_them(path: str, keywords: list[str]) -> None:
    """Path parameters behind whatever base URL, types of which there are several, arrays sent item by item."""
    request = Request("GET", f"https://api.example.com{path}")
    found = breaches(ITEMS.operations["items"], request)
    assert [breach.pointer.rpartition("/")[2] for breach in found] == keywords


def test_a_missing_header_and_a_missing_body_are_both_told(pack: Pack) -> None:
    """All that is wrong is told, parameters first."""
    assert broken(pack, JSON, body=None) == [(Part.PARAMETERS, "required"), (Part.BODY, "required")]


@pytest.mark.parametrize("body", [b"{", b"\xff", b"{NaN", b"{} {}", b"{'a': 1}"])
def test_what_is_no_json_breaks_the_media_type(body: bytes, pack: Pack) -> None:
    """Whatever it begins like."""
    assert broken(pack, ADA, JSON, body=body) == [(Part.MEDIA_TYPE, "application~1json")]


def test_nan_is_no_json_and_no_object_either(pack: Pack) -> None:
    """What a parser with that extension would make of a body is looked at as well."""
    assert broken(pack, ADA, JSON, body=b'{"x": NaN}') == [(Part.MEDIA_TYPE, "application~1json")]
    assert broken(pack, ADA, JSON, body=b"NaN") == [(Part.MEDIA_TYPE, "application~1json"), (Part.BODY, "type")]


def test_a_body_of_another_media_type_breaks_the_declared_one(pack: Pack) -> None:
    """Text that is not JSON breaks that as well."""
    other = ("Content-Type", "text/plain")
    assert broken(pack, ADA, other) == [(Part.MEDIA_TYPE, "content")]
    assert broken(pack, ADA, other, body=b"ada") == [
        (Part.MEDIA_TYPE, "content"),
        (Part.MEDIA_TYPE, "application~1json"),
    ]


def test_a_body_without_content_type_breaks_nothing(pack: Pack) -> None:
    """The document does not say what it is."""
    assert broken(pack, ADA, body=b"{") == []


def test_a_body_in_another_charset_is_not_read(pack: Pack) -> None:
    """What a target makes of it, the document does not say."""
    assert broken(pack, ADA, ("Content-Type", "application/json; charset=utf-16"), body=b"\xff\xfe") == []


def test_each_violation_of_the_body_is_told_where_it_is(pack: Pack) -> None:
    """With the pointer of the keyword that it breaks."""
    found = broken(pack, ADA, JSON, body=b'{"language": 1, "dataElements": [{}]}')
    assert sorted(found) == [(Part.BODY, "0"), (Part.BODY, "type")]


def test_a_query_parameter_is_typed_before_it_is_judged() -> None:
    """On the wire everything is text: a number that reads as one is one."""
    size = {"name": "size", "in": "query", "required": True, "schema": {"type": "integer", "maximum": 50}}
    document = Document(
        {"openapi": "3.1.0", "paths": {"/x": {"get": {"operationId": "x", "parameters": [size], "responses": {}}}}}
    )

    def keywords(query: str) -> list[str]:
        found = breaches(document.operations["x"], Request("GET", f"http://target/x{query}"))
        return [breach.pointer.rpartition("/")[2] for breach in found]

    assert [keywords(query) for query in ("?size=7", "?size=51", "?size=x", "")] == [
        [],
        ["maximum"],
        ["type"],
        ["required"],
    ]


def test_json_of_any_depth_is_json_or_tells_that_it_is_too_deep() -> None:
    """A deep body raises RecursionError, which is no ValueError."""
    with pytest.raises(RecursionError):
        parse_json(b"[" * 200_000)
    with pytest.raises(ValueError, match="Infinity"):
        parse_json(b"[Infinity]")
