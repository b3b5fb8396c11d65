"""A sample of the deviations of every vendor, played and judged for real; `make audit` judges all of them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from understudy import pack as packs
from understudy.cli import main

SEEDS = {"consentgrid": "23", "gainsight_px": "22", "onetrust": "22"}
"""With these none of a sample lets the full token open nothing, which ends a run with exit 3 and no finding; nor is one
shown by long histories alone, for which a busy machine has no time."""


@pytest.mark.parametrize("vendor", packs.names())
def test_a_sample_of_deviations_is_killed(vendor: str, tmp_path: Path) -> None:
    """Ten of each vendor, always the same; by a finding that names the broken rule."""
    words = ["audit", vendor, "--sample", "10", "--seed", SEEDS[vendor], "--workers", "1", "--first"]
    words += ["--json", str(tmp_path / "a.json")]
    ended = CliRunner().invoke(main, words, catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    judged = json.loads((tmp_path / "a.json").read_text())["deviations"]
    assert len(judged) == 10
    assert {each["outcome"] for each in judged} == {"killed"}
    assert all(each["error"] == "" for each in judged)
