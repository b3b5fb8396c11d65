"""Criteria that tell an answer from what the model says: JSONPath filters and comparisons with earlier answers.

They are made from the model's answers alone, so no vendor is known here; which of them tell is found by trying.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

import jsonpath_rfc9535
from jsonpath_rfc9535.exceptions import JSONPathError

from understudy.model.slots import Slot
from understudy.values import Json, join

MOST = 2000
"""How many filters are tried at most."""
PARTS, DEEPEST = 100, 24
"""How many filters are made of one item of a list, and of how many levels: a target may be sent values of any depth."""
RUNS = ("aaaaaaaaaaaa", "bbbbbbbbbbbb")
"""Two stand-ins for the input `run` of a scenario: what depends on it differs between them."""
Bodies: TypeAlias = Sequence[Json]
"""The bodies of a sequence's answers, one for each call."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A criterion of the last step; `context` is '' for a simple one, `step` the number of an earlier one it names."""

    condition: str
    context: str = ""
    step: int | None = None


def in_scenario(slot: Slot, prefix: str, run: str) -> str:
    """Return the identifier as a scenario has it, for that value or expression of its input `run`."""
    return run.join(slot.text(f"{prefix}\0-{slot.number}@example.com", prefix).split("\0"))


def telling(
    theirs: Bodies, mine: Bodies, again: Bodies, speaking_of: Json, sent: Iterable[Json] = ()
) -> Telling | None:
    """Return a criterion that holds for the model's answers, played twice, and not for the target's; None if none does.

    The identifiers in `mine` and `theirs` are those of the first of RUNS, in `again` those of the second; what a server
    chooses differs between `mine` and `again`. A filter has to name some of the values in `speaking_of`, and none that
    the target alone has, which are in neither `sent` nor `mine`: it will have others the next time.
    """
    known = {*_leaves([*sent]), *_leaves([*mine])}
    words = [_equal("@", leaf).partition("@")[2] for leaf in _leaves(speaking_of)]
    words += [f"[{_quoted(name)}]" for name in _names(speaking_of)]
    found = [
        test
        for test in dict.fromkeys(islice(_tests(mine[-1], theirs[-1], known), MOST))
        if any(word in test for word in words)
        and _holds(test, mine[-1])
        and _holds(test, again[-1])
        and not _holds(test, theirs[-1])
    ]
    if found:
        best = min(found, key=lambda test: (-sum(word in test for word in words), len(test)))
        return Telling(f"$[?{best}]", "$response.body")
    return next(_relations(theirs, mine, again), None)


def _known(value: Json, known: Container[Json]) -> Json:
    """Return the value without the members and items that are texts or numbers which are not known."""

    def kept(each: Json) -> bool:
        own = isinstance(each, str) and RUNS[0] in each.lower()
        return own or isinstance(each, Mapping | list | bool | None) or each in known

    if isinstance(value, Mapping):
        return {name: _known(each, known) for name, each in value.items() if kept(each)}
    if isinstance(value, list):
        return [_known(each, known) for each in value if kept(each)]
    return value


def _holds(test: str, body: Json) -> bool:
    try:
        return bool(jsonpath_rfc9535.find(f"$[?{test}]", [body]))
    except (JSONPathError, RecursionError):
        return False


def _tests(mine: Json, theirs: Json, known: Container[Json] = (), place: str = "@", level: int = 0) -> Iterator[str]:
    """Yield filters that the model's value keeps, small ones first: each on one part of it, or on what it lacks.

    What lies deeper than DEEPEST levels has none; nor has what is not known of the items that the target alone has.
    """
    if level > DEEPEST:
        return
    if isinstance(mine, Mapping):
        other = theirs if isinstance(theirs, Mapping) else {}
        for name, value in mine.items():
            yield from _tests(value, other.get(name), known, _member(place, name), level + 1)
            yield _member(place, name)
        for name in other:
            if name not in mine:
                yield f"!{_member(place, name)}"
    elif isinstance(mine, list):
        for item in mine:
            yield from (f"count({place}[?{test}]) > 0" for test in _of_item(item, level + 1))
        for item in _known(theirs, known) if isinstance(theirs, list) and theirs is not mine else ():
            yield from (f"count({place}[?{test}]) == 0" for test in _of_item(item, level + 1))
        yield f"count({place}[*]) == {len(mine)}"
    else:
        yield _equal(place, mine)


def _of_item(item: Json, level: int) -> Iterator[str]:
    """Yield filters on one item of a list: of an object its first part, with each of the others, and all of them."""
    own = list(islice(_tests(item, item, level=level), PARTS))
    yield from own[:1]
    if own and isinstance(item, Mapping):
        yield from (f"{own[0]} && {test}" for test in own[1:])
        yield " && ".join(own)


def _member(place: str, name: str) -> str:
    return f"{place}[{_quoted(name)}]"


def _equal(place: str, value: Json) -> str:
    """Return a filter that a leaf keeps; an identifier of the sequence is told by its form."""
    if isinstance(value, str) and RUNS[0] in value.lower():
        pattern = re.sub(r"[.^$*+?()\[\]{}|\\]", r"\\\g<0>", value)
        pattern = pattern.replace(RUNS[0], "[a-z0-9]+").replace(RUNS[0].upper(), "[A-Z0-9]+")
        return f"match({place}, {_quoted(pattern)})"
    if isinstance(value, str):
        return f"{place} == {_quoted(value)}"
    if isinstance(value, bool) or value is None:
        return f"{place} == {'null' if value is None else str(value).lower()}"
    return f"{place} == {value!r}"


def _quoted(text: str) -> str:
    """Return a string as JSONPath writes it (RFC 9535, section 2.3.1.1)."""
    escaped = (f"\\u{ord(c):04x}" if ord(c) < 32 else f"\\{c}" if c in "'\\" else c for c in text)
    return f"'{''.join(escaped)}'"


def _leaves(value: Json) -> Iterator[Json]:
    if isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _leaves(each)
    else:
        yield value


def _names(value: Json) -> Iterator[str]:
    if isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _names(each)
        yield from value if isinstance(value, Mapping) else ()


def _relations(theirs: Bodies, mine: Bodies, again: Bodies) -> Iterator[Telling]:
    """Yield comparisons of texts with those of earlier answers, which must be the same, or others, in the model."""
    last = dict(_texts(mine[-1]))
    for step in range(len(mine) - 1):
        for pointer, text in _texts(mine[step]):
            for place, own in last.items():
                ours = (text == own, _at(again[step], pointer) == _at(again[-1], place))
                there = (_at(theirs[step], pointer), _at(theirs[-1], place))
                if None in there or ours[0] != ours[1] or (not ours[0] and pointer != place):
                    continue
                if ours[0] != (there[0] == there[1]):
                    sign = "==" if ours[0] else "!="
                    name = f"$steps.{step_id(step)}.outputs.body#{pointer}"
                    yield Telling(f"$response.body#{place} {sign} {name}", step=step)


def step_id(number: int) -> str:
    """Return the stepId of a call, by its number from 0."""
    return f"call-{number + 1}"


def _texts(value: Json, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Yield the texts in objects, with pointers that conditions can name."""
    if isinstance(value, Mapping):
        for name, child in value.items():
            if re.fullmatch(r"[A-Za-z0-9_-]+", name):
                yield from _texts(child, pointer + join(name))
    elif isinstance(value, str):
        yield pointer, value


def _at(value: Json, pointer: str) -> str | None:
    return dict(_texts(value)).get(pointer)
