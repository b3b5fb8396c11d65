"""JSON values and RFC 6901 pointers, as every part of the engine uses them. No I/O."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

Json: TypeAlias = Any
"""A value as JSON has it: None, bool, int, float, str, list of values, dict with str keys."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods of calls that change nothing (RFC 9110, section 9.2.1)."""
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def join(*tokens: str | int) -> str:
    """Return the pointer made of unescaped reference tokens (RFC 6901, section 3)."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)


def split(pointer: str) -> list[str]:
    """Return a pointer's unescaped reference tokens; raises ValueError where it is not a pointer."""
    if pointer == "":
        return []
    if not pointer.startswith("/"):
        raise ValueError(f"a JSON pointer starts with '/': {pointer!r}")
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/")]


def at(value: Json, pointer: str) -> Json:
    """Return what the pointer names inside the value; raises KeyError where there is nothing."""
    for token in split(pointer):
        if isinstance(value, Mapping) and token in value:
            value = value[token]
        elif isinstance(value, list) and token.isdecimal() and int(token) < len(value):
            value = value[int(token)]
        else:
            raise KeyError(pointer)
    return value


def dereference(document: Json, pointer: str) -> tuple[str, Json]:
    """Follow local `$ref`s from the pointer on; return the final pointer and the value there.

    Raises KeyError where a pointer leads nowhere and ValueError for a reference out of the document or in a circle.
    """
    seen: set[str] = set()
    value = at(document, pointer)
    while isinstance(value, Mapping) and isinstance(value.get("$ref"), str):
        reference = value["$ref"]
        if not reference.startswith("#") or reference in seen:
            raise ValueError(f"$ref {reference!r} at {pointer} is not a usable local reference")
        seen.add(reference)
        pointer = reference[1:]
        value = at(document, pointer)
    return pointer, value


def prefixes(pointer: str) -> Iterator[str]:
    """Yield the pointer and all that lead to it, longest first, the empty one last."""
    while pointer:
        yield pointer
        pointer = pointer.rpartition("/")[0]
    yield ""


def children(value: Json) -> list[Json]:
    """Return the values that an object or an array holds; none of any other."""
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else []


def walk(value: Json, pointer: str = "") -> Iterable[tuple[str, Json]]:
    """Yield every value inside with its pointer, parents before children."""
    yield pointer, value
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield from walk(child, pointer + join(key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from walk(child, pointer + join(index))
