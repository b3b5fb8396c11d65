"""The options and the order of commands that judge the traffic of others, recorded or passing by."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click

from understudy import config
from understudy import pack as packs
from understudy.cli.settings import check_switches, check_vendor
from understudy.cli.telling import told
from understudy.contract.allowance import Allowance
from understudy.contract.client import Collector
from understudy.contract.history import History
from understudy.contract.judge import Judge
from understudy.contract.target import Run, Secrets
from understudy.contract.traffic import summarised
from understudy.pack import Pack
from understudy.report.console import ConsoleWriter
from understudy.report.write import check_file, check_writable

Command = TypeVar("Command", bound=Callable[..., object])

_OPTIONS = (
    click.option("--target", metavar="NAME", help="The endpoint, by its name in understudy.toml."),
    click.option("--scope", type=click.Choice(packs.SCOPES), default="core", show_default=True),
    click.option("--strict", is_flag=True, help="Rules of observed or inferred basis fail too."),
    click.option(
        "--report", "directory", type=click.Path(path_type=Path), metavar="DIR", help="Writes reports, as verify."
    ),
    click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="Writes JUnit XML there too."),
    click.option("--sarif", type=click.Path(path_type=Path), metavar="FILE", help="Writes SARIF 2.1.0 there too."),
    click.option(
        "--accepted", type=click.Path(path_type=Path), metavar="FILE", help="What is accepted, as verify has it."
    ),
    click.option(
        "--baseline", type=click.Path(path_type=Path), metavar="FILE", help="A report.json; what it has is known."
    ),
    click.option("-v", "--verbose", is_flag=True, help="Shows every rule."),
)


def judging(command: Command) -> Command:
    """Add the options of `Order` to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How traffic is to be judged, and where the report goes."""

    target: str | None
    scope: str
    strict: bool
    directory: Path | None
    junit: Path | None
    sarif: Path | None
    accepted: Path | None
    baseline: Path | None
    verbose: bool

    def configured(self, pack: Pack) -> config.Target | None:
        """Return the target that is named, if one is; raises UsageError for another vendor's."""
        if self.target is None:
            return None
        target = config.load(Path.cwd()).target(self.target)
        check_vendor(pack.vendor, target)
        check_switches(pack, target)
        return target

    def further(self) -> dict[str, Path]:
        """Return the files that are written beside the report, by their options."""
        named = {"--junit": self.junit, "--sarif": self.sarif}
        return {option: file for option, file in named.items() if file is not None}


class Hearing:
    """Traffic before the judge, from the first call to the report."""

    def __init__(self, pack: Pack, order: Order, address: str, label: str) -> None:
        """`address` is where the traffic goes or was kept, `label` what the report calls it.

        Raises UsageError and ContentError for what is wrong in the order, before anything is judged.
        """
        self._order = order
        if order.directory is not None:
            check_writable(order.directory)
        for option, path in order.further().items():
            check_file(option, path)
        self._allowance = Allowance.load(pack, order.accepted, order.baseline)
        self._started, self._clock = datetime.now(UTC), time.monotonic()
        self._run = Run(
            vendor=pack.vendor,
            base_url=address,
            label=label,
            scope=order.scope,
            seed=0,
            run_id="recorded",
            deadline=time.time(),
            budget=0.0,
            strict=order.strict,
        )
        target = order.configured(pack)
        switches: Mapping[str, str] = target.switches if target is not None else {}
        self.history = History(Judge(pack, order.scope, strict=order.strict), Collector(Secrets()), switches)

    def end(self, calls: str) -> int:
        """Write and show the report and return the exit code; `calls` says what there was, should all be of no use."""
        seconds, order, run = time.monotonic() - self._clock, self._order, self._run
        more = "" if run.scope == "full" else "; the scope full has more operations"
        silence = f"none of the {calls} is of {run.vendor} in the scope {run.scope}{more}"
        report = summarised(self.history, self._run, self._started, seconds, self._allowance, silence)
        return told(report, ConsoleWriter(verbose=order.verbose, brief=True), order.directory, order.further())
