"""A served mock of two vendors, its control plane, and what calls the vendors as a client would."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import httpx
import pytest

from understudy import pack as packs
from understudy.mock.server import running
from understudy.mock.settings import Settings

PACKS = {vendor: packs.load(vendor) for vendor in ("gainsight_px", "onetrust")}
KEY = {"X-APTRINSIC-API-KEY": "understudy-full"}
ADA = "/gainsight_px/v1/users/ada@example.com"
Update: TypeAlias = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Yield the URL of a server with further templates."""
    templates = {"": Settings(seed=1), "strict": Settings(seed=2, strict=True), "small": Settings(max_records=4)}
    with running(PACKS, templates, control=True) as url:
        yield url


@pytest.fixture
def session(request: pytest.FixtureRequest) -> str:
    """Return a session's name that no other test has."""
    return f"test-{abs(hash(request.node.nodeid))}"


@pytest.fixture
def vendor(server: str, session: str) -> Iterator[httpx.Client]:
    """Yield a client of the vendors in a session of the test's own."""
    with httpx.Client(base_url=f"{server}/s/{session}", headers=KEY, timeout=20) as client:
        yield client


@pytest.fixture
def control(server: str, session: str) -> Iterator[httpx.Client]:
    """Yield a client of the control plane, in that session."""
    with httpx.Client(base_url=f"{server}/_understudy/sessions/{session}", timeout=20) as client:
        client.delete("/faults")  # makes the session
        yield client


@pytest.fixture
def update(vendor: httpx.Client) -> Update:
    """Return what updates the user Ada with some fields."""

    def updated(**fields: object) -> httpx.Response:
        body = {"identifyId": "ada@example.com", "propertyKeys": ["AP-UNDERSTUDY-2"], **fields}
        return vendor.put(ADA, json=body)

    return updated
