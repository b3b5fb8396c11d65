"""Answers of one target in a form that another target's can be held against: what a target chooses is only named.

Chosen are times, and identifiers: the first one that comes up is `<id 1>`, wherever it comes up again. What was sent is
no choice of the target's, and stands as it is.
"""

import json
import re
from collections.abc import Iterator, Mapping

from understudy.contract.target import Run
from understudy.values import Json, join

TIME = "<time>"
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:?\d\d)?)?")
_SECONDS = range(10**9, 10**10)
_MILLISECONDS = range(10**12, 10**13)
"""Numbers that are times since 1970, from the year 2001 on."""
_CHOSEN = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[0-9A-Za-z_.~+/=-]{16,}|[0-9a-f]{8}-[0-9a-f-]{27}|\d{12,}")
"""Text that nobody writes by hand: UUIDs, hashes, tokens."""
_NAMED = re.compile(r"(?:^|_|-)id$|[a-z]I[dD]$|^uuid$")
"""Names of properties that hold identifiers, whatever those look like."""
_TIMED = re.compile(r"(?i)date|time|stamp|seen|created|updated|modified|expires|_at$|At$")


class Normal:
    """The answers of one target in one sequence of calls."""

    def __init__(self, run: Run) -> None:
        """Take the names of records that the target held before the run for its own."""
        self._own = {named: f"<existing {number}>" for number, named in enumerate(run.existing, 1)}
        self._labels: dict[Json, str] = {}
        self._sent: set[str] = set()
        self._sent_as_identifiers: set[str] = set()

    def sending(self, value: Json) -> None:
        """Take note of what is sent; what has no name may be an identifier."""
        for name, leaf in _leaves(value):
            self._sent.add(leaf)
            if not name or _NAMED.search(name):
                self._sent_as_identifiers.add(leaf)

    def form(self, value: Json, name: str = "") -> Json:
        """Return an answer in its normal form; lists are in an order of their own, which tells nothing."""
        if isinstance(value, Mapping):
            return {key: self.form(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [self.form(each, name) for each in sorted(value, key=lambda each: self._blind(each, name))]
        what = self._chosen(value, name)
        return self._labels.setdefault(value, f"<id {len(self._labels) + 1}>") if what == "id" else what or value

    def _blind(self, value: Json, name: str) -> str:
        """Return what a list is sorted by: its items without what the target chose."""

        def blind(each: Json, key: str) -> Json:
            if isinstance(each, Mapping):
                return {known: blind(child, known) for known, child in each.items()}
            if isinstance(each, list):
                return sorted((blind(child, key) for child in each), key=json.dumps)
            what = self._chosen(each, key)
            return self._labels.get(each, what) if what == "id" else what or each

        return json.dumps(blind(value, name), sort_keys=True)

    def _chosen(self, value: Json, name: str) -> str:
        """Return what stands for a value that the target chose, `id` for an identifier; '' for any other value."""
        if isinstance(value, bool) or value is None or value == "":
            return ""
        if isinstance(value, str) and value in self._own:
            return self._own[value]
        if value in self._labels and (isinstance(value, str) or _NAMED.search(name)):
            return "id"
        if str(value) in (self._sent_as_identifiers if _counted(value, name) else self._sent):
            return ""
        if isinstance(value, str):
            if _TIME.fullmatch(value):
                return TIME
            return "id" if _CHOSEN.fullmatch(value) or _NAMED.search(name) else ""
        if isinstance(value, int) and (value in _MILLISECONDS or value in _SECONDS) and _TIMED.search(name):
            return TIME
        return "id" if isinstance(value, int) and _NAMED.search(name) else ""


def first_difference(one: Json, other: Json, pointer: str = "") -> tuple[str, Json, Json] | None:
    """Return pointer and both values of the first place where two values differ; what is not there is `<nothing>`."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in [*one, *(key for key in other if key not in one)]:
            place = pointer + join(key)
            if key not in one or key not in other:
                return place, one.get(key, NOTHING), other.get(key, NOTHING)
            if (found := first_difference(one[key], other[key], place)) is not None:
                return found
        return None
    if isinstance(one, list) and isinstance(other, list):
        for index in range(max(len(one), len(other))):
            place = pointer + join(str(index))
            if index >= len(one) or index >= len(other):
                return place, (one[index:] or [NOTHING])[0], (other[index:] or [NOTHING])[0]
            if (found := first_difference(one[index], other[index], place)) is not None:
                return found
        return None
    same = one == other and isinstance(one, bool) == isinstance(other, bool)
    return None if same else (pointer, one, other)


NOTHING = "<nothing>"


def _counted(value: Json, name: str) -> bool:
    """Whether a value is an identifier that a target counts up: an age that was sent may be equal to it."""
    return bool(_NAMED.search(name)) and str(value).isdecimal()


def _leaves(value: Json, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each scalar."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _leaves(each, str(key))
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, name)
    elif value is not None and not isinstance(value, bool):
        yield name, str(value)
