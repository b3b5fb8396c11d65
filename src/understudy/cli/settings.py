"""What a mock is served with, from options and from the templates of `understudy.toml`."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from understudy import har
from understudy.config import NAME, Config, Target
from understudy.errors import ContentError, UsageError, Where
from understudy.mock.replaying import replayed
from understudy.mock.sessions import DEFAULT
from understudy.mock.sessions import shown as called
from understudy.mock.settings import Settings, check_switch
from understudy.model.clock import Clock, parse_time
from understudy.model.deviation import Deviation
from understudy.model.seed import Seed, load
from understudy.pack import Pack, names


def templates(chosen: Mapping[str, Pack], settings: Settings, configured: Config) -> dict[str, Settings]:
    """Return the settings of each template: what it says, and else those of the default session.

    What it says of vendors that are not served is left alone. Raises UsageError and ContentError.
    """
    found: dict[str, Settings] = {}
    elsewhere = {*names()} - {*chosen}

    def meant(vendor: str) -> bool:
        return vendor not in elsewhere

    for name, template in configured.templates.items():
        where = f"{NAME}: template {name}"
        if name == called(DEFAULT):
            raise UsageError(f"{where}: that is what the session without a name is called", todo="call it otherwise")
        switches = {vendor: dict(each) for vendor, each in settings.switches.items()}
        for vendor, named in template.switches.items():
            for switch, value in named.items() if meant(vendor) else ():
                check_switch(chosen, vendor, switch, value, where)
                switches.setdefault(vendor, {})[switch] = value
        words = [f"{vendor}.{each}" for vendor, each in template.deviations.items() if meant(vendor)]
        files = [configured.path.parent / each for each in template.seed_data]
        found[name] = replace(
            settings,
            seed=settings.seed if template.seed is None else template.seed,
            strict=settings.strict if template.strict is None else template.strict,
            clock=clock_at(template.clock, where) if template.clock else settings.clock,
            switches=switches,
            deviations={**settings.deviations, **deviating(chosen, words, where)},
            seed_data={**settings.seed_data, **seed_data(chosen, files)},
        )
    return found


def check_vendor(vendor: str, target: Target) -> None:
    """Raise UsageError where a target is another vendor's."""
    if target.vendor != vendor:
        what = f"target {target.name} is {target.vendor}'s, and {vendor} is to be judged"
        todo = f"name {target.vendor}" if target.vendor in names() else f"mend its vendor in {NAME}"
        raise UsageError(what, todo=todo)


def check_switches(pack: Pack, target: Target) -> None:
    """Raise UsageError for a setting of the target's that the model, which predicts its answers, does not have."""
    known = [switch.name for switch in pack.behaviour.switches]
    for name, value in target.switches.items():
        where = f"{NAME}: targets.{target.name}.switches"
        if name not in known:
            raise UsageError(f"{where}: {pack.vendor} has no switch {name!r}", todo=f"use one of: {', '.join(known)}")
        check_switch({pack.vendor: pack}, pack.vendor, name, value, where)


def recorded(chosen: Mapping[str, Pack], settings: Settings, files: Iterable[Path]) -> Settings:
    """Return the settings with the records that archives show, one after the other.

    Raises ContentError for one that shows none, or with which there are too many.
    """
    found = dict(settings.recorded)
    calls: list[har.Recorded] = []
    for file in files:
        own = har.read(file)
        if not any(replayed(pack, own, settings)[1] for pack in chosen.values()):
            what = f"none of its {len(own)} calls shows a record of {', '.join(chosen)}"
            raise ContentError(
                what, where=Where(file), todo="record successful calls, with the contents of their answers"
            )
        calls += own
        for vendor, pack in chosen.items():
            records, shown = replayed(pack, calls, settings)
            count = sum(map(len, records.values()))
            if count > settings.max_records:
                what = f"there are {count} records of {vendor}, and a session holds {settings.max_records} at most"
                raise ContentError(what, where=Where(file), todo="record less, or cut it in parts")
            if shown:
                found[vendor] = records
    return replace(settings, recorded=found)


def seed_data(chosen: Mapping[str, Pack], files: Iterable[Path]) -> dict[str, Seed]:
    """Return the seed data of files by vendor; raises ContentError for that of a vendor who is not served."""
    found: dict[str, Seed] = {}
    for file in files:
        seed = load(file)
        if seed.vendor not in chosen:
            raise ContentError(
                f"seed data of {seed.vendor!r}, which is not served",
                where=Where(file),
                todo=f"the vendors here: {', '.join(chosen)}",
            )
        found[seed.vendor] = seed
    return found


def deviating(chosen: Mapping[str, Pack], words: Iterable[str], where: str) -> dict[str, Deviation]:
    """Return what each vendor plays, of words VENDOR.NAME, or NAME where there is one vendor; `where` they stand.

    Raises UsageError for a name that none has, or a second one for one vendor.
    """
    found: dict[str, Deviation] = {}
    for word in words:
        first, dot, rest = word.partition(".")
        vendor, name = (first, rest) if dot else (next(iter(chosen)), word)
        if vendor not in chosen or (not dot and len(chosen) > 1):
            raise UsageError(f"{where} {word}: not VENDOR.NAME", todo=f"the vendors here: {', '.join(chosen)}")
        known = chosen[vendor].deviations.by_name
        if name not in known:
            near = get_close_matches(name, known, n=3)
            meant = f"did you mean {' or '.join(near)}? " if near else ""
            todo = f"{meant}All of them: understudy audit {vendor} --list"
            raise UsageError(f"{where} {word}: {vendor} has no deviation {name!r}", todo=todo)
        if vendor in found:
            raise UsageError(f"{where} {word}: {vendor} deviates already", todo="play one at a time")
        found[vendor] = known[name]
    return found


def clock_at(text: str, where: str) -> Clock:
    """Return a clock that stands still at an RFC 3339 time; raises UsageError that says `where` a wrong one stands."""
    try:
        return Clock(parse_time(text))
    except ValueError as error:
        raise UsageError(f"{where}: {error}", todo="give an RFC 3339 time such as 2026-01-31T09:30:00Z") from error
