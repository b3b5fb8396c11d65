"""Templates of sessions in `understudy.toml`."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from understudy import config
from understudy import pack as packs
from understudy.cli import main
from understudy.cli.settings import templates
from understudy.errors import UsageError
from understudy.mock.settings import Settings

README = Path(__file__).parents[2] / "README.md"
BUSY = """
[templates.busy]
seed = 7
strict = true
clock = "2026-01-31T09:30:00Z"
switches = {consentgrid = {record = "envelope"}, onetrust = {catalogue = "Phone"}}
deviations = {consentgrid = "writes-not-offered"}
seed_data = ["mine.yaml"]
"""
SEED = "vendor: consentgrid\ncalls: []\n"


def test_a_template_has_what_it_says_and_else_what_the_default_session_has(tmp_path: Path) -> None:
    """What it says of a vendor that is not served is left alone."""
    (tmp_path / "understudy.toml").write_text(BUSY + "[templates.plain]\n")
    (tmp_path / "mine.yaml").write_text(SEED)
    chosen = {"consentgrid": packs.load("consentgrid")}
    settings = Settings(seed=1, max_body=5, switches={"consentgrid": {"record": "flat", "merge": "deep"}})
    made = templates(chosen, settings, config.load(tmp_path))
    busy = made["busy"]
    assert (busy.seed, busy.strict, busy.max_body) == (7, True, 5)
    assert busy.clock.now().isoformat() == "2026-01-31T09:30:00+00:00"
    assert busy.switches == {"consentgrid": {"record": "envelope", "merge": "deep"}}
    assert busy.deviations["consentgrid"].name == "writes-not-offered"
    assert busy.seed_data["consentgrid"].calls == ()
    assert made["plain"] == settings


def test_the_template_of_the_readme_can_be_used(tmp_path: Path) -> None:
    """All that it names is there."""
    blocks = re.findall(r"^```toml$(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "understudy.toml").write_text(next(block for block in blocks if "[templates." in block))
    made = templates({name: packs.load(name) for name in packs.names()}, Settings(), config.load(tmp_path))
    assert made["strict"].deviations["onetrust"].rule == "OT-CREATE-1"


@pytest.mark.parametrize(
    ("template", "told"),
    [
        (
            'switches = {consentgrid = {recod = "x"}}',
            "consentgrid has no switch 'recod'; use one of: record",
        ),
        ('switches = {consentgrid = {record = "x"}}', "template busy: 'x' is not a value of record; use one of: flat"),
        ('switches = {nobodys = {record = "x"}}', "template busy: no vendor 'nobodys' here"),
        (
            'deviations = {consentgrid = "no-such"}',
            "has no deviation 'no-such'; All of them: understudy audit consentgrid --list",
        ),
        ('deviations = {consentgrid = "no-such"}', "template busy consentgrid.no-such: consentgrid has no deviation"),
        ('clock = "noon"', "template busy: Invalid isoformat string: 'noon'; give an RFC 3339 time"),
        ('seed_data = ["gone.yaml"]', "gone.yaml"),
        ("colour = 1", "understudy.toml:2 (/templates/busy): there is no 'colour' here; use one of: seed, strict"),
        ("seed = -1", "understudy.toml:2 (/templates/busy/seed): "),
    ],
)
def test_a_template_that_is_wrong_is_told_in_a_line(
    template: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what there is, before anything is served."""
    (tmp_path / "understudy.toml").write_text(f"[templates.busy]\n{template}\n")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["serve", "consentgrid", "--port", "0", "--exec", "--", "true"])
    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert told in result.output


def test_no_template_takes_the_name_of_the_session_without_one(tmp_path: Path) -> None:
    """Whoever meant the default session is told where its settings go."""
    (tmp_path / "understudy.toml").write_text("[templates.default]\n")
    with pytest.raises(UsageError, match="that is what the session without a name is called"):
        templates({}, Settings(), config.load(tmp_path))
