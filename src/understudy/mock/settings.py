"""What a mock server is started with; one value for all of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from understudy.errors import UsageError
from understudy.model.behaviour import Quota, Switch
from understudy.model.clock import Clock
from understudy.pack import Pack
from understudy.values import Json

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one session: seed, clock, body limit in bytes, switches by vendor, quotas (None: as switched)."""

    seed: int = 0
    clock: Clock = field(default_factory=Clock)
    max_body: int = MEBIBYTE
    switches: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    quotas: tuple[Quota, ...] | None = None


def declared(pack: Pack) -> tuple[Switch, ...]:
    """Return the switches of a pack: the model's, and `quota` where the pack has regimes."""
    regimes = pack.behaviour.quotas
    quota = Switch("quota", "off", ("off", *regimes), "the documented regime of rate limits that is in force")
    return (*pack.behaviour.switches, *([quota] if regimes else []))


def parse_switches(packs: Mapping[str, Pack], words: tuple[str, ...]) -> dict[str, dict[str, Json]]:
    """Read `vendor.switch=value` words; raises UsageError that lists what there is for a wrong key or value."""
    chosen: dict[str, dict[str, Json]] = {}
    for word in words:
        key, equals, value = word.partition("=")
        vendor, _, name = key.partition(".")
        if vendor not in packs or not equals:
            raise UsageError(f"--set {word}: not VENDOR.SWITCH=VALUE", todo=f"the vendors here: {', '.join(packs)}")
        switches = {switch.name: switch for switch in declared(packs[vendor])}
        if name not in switches:
            raise UsageError(
                f"--set {word}: {vendor} has no switch {name!r}", todo=f"use one of: {', '.join(switches)}"
            )
        allowed = switches[name].values
        if allowed is not None and value not in allowed:
            raise UsageError(f"--set {word}: not a value of {name}", todo=f"use one of: {', '.join(map(str, allowed))}")
        chosen.setdefault(vendor, {})[name] = value
    return chosen
