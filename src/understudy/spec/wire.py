"""How HTTP text becomes the JSON values that a document's schemas speak of. Shared by the mock and the judge."""

import json
import re
from collections.abc import Mapping, Sequence

from understudy.values import Json, dereference

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", re.ASCII)
_DIGITS = 4000
"""Longer numbers stay text: Python refuses to convert more than 4,300 digits, and no schema wants them."""


def header_text(raw: bytes) -> str:
    """Return a header's value: blanks around it are no part of it (RFC 9110, section 5.5); UTF-8, else Latin-1."""
    raw = raw.strip(b" \t")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def typed(value: Json, kind: str | Sequence[str] | None) -> Json:
    """Return a parameter's or header's text as a value of the schema's type; the text itself where it is none.

    Several types (OpenAPI 3.1) are tried in their order; an empty text is null where null is allowed and text is not.
    """
    named = (kind,) if isinstance(kind, str) else kind or ()
    if "array" in named:
        return value if isinstance(value, list) else [value]
    text = value[0] if isinstance(value, list) else value
    for each in named:
        if each == "integer" and len(text) < _DIGITS and _INTEGER.fullmatch(text):
            return int(text)
        if each == "number" and len(text) < _DIGITS and _NUMBER.fullmatch(text):
            number = float(text)
            return number if abs(number) != float("inf") else text
        if each == "boolean" and text in ("true", "false"):
            return text == "true"
    return None if text == "" and "null" in named and "string" not in named else text


def kinds(document: Json, pointer: str) -> tuple[str, ...]:
    """Return the types that the schema at the pointer names, following references; () where it names none."""
    try:
        schema = dereference(document, pointer)[1]
    except (KeyError, ValueError):
        return ()
    kind = schema.get("type", ()) if isinstance(schema, Mapping) else ()
    return (kind,) if isinstance(kind, str) else tuple(kind)


class Reader:
    """How the text of one parameter, header or form field becomes the value that its schema speaks of.

    Found out once. Serialisation is OpenAPI's (3.1.0, section 4.8.12.2.2): an array that is not exploded is one text
    with a delimiter, an exploded one comes as several texts.
    """

    __slots__ = ("_delimiter", "_items", "kinds")

    def __init__(self, document: Json, pointer: str, delimiter: str = "") -> None:
        """`pointer` is the schema's; `delimiter` stands between the items of an array, '' where it is exploded."""
        self.kinds = kinds(document, pointer)
        self._items = kinds(document, _items(document, pointer)) if "array" in self.kinds else ()
        self._delimiter = delimiter

    def value(self, sent: str | list[str]) -> Json:
        """Return the sent text, or the texts of what was sent repeatedly, as a value; text that is none stays text."""
        if "array" not in self.kinds:
            return typed(sent, self.kinds)
        texts = sent if isinstance(sent, list) else [sent]
        if self._delimiter:
            texts = [part for text in texts for part in text.split(self._delimiter)]
        return [typed(text, self._items) for text in texts]

    def texts(self, value: Json) -> list[str]:
        """Return the texts in which a value is sent: one, or one for each item of an exploded array."""
        if not (isinstance(value, list) and "array" in self.kinds):
            return [text(value)]
        items = [text(item) for item in value]
        return [self._delimiter.join(items)] if self._delimiter else items


def text(value: Json) -> str:
    """Return a value as it stands in a URL or a header: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _items(document: Json, pointer: str) -> str:
    return f"{dereference(document, pointer)[0]}/items"


def delimiter(parameter: Mapping[str, Json]) -> str:
    """Return what stands between the items of an array in a parameter's text; '' where each is sent by itself."""
    default = "form" if parameter["in"] in ("query", "cookie") else "simple"
    style = parameter.get("style", default)
    if parameter["in"] == "query" and parameter.get("explode", style == "form"):
        return ""
    return {"spaceDelimited": " ", "pipeDelimited": "|"}.get(style, ",")


def content_type(raw: str | None) -> tuple[str, dict[str, str]]:
    """Return the media type in lower case and its parameters; '' where there is no Content-Type."""
    if not raw:
        return "", {}
    media_type, *words = raw.split(";")
    options = {
        key.strip().lower(): value.strip().strip('"') for key, _, value in (word.partition("=") for word in words)
    }
    return media_type.strip().lower(), options


def is_json(media_type: str) -> bool:
    """Whether bodies of that media type are JSON (RFC 6839, section 3.1)."""
    return media_type == "application/json" or media_type.endswith("+json")
