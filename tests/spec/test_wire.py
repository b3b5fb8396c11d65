"""How HTTP text becomes values."""

import pytest

from understudy.spec.wire import content_type, header_text, is_json, typed
from understudy.values import Json


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b" \tada ", "ada"),
        ("å".encode(), "å"),
        ("å".encode("latin-1"), "å"),
        (b"", ""),
        (b"a b", "a b"),
    ],
)
def test_a_header_is_utf_8_or_else_latin_1_without_blanks_around_it(raw: bytes, text: str) -> None:
    """Blanks around a value are no part of it; bytes that are not UTF-8 are Latin-1."""
    assert header_text(raw) == text


@pytest.mark.parametrize(
    ("value", "kind", "meant"),
    [
        ("7", "integer", 7),
        ("-7", "integer", -7),
        ("07", "integer", "07"),
        ("7.0", "integer", "7.0"),
        ("\u0667", "integer", "\u0667"),
        ("7.5", "number", 7.5),
        ("true", "boolean", True),
        ("True", "boolean", "True"),
        ("7", "string", "7"),
        ("7", None, "7"),
        (["7", "8"], "integer", 7),
        (["7", "8"], "array", ["7", "8"]),
        ("7", "array", ["7"]),
    ],
)
def test_text_becomes_what_its_schema_speaks_of(value: Json, kind: str | None, meant: Json) -> None:
    """Text that reads as a value of the schema's type is that value; other text stays text, to be refused."""
    assert typed(value, kind) == meant
    assert type(typed(value, kind)) is type(meant)


def test_a_content_type_has_a_media_type_and_parameters_in_any_case() -> None:
    """Media type and parameter names are compared without case, quotes around a value are no part of it."""
    assert content_type('Application/JSON; Charset="UTF-8"') == ("application/json", {"charset": "UTF-8"})
    assert content_type(None) == ("", {})


@pytest.mark.parametrize(
    ("media_type", "json"), [("application/json", True), ("application/problem+json", True), ("text/json", False)]
)
def test_json_is_told_by_name_or_suffix(media_type: str, json: bool) -> None:
    """`application/json` and `+json` are JSON."""
    assert is_json(media_type) is json
