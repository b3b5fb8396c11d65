"""The sessions of a server: universes that share nothing, made on first use, bounded, and forgotten when idle."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from understudy.mock.faults import Faults
from understudy.mock.journal import Journal, Listener
from understudy.mock.session import Session
from understudy.mock.settings import Settings
from understudy.model.clock import Clock
from understudy.pack import Pack

DEFAULT = ""
"""The session that is meant where the path names none; the control plane calls it `default`."""
LONGEST_NAME = 100
SWEEP = 1.0
"""Seconds between two looks for idle sessions."""
Snapshot = Mapping[str, Mapping[str, Mapping[str, object]]]
"""Records by vendor, collection and key. Records are immutable, so that a copy of what holds them is enough."""


class NoSessionError(Exception):
    """Raised where a session cannot be had: there is no such one, or no more can be made. `full` tells which."""

    def __init__(self, detail: str, *, full: bool = False) -> None:
        super().__init__(detail)
        self.full = full


@dataclass
class Universe:
    """A session as a whole: what its vendors share, and their parts, each made on first use.

    `settings` hold now, `initial` is what they were when it was made; `used` is the time of its last call, in seconds
    of `time.monotonic()`; `created` in seconds since 1970.
    """

    name: str
    template: str
    settings: Settings
    initial: Settings
    journal: Journal
    faults: Faults
    parts: dict[str, Session] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    created: float = field(default_factory=time.time)
    used: float = field(default_factory=time.monotonic)

    def part(self, pack: Pack) -> Session:
        """Return a vendor's part of the session; raises ContentError where its seed data cannot be played."""
        found = self.parts.get(pack.vendor)
        if found is None:
            found = self.parts[pack.vendor] = Session(pack, self.settings, self.journal, self.faults)
        return found

    def set_clock(self, clock: Clock) -> None:
        """Set the clock of all vendors, those to come as well."""
        self.settings = replace(self.settings, clock=clock)
        for part in self.parts.values():
            part.clock = clock

    @property
    def path(self) -> str:
        """The path below which its vendors are, '' for the default session."""
        return f"/s/{quote(self.name, safe='')}" if self.name != DEFAULT else ""

    @property
    def records(self) -> int:
        """How many records all vendors hold."""
        return sum(part.store.count for part in self.parts.values())

    def snapshot(self, name: str) -> None:
        """Remember the records of all vendors under a name."""
        self.snapshots[name] = {vendor: part.store.copied() for vendor, part in self.parts.items()}

    def restore(self, name: str) -> None:
        """Put back the records of a snapshot; raises KeyError where there is none of that name.

        A vendor that was not used when it was taken has those again with which it began. Settings are none of them.
        """
        snapshot = self.snapshots[name]
        for vendor, part in self.parts.items():
            part.store.replace(snapshot.get(vendor, part.sown))


class Sessions:
    """The universes of one server by name; templates are settings by name, the one called '' is taken by default."""

    def __init__(
        self,
        packs: Mapping[str, Pack],
        templates: Mapping[str, Settings],
        listener: Listener | None = None,
        *,
        most: int = 2000,
        idle: float = 3600.0,
    ) -> None:
        """`most` is how many sessions there may be, `idle` after how many seconds without a call one is forgotten."""
        self.packs = packs
        self.templates = templates
        self.most = most
        self.idle = idle
        self._listener = listener
        self._universes: dict[str, Universe] = {}
        self._swept = time.monotonic()

    def __iter__(self) -> Iterator[Universe]:
        return iter(self._universes.values())

    def __len__(self) -> int:
        return len(self._universes)

    def get(self, name: str) -> Universe:
        """Return a session that is there; raises NoSessionError that lists what there is."""
        self._sweep()
        found = self._universes.get(name)
        if found is None:
            raise NoSessionError(f"there is no session {shown(name)!r}; there are: {self._known()}")
        return found

    def open(self, name: str) -> Universe:
        """Return a session, made by the template of its name or the default one if it is not there.

        Raises NoSessionError where no more can be made, or the name cannot be one.
        """
        self._sweep()
        found = self._universes.get(name)
        return found if found is not None else self.create(name, name if name in self.templates else DEFAULT)

    def create(self, name: str, template: str = DEFAULT, settings: Settings | None = None) -> Universe:
        """Make a session by a template, or by settings of its own that replace it.

        Raises NoSessionError where it is there already, no more can be made, or the name cannot be one.
        """
        self._sweep()
        if name in self._universes:
            raise NoSessionError(f"there is a session {shown(name)!r} already; reset or delete it")
        if len(name) > LONGEST_NAME or "/" in name:
            raise NoSessionError(f"a session's name has at most {LONGEST_NAME} characters, and no slash")
        if len(self._universes) >= self.most:
            raise NoSessionError(
                f"there are {self.most} sessions, and there may be no more; delete one, or let one be idle", full=True
            )
        chosen = settings or self.templates.get(template)
        if chosen is None:
            known = ", ".join(filter(None, self.templates)) or "none"
            raise NoSessionError(f"there is no template {template!r}; there are: {known}")
        made = Universe(name, template, chosen, chosen, Journal(self._listener), Faults(chosen.seed))
        self._universes[name] = made
        return made

    def delete(self, name: str) -> None:
        """Forget a session; raises NoSessionError where there is none."""
        self.get(name)
        del self._universes[name]

    def reset(self, name: str) -> Universe:
        """Make a session anew, as its template has it; raises NoSessionError where there is none."""
        old = self.get(name)
        del self._universes[name]
        return self.create(name, old.template, old.initial)

    def _sweep(self) -> None:
        """Forget sessions that nobody has used for long; the default one stays."""
        now = time.monotonic()
        if now - self._swept < min(SWEEP, self.idle):
            return
        self._swept = now
        for name in [each.name for each in self if each.name and now - each.used > self.idle]:
            del self._universes[name]

    def _known(self) -> str:
        names = [shown(each.name) for each in self]
        return ", ".join(names[:20]) + (f", and {len(names) - 20} more" if len(names) > 20 else "") or "none"


def shown(name: str) -> str:
    """Return a session's name as the control plane has it."""
    return name or "default"


def meant(name: str) -> str:
    """Return the name of the session that the control plane calls so."""
    return DEFAULT if name == "default" else name
