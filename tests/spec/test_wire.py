"""How HTTP text becomes values."""

import pytest

from understudy.spec.wire import Reader, content_type, delimiter, header_text, is_json, typed
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


DOCUMENT = {
    "components": {
        "schemas": {
            "Count": {"type": "integer"},
            "Counts": {"type": "array", "items": {"$ref": "#/components/schemas/Count"}},
            "Named": {"$ref": "#/components/schemas/Counts"},
            "Maybe": {"type": ["integer", "null"]},
        }
    }
}


@pytest.mark.parametrize(
    ("schema", "delimiter", "sent", "meant"),
    [
        ("Maybe", "", "5", 5),
        ("Maybe", "", "", None),
        ("Counts", "", ["1", "2"], [1, 2]),
        ("Counts", "", "1,2", ["1,2"]),
        ("Counts", ",", "1,2", [1, 2]),
        ("Counts", "|", ["1|2"], [1, 2]),
        ("Named", ",", "1", [1]),
    ],
)
def test_a_reader_follows_references_and_splits_arrays(
    schema: str, delimiter: str, sent: str | list[str], meant: Json
) -> None:
    """Items are typed one by one, whether each came by itself or all in one text."""
    assert Reader(DOCUMENT, f"/components/schemas/{schema}", delimiter).value(sent) == meant


@pytest.mark.parametrize(
    ("parameter", "between"),
    [
        ({"in": "query"}, ""),
        ({"in": "query", "explode": False}, ","),
        ({"in": "query", "style": "spaceDelimited"}, " "),
        ({"in": "query", "style": "pipeDelimited"}, "|"),
        ({"in": "query", "style": "pipeDelimited", "explode": True}, ""),
        ({"in": "header"}, ","),
        ({"in": "path", "explode": True}, ","),
    ],
)
def test_style_and_explode_say_what_stands_between_items(parameter: dict[str, Json], between: str) -> None:
    """As OpenAPI 3.1.0 has it in section 4.8.12.2.2, with its defaults by location."""
    assert delimiter(parameter) == between


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
