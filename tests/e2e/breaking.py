"""How a server of our own is broken, whatever its vendor: what stands before its answers, and what must be found."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from tests.e2e.serving import Answer, Call, Fault, Json, Served, Step


def status(old: int, new: int) -> Fault:
    """Answer with another status."""

    def fault(endpoint: Served, call: Call, step: Step) -> Answer:
        given = step(call)
        return replace(given, status=new) if given.status == old else given

    return fault


def answer(change: Callable[[dict[str, Json]], Json], *statuses: int) -> Fault:
    """Change the bodies of good answers."""

    def fault(endpoint: Served, call: Call, step: Step) -> Answer:
        given = step(call)
        changed = given.status in (statuses or (200, 201))
        return replace(given, body=change(json.loads(given.raw()))) if changed else given

    return fault


def has(name: str, value: Json) -> Fault:
    """Put a wrong value into good answers."""
    return answer(lambda body: {**body, name: value})


def lacks(name: str, *statuses: int) -> Fault:
    """Leave a property out of good answers."""
    return answer(lambda body: without(body, name), *statuses)


def raw(body: bytes | None, media_type: str = "") -> Fault:
    """Send other bytes (None: the same), or another media type, in every answer."""

    def fault(endpoint: Served, call: Call, step: Step) -> Answer:
        given = step(call)
        named = {"Content-Type": media_type} if media_type else {}
        return replace(given, body=given.raw() if body is None else body, headers={**given.headers, **named})

    return fault


def refuses(wrong: Callable[[Call], bool], status: int = 400) -> Fault:
    """Refuse some good requests, or fail at some bad ones."""
    return lambda endpoint, call, step: Answer(status) if wrong(call) else step(call)


def takes(wrong: Callable[[Call], bool], body: bytes | None = None, **sent: str) -> Fault:
    """Take some bad requests as if they had been sent with another body, or with other headers."""
    named = {name.replace("_", "-"): value for name, value in sent.items()}

    def fault(endpoint: Served, call: Call, step: Step) -> Answer:
        mended = replace(call, headers={**call.headers, **named}, body=call.body if body is None else body)
        return step(mended if wrong(call) else call)

    return fault


def without(value: dict[str, Json], name: str) -> dict[str, Json]:
    """Return an object without one of its properties."""
    return {key: each for key, each in value.items() if key != name}


@dataclass(frozen=True)
class Case:
    """A faulty endpoint, the rules of which one at least must be found broken, and those that may be found beside them.

    `check` is the one check that must find it, as `-k` takes it; '' stands for a whole run.
    """

    make: Callable[[], Served]
    rules: frozenset[str]
    beside: frozenset[str]
    check: str


def case(kind: type[Served], made: Fault | type[Served], rules: str, beside: str = "", check: str = "") -> Case:
    """Return the case of a fault, of a server of that kind, or of a server that has the fault in it."""
    make = made if isinstance(made, type) else partial(kind, made)
    return Case(make, frozenset(rules.split()), frozenset(beside.split()), check)
