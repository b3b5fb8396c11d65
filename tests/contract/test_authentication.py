"""Where a credential goes on the wire, by the security schemes of an operation."""

from dataclasses import replace

import pytest

from understudy.contract.authentication import BASIC, BEARER, Place, places
from understudy.contract.exchange import Request
from understudy.spec.document import Document, Operation
from understudy.values import Json

SCHEMES: Json = {
    "bearer": {"type": "http", "scheme": "Bearer"},
    "oauth": {"type": "oauth2", "flows": {}},
    "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "sid"},
    "basic": {"type": "http", "scheme": "basic", "x-understudy-key-user": "apikey"},
}


def operation(*security: Json) -> Operation:
    operation = {"operationId": "x", "security": list(security), "responses": {}}
    return Document({"components": {"securitySchemes": SCHEMES}, "paths": {"/": {"get": operation}}}).operations["x"]


@pytest.mark.parametrize(
    ("scheme", "place", "value"),
    [
        ("bearer", Place("header", "Authorization", BEARER), "Bearer s"),
        ("oauth", Place("header", "Authorization", BEARER), "Bearer s"),
        ("key", Place("header", "X-Key"), "s"),
        ("query", Place("query", "key"), "s"),
        ("cookie", Place("cookie", "sid"), "s"),
        ("basic", Place("header", "Authorization", BASIC, "apikey"), "Basic YXBpa2V5OnM="),
    ],
)
def test_each_scheme_has_its_place(scheme: str, place: Place, value: str) -> None:
    """Which names the scheme; an API key as password has the user that the scheme names."""
    assert list(places(operation({scheme: []}))) == [replace(place, scheme=scheme)]
    assert place.value("s") == value


def test_alternatives_come_in_their_order() -> None:
    """An operation that anybody may call has none."""
    assert [place.name for place in places(operation({"key": []}, {}, {"bearer": []}))] == ["X-Key", "Authorization"]
    assert list(places(operation())) == []


@pytest.mark.parametrize(
    ("security", "closed", "opened"),
    [
        ([], False, True),
        ([{}], False, True),
        ([{}, {"oauth": ["a", "b"]}], False, True),
        ([{"oauth": ["a", "b"]}, {}], False, True),
        ([{"oauth": ["a"]}], True, True),
        ([{"oauth": ["a", "b"]}], True, False),
        ([{"oauth": ["a", "b"]}, {"key": []}], True, True),
        ([{"oauth": ["a", "b"], "key": []}], True, False),
    ],
)
def test_an_operation_is_closed_where_each_alternative_wants_a_credential(
    security: list[Json], closed: bool, opened: bool
) -> None:
    """And opens to one that has all that one of them wants: here to a holder of the scope a."""
    found = operation(*security)
    assert (found.is_closed, found.opens_to({"a"})) == (closed, opened)


@pytest.mark.parametrize(
    ("place", "sent"),
    [
        (Place("header", "x-key"), "h"),
        (Place("query", "key"), "q"),
        (Place("cookie", "sid"), "c"),
        (Place("header", "X-Other"), None),
        (Place("query", "other"), None),
        (Place("cookie", "other"), None),
    ],
)
def test_what_a_request_has_there_is_found_again(place: Place, sent: str | None) -> None:
    """By which the judge knows who called."""
    request = Request("GET", "http://a/?key=q", (("X-Key", "h"), ("Cookie", "a=b; sid=c")))
    assert place.sent(request) == sent
