"""The command as its users run it: in a process of its own that says when it is ready, or refused in one line."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

from click.testing import CliRunner

from understudy.cli import main

COMMAND = [sys.executable, "-m", "understudy"]


@contextmanager
def started(
    name: str, *words: str, ready: str, cwd: Path | None = None
) -> Iterator[tuple[subprocess.Popen[str], re.Match[str]]]:
    """Start a command that serves on a free port; yield it and the match of its first line, kill it at the end."""
    process = subprocess.Popen(
        [*COMMAND, name, "--port", "0", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(ready, line)
        assert found, (line, process.communicate())
        yield process, found
    finally:
        process.kill()
        process.communicate()


def refused(*words: str, cwd: Path | None = None) -> str:
    """Return the one line on standard error by which a command is refused, with exit code 2; run in this process."""
    with chdir(cwd or Path.cwd()):
        result = CliRunner().invoke(main, words, catch_exceptions=False)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1), (words, result.output)
    return result.stderr
