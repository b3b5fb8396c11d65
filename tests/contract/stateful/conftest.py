"""Sequences on a base URL."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from tests.contract.stateful.playing import Explore
from understudy import pack as packs
from understudy.contract.client import Client, Wanted
from understudy.contract.judge import Judge
from understudy.contract.stateful import machine
from understudy.contract.target import Credentials, Run


@pytest.fixture
def explore(run: Run) -> Iterator[Explore]:
    """Yield a function that plays some sequences on a base URL and returns the client with the evidence."""
    made: list[Client] = []

    def explored(
        base_url: str,
        vendor: str,
        scope: str,
        credentials: Credentials,
        wanted: Wanted | None = None,
        *,
        seed: int = 5,
        seconds: float = 50,
        switches: Mapping[str, str] | None = None,
    ) -> Client:
        target = {"vendor": vendor, "base_url": base_url, "label": base_url, "scope": scope, "credentials": credentials}
        changed = replace(run, **target, seed=seed, switches=switches or {}, deadline=time.time() + 60)  # type: ignore[arg-type]
        made.append(Client(changed, Judge(packs.load(vendor), scope)))
        made[-1].wanted = wanted
        made[-1].restart()
        machine.explore(made[-1], seconds)
        return made[-1]

    yield explored
    for client in made:
        client.close()
