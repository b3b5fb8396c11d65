"""`understudy rules`: the traceability table."""

import json
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from understudy import pack as packs
from understudy.contract.traceability import Trace, trace
from understudy.errors import UsageError, shown, told
from understudy.pack import Pack
from understudy.report.console import wide_console
from understudy.values import Json


@click.command()
@click.argument("vendor", metavar="VENDOR")
@click.option(
    "--report", type=click.Path(path_type=Path), default="reports", show_default=True, help="The last run's directory."
)
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
def rules(vendor: str, report: Path, as_json: bool) -> None:
    """Print each rule of VENDOR: its basis, who plays it, what verifies it, and its outcome in the last run."""
    pack = packs.load(vendor)
    outcomes = _outcomes(report, vendor)
    rows = [_row(pack, each, outcomes.get(each.rule.id, "")) for each in trace(pack)]
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    table = Table(
        "rule",
        "sentence",
        "basis",
        "played by",
        "verified by",
        "last run",
        box=None,
        pad_edge=False,
        title_justify="left",
    )
    for row in rows:
        by = ", ".join([*row["scenarios"], *(f"({check})" for check in row["checks"])])
        table.add_row(
            *map(Text, (row["id"], row["text"], row["basis"], ", ".join(row["played_by"]), by, row["outcome"]))
        )
    wide_console().print(table)


def _row(pack: Pack, each: Trace, outcome: str) -> dict[str, Json]:
    return {
        "id": each.rule.id,
        "text": each.rule.text,
        "basis": each.rule.basis.value,
        "level": each.rule.level.value,
        "scope": each.rule.scope,
        "citation": str(pack.cited_at(each.rule)),
        "played_by": list(each.played_by),
        "scenarios": list(each.scenarios),
        "checks": list(each.checks),
        "outcome": outcome,
    }


def _outcomes(directory: Path, vendor: str) -> dict[str, str]:
    """Return the outcomes of the last run, be it of the vendor alone or of several, which have folders of their own."""
    places = (directory / vendor / "report.json", directory / "report.json")
    for path in sorted(filter(Path.is_file, places), key=lambda path: path.stat().st_mtime_ns, reverse=True):
        try:
            report = json.loads(path.read_text())
            if report["vendor"] == vendor:
                return {rule["id"]: rule["outcome"] for rule in report["rules"]}
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise UsageError(
                f"{shown(path)} is no report: {told(error)}", todo="run understudy verify --report again"
            ) from error
    return {}
