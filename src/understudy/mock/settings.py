"""What a mock server is started with; one value for all of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from understudy.config import NAME, Config
from understudy.errors import ContentError, UsageError, Where
from understudy.model.behaviour import Quota, Switch
from understudy.model.clock import Clock
from understudy.model.deviation import Deviation
from understudy.model.seed import Seed
from understudy.pack import Pack, names
from understudy.values import Json

MEBIBYTE = 1024 * 1024
QUOTA, OFF = "quota", "off"
PROFILE, OBSERVED, DOCUMENTED = "profile", "observed", "documented"


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one session: seed, clock, switches by vendor, quotas (None: as switched).

    `max_body` is the most bytes of a body, `max_records` the most records of a vendor.

    `strict` takes the profile `documented` where no switch says otherwise; `seed_data` replaces that of packs;
    `deviations` are played; `recorded` are records, by collection and key, that are there instead of a pack's own seed
    data. All three are by vendor.
    """

    seed: int = 0
    clock: Clock = field(default_factory=Clock)
    max_body: int = MEBIBYTE
    max_records: int = 10_000
    switches: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    quotas: tuple[Quota, ...] | None = None
    strict: bool = False
    seed_data: Mapping[str, Seed] = field(default_factory=dict)
    deviations: Mapping[str, Deviation] = field(default_factory=dict)
    recorded: Mapping[str, Mapping[str, Mapping[str, object]]] = field(default_factory=dict)


def declared(pack: Pack) -> tuple[Switch, ...]:
    """Return the switches of a pack: the model's, `quota` where it has regimes, `profile` where rules are relaxed.

    Raises ContentError where one has no rule of the pack's.
    """
    behaviour, found = pack.behaviour, list(pack.behaviour.switches)
    if behaviour.quotas:
        text = "the regime of rate limits that is in force"
        found.append(Switch(QUOTA, OFF, (OFF, *behaviour.quotas), text, behaviour.quota_rule))
    relaxing = next(iter(pack.rules.relaxed.values()), None)
    if relaxing is not None:
        text = "whether requests that the document forbids are taken where the vendor was seen to take them"
        found.append(Switch(PROFILE, OBSERVED, (OBSERVED, DOCUMENTED), text, relaxing.id))
    for switch in found:
        if switch.rule not in pack.rules.by_id:
            what = f"the switch {switch.name} has the rule {switch.rule!r}, which is none"
            todo = "name the rule whose reading it chooses (of quotas: Behaviour(quota_rule=...))"
            raise ContentError(what, where=Where(pack.model), todo=todo)
    return tuple(found)


def check_switch(packs: Mapping[str, Pack], vendor: str, name: str, value: Json, where: str) -> None:
    """Raise UsageError that lists what there is where the vendor, the switch or the value is not known."""
    if vendor not in packs:
        raise UsageError(f"{where}: no vendor {vendor!r} here", todo=f"the vendors here: {', '.join(packs)}")
    switches = {switch.name: switch for switch in declared(packs[vendor])}
    if name not in switches:
        todo = f"use one of: {', '.join(switches)}" if switches else "it has none"
        raise UsageError(f"{where}: {vendor} has no switch {name!r}", todo=todo)
    allowed = switches[name].values
    if allowed is not None and value not in allowed:
        todo = f"use one of: {', '.join(map(str, allowed))}"
        raise UsageError(f"{where}: {value!r} is not a value of {name}", todo=todo)


def parse_switches(
    packs: Mapping[str, Pack], words: tuple[str, ...], configured: Config | None = None
) -> dict[str, dict[str, Json]]:
    """Read `vendor.switch=value` words, which go before those of the configuration, by vendor.

    Raises UsageError that lists what there is for a wrong key or value. Of the configuration, switches of vendors that
    are not here are left alone: they may be served at another time.
    """
    chosen: dict[str, dict[str, Json]] = {}
    for (vendor, name), setting in (configured.switches if configured is not None else {}).items():
        if vendor in packs or vendor not in names():
            check_switch(packs, vendor, name, setting, f"{NAME}: {vendor}.{name}")
            chosen.setdefault(vendor, {})[name] = setting
    for word in words:
        key, equals, value = word.partition("=")
        vendor, dot, name = key.partition(".")
        if not equals or not dot:
            raise UsageError(f"--set {word}: not VENDOR.SWITCH=VALUE", todo=f"the vendors here: {', '.join(packs)}")
        check_switch(packs, vendor, name, value, f"--set {word}")
        chosen.setdefault(vendor, {})[name] = value
    return chosen
