"""`understudy switches`: what the documents leave open, and how the mocks can be told to read it."""

import json

import click
from rich.table import Column, Table
from rich.text import Text

from understudy import pack as packs
from understudy.mock.settings import declared
from understudy.model.behaviour import Switch
from understudy.pack import Pack
from understudy.report.console import wide_console
from understudy.values import Json


@click.command()
@click.argument("vendors", nargs=-1, metavar="[VENDOR]...")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
def switches(vendors: tuple[str, ...], as_json: bool) -> None:
    """List the switches of VENDORs (all, if none is named): values, default, basis and citation.

    Set one with `understudy serve --set VENDOR.SWITCH=VALUE`, or under [switches] in understudy.toml.
    """
    chosen = [packs.load(vendor) for vendor in vendors or packs.names()]
    rows = [_row(pack, switch) for pack in chosen for switch in declared(pack)]
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    table = Table(Column("switch", no_wrap=True), "values (default first)", "chooses", box=None, pad_edge=False)
    for title in ("basis", "rule", "citation"):
        table.add_column(title, overflow="fold", no_wrap=title != "citation")
    for row in rows:
        others = [value for value in row["values"] or ["any text"] if value != row["default"]]
        values = ", ".join(map(str, ["unset" if row["default"] is None else row["default"], *others]))
        cells = (row["switch"], values, row["text"], row["basis"], row["rule"], row["citation"].partition(" ")[0])
        table.add_row(*map(Text, cells))
    wide_console(140).print(table)


def _row(pack: Pack, switch: Switch) -> dict[str, Json]:
    rule = pack.rules.by_id[switch.rule]
    return {
        "switch": f"{pack.vendor}.{switch.name}",
        "values": None if switch.values is None else list(switch.values),
        "default": switch.default,
        "text": switch.text,
        "basis": rule.basis.value,
        "rule": rule.id,
        "citation": str(pack.cited_at(rule)),
    }
