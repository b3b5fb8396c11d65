"""The embedded mock's further sessions: a documented quota used up, settings under which a pack is judged as well."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.mock.exchange import call, served
from understudy import pack as packs
from understudy.contract.client import Client
from understudy.contract.embedded import embedded_mock, smallest
from understudy.contract.evidence import Outcome
from understudy.contract.judge import Judge
from understudy.contract.probes import Prober
from understudy.contract.target import LIMITED, REGIME, Credentials, Run
from understudy.credentials import FULL, READ
from understudy.mock.settings import Settings
from understudy.model.behaviour import Quota
from understudy.model.clock import Clock

VENDOR, OPERATION, RULE = "gainsight_px", "updateUser", "PX-LIMIT-2"
STILL = Clock(datetime(2026, 1, 31, tzinfo=UTC))


@pytest.mark.parametrize(
    ("vendor", "sessions"),
    [("onetrust", {LIMITED}), ("gainsight_px", {LIMITED, REGIME}), ("consentgrid", {LIMITED, "record-envelope"})],
)
def test_the_sessions_are_those_that_the_pack_has_a_use_for(vendor: str, sessions: set[str]) -> None:
    """A quota of thousands is not used up; a pack that wants other settings judged says so."""
    with embedded_mock(packs.load(vendor), 7) as (base_url, urls, credentials):
        assert set(urls) == sessions
        assert base_url.endswith(f"/{vendor}")
        assert credentials.token == FULL


def test_the_affordable_regime_is_the_documented_one() -> None:
    """With all its quotas."""
    assert smallest(packs.load(VENDOR))[0] == Quota(200, 1)
    assert smallest(packs.load("onetrust")) == ()


MEASURED = [(200, None), (150, "429 to the request number 151"), (300, "404 to the request number 201")]


@pytest.fixture(params=MEASURED)
def measured(request: pytest.FixtureRequest) -> Iterator[tuple[Client, str | None]]:
    """Yield the client of a run that used up a quota of so many requests, and what is to be found wrong."""
    limit, wrong = request.param
    pack = packs.load(VENDOR)
    with served(
        pack, Settings(strict=True), quota=Settings(strict=True, quotas=(Quota(limit, 1),), clock=STILL)
    ) as url:
        run = Run(
            vendor=VENDOR,
            base_url=url,
            label=url,
            scope="full",
            seed=1,
            run_id="regime",
            deadline=time.time() + 60,
            budget=60,
            embedded=True,
            existing=("ada@example.com",),
            sessions={REGIME: f"{url}/s/quota/{VENDOR}"},
            credentials=Credentials(FULL, READ),
        )
        client = Client(run, Judge(pack, "full"))
        Prober(client).regime(OPERATION)
        yield client, wrong
        client.close()


def test_a_documented_quota_is_used_up(measured: tuple[Client, str | None]) -> None:
    """So many requests are allowed as the document says, neither fewer nor more."""
    client, wrong = measured
    pieces = [piece for piece, _ in client.collector if piece.rule == RULE]
    assert [(piece.outcome, piece.actual or None) for piece in pieces] == [
        (Outcome.FAILED if wrong else Outcome.PASSED, wrong)
    ]


@pytest.mark.parametrize("session", ["", LIMITED, REGIME])
def test_every_session_takes_what_is_documented_alone(session: str) -> None:
    """The vendor's observed lenience is no licence for the mock that is judged."""
    with embedded_mock(packs.load(VENDOR), 7) as (base_url, urls, _):
        key = ("X-APTRINSIC-API-KEY", FULL)
        answer = call(urls.get(session, base_url), "PUT", "/v1/users/ada@example.com", key, body={"accountId": "x"})
    assert answer.status == 400


def test_another_setting_is_that_sessions_alone() -> None:
    """The envelope in one, the flat record in the other."""
    sent = ("POST", "/v1/subjects/user/x", ("Authorization", f"Bearer {FULL}"))
    with embedded_mock(packs.load("consentgrid"), 7) as (base_url, urls, _):
        made = [call(url, *sent, body={"data": {}}).json["id"] for url in (base_url, urls["record-envelope"])]
    assert made == ["x", {"id": "x", "type": "user"}]
