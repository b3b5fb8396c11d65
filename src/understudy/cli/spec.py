"""`understudy spec` and `understudy vendor`: documents printed, documents taken in."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from understudy import pack as packs
from understudy.errors import ContentError, UsageError, shown
from understudy.spec import overlay, provenance
from understudy.spec.source import DEPTH, as_yaml, read, too_deep
from understudy.values import Json

KINDS = ("vendored", "judged", "effective")
"""What can be printed of a pack; the last is printed when nothing is asked for."""


@click.command()
@click.argument("document", metavar="VENDOR|FILE")
@click.option("--vendored", is_flag=True, help="The vendor's own document.")
@click.option("--judged", is_flag=True, help="With the overlay actions of documented basis alone.")
@click.option("--effective", is_flag=True, help="With all overlays (the default).")
@click.option(
    "--scope", type=click.Choice(packs.SCOPES), default="full", help="With --judged: core leaves out other pages."
)
@click.option(
    "--overlay", "overlays", multiple=True, type=click.Path(path_type=Path), help="Applied to a FILE, in order."
)
@click.option("--json", "as_json", is_flag=True, help="JSON instead of YAML.")
def spec(document: str, scope: str, overlays: tuple[Path, ...], as_json: bool, **kinds: bool) -> None:
    """Print the document of a VENDOR, or an OpenAPI FILE with overlays applied. Standard output holds it alone."""
    asked = [kind for kind in KINDS if kinds[kind]]
    if len(asked) > 1:
        raise UsageError(f"both --{asked[0]} and --{asked[1]} are given", todo="give one of them")
    which = asked[0] if asked else KINDS[-1]
    of_pack = not _is_file(document)
    if of_pack and overlays:
        raise UsageError(f"{document} is a vendor, whose overlays are its pack's", todo="leave out --overlay")
    if not of_pack and asked:
        raise UsageError(f"--{asked[0]} is for a vendor, and {document} is a file", todo=f"leave out --{asked[0]}")
    value = _of_pack(document, which, scope) if of_pack else _overlaid(Path(document), overlays)
    text = json.dumps(value, indent=2, ensure_ascii=False) if as_json else as_yaml(value)
    click.echo(text.encode(), nl=as_json)  # UTF-8 wherever it goes, as files of either kind have it


def _is_file(document: str) -> bool:
    return document not in packs.names() and (Path(document).suffix != "" or Path(document).is_file())


def _of_pack(vendor: str, which: str, scope: str) -> Json:
    pack = packs.load(vendor)
    return {"vendored": pack.vendored, "judged": pack.judged(scope), "effective": pack.effective}[which].value


def _overlaid(path: Path, overlays: tuple[Path, ...]) -> Json:
    value = read(path).value
    if not isinstance(value, dict):
        raise UsageError(f"{shown(path)} is not an OpenAPI document", todo="give an OpenAPI file in JSON or YAML")
    for file in overlays:
        each = overlay.load(file)
        value, unmatched = overlay.apply(value, each)
        for action in unmatched:
            click.echo(f"understudy: warning: {overlay.unmatched_error(each, action)}", err=True)
    if too_deep(value):
        raise ContentError(
            f"{shown(path)} with its overlays nests values more than {DEPTH} deep", todo="make it flatter"
        )
    return value


@click.command()
@click.argument("vendor", metavar="VENDOR")
@click.argument("file", type=click.Path(path_type=Path))
def vendor(vendor: str, file: Path) -> None:
    """Take FILE in as the document of VENDOR, in ./specs, and write its provenance anew."""
    if not packs.NAME.fullmatch(vendor):
        raise UsageError(f"{vendor!r} is no name of a vendor", todo="use letters, digits, - and _")
    specs = Path.cwd() / "specs"
    if not specs.is_dir():
        raise UsageError("there is no folder specs/ here", todo="change to the root of your contract project")
    folder = specs / vendor
    known = folder.is_dir()
    taken = provenance.vendor(folder, file, today=datetime.now(UTC).date())
    click.echo(f"{shown(folder)}: {taken.title} {taken.version}, SHA-256 {taken.sha256}")
    click.echo(f"check address ({taken.address}) and license ({taken.license}) in {shown(folder / 'provenance.yaml')}")
    if not known:
        needed = f"{shown(folder / 'rules.yaml')} and mock/{vendor}.py"
        click.echo(f"{vendor} is new here, and needs {needed}: docs/ARCHITECTURE.md of understudy says what is in them")
