"""Good manners on a real target: what the judge has not made it does not delete."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.mock.exchange import call, served
from understudy import pack as packs
from understudy.cli import main
from understudy.contract import fuzz
from understudy.contract.stateful import machine
from understudy.mock.settings import Settings
from understudy.mock.tokens import FULL, READ

USERS = ("ada@example.com", "bo%2Bnews@example.com", "visitor%207")
KEY = ("X-APTRINSIC-API-KEY", FULL)


@pytest.mark.parametrize("scope", packs.SCOPES)
def test_records_that_were_there_are_there_after_a_run(
    scope: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that the user names as well as those that nobody named, whatever the vendor's other operations show."""
    monkeypatch.setattr(fuzz, "EXAMPLES", 10)
    monkeypatch.setattr(machine, "SEQUENCES", 20)
    with served(packs.load("gainsight_px"), Settings()) as url:
        words = ["verify", "gainsight_px", "--base-url", url, "--token", FULL, "--restricted-token", READ]
        words += [
            "--existing",
            "visitor 7",
            "--scope",
            scope,
            "--budget",
            "60s",
            "--report",
            str(tmp_path),
            "--seed",
            "4",
        ]
        result = CliRunner().invoke(main, words, catch_exceptions=False)
        found = [call(url, "GET", f"/v1/users/{user}", KEY).status for user in USERS]
    assert (result.exit_code, found) == (0, [200, 200, 200]), result.output
    requests = json.loads((tmp_path / "report.json").read_text())["requests"]
    assert requests > 500
