"""Identifiers that Schemathesis makes up carry the prefix, and stay what they were meant to be."""

import pytest

from understudy.contract.transport import prefixed
from understudy.spec.document import Schema
from understudy.values import Json


@pytest.mark.parametrize(
    ("value", "schema", "expected"),
    [
        ("ada", {}, "ci-ada"),
        ("ci-ada", {}, "ci-ada"),
        ("", {}, "ci-"),
        ("", {"minLength": 1}, ""),
        ("abcdefgh", {"maxLength": 8}, "ci-defgh"),
        ("abcdefghi", {"maxLength": 8}, "ci-defghi"),
        ("ab", {"maxLength": 4}, "ab"),
        ("123", {"pattern": "^[0-9]+$"}, "123"),
        ("x1", {"pattern": "^[0-9]+$"}, "ci-x1"),
    ],
)
def test_a_value_is_prefixed_as_far_as_its_schema_lets_it(value: str, schema: Json, expected: str) -> None:
    """What is good stays good, and what breaks a bound goes on breaking it."""
    whole = Schema({"components": {"type": "string", **schema}}, "/components")
    made = prefixed(value, "ci-", whole)
    assert made == expected
    assert whole.is_valid(made) == whole.is_valid(value)
