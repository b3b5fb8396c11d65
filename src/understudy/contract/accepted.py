"""accepted.yaml: findings that somebody has looked at and lets be, each with a reason. What finds them is elsewhere."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import jsonschema_rs

from understudy.errors import Where
from understudy.spec.source import Source, read
from understudy.values import Json, join

PARTS = ("lint", "verify", "audit")
"""The commands whose findings can be accepted; the file has a list for each."""

_ENTRY = {
    "type": "object",
    "required": ["fingerprint", "reason"],
    "additionalProperties": False,
    "properties": {
        "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
        "reason": {"type": "string", "minLength": 10},
        "expires": {"type": "string", "format": "date"},
    },
}
_VALIDATOR = jsonschema_rs.Draft202012Validator(
    {
        "type": "object",
        "additionalProperties": False,
        "properties": {part: {"type": "array", "items": _ENTRY} for part in PARTS},
    },
    validate_formats=True,
)
_FORM = (
    "write lint:, verify: or audit:, and under it entries with fingerprint (in quotes), "
    "reason (10 characters or more) and perhaps expires"
)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """An entry: the finding it lets be, why, the last day on which it holds (None: for good), and where it stands."""

    fingerprint: str
    reason: str
    expires: date | None
    where: Where

    def holds(self, today: date) -> bool:
        """Whether the entry has not expired."""
        return self.expires is None or today <= self.expires


@dataclass(frozen=True, slots=True)
class Match:
    """Entries held against findings: what they accept, by fingerprint; those that expired; those that find nothing."""

    accepted: Mapping[str, Acceptance]
    expired: tuple[Acceptance, ...]
    stale: tuple[Acceptance, ...]


def load(path: Path, part: str) -> tuple[Acceptance, ...]:
    """Read one part's entries, none where there is no such file; raises ContentError with file and line."""
    if not path.exists():
        return ()
    source = read(path)
    value = source.value if source.value is not None else {}
    for error in _VALIDATOR.iter_errors(value):
        raise source.error(error.message, join(*error.instance_path), _FORM)
    entries = [_entry(source, entry, join(part, index)) for index, entry in enumerate(value.get(part, []))]
    seen: set[str] = set()
    for entry in entries:
        if entry.fingerprint in seen:
            raise source.error(
                f"{entry.fingerprint} is accepted twice", entry.where.pointer or "", "remove one of them"
            )
        seen.add(entry.fingerprint)
    return tuple(entries)


def _entry(source: Source, value: Mapping[str, Json], pointer: str) -> Acceptance:
    expires = date.fromisoformat(value["expires"]) if "expires" in value else None
    return Acceptance(value["fingerprint"], " ".join(value["reason"].split()), expires, source.where(pointer))


def match(entries: Iterable[Acceptance], fingerprints: Iterable[str], today: date) -> Match:
    """Hold entries against the fingerprints of what was found; one that expired accepts nothing any more."""
    found, all_entries = frozenset(fingerprints), tuple(entries)
    return Match(
        {entry.fingerprint: entry for entry in all_entries if entry.fingerprint in found and entry.holds(today)},
        tuple(entry for entry in all_entries if entry.fingerprint in found and not entry.holds(today)),
        tuple(entry for entry in all_entries if entry.fingerprint not in found),
    )
