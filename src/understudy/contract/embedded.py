"""The one place where the judge knows the mock: a target of our own, in this process, for runs without another one."""

from collections.abc import Iterator
from contextlib import contextmanager

from understudy.contract.target import Credentials
from understudy.mock.server import running
from understudy.mock.settings import Settings
from understudy.mock.tokens import CLIENT, FULL, READ, SECRET
from understudy.model.behaviour import Quota
from understudy.pack import Pack

LIMITED = "limited"
TINY = (Quota(limit=3, seconds=1),)
"""A quota that a probe uses up at once, and that opens again while it waits."""


@contextmanager
def embedded_mock(pack: Pack, seed: int) -> Iterator[tuple[str, str, Credentials]]:
    """Serve the mock in its documented profile; yield its base URL, a session's of tiny quota, and credentials."""
    sessions = {"": Settings(seed=seed, strict=True), LIMITED: Settings(seed=seed, strict=True, quotas=TINY)}
    with running({pack.vendor: pack}, sessions) as url:
        credentials = Credentials(FULL, READ, CLIENT, SECRET)
        yield f"{url}/{pack.vendor}", f"{url}/s/{LIMITED}/{pack.vendor}", credentials
