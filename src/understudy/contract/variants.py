"""Requests on both sides of a documented constraint, made from a good one: at the bound, and just beyond."""

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from understudy.contract.samples import Sample, as_json
from understudy.spec.document import Operation, Parameter, Schema
from understudy.spec.rules import Part, Rule
from understudy.spec.upgrade import BOUNDS
from understudy.spec.wire import text
from understudy.values import Json, at, join, split

_VALUES: tuple[Json, ...] = (
    None, True, 7, 1.5, "understudy", "true", "7", [], ["understudy"], [7], {}, {"understudy": 1},
)  # fmt: skip
_LETTERS = ("x", "ü", "😀")
"""Of one, two and four bytes: a length is counted in characters (RFC 8259, section 8.2), not in bytes or UTF-16."""
LOOKED_AT = 6
"""Items that a list has before one that is wrong."""
_NO_BOOLEANS = ("1", "yes")
"""Texts that some take for true."""
_BROKEN_JSON = (b'{"understudy": [', b"understudy", b"{'understudy': 1}", b'{"understudy": 1,}', b"\xff\xfe", b"{} {}")
_ITEMS = {"uuid": "00000000-0000-4000-8000-000000000000"}
"""An item of a list, by its format."""
_NEAR: Mapping[type, tuple[type, ...]] = {str: (int,), int: (str, float), float: (str,), bool: (str,)}
"""What else may be taken for a value of a type."""
_FORMATS = {
    "date-time": (
        "yesterday",
        "2026-13-01T00:00:00Z",
        "2026-02-31T00:00:00Z",
        "2026-01-31",
        "2026-01-31T09:30:00",
        "2026-01-31T09:30:00.5",
        "2026-01-31T09:30Z",
        "2026-01-31T25:30:00Z",
        "20260131T093000Z",
        "2026-01-31T09:30:00+25:00",
        "2026-01-31T09:30:00+0100",
        "",
    )
}


@dataclass(frozen=True, slots=True)
class Variant:
    """A request that must be refused, or one at the bound that must be taken; `what` says in which way it differs.

    One is `near` that a lenient reader of JSON takes for a good one: text for a number, a number for text, ...
    """

    sample: Sample
    good: bool
    what: str
    near: bool = False


def variants(rule: Rule, good: Sample) -> Iterator[Variant]:
    """Yield the variants that probe one rule on parameters, body or media type."""
    pointer = rule.citation.pointer
    if rule.part is Part.PARAMETERS:
        for parameter in good.operation.parameters:
            if pointer.startswith(parameter.pointer + "/"):
                yield from _of_parameter(parameter, pointer.rpartition("/")[2], good)
    elif rule.part is Part.MEDIA_TYPE:
        yield from _of_media_type(good)
    elif rule.part is Part.BODY and pointer == f"{good.operation.body_pointer}/required":
        yield Variant(good.with_body(b""), good=False, what="no body")
    elif rule.part is Part.BODY and good.body is not None and good.media_type is not None:
        yield from _of_body(good.operation, pointer, good)


def _of_parameter(parameter: Parameter, keyword: str, good: Sample) -> Iterator[Variant]:
    value = good.parameters.get(parameter.location, {}).get(parameter.name)
    if keyword == "required":
        yield Variant(good.with_parameter(parameter, None), good=False, what=f"{parameter.name} left out")
        return
    bound = parameter.schema.value.get(keyword)
    if keyword == "maxLength" and isinstance(value, str):
        for length, fine in ((bound, True), (bound + 1, False), (2 * bound, False)):
            longer = (
                value[: length // 2] + "x" * (length - len(value)) + value[length // 2 :]
                if length >= len(value)
                else ""
            )
            if longer:
                yield Variant(good.with_parameter(parameter, longer), good=fine, what=f"{length} characters")
    elif keyword == "minLength" and isinstance(value, str):
        for length, fine in ((bound - 1, False), (bound, True)):
            if length == 0 or not fine:
                yield Variant(good.with_parameter(parameter, value[:length]), good=fine, what=f"{length} characters")
    elif keyword in ("maximum", "minimum") and isinstance(bound, int):
        beyond = bound + 1 if keyword == "maximum" else bound - 1
        for number in (bound, beyond):
            yield Variant(
                good.with_parameter(parameter, number), good=number == bound, what=f"{parameter.name}: {number}"
            )
    else:
        for other in (*_VALUES[1:], *_NO_BOOLEANS):
            texts = parameter.reader.texts(other)
            if texts and not parameter.schema.is_valid(parameter.reader.value(texts)):
                what = f"{parameter.name}: {_shown(other)}"
                yield Variant(good.with_parameter(parameter, other), good=False, what=what)


def _of_media_type(good: Sample) -> Iterator[Variant]:
    whole = as_json(good.body) if isinstance(good.body, dict) and good.body else b'{"understudy": 1}'
    nearly = (whole + b"}", whole + b" understudy", whole[:-1] + b",}", whole.replace(b'"', b"'"))
    for broken in (*_BROKEN_JSON, *nearly):
        yield Variant(good.with_body(broken), good=False, what=f"a body of {_shown(broken.decode('utf-8', 'replace'))}")
    for media_type in ("text/plain", "application/xml"):
        other = Sample(good.operation, good.parameters, b"understudy", media_type)
        yield Variant(other, good=False, what=f"a body sent as {media_type}")


def _of_body(operation: Operation, pointer: str, good: Sample) -> Iterator[Variant]:
    assert good.media_type is not None
    schema = operation.bodies[good.media_type]
    parent, keyword, limit = _keyword(operation, pointer)
    holder, _, name = parent.rpartition("/")
    body, places = good.body, schema.places(good.body, parent)
    if not places and holder == f"{schema.pointer}/properties" and isinstance(body, dict):
        required = at(operation.document.value, schema.pointer).get("required", ())
        body, places = {known: body[known] for known in required if known in body} | {name: None}, [f"/{name}"]
    for place in places:
        tried = list(_values(keyword, limit, at(body, place), at(operation.document.value, parent)))
        for value, fine in tried:
            changed = _replaced(body, place, value)
            if schema.is_valid(changed) is fine:
                what, near = f"{_shown(value)} at {place or 'the root'}", _is_near(at(body, place), value)
                yield Variant(good.with_body(changed), good=fine, what=what, near=near)
        wrong = [value for value, fine in tried if not fine]
        late = _behind(body, place, wrong, schema) if place == places[-1] else None
        if late is not None:
            yield Variant(good.with_body(late), good=False, what=f"a last item that is wrong, like that at {place}")


def _is_near(old: Json, value: Json) -> bool:
    return any(type(old) is kind and type(value) in near for kind, near in _NEAR.items())


def _behind(body: Json, place: str, values: Iterable[Json], schema: Schema) -> Json:
    """Return the body with one more item in the innermost list that a place is in, that is wrong; None if none is.

    It comes behind some that are right: who looks at the first ones alone finds nothing wrong.
    """
    path = split(place)
    for depth in range(len(path) - 1, -1, -1):
        holder = at(body, join(*path[:depth]))
        if isinstance(holder, list):
            for value in values:
                item = _replaced(holder[int(path[depth])], join(*path[depth + 1 :]), value)
                more = [holder[0]] * (LOOKED_AT - len(holder))
                changed = _replaced(body, join(*path[:depth]), [*holder, *more, item])
                if not schema.is_valid(changed):
                    return changed
    return None


def _keyword(operation: Operation, pointer: str) -> tuple[str, str, Json]:
    """Return the schema's pointer, the keyword that a rule is on, and its value: of a list of names the one cited."""
    parent, _, keyword = pointer.rpartition("/")
    if parent.endswith("/required") and keyword.isdecimal():
        return parent.removesuffix("/required"), "required", [at(operation.document.value, pointer)]
    schema = at(operation.document.value, parent)
    return parent, keyword, schema.get(keyword) if isinstance(schema, dict) else None


def _values(keyword: str, limit: Json, old: Json, schema: Json) -> Iterator[tuple[Json, bool]]:
    """Yield values for a place that a keyword of its schema is about, and whether they keep what it says."""
    if keyword == "required" and isinstance(old, dict):
        for name in limit or ():
            yield {key: value for key, value in old.items() if key != name}, False
    elif keyword == "maxLength" and isinstance(limit, int):
        for letter in _LETTERS:
            yield letter * limit, True
        yield "x" * (limit + 1), False
    elif keyword == "minLength" and isinstance(limit, int) and limit:
        yield "x" * (limit - 1), False
    elif keyword == "maxItems" and isinstance(limit, int):
        items = schema.get("items")
        kind = items.get("format") if isinstance(items, dict) else None
        yield [_ITEMS.get(str(kind), "understudy")] * (limit + 1), False
    elif keyword == "format" and limit in BOUNDS:
        yield BOUNDS[limit] - 1, True
        yield BOUNDS[limit], False
        yield -BOUNDS[limit] - 1, False
    elif keyword == "format":
        for text in _FORMATS.get(str(limit), (f"not a {limit}",)):
            yield text, False
    elif keyword == "enum" and isinstance(limit, list):
        for text in (each for each in limit if isinstance(each, str)):
            yield text.swapcase(), False
        for value in _VALUES:
            yield value, False
    else:
        like = (0, 1, "false") if isinstance(old, bool) else ()
        for value in (*_VALUES, *like, *([] if isinstance(old, list) else [[old]])):
            yield value, False
        if keyword == "items" and isinstance(limit, dict):  # of one that is wrong behind one that is right
            before = old if isinstance(old, list) else ["understudy"]
            longest = limit.get("maxLength", 0)
            for value in (None, 7, {}, *(["x" * (longest + 1)] if longest else ())):
                yield [*before, value], False
            for letter in _LETTERS if longest else "":
                yield [*before, letter * longest], True


def _replaced(body: Json, place: str, value: Json) -> Json:
    if not place:
        return value
    copied = copy.deepcopy(body)
    *path, last = split(place)
    holder = copied
    for token in path:
        holder = holder[int(token)] if isinstance(holder, list) else holder[token]
    if isinstance(holder, list):
        holder[int(last)] = value
    else:
        holder[last] = value
    return copied


def _shown(value: Json) -> str:
    shown = text(value)
    return shown if len(shown) < 60 else f"{shown[:25]}... ({len(value) if hasattr(value, '__len__') else '?'} long)"
