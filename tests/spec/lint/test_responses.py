"""What operations answer: bodies, errors, refusals, and 401 without credentials."""

import pytest

from tests.spec.lint.conftest import Found
from understudy.values import Json

BODY = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
SECURITY: Json = [{"key": []}]
SCHEMES = {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "K"}}}


def answers(**responses: Json) -> Json:
    """Return an operation with these responses; names such as `_204` are statuses."""
    return {"responses": {name.strip("_"): {"description": "d", **value} for name, value in responses.items()}}


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (answers(_204=BODY), [("body-on-bodiless-status", "op/responses/204/content")]),
        (answers(_304=BODY), [("body-on-bodiless-status", "op/responses/304/content")]),
        (answers(_200={}, _404={}), [("error-body-missing", "op/responses/404")]),
        (answers(_200={}, _4XX={}), [("error-body-missing", "op/responses/4XX")]),
        (answers(_204={}, _404=BODY), []),
        (answers(_204={"content": {}}), []),
        (answers(_429={"headers": {"Retry-After": {"schema": {"type": "integer"}}}}), []),
        (answers(_200={}, default={}), []),
        (
            answers(_400=BODY, _401=BODY, _403=BODY, _500=BODY),
            [("refusals-left-out", "op/responses")],
        ),
        (answers(_400=BODY, _401=BODY, _404=BODY, _500=BODY), []),
        (answers(_400=BODY, _401=BODY, _403=BODY), []),
        (answers(_400=BODY, _401=BODY, _403=BODY, _500=BODY, default=BODY), []),
        (
            answers(_200={"content": {"application/json": {}}}),
            [("no-schema", "op/responses/200/content/application~1json")],
        ),
        (answers(_200={"content": {"image/png": {}}}), []),
    ],
)
def test_answers_of_an_operation(operation: Json, expected: list[tuple[str, str]], found: Found) -> None:
    """Both sides of each check."""
    assert found(operation=operation, security=SECURITY, components=SCHEMES) == expected


def test_a_shared_response_is_told_once(found: Found) -> None:
    """Where it stands; a body that one of its users must not have is told there."""
    pairs = found(
        operation={"responses": {name: {"$ref": "#/components/responses/R"} for name in ("400", "422")}},
        components={"responses": {"R": {"description": "d"}}},
    )
    assert pairs == [("error-body-missing", "/components/responses/R")]
    pairs = found(
        operation={"responses": {"204": {"$ref": "#/components/responses/R"}}},
        components={"responses": {"R": {"description": "d", **BODY}}},
    )
    assert pairs == [("body-on-bodiless-status", "op/responses/204")]


@pytest.mark.parametrize(
    ("parts", "bad"),
    [
        ({}, True),
        ({"security": SECURITY, "components": SCHEMES}, False),
        ({"security": [], "components": SCHEMES}, True),
        ({"security": [{}], "components": SCHEMES}, True),
        ({"security": [{}, *SECURITY], "components": SCHEMES}, False),
    ],
)
def test_401_wants_credentials_somewhere(parts: Json, bad: bool, found: Found) -> None:
    """Where others ask for them, an operation without, such as a login, may answer 401."""
    pairs = found(operation=answers(_401=BODY), **parts)
    assert pairs == [("unauthorized-without-security", "op/responses/401")] * bad


def test_a_login_may_answer_401(found: Found) -> None:
    """It is the one that asks for nothing."""
    operation = {**answers(_401=BODY), "security": []}
    assert found(operation=operation, security=SECURITY, components=SCHEMES) == []


def test_a_header_without_schema_is_told(found: Found) -> None:
    """Beside what the validator of structures says."""
    assert ("no-schema", "/components/headers/H") in found(components={"headers": {"H": {"description": "d"}}})
