"""Several vendors judged at once: a process for each, since a process has one run of pytest at a time."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from understudy.report import junit
from understudy.report.console import default_console
from understudy.report.write import put

GRACE = 20.0
"""Seconds that an interrupted run may take to write down what it found."""


def verify_all(commands: Mapping[str, Sequence[str]], junit_file: Path | None) -> list[int]:
    """Run `understudy verify` with each vendor's words; print what each prints, whole and in order; return exit codes.

    `junit_file` gets the suites of all of them.
    """
    click.echo(f"understudy: judging {', '.join(commands)} side by side")
    with TemporaryDirectory() as folder:
        runs = [_Run(Path(folder), vendor, words, junit=junit_file is not None) for vendor, words in commands.items()]
        codes = [run.finish() for run in runs]
        click.echo(
            f"understudy: exit codes {', '.join(f'{run.vendor} {code}' for run, code in zip(runs, codes, strict=True))}"
        )
        if junit_file is not None:
            put(junit_file, junit.merged([run.junit.read_bytes() for run in runs if run.junit.is_file()]))
    return codes


class _Run:
    """One vendor's run, its output kept until it is done: two runs on one terminal could not be told apart."""

    def __init__(self, folder: Path, vendor: str, words: Sequence[str], *, junit: bool) -> None:
        self.vendor = vendor
        self.junit = folder / f"{vendor}.xml"
        self._out, self._err = folder / f"{vendor}.out", folder / f"{vendor}.err"
        command = [sys.executable, "-m", "understudy", "verify", vendor, *words]
        command += ["--junit", str(self.junit)] if junit else []
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._process = subprocess.Popen(command, stdout=out, stderr=err, env=_environment())  # noqa: S603 (ourselves)

    def finish(self) -> int:
        """Wait for the run, print what it printed, and return its exit code; an interrupt reaches the run as well."""
        try:
            code = self._process.wait()
        except KeyboardInterrupt:
            code = 3
            with suppress(subprocess.TimeoutExpired):
                code = self._process.wait(GRACE)
        finally:
            self._process.kill()
        printed = self._out.read_text(errors="replace").splitlines(keepends=True)
        click.echo("".join(line for line in printed if str(self.junit) not in line), nl=False)
        click.echo(self._err.read_text(errors="replace"), nl=False, err=True)
        return code


def _environment() -> dict[str, str]:
    """Return the environment in which a run prints as it would on this terminal."""
    console = default_console()
    shown = {"COLUMNS": str(console.width)} | ({"FORCE_COLOR": "1"} if console.is_terminal else {})
    return {**os.environ, **shown}
