"""The one place where the judge knows the mock: a target of our own, in this process, for runs without another one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from understudy.contract.target import LIMITED, REGIME, Credentials
from understudy.credentials import CLIENT, FULL, READ, SECRET
from understudy.mock.server import running
from understudy.mock.settings import Settings
from understudy.model.behaviour import Quota
from understudy.model.clock import Clock
from understudy.model.deviation import Deviation
from understudy.pack import Pack

TINY = (Quota(limit=3, seconds=1),)
"""A quota that a probe uses up at once, and that opens again while it waits."""
AFFORDABLE = 500
"""The most calls of a documented quota that a run uses up, to see that so many are allowed and no more."""


@contextmanager
def embedded_mock(
    pack: Pack, seed: int, deviation: Deviation | None = None
) -> Iterator[tuple[str, dict[str, str], Credentials]]:
    """Serve the mock in its documented profile; yield its base URL, those of further sessions by name, and credentials.

    The sessions are one of tiny quota, one whose documented quota can be used up (the clock stands still, so that its
    window does not end), and one for each of the settings that the pack wants to be judged as well. In all of them the
    deviation, if one is given, is played.
    """
    plain = Settings(seed=seed, strict=True, deviations={pack.vendor: deviation} if deviation is not None else {})
    sessions = {"": plain, LIMITED: replace(plain, quotas=TINY)}
    regime = smallest(pack)
    if regime:
        sessions[REGIME] = replace(plain, quotas=regime, clock=Clock(datetime(2026, 1, 31, tzinfo=UTC)))
    for switches in pack.behaviour.also:
        settings = replace(plain, switches={pack.vendor: switches})
        sessions["-".join(f"{name}-{value}" for name, value in switches.items())] = settings
    with running({pack.vendor: pack}, sessions) as url:
        urls = {name: f"{url}/s/{name}/{pack.vendor}" for name in sessions if name}
        yield f"{url}/{pack.vendor}", urls, Credentials(FULL, READ, CLIENT, SECRET)


@contextmanager
def stand_in(pack: Pack, seed: int) -> Iterator[tuple[str, Credentials]]:
    """Serve the mock in a target's place, to see what would be sent there; yield its base URL and its credentials."""
    with running({pack.vendor: pack}, {"": Settings(seed=seed, strict=True)}) as url:
        yield f"{url}/{pack.vendor}", Credentials(FULL, READ, CLIENT, SECRET)


def smallest(pack: Pack) -> tuple[Quota, ...]:
    """Return the first documented regime of which a quota can be used up; () if there is none."""
    regimes = pack.behaviour.quotas.values()
    return next((regime for regime in regimes if min(quota.limit for quota in regime) <= AFFORDABLE), ())
