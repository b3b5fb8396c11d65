"""Schemathesis's phases: every exchange comes before the judge, the budget holds, limits are obeyed."""

import time
from itertools import pairwise

import pytest

from tests.contract.conftest import Connect
from tests.e2e.faults import limited
from tests.e2e.servers import Endpoint
from tests.e2e.serving import Call, running
from understudy.contract import fuzz
from understudy.contract.client import Client
from understudy.contract.items import PHASES
from understudy.errors import TargetError


@pytest.fixture(autouse=True)
def _short_phases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make few cases: what is tested is how they are sent and judged."""
    monkeypatch.setattr(fuzz, "EXAMPLES", 10)


@pytest.mark.parametrize("phase", PHASES)
def test_every_phase_is_judged(phase: str, connect: Connect) -> None:
    """With the full credential, without a finding on an endpoint that does everything right."""
    endpoint = Endpoint()
    with running(endpoint) as base_url:
        client = connect(base_url)
        fuzz.phase(client, phase, 20)
    assert client.requests > 0
    assert client.full[200] + client.full[201] > 0
    assert client.collector.failures() == []


def test_the_same_seed_sends_the_same(connect: Connect) -> None:
    """To the byte, but for nothing."""
    sent: list[list[tuple[str, bytes]]] = []
    for _ in range(2):
        endpoint = Endpoint()
        with running(endpoint) as base_url:
            fuzz.phase(connect(base_url), "fuzzing", 20)
        sent.append([(call.headers.get("datasubjectidentifier", ""), call.body) for call in endpoint.seen])
    assert sent[0] == sent[1]
    assert len(sent[0]) > 5


def test_a_phase_ends_between_two_calls_and_keeps_what_it_saw(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Schemathesis would go on to the end of the phase, and forget."""
    monkeypatch.setattr(fuzz, "EXAMPLES", 60)
    endpoint = Endpoint()
    endpoint.delay = 0.2
    with running(endpoint) as base_url:
        client = connect(base_url)
        fuzz.phase(client, "fuzzing", 1)
    assert 1 <= client.requests <= 6  # of which each takes a fifth of that second, and the last one may end late


def test_a_retry_after_is_obeyed_in_a_phase_too(connect: Connect) -> None:
    """The next call comes after the seconds."""
    times: list[float] = []

    class Timed(Endpoint):
        def serve(self, call: Call) -> object:  # type: ignore[override]
            times.append(time.monotonic())
            return super().serve(call)

    with running(Timed(limited(Retry_After="1"))) as base_url:
        client = connect(base_url)
        fuzz.phase(client, "examples", 20)
    assert client.full[429] >= 1
    assert max(b - a for a, b in pairwise(times)) >= 0.9


@pytest.mark.parametrize("phase", PHASES)
def test_a_target_that_goes_away_ends_the_phase(phase: str, connect: Connect) -> None:
    """With what to look at."""
    client = connect("http://127.0.0.1:9")
    with pytest.raises(TargetError, match="does not answer"):
        fuzz.phase(client, phase, 20)


def test_a_defect_of_the_judge_is_no_fault_of_the_target(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """Schemathesis would swallow it."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Client, "observe", broken)
    with running(Endpoint()) as base_url, pytest.raises(ZeroDivisionError):
        fuzz.phase(connect(base_url), "examples", 20)
