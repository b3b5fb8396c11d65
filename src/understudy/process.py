"""A served mock as a process of its own, for tests: started on a free port, known by its URL, stopped at the end."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from understudy.client import Mock, Server
from understudy.errors import TargetError

PATIENCE = 60.0
"""Seconds that a server may take to start."""
_SERVING = re.compile(r"^understudy: serving .* on (http\S+)$", re.MULTILINE)


def start(log: Path, *words: str, pid: int | None = None) -> tuple[subprocess.Popen[bytes], str]:
    """Start `understudy serve` on a free port, with further words; return the process and its URL.

    What it prints goes to the file. It ends at the latest when the process `pid`, or this one, does. Raises
    TargetError, with its last words, where it does not start.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 (our own command)
            [sys.executable, "-m", "understudy", "serve", "--port", "0", "--pid", str(pid or os.getpid()), *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the tests, which stop the server when they end
        )
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        ended = process.poll() is not None
        said = log.read_text(encoding="utf-8", errors="replace")
        if found := _SERVING.search(said):
            return process, found.group(1)
        if ended:
            raise TargetError(f"the mock did not start: {said.strip() or f'exit code {process.returncode}'}")
        time.sleep(0.02)
    process.kill()
    raise TargetError(f"the mock did not start within {PATIENCE:.0f} s", todo="try: understudy serve")


@contextmanager
def serving(*words: str) -> Iterator[Server]:
    """Serve the mocks in a process; yield a client of the server, stop it at the end."""
    with tempfile.TemporaryDirectory(prefix="understudy-") as directory:
        process, url = start(Path(directory) / "log", *words)
        try:
            with Server(url) as server:
                yield server
        finally:
            process.terminate()
            process.wait(PATIENCE)


@contextmanager
def mock(vendor: str, *words: str) -> Iterator[Mock]:
    """Serve a vendor's mock in a process, with further words of `understudy serve`; yield it, stop it at the end.

    Raises TargetError where it does not start.
    """
    with serving(vendor, *words) as server, server.session() as session:
        yield session.vendor(vendor)
