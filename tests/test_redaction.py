"""What is left out of recorded calls."""

import pytest

from understudy.redaction import Redaction
from understudy.values import Json

NAMES = ("access_token", "accessToken", "Access-Token", "CLIENT_SECRET", "apiKey", "X-OwnKey")


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_is_hidden_however_its_name_is_spelt(name: str) -> None:
    """In JSON, in forms and in queries; what stands beside it stays."""
    redaction = Redaction(["X-Own-Key"])
    assert redaction.value({name: "hush", "city": "Oslo"}) == {name: "***", "city": "Oslo"}
    assert redaction.query(f"{name}=hush&city=Oslo") == f"{name}=***&city=Oslo"
    assert redaction.body(f"{name}=hush&city=Oslo".encode()) == f"{name}=***&city=Oslo".encode()


@pytest.mark.parametrize(
    ("value", "blank"),
    [(None, None), (True, True), (7, 0), ("x", "***"), (["x"], ["***"]), ({"pin": 1}, {"pin": 0})],
)
def test_what_is_hidden_keeps_its_form(value: Json, blank: Json) -> None:
    """A body that was right stays right."""
    assert Redaction().value({"password": value}) == {"password": blank}
