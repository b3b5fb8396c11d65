"""`understudy lint`: contradictions inside a document, and which of them are accepted."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import click
from rich.table import Column, Table
from rich.text import Text

from understudy import pack as packs
from understudy.contract import accepted as acceptances
from understudy.contract.accepted import Acceptance
from understudy.errors import UsageError, Where, shown
from understudy.report.console import wide_console
from understudy.report.sarif import SarifResult, SarifRule, render
from understudy.report.text import one_line
from understudy.report.write import check_file, put
from understudy.spec.lint import CHECKS, LintFinding, LintLevel, read
from understudy.spec.lint import lint as contradictions
from understudy.spec.source import Source
from understudy.values import Json

EXPIRED, STALE = "acceptance-expired", "acceptance-stale"
_OF_ACCEPTANCES = (
    SarifRule(EXPIRED, "An entry of accepted.yaml has expired.", LintLevel.ERROR),
    SarifRule(STALE, "An entry of accepted.yaml accepts what no longer occurs.", LintLevel.ERROR),
)


@dataclass(frozen=True, slots=True)
class _Row:
    """A finding of a document, or an entry of its accepted.yaml that does not hold, as it is shown."""

    document: str
    check: str
    level: str
    message: str
    pointer: str
    where: Where
    fingerprint: str
    reason: str | None = None


@click.command()
@click.argument("documents", nargs=-1, metavar="[VENDOR|FILE]...")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
@click.option("--sarif", type=click.Path(path_type=Path), metavar="FILE", help="Writes SARIF 2.1.0 there too.")
@click.option(
    "--accepted",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What is accepted in the one FILE to be checked.",
)
@click.pass_context
def lint(
    ctx: click.Context, documents: tuple[str, ...], as_json: bool, sarif: Path | None, accepted: Path | None
) -> None:
    """Find contradictions inside the documents of VENDORs (all, if nothing is named), or of any OpenAPI FILE.

    Exit codes: 0 nothing that is not accepted, 1 findings of whatever level, or entries of accepted.yaml that expired
    or accept nothing, 2 wrong usage, or no OpenAPI 3.0 or 3.1 document.
    """
    if sarif is not None:
        check_file("--sarif", sarif)
    rows = [row for each in _chosen(documents, accepted) for row in _rows(*each, today=datetime.now(UTC).date())]
    if sarif is not None:
        put(sarif, _sarif(rows))
    if as_json:
        click.echo(json.dumps([_shown(row) for row in rows], indent=2, ensure_ascii=False))
    else:
        _print(rows)
    ctx.exit(1 if any(row.reason is None for row in rows) else 0)


def _chosen(documents: tuple[str, ...], accepted: Path | None) -> Iterator[tuple[str, Source, Path | None]]:
    """Yield name, document and accepted.yaml of each that is to be checked."""
    names = packs.names()
    files = [document for document in documents if document not in names and _is_file(document)]
    if accepted is not None and (len(files) != 1 or len(documents) != 1):
        raise UsageError("--accepted is for one FILE", todo="name that file alone; a pack has its own accepted.yaml")
    if accepted is not None and accepted.is_dir():
        raise UsageError("--accepted names a directory", where=shown(accepted), todo="name the file in it")
    if accepted is not None and not accepted.exists():
        raise UsageError("there is no such file", where=shown(accepted), todo="correct the path of --accepted")
    for document in dict.fromkeys(documents or names):
        if document in files:
            yield shown(document), read(Path(document)), accepted
        else:
            pack = packs.load(document)
            yield document, pack.source, pack.contracts / "accepted.yaml"


def _is_file(document: str) -> bool:
    return Path(document).suffix != "" or "/" in document or Path(document).is_file()


def _rows(name: str, source: Source, accepted: Path | None, *, today: date) -> Iterator[_Row]:
    findings = contradictions(source)
    entries = acceptances.load(accepted, "lint") if accepted is not None else ()
    match = acceptances.match(entries, (finding.fingerprint for finding in findings), today)
    for finding in findings:
        entry = match.accepted.get(finding.fingerprint)
        yield _row(name, finding, entry.reason if entry is not None else None)
    for entry in match.expired:
        yield _entry_row(name, EXPIRED, entry, f"the acceptance expired on {entry.expires}; look at the finding again")
    for entry in match.stale:
        yield _entry_row(name, STALE, entry, "what this entry accepts no longer occurs; remove the entry")


def _row(name: str, finding: LintFinding, reason: str | None) -> _Row:
    return _Row(
        name,
        finding.check,
        finding.level.value,
        finding.message,
        finding.pointer,
        finding.where,
        finding.fingerprint,
        reason,
    )


def _entry_row(name: str, check: str, entry: Acceptance, message: str) -> _Row:
    pointer = entry.where.pointer or ""
    return _Row(name, check, LintLevel.ERROR.value, message, pointer, entry.where, entry.fingerprint)


def _shown(row: _Row) -> dict[str, Json]:
    return {
        "document": row.document,
        "check": row.check,
        "level": row.level,
        "message": row.message,
        "pointer": row.pointer,
        "file": shown(row.where.path),
        "line": row.where.line,
        "fingerprint": row.fingerprint,
        "accepted": row.reason is not None,
        "reason": row.reason,
    }


def _print(rows: list[_Row]) -> None:
    table = Table(Column("place", overflow="fold"), Column("level", no_wrap=True), box=None, pad_edge=False)
    table.add_column("check", no_wrap=True)
    table.add_column("what is wrong, and the pointer to it", overflow="fold")
    table.add_column("fingerprint", no_wrap=True)
    left = [row for row in rows if row.reason is None]
    for row in left:
        place = f"{shown(row.where.path)}:{row.where.line or 1}"
        what = Text("\n".join(one_line(each) for each in (row.message, row.pointer) if each))
        table.add_row(Text(one_line(place)), row.level, row.check, what, row.fingerprint)
    if left:
        wide_console().print(table)
    click.echo(f"{_counted(len(left), 'finding')}, {len(rows) - len(left)} accepted")


def _counted(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


def _sarif(rows: list[_Row]) -> bytes:
    rules = (*(SarifRule(check.id, check.text, check.level.value) for check in CHECKS), *_OF_ACCEPTANCES)
    results = [
        SarifResult(
            row.check,
            row.level,
            row.message,
            Path(row.where.path),
            row.where.line,
            row.pointer,
            row.fingerprint,
            row.reason,
        )
        for row in rows
    ]
    return render(rules, results)
