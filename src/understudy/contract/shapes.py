"""Shapes: what values have in common that no keyword of a document tells apart, so that one stands for all."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import TypeAlias

import jsonschema_rs
from openapi_schema_validator import oas30_format_checker, oas31_format_checker

from understudy.values import Json, walk

Shape: TypeAlias = object
"""Is equal, and has the same hash, for values of one shape."""
_KNOWN = 4096
"""How many texts are remembered with their shape."""
_INTEGERS = (-(2**63), 2**63 - 1, -(2**31), 2**31 - 1)
"""Where the numbers of the formats int32 and int64 end."""
_NO_TEXT = "\0"
"""Is of no format that is one of texts; those of numbers take any text."""
_ORDERED = frozenset({"prefixItems", "minContains", "maxContains"})


class Shapes:
    """Tells values apart as far as the schemas of one document can: by type, names, bounds, constants, formats.

    A schema is not looked for at its place: what any schema of the document says of texts is asked of every text. JSON
    Schema's keywords are all heeded that look at a value; those that apply others need not be.
    """

    def __init__(self, document: Mapping[str, Json]) -> None:
        keywords: dict[str, list[Json]] = {}
        for _, node in walk(document):
            for name, value in node.items() if isinstance(node, dict) else ():
                keywords.setdefault(name, []).append(value)
        checker = oas31_format_checker if str(document.get("openapi", "")).startswith("3.1") else oas30_format_checker
        self._checker = checker
        named = {str(each) for each in keywords.get("format", [])}
        self._ours, unread = _validators(keywords)
        self._formats = sorted(name for name in named if not checker.conforms(_NO_TEXT, name))
        self._patterns, foreign = _patterns(keywords.get("pattern", []))
        self._foreign = foreign or unread
        self._constants = {_canonical(each) for each in _constants(keywords)}
        self._lengths = _bounds(keywords, "minLength", "maxLength")
        self._items = _bounds(keywords, "minItems", "maxItems")
        numbers = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
        self._numbers = sorted({*_INTEGERS, *(n for name in numbers for n in keywords.get(name, []) if _is_number(n))})
        steps = [n for n in keywords.get("multipleOf", []) if _is_number(n)]
        self._steps = [n for n in steps if isinstance(n, int)]
        self._fractions = len(steps) > len(self._steps)
        self._unique = "uniqueItems" in keywords
        self._ordered = not _ORDERED.isdisjoint(keywords)
        self.of_text = lru_cache(_KNOWN)(self._of_text)

    def of(self, value: Json) -> Shape:
        """Return the shape of a value; raises RecursionError where it is too deep."""
        if isinstance(value, dict):
            return "object", frozenset((name, self.of(child)) for name, child in value.items()), self._constant(value)
        if isinstance(value, list):
            return self._of_list(value)
        if isinstance(value, str):
            return self.of_text(value)
        return self.of_number(value) if _is_number(value) else repr(value)

    def of_number(self, value: float) -> Shape:
        """Return the shape of a number: whole or not, between which bounds, a constant or none.

        It stands alone where steps are fractions: of what is a multiple of 0.1, no two validators are of one mind.
        """
        between = bisect_left(self._numbers, value), bisect_right(self._numbers, value)
        steps = tuple(value % step == 0 for step in self._steps)
        known = value if self._fractions else self._constant(value)
        return type(value).__name__, value == value // 1, between, steps, known

    def formatted(self, text: str) -> bool:
        """Whether a text has one of the document's formats."""
        return any(self._checker.conforms(text, name) for name in self._formats)

    def _of_text(self, text: str) -> Shape:
        formats = tuple(self._checker.conforms(text, name) for name in self._formats)
        patterns = tuple(pattern.search(text) is not None for pattern in self._patterns)
        known = text if self._foreign else self._constant(text)
        ours = tuple(validator.is_valid(text) for validator in self._ours)
        return "text", bisect_right(self._lengths, len(text)), formats, patterns, ours, known

    def _of_list(self, value: list[Json]) -> Shape:
        shapes = [self.of(child) for child in value]
        unique = self._unique and len({_canonical(child) for child in value}) == len(value)
        items = tuple(shapes) if self._ordered else frozenset(shapes)
        return "array", items, bisect_right(self._items, len(value)), unique, self._constant(value)

    def _constant(self, value: Json) -> Shape:
        known = _canonical(value) if self._constants else None
        return known if known in self._constants else None


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _canonical(value: Json) -> Shape:
    """Return what is equal for values that are so to JSON Schema: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, dict):
        return "object", frozenset((name, _canonical(child)) for name, child in value.items())
    if isinstance(value, list):
        return "array", tuple(_canonical(child) for child in value)
    return type(value).__name__ if isinstance(value, bool) else "", value


def _constants(keywords: Mapping[str, list[Json]]) -> Iterator[Json]:
    """Yield the values that a schema may be chosen by, or that it asks for."""
    yield from keywords.get("const", [])
    for discriminator in keywords.get("discriminator", []):
        mapping = discriminator.get("mapping") if isinstance(discriminator, dict) else None
        yield from (*mapping, *mapping.values()) if isinstance(mapping, dict) else ()
        for schemas in keywords.get("schemas", []):
            yield from schemas if isinstance(schemas, dict) else ()
    for values in keywords.get("enum", []):
        yield from values if isinstance(values, list) else ()


def _validators(keywords: Mapping[str, list[Json]]) -> tuple[list[jsonschema_rs.Draft202012Validator], bool]:
    """Return what our own validation has on texts, which has other formats and patterns, and whether there is more."""
    found, more = list[jsonschema_rs.Draft202012Validator](), False
    for name in ("format", "pattern"):
        for value in {each for each in keywords.get(name, []) if isinstance(each, str)}:
            try:
                found.append(jsonschema_rs.Draft202012Validator({name: value}, validate_formats=True))
            except jsonschema_rs.ValidationError:
                more = True
    return found, more


def _patterns(texts: Collection[Json]) -> tuple[list[re.Pattern[str]], bool]:
    """Return patterns, and whether there are others: those of ECMA 262 are not all Python's."""
    found, foreign = list[re.Pattern[str]](), False
    for text in {each for each in texts if isinstance(each, str)}:
        try:
            found.append(re.compile(text))
        except re.error:
            foreign = True
    return found, foreign


def _bounds(keywords: Mapping[str, list[Json]], least: str, most: str) -> list[int]:
    """Return the sizes from which on a keyword may say something else."""
    lower = {n for n in keywords.get(least, []) if isinstance(n, int)}
    return sorted(lower | {n + 1 for n in keywords.get(most, []) if isinstance(n, int)})
