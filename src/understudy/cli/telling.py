"""What becomes of a report: files, the console, GitHub's annotations, and the exit code."""

from collections.abc import Mapping
from pathlib import Path

import click

from understudy.contract.verdict import Report, Verdict
from understudy.report import github, junit, sarif_report
from understudy.report.console import ConsoleWriter
from understudy.report.text import left_behind, verdict_line
from understudy.report.write import put, write


def told(report: Report, writer: ConsoleWriter, directory: Path | None, further: Mapping[str, Path]) -> int:
    """Write and show a report; `further` are files by their options. Return the exit code."""
    files = write(report, directory) if directory else ()
    contents = {"--junit": junit.render, "--sarif": sarif_report.render}
    files += tuple(put(file, contents[option](report)) for option, file in further.items())
    writer.say(github.annotations(report))
    if warning := github.summarise(report):
        click.echo(f"understudy: {warning}", err=True)
    for entry in report.lapsed:
        if entry.error:
            click.echo(f"understudy: {entry.where}: {entry.why}", err=True)
    if report.verdict is Verdict.INCONCLUSIVE:
        writer.found(report)
        click.echo(f"understudy: {report.reason}", err=True)
        if report.left_behind:
            click.echo(left_behind(report))
        click.echo(verdict_line(report))
    else:
        writer.finished(report, files)
    return report.exit_code
