"""`understudy audit`: what it lists, chooses, prints and writes, and with which exit code it ends."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from understudy import pack as packs
from understudy.cli import main
from understudy.contract import audit as auditing
from understudy.contract.audit import Judged, fingerprint


@pytest.fixture
def verdicts(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, ...]]:
    """Return by which techniques deviations are found, by name: an audit that judges nothing."""
    by: dict[str, tuple[str, ...]] = {}
    known = {"onetrust": packs.load("onetrust").deviations}

    def audit(names: list[tuple[str, str]], seed: int, budget: float, workers: int, *, first: bool) -> Iterator[Judged]:
        for vendor, name in reversed(names):
            deviation = known[vendor].by_name[name]
            yield Judged(vendor, name, deviation.rule, deviation.text, by.get(name, ("probes", "model")), "access", 0.5)

    monkeypatch.setattr(auditing, "audit", audit)
    return by


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["audit", *words], catch_exceptions=False)


def test_deviations_are_listed() -> None:
    """Each with its rule and what it does; nothing is judged."""
    listed = run("onetrust", "--list", "--only", "takes-OT-AUTH-1")
    assert (listed.exit_code, listed.stdout.count("takes-")) == (0, 1)
    assert "OT-AUTH-1" in listed.stdout
    assert "refused with 401" in listed.stdout


def test_all_killed_is_0(verdicts: dict[str, tuple[str, ...]]) -> None:
    """The score of each technique is the table's."""
    ended = run("onetrust", "--sample", "5", "--seed", "7")
    assert ended.exit_code == 0
    assert "onetrust  5           5 (100%)  0         5             0                5            0" in ended.stdout
    assert ended.stdout.endswith("audit: 5 of 5 killed, 0 survived; seed 7\n")


def test_a_log_shows_that_a_long_audit_goes_on(verdicts: dict[str, tuple[str, ...]]) -> None:
    """By a line now and then, where no bar can move."""
    lines = run("onetrust", "--sample", "60", "--seed", "7").stdout.splitlines()
    assert [line for line in lines if line.endswith(" judged")] == ["25 of 60 judged", "50 of 60 judged"]


def test_a_survivor_is_1_and_is_told(verdicts: dict[str, tuple[str, ...]], tmp_path: Path) -> None:
    """With its fingerprint, in JSON and on the page too."""
    verdicts["takes-OT-AUTH-1"] = ()
    names = ["--only", "takes-OT-AUTH-1", "--only", "takes-OT-AUTH-2"]
    files = ["--json", str(tmp_path / "a.json"), "--html", str(tmp_path / "a.html")]
    ended = run("onetrust", *names, *files, "--seed", "7")
    assert ended.exit_code == 1
    assert f"fingerprint {fingerprint('onetrust', 'takes-OT-AUTH-1')}" in ended.stdout
    written = json.loads((tmp_path / "a.json").read_text())
    assert [each["outcome"] for each in written["deviations"]] == ["survived", "killed"]
    assert written["scores"][0]["by"] == {"probes": 1, "scenarios": 0, "model": 1, "schemathesis": 0}
    page = (tmp_path / "a.html").read_text()
    assert page.index("takes-OT-AUTH-1") < page.index("takes-OT-AUTH-2")
    assert "<h1>1 survived</h1>" in page


@pytest.mark.parametrize(
    ("fingerprints", "whole", "code", "told"),
    [
        ([fingerprint("onetrust", "takes-OT-AUTH-1")], True, 0, "accepted: onetrust takes-OT-AUTH-1"),
        ([fingerprint("onetrust", "takes-OT-AUTH-2")], True, 1, "accepts no survivor"),
        ([fingerprint("onetrust", "takes-OT-AUTH-2")], False, 1, "survived: onetrust takes-OT-AUTH-1"),
        (["0123456789abcdef"], False, 1, "accepts no survivor"),
    ],
)
def test_a_survivor_can_be_accepted(
    fingerprints: list[str],
    whole: bool,
    code: int,
    told: str,
    verdicts: dict[str, tuple[str, ...]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a reason; an entry that accepts nothing is told where that can be known."""
    entries = "".join(f"  - {{fingerprint: '{each}', reason: No client can tell this.}}\n" for each in fingerprints)
    monkeypatch.setattr(packs.Pack, "contracts", tmp_path)
    (tmp_path / "accepted.yaml").write_text("audit:\n" + entries)
    verdicts["takes-OT-AUTH-1"] = ()
    ended = run("onetrust", *([] if whole else ["--only", "takes-OT-AUTH-1"]))
    assert (ended.exit_code, told in ended.stdout) == (code, True)


def test_the_sample_is_the_seeds(verdicts: dict[str, tuple[str, ...]], tmp_path: Path) -> None:
    """The same ones for the same seed."""
    chosen = []
    for seed in ("1", "1", "2"):
        run("onetrust", "--sample", "6", "--seed", seed, "--json", str(tmp_path / "a.json"))
        chosen.append([each["deviation"] for each in json.loads((tmp_path / "a.json").read_text())["deviations"]])
    assert chosen[0] == chosen[1] != chosen[2]
    assert len(set(chosen[0])) == 6


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["onetrust", "--only", "nothing"], "no deviation is called 'nothing'; see: understudy audit onetrust --list"),
        (["nobody"], "unknown vendor 'nobody'"),
    ],
)
def test_wrong_words_are_2_in_one_line(words: list[str], told: str) -> None:
    """That says what to do."""
    ended = run(*words)
    assert (ended.exit_code, told in ended.stderr, ended.stderr.count("\n")) == (2, True, 1)
