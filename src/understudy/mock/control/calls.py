"""The journal: listed, cleared, exported, and asserted on. Secrets are left out of everything that is shown."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from understudy import har
from understudy.mock.control.desk import DeniedError, Desk, body_of
from understudy.mock.journal import Entry, Headers
from understudy.model.call import Call, Reply
from understudy.model.clock import format_time
from understudy.pack import Pack
from understudy.redaction import Redaction
from understudy.values import Json, join, split

NEAREST = 3
"""How many of the calls that came nearest are told."""
FILTERS = ("vendor", "operation", "status", "rule", "identifier")


@dataclass(frozen=True, slots=True)
class Difference:
    """In what a call differs from what was expected; `at` is a filter's name or a JSON pointer into the body."""

    at: str
    expected: Json
    actual: Json

    def as_json(self) -> dict[str, Json]:
        """Return it as a JSON object."""
        return {"at": self.at, "expected": self.expected, "actual": self.actual}


EARLY = Difference("order", "after the calls before it", "before the last of them")


class Teller:
    """Tells entries as JSON, without secrets: a client may send one vendor's key to another."""

    def __init__(self, packs: Mapping[str, Pack]) -> None:
        self._redaction = Redaction(name for pack in packs.values() for name in pack.key_names)
        self._basis = {vendor: {rule.id: rule.basis.value for rule in pack.rules} for vendor, pack in packs.items()}

    def told(self, entry: Entry) -> dict[str, Json]:
        """Return an entry with headers and bodies."""
        redaction, basis = self._redaction, self._basis[entry.vendor]
        return {
            **entry.as_json(),
            "began": format_time(datetime.fromtimestamp(entry.began, UTC)),
            "seconds": round(entry.seconds, 6),
            "query": redaction.query(entry.sent.query.decode("latin-1")),
            "identifiers": list(entry.identifiers),
            "rules": [f"{rule};{basis[rule]}" for rule in entry.rules],
            "remarks": [f"{rule};{basis[rule]}" for rule in entry.remarks],
            "fault": entry.fault,
            "deviation": entry.deviation,
            "request": self._message(redaction, entry.sent.headers, entry.sent.body),
            "response": self._message(redaction, entry.answered.headers, entry.answered.body),
        }

    def recorded(self, entry: Entry, base: str) -> har.Recorded:
        """Return an entry for an archive; `base` is what URLs begin with."""
        redaction = self._redaction
        query = redaction.query(entry.sent.query.decode("latin-1"))
        played = [f"{what}: {name}" for what, name in (("fault", entry.fault), ("deviation", entry.deviation)) if name]
        return har.Recorded(
            entry.sent.method,
            f"{base}/{entry.vendor}{entry.sent.target}{'?' if query else ''}{query}",
            redaction.raw_headers(entry.sent.headers),
            redaction.body(entry.sent.body),
            entry.answered.status,
            redaction.raw_headers(entry.answered.headers),
            redaction.body(entry.answered.body),
            datetime.fromtimestamp(entry.began, UTC),
            entry.seconds,
            "; ".join(played),
        )

    def hidden(self, difference: Difference) -> Difference:
        """Return a difference without what is secret in the answer."""
        names = split(difference.at) if difference.at.startswith("/") else []
        shown = difference.actual
        for name in reversed(names):
            shown = {name: shown}
        shown = self._redaction.value(shown)
        for name in names:
            shown = shown[name]
        return replace(difference, actual=shown)

    @staticmethod
    def _message(redaction: Redaction, headers: Headers, body: bytes) -> dict[str, Json]:
        return {
            "headers": [list(pair) for pair in redaction.raw_headers(headers)],
            "body": _value(redaction.body(body)),
        }


def add(desk: Desk) -> None:
    """Register the handlers."""
    teller = Teller(desk.sessions.packs)

    @desk.answers("listJournal")
    def list_journal(call: Call) -> Reply:
        journal = desk.looked_at(call).journal
        wanted = {name: call.query[name] for name in FILTERS if name in call.query}
        found = [entry for entry in journal if not any(_differs(entry, wanted))]
        limit = call.query.get("limit")
        shown = found[-limit:] if isinstance(limit, int) else found
        return Reply(200, {"entries": [teller.told(entry) for entry in shown], "forgotten": journal.forgotten})

    @desk.answers("clearJournal")
    def clear(call: Call) -> Reply:
        desk.looked_at(call).journal.clear()
        return Reply(204)

    @desk.answers("exportJournal")
    def export(call: Call) -> Reply:
        universe = desk.looked_at(call)
        base = f"http://understudy.invalid{universe.path}"
        return Reply(200, har.archive(teller.recorded(entry, base) for entry in universe.journal))

    @desk.answers("verifyCalls")
    def verify(call: Call) -> Reply:
        body = body_of(call)
        for expected in body["calls"]:
            _check_known(desk.sessions.packs, expected)
        entries = list(desk.looked_at(call).journal)
        told = list(_verified(entries, body["calls"], teller, in_order=bool(body.get("in_order"))))
        return Reply(200, {"verified": all(each["verified"] for each in told), "calls": told})


def _check_known(packs: Mapping[str, Pack], expected: Mapping[str, Json]) -> None:
    """Raise DeniedError where a call is expected that there cannot be: of another vendor, or of no operation."""
    vendor, operation = expected.get("vendor"), expected.get("operation")
    if vendor is not None and vendor not in packs:
        raise DeniedError(404, f"no vendor {vendor!r} is served", packs)
    chosen = [packs[vendor]] if vendor is not None else packs.values()
    known = [each for pack in chosen for each in pack.effective.operations]
    if operation is not None and operation not in known:
        raise DeniedError(404, f"there is no operation {operation!r}", known, str(operation))


def _verified(entries: list[Entry], calls: list[Json], teller: Teller, *, in_order: bool) -> Iterator[dict[str, Json]]:
    """Yield for each expectation how many calls keep it, whether that is right, and what came nearest if not."""
    start, told, hide = 0, teller.told, teller.hidden
    for expected in calls:
        rest = entries[start:] if in_order else entries
        kept = [number for number, entry in enumerate(rest) if not any(_differs(entry, expected))]
        most = expected.get("at_most")
        least = expected.get("at_least", 0 if most == 0 else 1)
        right = len(kept) >= least and (most is None or len(kept) <= most)
        answer: dict[str, Json] = {"found": len(kept), "verified": right}
        if not right:
            bound = f"at least {least}" if len(kept) < least else f"at most {most}"
            after = " after the calls before it" if in_order and start else ""
            answer["reason"] = f"{len(kept)} such calls{after}, and {bound} were expected"
        if len(kept) < least:
            answer["nearest"] = [
                {"differences": [hide(each).as_json() for each in differences], "entry": told(entry)}
                for differences, entry in _nearest(entries, start if in_order else 0, expected)
            ]
        yield answer
        if in_order and right and least:
            start += kept[least - 1] + 1


def _nearest(entries: list[Entry], start: int, expected: Mapping[str, Json]) -> list[tuple[list[Difference], Entry]]:
    """Return the entries with the fewest differences, the newest of equals first; those before `start` came too early.

    One without any difference is no miss.
    """
    judged = [
        ([*_differs(entry, expected), *([EARLY] if number < start else [])], entry)
        for number, entry in reversed(list(enumerate(entries)))
    ]
    return sorted((each for each in judged if each[0]), key=lambda each: len(each[0]))[:NEAREST]


def _differs(entry: Entry, expected: Mapping[str, Json]) -> Iterator[Difference]:
    """Yield in what an entry differs from the filters and the body that are expected."""
    actual: dict[str, tuple[Json, bool]] = {
        "vendor": (entry.vendor, entry.vendor == expected.get("vendor")),
        "operation": (entry.operation_id, entry.operation_id == expected.get("operation")),
        "status": (entry.answered.status, entry.answered.status == expected.get("status")),
        "rule": (list(entry.rules), expected.get("rule") in entry.rules),
        "identifier": (list(entry.identifiers), expected.get("identifier") in entry.identifiers),
    }
    for name in FILTERS:
        if name in expected and not actual[name][1]:
            yield Difference(name, expected[name], actual[name][0])
    if "body" in expected:
        yield from _lacks(expected["body"], _value(entry.sent.body), "/body")


def _lacks(expected: Json, actual: Json, where: str) -> Iterator[Difference]:
    """Yield what a value lacks of the expected one: objects may hold more, anything else is the same."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for name, value in expected.items():
            if name not in actual:
                yield Difference(where + join(name), value, None)
            else:
                yield from _lacks(value, actual[name], where + join(name))
    elif type(expected) is not type(actual) or expected != actual:
        yield Difference(where, expected, actual)


def _value(body: bytes) -> Json:
    """Return a body as JSON, as text, or None where there is none."""
    if not body:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")
