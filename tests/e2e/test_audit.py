"""Deviations of every vendor, played and judged for real; `make audit` judges all of them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from understudy import pack as packs
from understudy.cli import main

PLAYED = {
    "consentgrid": (
        "creation-answers-200 ids-cut-at-64 update-stores-false-as-null write-without-option-rewrites"
        " writes-archive-the-new-state max-beyond-200-is-100 total-counts-versions takes-CG-BODY-2 html-updateSubject"
        " crash-listSubjects"
    ),
    "gainsight_px": (
        "put-not-offered read-key-creates-and-deletes duplicate-without-case third-update-is-lost unsent-score-is-zero"
        " unknown-is-a-prefix third-page-is-the-second two-fields hard-delete-is-idempotent cut-listUsers"
    ),
    "onetrust": (
        "takes-OT-HEAD-3 longest-identifier-refused nul-crashes third-update-answers-201 lists-are-added"
        " language-unlinks retry-after-is-zero any-secret profiles-in-camel-case"
        " status-deleteDataSubjectUsingDELETE"
    ),
}
"""Of most kinds one or two: what is refused, kept, shown, let in, counted. What long histories alone show is not among
them, for which a busy machine has no time."""


@pytest.mark.parametrize("vendor", packs.names())
def test_deviations_are_killed(vendor: str, tmp_path: Path) -> None:
    """Each by a finding that names the broken rule."""
    words = ["audit", vendor, "--seed", "7", "--workers", "1", "--first", "--json", str(tmp_path / "a.json")]
    names = PLAYED[vendor].split()
    ended = CliRunner().invoke(main, [*words, *(f"--only={name}" for name in names)], catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    judged = json.loads((tmp_path / "a.json").read_text())["deviations"]
    assert {each["deviation"]: (each["outcome"], each["error"]) for each in judged} == dict.fromkeys(
        names, ("killed", "")
    )
