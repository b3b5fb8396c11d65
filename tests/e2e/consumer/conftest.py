"""The job under test, with the mocks of the test's session for its vendors."""

from collections.abc import Iterator

import pytest

from tests.e2e.consumer.people import PeopleSync, Settings
from understudy.client import Mock


@pytest.fixture
def job(onetrust: Mock, consentgrid: Mock, gainsight_px: Mock) -> Iterator[PeopleSync]:
    """Yield the job; where it waits, the session's clock moves on."""
    settings = Settings(
        onetrust=onetrust.base_url,
        consentgrid=consentgrid.base_url,
        gainsight_px=gainsight_px.base_url,
        client_id=onetrust.client_id,
        client_secret=onetrust.client_secret,
        consentgrid_key=consentgrid.api_key,
        gainsight_px_key=gainsight_px.api_key,
    )
    with PeopleSync(settings, wait=onetrust.clock.advance) as made:
        yield made


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add an option by which each test runs several times, to have many at the same moment."""
    parser.addoption("--rounds", type=int, default=1)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have each test run so many times."""
    rounds = metafunc.config.getoption("--rounds", 1)
    if rounds > 1:
        metafunc.fixturenames.append("round_number")
        metafunc.parametrize("round_number", range(rounds))
