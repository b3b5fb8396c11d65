"""A mock of OneTrust over a real socket, one for all tests of a module: each uses identifiers of its own."""

from collections.abc import Iterator

import pytest

from tests.mock.exchange import onetrust, served
from understudy.pack import Pack


@pytest.fixture(scope="session")
def pack() -> Pack:
    return onetrust()


@pytest.fixture(scope="module")
def mock(pack: Pack) -> Iterator[str]:
    with served(pack) as url:
        yield url
