"""`understudy switches`, and the switches that understudy.toml sets."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from understudy import pack as packs
from understudy.cli import main
from understudy.config import load
from understudy.errors import UsageError
from understudy.mock.settings import declared, parse_switches


def test_every_switch_is_listed_with_basis_and_citation() -> None:
    """Both are those of the rule that it chooses a reading of."""
    rows = json.loads(CliRunner().invoke(main, ["switches", "onetrust", "--json"]).stdout)
    assert [row["switch"] for row in rows] == [f"onetrust.{switch.name}" for switch in declared(packs.load("onetrust"))]
    quota = next(row for row in rows if row["switch"] == "onetrust.quota")
    assert (quota["values"], quota["default"]) == (["off", "older", "newer"], "off")
    assert (quota["basis"], quota["rule"]) == ("documented", "OT-LIMIT-1")
    assert "specs/onetrust/openapi.json:" in quota["citation"]


def test_the_table_shows_the_default_first() -> None:
    """A switch without a value is unset."""
    shown = CliRunner().invoke(main, ["switches", "onetrust"]).stdout
    assert "onetrust.multiple-identifiers" in shown
    assert "on, off" in shown
    assert "unset, any text" in shown


@pytest.mark.parametrize("vendor", packs.names())
def test_every_switch_of_a_pack_has_a_rule(vendor: str) -> None:
    """Without one it had neither basis nor citation."""
    pack = packs.load(vendor)
    assert [switch.name for switch in declared(pack) if switch.rule not in pack.rules.by_id] == []


def test_the_command_line_goes_before_the_file(tmp_path: Path) -> None:
    """The file is for every day, the option for today."""
    (tmp_path / "understudy.toml").write_text('[switches.onetrust]\nquota = "older"\ncatalogue = "Phone"\n')
    chosen = parse_switches({"onetrust": packs.load("onetrust")}, ("onetrust.quota=newer",), load(tmp_path))
    assert chosen == {"onetrust": {"quota": "newer", "catalogue": "Phone"}}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '"onetrust.quota" = "none"',
            "understudy.toml: onetrust.quota: 'none' is not a value of quota; use one of: off",
        ),
        (
            '"onetrust.nothing" = "x"',
            "understudy.toml: onetrust.nothing: onetrust has no switch 'nothing'; use one of: ",
        ),
        ('"nobody.quota" = "x"', "understudy.toml: nobody.quota: no vendor 'nobody' here; the vendors here: onetrust"),
    ],
)
def test_a_wrong_switch_in_the_file_is_told_with_the_right_ones(text: str, told: str, tmp_path: Path) -> None:
    """Key and value alike."""
    (tmp_path / "understudy.toml").write_text(f"[switches]\n{text}\n")
    with pytest.raises(UsageError) as raised:
        parse_switches({"onetrust": packs.load("onetrust")}, (), load(tmp_path))
    assert str(raised.value).startswith(told)
