"""`understudy lint`: what it prints, what it accepts, and its exit codes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from understudy import pack as packs
from understudy.cli import main
from understudy.spec.lint import CHECKS

WRONG = """openapi: 3.0.3
info: {title: Toy, version: '1'}
paths: {}
components:
  schemas:
    Age:
      type: integer
      example: old
"""
RIGHT = WRONG.replace("old", "7")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "toy.yaml").write_text(WRONG)
    (tmp_path / "right.yaml").write_text(RIGHT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, ["lint", *words])


def fingerprint() -> str:
    """Return that of the finding in toy.yaml."""
    (row,) = json.loads(run("toy.yaml", "--json").stdout)
    return str(row["fingerprint"])


def accept(folder: Path, name: str, more: str = "") -> Path:
    """Write a file that accepts a fingerprint."""
    path = folder / "accepted.yaml"
    path.write_text(f"lint:\n  - {{fingerprint: '{name}', reason: For the test alone.{more}}}\n")
    return path


def test_every_finding_of_the_packs_is_accepted() -> None:
    """All of them are listed all the same, each with its reason."""
    result = run("--json")
    rows = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (0, "")
    assert {row["document"] for row in rows} >= {"onetrust", "gainsight_px"}
    assert all(row["accepted"] and len(row["reason"]) > 20 for row in rows)
    assert "0 findings, " in run().stdout


@pytest.mark.parametrize("vendor", packs.names())
def test_a_pack_is_checked_by_its_name(vendor: str) -> None:
    """Its vendored document, not the effective one."""
    result = run(vendor, "--json")
    assert result.exit_code == 0
    source = packs.load(vendor).source
    assert all(Path(row["file"]).resolve() == source.path.resolve() for row in json.loads(result.stdout))


@pytest.mark.usefixtures("folder")
def test_a_finding_says_what_where_and_what_to_do() -> None:
    """As a row of JSON, and as one of the table."""
    result = run("toy.yaml", "--json")
    (row,) = json.loads(result.stdout)
    assert result.exit_code == 1
    assert row | {"fingerprint": ""} == {
        "document": "toy.yaml",
        "check": "example-against-schema",
        "level": "error",
        "message": 'the example breaks its schema: "old" is not of type "integer"; '
        "correct it, or the schema at /components/schemas/Age",
        "pointer": "/components/schemas/Age/example",
        "file": "toy.yaml",
        "line": 8,
        "fingerprint": "",
        "accepted": False,
        "reason": None,
    }
    table = run("toy.yaml")
    assert table.exit_code == 1
    for text in (
        "toy.yaml:8",
        "error",
        "example-against-schema",
        "/components/schemas/Age/example",
        row["fingerprint"],
    ):
        assert text in table.stdout
    assert table.stdout.endswith("1 finding, 0 accepted\n")


@pytest.mark.usefixtures("folder")
def test_a_correct_document_is_clean() -> None:
    """Nothing but the count is printed."""
    result = run("right.yaml")
    assert (result.exit_code, result.stdout) == (0, "0 findings, 0 accepted\n")
    assert json.loads(run("right.yaml", "--json").stdout) == []


@pytest.mark.usefixtures("folder")
def test_vendors_and_files_may_be_named_together() -> None:
    """In the order in which they are named, each once."""
    rows = json.loads(run("gainsight_px", "toy.yaml", "toy.yaml", "--json").stdout)
    assert list(dict.fromkeys(row["document"] for row in rows)) == ["gainsight_px", "toy.yaml"]
    assert [row["document"] for row in rows].count("toy.yaml") == 1


def test_what_is_accepted_does_not_count(folder: Path) -> None:
    """It is listed with its reason."""
    path = accept(folder, fingerprint())
    result = run("toy.yaml", "--accepted", str(path), "--json")
    (row,) = json.loads(result.stdout)
    assert (result.exit_code, row["accepted"], row["reason"]) == (0, True, "For the test alone.")
    assert run("toy.yaml", "--accepted", str(path)).stdout == "0 findings, 1 accepted\n"


def test_an_acceptance_that_expired_is_an_error(folder: Path) -> None:
    """The finding counts again, and the entry is named with its line."""
    path = accept(folder, fingerprint(), ", expires: '2020-02-29'")
    result = run("toy.yaml", "--accepted", str(path), "--json")
    finding, entry = json.loads(result.stdout)
    assert (result.exit_code, finding["accepted"]) == (1, False)
    assert (entry["check"], entry["file"], entry["line"]) == ("acceptance-expired", "accepted.yaml", 2)
    assert entry["message"] == "the acceptance expired on 2020-02-29; look at the finding again"


def test_an_acceptance_of_nothing_is_an_error(folder: Path) -> None:
    """Even where there is no finding."""
    result = run("right.yaml", "--accepted", str(accept(folder, "0" * 16)), "--json")
    (entry,) = json.loads(result.stdout)
    assert (result.exit_code, entry["check"], entry["level"]) == (1, "acceptance-stale", "error")
    assert entry["message"] == "what this entry accepts no longer occurs; remove the entry"


def test_sarif_has_all_rows(folder: Path) -> None:
    """Beside the table; what is accepted is suppressed there."""
    path = accept(folder, fingerprint())
    (folder / "out").mkdir()
    result = run("toy.yaml", "--accepted", str(path), "--sarif", "out/lint.sarif")
    assert (result.exit_code, result.stdout) == (0, "0 findings, 1 accepted\n")
    (sarif,) = json.loads((folder / "out" / "lint.sarif").read_text())["runs"]
    (row,) = sarif["results"]
    assert row["locations"][0]["physicalLocation"]["region"] == {"startLine": 8}
    assert row["suppressions"][0]["justification"] == "For the test alone."
    declared = {rule["id"] for rule in sarif["tool"]["driver"]["rules"]}
    assert declared == {check.id for check in CHECKS} | {"acceptance-expired", "acceptance-stale"}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nobody"], "understudy: unknown vendor 'nobody'; use one of: "),
        (["none.yaml"], "understudy: cannot read none.yaml: No such file or directory; check the path"),
        (["."], "understudy: "),
        (["onetrust", "--accepted", "toy.yaml"], "understudy: --accepted is for one FILE; name that file alone"),
        (["toy.yaml", "--accepted", "none.yaml"], "understudy: none.yaml: there is no such file; correct the path"),
        (["toy.yaml", "--accepted", "right.yaml"], "understudy: right.yaml:1: Additional properties are not allowed"),
        (["toy.yaml", "--accepted", "."], "understudy: .: --accepted names a directory; name the file in it"),
        (["toy.yaml", "--sarif", "-"], "understudy: --sarif writes a file, not standard output; name a file"),
        (["toy.yaml", "--sarif", "."], "understudy: .: --sarif names a directory; name a file in it"),
        (["toy.yaml", "--sarif", "none/x"], "understudy: none: there is no such directory; make it, or correct"),
        (["toy.yaml", "--sarif", "toy.yaml/x"], "understudy: toy.yaml: the report cannot be written here"),
    ],
)
def test_wrong_usage_is_told_in_a_line(words: list[str], told: str) -> None:
    """With exit code 2, and nothing on standard output."""
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(told)
    assert len(result.stderr.splitlines()) == 1


def test_no_directory_is_made_for_sarif(folder: Path) -> None:
    """Its name may be mistyped."""
    run("toy.yaml", "--sarif", "none/x")
    run("toy.yaml", "--sarif", "-")
    assert not (folder / "none").exists()
    assert not (folder / "-").exists()


def test_a_reason_that_is_too_short_is_told_with_its_least_length(folder: Path) -> None:
    """In the error, where somebody meets it."""
    (folder / "accepted.yaml").write_text(f"lint: [{{fingerprint: '{'0' * 16}', reason: known}}]\n")
    result = run("toy.yaml", "--accepted", "accepted.yaml")
    assert (result.exit_code, "reason (10 characters or more)" in result.stderr) == (2, True)


def test_text_of_a_document_forges_no_line(folder: Path) -> None:
    """Nor does it reach the terminal as more than text."""
    name = "\\e[31m[bold]\\n0 findings"
    (folder / "odd.yaml").write_text(WRONG.replace("Age:", f'"{name}":'))
    shown = run("odd.yaml").stdout
    assert "\x1b" not in shown
    assert "[bold]" in shown
    assert "\n0 findings" not in shown
