"""The pytest plugin: served mocks as fixtures, one server for a whole run, and a session of its own for each test.

`understudy` is the server, `understudy_vendor("acme")` a vendor's part of the test's session; each vendor that there is
a pack of is a fixture by its name as well. A test that fails shows what its mocks were asked.
"""

import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from understudy import folders
from understudy.client import Entry, Mock, Server, Session
from understudy.errors import TargetError, UnderstudyError
from understudy.process import PATIENCE, start

Vendor: TypeAlias = Callable[[str], Mock]

OPTIONS = ("template", "seed", "strict", "switches")
"""What the marker says of a test's session."""
LAST, LONGEST = 20, 2000
"""How many calls of a session a failing test shows, and how many characters of each body."""
_SHARED = pytest.StashKey[Path]()
_SESSION = pytest.StashKey[Session]()
_SERVER = pytest.StashKey[Server]()
"""What is still told of the last test when its fixtures are gone."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("understudy", "served mocks of vendors")
    group.addoption(
        "--understudy-url", metavar="URL", help="a server that runs already, instead of one of the run's own"
    )
    group.addoption("--understudy-admin-token", metavar="TOKEN", help="the token of its control plane, if it has one")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker; a worker of xdist is told where the run's server is."""
    told = "understudy(template=, seed=, strict=, switches={'vendor': {'switch': 'value'}}): the test's session"
    config.addinivalue_line("markers", told)
    shared = getattr(config, "workerinput", {}).get("understudy")
    if shared is not None:
        config.stash[_SHARED] = Path(shared)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of xdist where the run's server is, or will be."""
    node.workerinput["understudy"] = str(_shared(node.config))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the run's server, if one was started."""
    if _SERVER in config.stash:
        config.stash[_SERVER].close()
    shared = config.stash.get(_SHARED, None)
    if shared is None or hasattr(config, "workerinput"):
        return
    with suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int((shared / "pid").read_text()), signal.SIGTERM)
    shutil.rmtree(shared, ignore_errors=True)


def _shared(config: pytest.Config) -> Path:
    """Return the folder by which all processes of the run share the server."""
    if _SHARED not in config.stash:
        config.stash[_SHARED] = Path(tempfile.mkdtemp(prefix="understudy-"))
        (config.stash[_SHARED] / "run").write_text(str(os.getpid()))  # with which the server ends, however it does
    return config.stash[_SHARED]


def _url(shared: Path) -> str:
    """Return the URL of the run's server; whoever comes first starts it. Raises TargetError."""
    url, failure = shared / "url", shared / "failure"
    try:
        (shared / "starting").mkdir()
    except FileExistsError:
        until = time.monotonic() + PATIENCE
        while not url.exists():
            if failure.exists():
                raise TargetError(failure.read_text()) from None
            if time.monotonic() > until:
                raise TargetError("the mock was not started by another process of the run") from None
            time.sleep(0.02)
        return url.read_text()
    try:
        process, found = start(shared / "log", pid=int((shared / "run").read_text()))
    except TargetError as error:
        _write(failure, str(error))
        raise
    _write(shared / "pid", str(process.pid))
    process.returncode = 0  # it outlives this worker, and is stopped by the run's first process
    _write(url, found)
    return found


def _write(path: Path, text: str) -> None:
    """Write a file whole, so that nobody reads a part of it."""
    partly = path.with_suffix(".part")
    partly.write_text(text)
    partly.rename(path)


@pytest.fixture(scope="session")
def understudy(request: pytest.FixtureRequest) -> Server:
    """Return a client of the run's server, which plays all vendors that there is a pack of."""
    config = request.config
    try:
        url = config.getoption("--understudy-url") or _url(_shared(config))
    except UnderstudyError as error:
        pytest.fail(f"understudy: {error}", pytrace=False)
    config.stash[_SERVER] = server = Server(url, config.getoption("--understudy-admin-token"))
    return server


@pytest.fixture
def understudy_session(request: pytest.FixtureRequest, understudy: Server) -> Session:
    """Return the test's session, made as its markers have it; it shares nothing with those of other tests."""
    chosen: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("understudy"))):
        unknown = [*map(str, marker.args), *(set(marker.kwargs) - set(OPTIONS))]
        if unknown:
            pytest.fail(f"the marker understudy knows {', '.join(OPTIONS)}, not {unknown[0]!r}", pytrace=False)
        chosen |= marker.kwargs
    try:
        session = understudy.session(**chosen)
    except UnderstudyError as error:
        pytest.fail(f"understudy: {error}", pytrace=False)
    request.node.stash[_SESSION] = session  # and there it stays until all has been told of it
    return session


@pytest.fixture
def understudy_vendor(understudy_session: Session) -> Vendor:
    """Return a function that gives a vendor's part of the test's session."""
    return understudy_session.vendor


def _fixture(vendor: str) -> Callable[..., Mock]:
    def mocked(understudy_session: Session) -> Mock:
        return understudy_session.vendor(vendor)

    mocked.__doc__ = f"Return the mock of {vendor} in the test's session."
    return pytest.fixture(name=vendor)(mocked)


globals().update({f"_{vendor}": _fixture(vendor) for vendor in folders.names()})


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put on the report of a failing test what the mocks of its session were asked, and what they answered."""
    report = yield
    session = item.stash.get(_SESSION, None)
    if session is not None and report.failed:
        try:
            entries = session.journal.entries(limit=LAST)
            text = "\n".join(map(_told, entries)) or "no call was made"
        except UnderstudyError as error:
            text = f"cannot be read: {error}"
        report.sections.append(("understudy journal", text))
    if session is not None and call.when == "teardown":
        with suppress(UnderstudyError):  # the server is gone, and the session with it
            session.delete()
    return report


def _told(entry: Entry) -> str:
    query = f"?{entry['query']}" if entry.get("query") else ""
    lines = [f"{entry['method']} {entry['path']}{query} -> {entry['status'] or 'no answer'}"]
    for name in ("rules", "remarks"):
        lines += [f"  {name}: {', '.join(entry[name])}"] if entry.get(name) else []
    for name in ("fault", "deviation"):
        lines += [f"  {name}: {entry[name]}"] if entry.get(name) else []
    for name in ("request", "response"):
        body = entry[name]["body"]
        lines += [f"  {name}: {json.dumps(body, ensure_ascii=False)[:LONGEST]}"] if body is not None else []
    return "\n".join(lines)
