"""What of two answers counts as the same."""

import pytest

from understudy.contract.comparison.normal import NOTHING, Normal, first_difference
from understudy.contract.target import Run
from understudy.values import Json

RUN = Run("any", "http://a", "a", "core", 1, "r", 0.0, 0.0, existing=("ada@example.com",))


def difference(one: Json, other: Json, sent: Json = None) -> object:
    """Return where answers of two targets that were sent the same differ."""
    normals = Normal(RUN), Normal(RUN)
    for normal in normals:
        normal.sending(sent)
    return first_difference(*(normal.form(value) for normal, value in zip(normals, (one, other), strict=True)))


UUIDS = ("633ba071-61b0-485f-81a0-a2245777b432", "0a1b2c3d-61b0-485f-81a0-a2245777b432")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"id": UUIDS[0]}, {"id": UUIDS[1]}),
        ({"id": 7}, {"id": "seven"}),
        ({"subjectId": 7, "x": {"parentId": 7}}, {"subjectId": 9, "x": {"parentId": 9}}),
        ({"at": "2026-01-31T09:30:00Z"}, {"at": "2027-02-01T00:00:00.123+01:00"}),
        ({"createDate": 1769851800000}, {"createDate": 1769851800001}),
        ({"lastSeen": 1769851800}, {"lastSeen": 1769851801}),
        ({"etag": "aGVsbG8gd29ybGQx"}, {"etag": "c29tZXRoaW5nIDIz"}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1.0}),
        ([1, 2, 3], [3, 1, 2]),
        (
            [{"n": "a", "id": UUIDS[0]}, {"n": "b", "id": UUIDS[1]}],
            [{"n": "b", "id": UUIDS[0]}, {"n": "a", "id": UUIDS[1]}],
        ),
        ("ada@example.com", "ada@example.com"),
    ],
)
def test_what_a_target_chooses_may_differ(one: Json, other: Json) -> None:
    """Identifiers, times, the order of lists."""
    assert difference(one, other) is None


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"a": 1}, {"a": 2}, ("/a", 1, 2)),
        ({"a": 1}, {"a": True}, ("/a", 1, True)),
        ({"a": 0}, {"a": False}, ("/a", 0, False)),
        ({"a": None}, {}, ("/a", None, NOTHING)),
        ({}, {"a/b": 1}, ("/a~1b", NOTHING, 1)),
        ({"a": ["x"]}, {"a": ["x", "y"]}, ("/a/1", NOTHING, "y")),
        ({"id": UUIDS[0], "again": UUIDS[0]}, {"id": UUIDS[0], "again": UUIDS[1]}, ("/again", "<id 1>", "<id 2>")),
        ({"version": 1}, {"version": 2}, ("/version", 1, 2)),
        ({"at": "2026-01-31T09:30:00Z"}, {"at": "yesterday"}, ("/at", "<time>", "yesterday")),
        ({"seats": 1769851800000}, {"seats": 1769851800001}, ("/seats", 1769851800000, 1769851800001)),
        ("text", {"a": 1}, ("", "text", {"a": 1})),
    ],
)
def test_what_it_does_not_choose_may_not(one: Json, other: Json, expected: object) -> None:
    """The first place is told, with both values."""
    assert difference(one, other) == expected


def test_what_was_sent_is_no_choice() -> None:
    """A time or an identifier that the caller gave comes back as it was."""
    sent = {"interactionDate": "2026-01-31T09:30:00Z", "id": "mine", "phone": [1769851800000]}
    assert difference(sent, {**sent, "interactionDate": "2026-01-31T09:30:00+00:00"}, sent) == (
        "/interactionDate",
        "2026-01-31T09:30:00Z",
        "<time>",
    )
    assert difference({"id": "mine"}, {"id": "yours"}, sent) == ("/id", "mine", "<id 1>")


def test_an_identifier_that_a_target_chose_is_its_choice_when_it_is_sent_back() -> None:
    """Each target is called with its own."""
    normals = Normal(RUN), Normal(RUN)
    for normal, own in zip(normals, UUIDS, strict=True):
        assert normal.form({"id": own}) == {"id": "<id 1>"}
        normal.sending({"id": own})
        assert normal.form({"id": own}) == {"id": "<id 1>"}


@pytest.mark.parametrize("chosen", [(7, 8), ("7", "8")])
def test_a_number_that_was_sent_as_something_else_may_be_an_identifier(chosen: tuple[Json, Json]) -> None:
    """A target that counts its records comes to somebody's age; one that was sent for an identifier stays it."""
    one, other = chosen
    assert difference({"id": one}, {"id": other}, {"age": 7, "Content-Length": "8"}) is None
    assert difference({"id": one}, {"id": other}, {"id": 7}) == ("/id", one, "<id 1>")
    assert difference({"id": one}, {"id": other}, ["people", "7"]) == ("/id", one, "<id 1>")
    assert difference({"age": one}, {"age": other}, {"age": 7}) == ("/age", one, other)


def test_identifiers_that_are_known_have_an_order() -> None:
    """A list of nothing else is the same in any order, and another one when another identifier is in it."""
    normals = Normal(RUN), Normal(RUN)
    for normal, first in zip(normals, (10, 20), strict=True):
        assert [normal.form({"id": first + number}) for number in range(3)][2] == {"id": "<id 3>"}
    one, other, third = (
        normal.form({"parentId": ids})
        for normal, ids in zip((*normals, normals[1]), ([10, 12], [22, 20], [22, 21]), strict=True)
    )
    assert first_difference(one, other) is None
    assert first_difference(one, third) == ("/parentId/0", "<id 1>", "<id 2>")


def test_a_record_that_was_there_has_a_name_of_its_own() -> None:
    """At each target another one."""
    assert Normal(RUN).form({"identifyId": "ada@example.com"}) == {"identifyId": "<existing 1>"}
