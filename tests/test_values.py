"""JSON pointers and references."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.values import at, dereference, join, prefixes, split, walk


@given(st.lists(st.text()))
def test_a_pointer_says_its_tokens_again(tokens: list[str]) -> None:
    """`split` undoes `join`, whatever characters the tokens have."""
    assert split(join(*tokens)) == tokens


def test_a_pointer_finds_members_and_items() -> None:
    """Members are found by name, with `~0` and `~1`, and items by number."""
    assert at({"a/b": [{"~": 1}]}, "/a~1b/0/~0") == 1


@pytest.mark.parametrize("pointer", ["/b", "/a/2", "/a/-1", "/a/x", "/a/0/x"])
def test_a_pointer_into_nothing_is_an_error(pointer: str) -> None:
    """What is not there is a KeyError, whatever stands in the way."""
    with pytest.raises(KeyError):
        at({"a": [1, 2]}, pointer)


def test_a_pointer_without_a_slash_is_none() -> None:
    """A pointer is empty or starts with a slash (RFC 6901, section 3)."""
    with pytest.raises(ValueError, match="starts with"):
        split("a")


def test_references_are_followed_to_the_end() -> None:
    """A chain of local references ends at the value and its own pointer."""
    document = {"a": {"$ref": "#/b"}, "b": {"$ref": "#/c"}, "c": {"type": "string"}}
    assert dereference(document, "/a") == ("/c", {"type": "string"})


@pytest.mark.parametrize("document", [{"a": {"$ref": "#/a"}}, {"a": {"$ref": "other.json#/b"}}])
def test_a_reference_in_a_circle_or_out_of_the_document_is_an_error(document: dict[str, object]) -> None:
    """Neither has an end here."""
    with pytest.raises(ValueError, match="usable"):
        dereference(document, "/a")


def test_prefixes_go_from_the_pointer_to_the_root() -> None:
    """The longest comes first, the empty one last."""
    assert list(prefixes("/a/b")) == ["/a/b", "/a", ""]


def test_a_walk_meets_parents_before_children() -> None:
    """Every value is met once, with its pointer."""
    assert [pointer for pointer, _ in walk({"a": [1, {"b": 2}]})] == ["", "/a", "/a/0", "/a/1", "/a/1/b"]
