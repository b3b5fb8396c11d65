"""`understudy check`: recorded traffic judged."""

import time
from datetime import UTC, datetime
from pathlib import Path

import click

from understudy import har
from understudy import pack as packs
from understudy.cli.telling import told
from understudy.contract.allowance import Allowance
from understudy.contract.client import Collector
from understudy.contract.evidence import Outcome
from understudy.contract.history import MODEL, SINGLE, History
from understudy.contract.judge import Judge
from understudy.contract.summary import Gathered, summarise
from understudy.contract.target import Run, Secrets
from understudy.contract.verdict import ItemResult, weigh
from understudy.report.console import ConsoleWriter
from understudy.report.write import check_file, check_writable


@click.command()
@click.argument("vendor")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.har")
@click.option("--scope", type=click.Choice(packs.SCOPES), default="core", show_default=True)
@click.option("--strict", is_flag=True, help="Rules of observed or inferred basis fail too.")
@click.option(
    "--report", "directory", type=click.Path(path_type=Path), metavar="DIR", help="Writes reports, as verify."
)
@click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="Writes JUnit XML there too.")
@click.option("--sarif", type=click.Path(path_type=Path), metavar="FILE", help="Writes SARIF 2.1.0 there too.")
@click.option("--accepted", type=click.Path(path_type=Path), metavar="FILE", help="What is accepted, as verify has it.")
@click.option(
    "--baseline", type=click.Path(path_type=Path), metavar="FILE", help="A report.json; what it has is known."
)
@click.option("-v", "--verbose", is_flag=True, help="Shows every rule.")
@click.pass_context
def check(
    ctx: click.Context,
    vendor: str,
    file: Path,
    scope: str,
    strict: bool,
    directory: Path | None,
    junit: Path | None,
    sarif: Path | None,
    accepted: Path | None,
    baseline: Path | None,
    verbose: bool,
) -> None:
    """Judge the calls of VENDOR that an HTTP Archive has recorded, of whichever endpoint.

    Each answer is held against the documents and, as far as the recorded history allows, against the model. What was
    not recorded is not judged: the best verdict is `partial`.

    Exit codes: 0 nothing found, 1 violates, 2 wrong usage or file, 3 no call of the vendor's in scope.
    """
    pack = packs.load(vendor)
    further = {name: path for name, path in (("--junit", junit), ("--sarif", sarif)) if path is not None}
    if directory is not None:
        check_writable(directory)
    for option, path in further.items():
        check_file(option, path)
    allowance = Allowance.load(pack, accepted, baseline)
    started, clock = datetime.now(UTC), time.monotonic()
    calls = har.read(file)
    run = Run(pack.vendor, str(file), file.name, scope, 0, "recorded", time.time(), 0.0, strict=strict)
    history = History(Judge(pack, scope, strict=strict), Collector(Secrets()))
    history.hear(calls)
    seconds = time.monotonic() - clock
    report = summarise(pack, run, _gathered(history, run, len(calls), seconds), started, seconds, allowance)
    ctx.exit(told(report, ConsoleWriter(verbose=verbose), directory, further))


def _gathered(history: History, run: Run, count: int, seconds: float) -> Gathered:
    """Return what the history has shown, in the form of a run that was narrowed to it."""
    gathered = Gathered(evidence=list(history.collector), requests=len(history.heard), narrowed=True)
    for exchange in history.heard:
        gathered.statuses[exchange.operation_id or "", exchange.response.status] += 1
    rules = history.judge.rules.by_id
    for kind in (SINGLE, MODEL):
        failures = frozenset(
            piece.fingerprint
            for piece, _ in gathered.evidence
            if piece.check == kind and weigh(piece, rules.get(piece.rule or ""), strict=run.strict) is Outcome.FAILED
        )
        outcome = "failed" if failures else "passed"
        gathered.items.append(ItemResult(kind, kind, outcome, seconds, failures=failures))
    if not history.heard:
        gathered.fatal = f"none of the {count} recorded calls is of {run.vendor} in the scope {run.scope}"
    return gathered
