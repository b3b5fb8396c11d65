"""Criteria that tell a target's answer from the model's."""

import pytest

from understudy.contract.stateful.criteria import DEEPEST, Telling, telling
from understudy.values import Json


def nested(depth: int, leaf: Json) -> Json:
    """Return a value that lies in so many lists, one in the other."""
    value = leaf
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("mine", "theirs", "told"),
    [
        ({"a": 1, "b": "x"}, {"a": 1, "b": "y"}, "$[?@['b'] == 'x']"),
        ({"a": {"b": None}}, {"a": {"b": False}}, "$[?@['a']['b'] == null]"),
        ({"a": ["x", "y"]}, {"a": ["x"]}, "$[?count(@['a'][?@ == 'y']) > 0]"),
        (
            {"a": nested(3, "x")},
            {"a": nested(2, "x")},
            "$[?count(@['a'][?count(@[?@ == 'x']) > 0]) == 0]",
        ),
    ],
)
def test_what_the_model_has_and_the_target_has_not_tells(mine: Json, theirs: Json, told: str) -> None:
    """By the part that differs."""
    assert telling([theirs], [mine], [mine], mine) == Telling(told, "$response.body")


def test_what_the_target_has_chosen_tells_nothing() -> None:
    """It chooses another the next time: by what was sent a record is known again."""
    mine: Json = {"content": []}
    theirs: Json = {"content": [{"id": "f00", "at": 1700000000, "name": "Ada"}]}
    told = "$[?count(@['content'][?@['name'] == 'Ada']) == 0]"
    assert telling([theirs], [mine], [mine], theirs["content"], ["Ada"]) == Telling(told, "$response.body")
    assert telling([theirs], [mine], [mine], ["f00"], ["Ada"]) is None


def test_a_field_that_only_the_target_has_tells() -> None:
    """By its name, whatever value it has."""
    told = Telling("$[?!@['extra']]", "$response.body")
    assert telling([{"a": 1, "extra": "f00"}], [{"a": 1}], [{"a": 1}], {"extra": "f00"}) == told


def test_equal_answers_have_nothing_that_tells() -> None:
    """Whatever is tried."""
    assert telling([{"a": ["x"]}], [{"a": ["x"]}], [{"a": ["x"]}], "x") is None


@pytest.mark.parametrize("depth", [DEEPEST + 1, 60, 400])
def test_deep_values_take_neither_time_nor_memory(depth: int) -> None:
    """One target may keep them, and another cut them; what lies near the root still tells."""
    deep = nested(depth, "x")
    mine, theirs = {"near": "x", "far": deep}, {"near": "y", "far": nested(8, None)}
    assert telling([theirs], [mine], [mine], "x") == Telling("$[?@['near'] == 'x']", "$response.body")
    assert telling([{"far": None}], [{"far": deep}], [{"far": deep}], deep) is None
