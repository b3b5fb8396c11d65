"""Several vendors judged at once: a process for each, since a process has one run of pytest at a time."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from understudy.report import junit, sarif
from understudy.report.console import default_console
from understudy.report.write import put

GRACE = 20.0
"""Seconds that an interrupted run may take to write down what it found."""

MERGED: Mapping[str, Callable[[Iterable[bytes]], bytes]] = {"--junit": junit.merged, "--sarif": sarif.merged}
"""Options that name one file for all vendors, and what puts it together."""


def verify_all(commands: Mapping[str, Sequence[str]], files: Mapping[str, Path]) -> list[int]:
    """Run `understudy verify` with each vendor's words; print what each prints, whole and in order; return exit codes.

    `files` are the files that options of MERGED name; each gets what all of the runs wrote for it.
    """
    click.echo(f"understudy: judging {', '.join(commands)} side by side")
    with TemporaryDirectory() as folder:
        runs = [_Run(Path(folder), vendor, words, tuple(files)) for vendor, words in commands.items()]
        codes = [run.finish() for run in runs]
        click.echo(
            f"understudy: exit codes {', '.join(f'{run.vendor} {code}' for run, code in zip(runs, codes, strict=True))}"
        )
        for option, file in files.items():
            written = [run.files[option] for run in runs if run.files[option].is_file()]
            put(file, MERGED[option](path.read_bytes() for path in written))
    return codes


class _Run:
    """One vendor's run, its output kept until it is done: two runs on one terminal could not be told apart."""

    def __init__(self, folder: Path, vendor: str, words: Sequence[str], options: Iterable[str]) -> None:
        self.vendor = vendor
        self.files = {option: folder / f"{vendor}{option}" for option in options}
        self._out, self._err = folder / f"{vendor}.out", folder / f"{vendor}.err"
        command = [sys.executable, "-m", "understudy", "verify", vendor, *words]
        command += [word for option, file in self.files.items() for word in (option, str(file))]
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
        ours = [str(file) for file in self.files.values()]
        click.echo("".join(line for line in printed if not any(file in line for file in ours)), nl=False)
        click.echo(self._err.read_text(errors="replace"), nl=False, err=True)
        if code not in (0, 1, 2, 3):
            click.echo(f"understudy: the run of {self.vendor} ended with {code}, which is no verdict", err=True)
        return code if code in (0, 1, 2, 3) else 3


def _environment() -> dict[str, str]:
    """Return the environment in which a run prints as it would on this terminal."""
    console = default_console()
    shown = {"COLUMNS": str(console.width)} | ({"FORCE_COLOR": "1"} if console.is_terminal else {})
    return {**os.environ, **shown}
