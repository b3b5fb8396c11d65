"""`understudy spec` and `understudy vendor`: documents printed, documents taken in."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from understudy import pack as packs
from understudy.cli import main
from understudy.spec import provenance

DOCUMENT = {"openapi": "3.1.0", "info": {"title": "Toy", "version": "1e3"}, "paths": {}}
OVERLAY = """overlay: 1.1.0
info: {title: t, version: '1'}
actions:
  - {target: $.info, update: {title: New}}
  - {target: $.nothing, update: {x: 1}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "toy.json").write_text(json.dumps(DOCUMENT))
    (tmp_path / "one.yaml").write_text(OVERLAY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(main, words)


@pytest.mark.parametrize(
    ("options", "operations"),
    [((), 7), (("--effective",), 7), (("--vendored",), 1), (("--judged",), 7), (("--judged", "--scope", "core"), 1)],
)
@pytest.mark.parametrize("form", ["--json", None])
def test_standard_output_is_the_document_alone(options: tuple[str, ...], operations: int, form: str | None) -> None:
    """In YAML or JSON, the same value; nothing is said on standard error."""
    result = run("spec", "onetrust", *options, *([form] if form else []))
    value = json.loads(result.stdout) if form else yaml.safe_load(result.stdout)
    pack = packs.load("onetrust")
    documents = {7: pack.effective, 1: pack.vendored}
    assert (result.exit_code, result.stderr) == (0, "")
    assert sum(len(item) for item in value["paths"].values()) == operations
    if not options or "--vendored" in options:
        assert value == documents[operations].value


def test_the_judged_document_has_no_inferred_status() -> None:
    """Nor does the scope core have what stands on other pages."""
    judged = json.loads(run("spec", "onetrust", "--judged", "--json").stdout)
    write = judged["paths"]["/api/consentmanager/v1/datasubjects/dataelements"]["post"]
    assert "404" not in write["responses"]


def test_a_file_is_printed_with_its_overlays_and_warnings_go_to_standard_error(project: Path) -> None:
    """An action that matches nothing is told with file and line, and is no error."""
    result = run("spec", "toy.json", "--overlay", "one.yaml", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["info"] == {"title": "New", "version": "1e3"}
    lines = result.stderr.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(
        "understudy: warning: one.yaml:5 (/actions/1/target): target $.nothing matches nothing; "
    )


def test_every_overlay_is_warned_of(project: Path) -> None:
    """Not of the first alone."""
    (project / "two.yaml").write_text(OVERLAY.replace("nothing", "nobody"))
    result = run("spec", "toy.json", "--overlay", "one.yaml", "--overlay", "two.yaml")
    assert [line.split(":")[2].strip() for line in result.stderr.splitlines()] == ["one.yaml", "two.yaml"]


def test_a_document_keeps_its_values_in_yaml(project: Path) -> None:
    """A version that looks like a number stays text for every reader."""
    assert "version: '1e3'" in run("spec", "toy.json").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nobody",), "understudy: unknown vendor 'nobody'; use one of: "),
        (("none.yaml",), "understudy: cannot read none.yaml: No such file or directory; check the path"),
        (("one.yaml", "--overlay", "none.yaml"), "understudy: cannot read none.yaml"),
        (
            ("onetrust", "--judged", "--vendored"),
            "understudy: both --vendored and --judged are given; give one of them",
        ),
        (("toy.json", "--vendored"), "understudy: --vendored is for a vendor, and toy.json is a file"),
        (("onetrust", "--overlay", "none.yaml"), "understudy: onetrust is a vendor, whose overlays are its pack's"),
        (("list.json",), "understudy: list.json is not an OpenAPI document; give an OpenAPI file in JSON or YAML"),
        (
            ("toy.json", "--overlay", "toy.json"),
            "understudy: toy.json:1 (/openapi): the overlay has an unknown key 'openapi'",
        ),
    ],
)
def test_what_cannot_be_printed_is_told_in_one_line(project: Path, words: tuple[str, ...], told: str) -> None:
    """With exit code 2 and nothing on standard output."""
    (project / "list.json").write_text("[]")
    result = run("spec", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(told)
    assert len(result.stderr.splitlines()) == 1


def test_a_document_can_be_piped(project: Path) -> None:
    """The real command, whose standard output another program reads."""
    words = [sys.executable, "-m", "understudy", "spec", "onetrust", "--json"]
    result = subprocess.run(words, capture_output=True, text=True, check=True)
    assert json.loads(result.stdout)["openapi"] == "3.1.0"
    assert result.stderr == ""


def test_a_document_is_taken_in_with_its_provenance(project: Path) -> None:
    """Into ./specs; the lines tell title and hash, and what is to be checked by hand."""
    (project / "specs").mkdir()
    result = run("vendor", "toy", "toy.json")
    source, taken = provenance.load(project / "specs" / "toy")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"specs/toy: Toy 1e3, SHA-256 {taken.sha256}",
        "check address (unknown) and license (unknown) in specs/toy/provenance.yaml",
        "toy is new here, and needs specs/toy/rules.yaml and mock/toy.py: "
        "docs/ARCHITECTURE.md of understudy says what is in them",
    ]
    assert "is new here" not in run("vendor", "toy", "toy.json").stdout
    assert source.content == (project / "toy.json").read_bytes()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("toy", "none.json"), "cannot read none.json: No such file or directory; check the path"),
        (("toy", "one.yaml"), "one.yaml: not an OpenAPI 3 document; give the vendor's OpenAPI file"),
        (("../toy", "toy.json"), "'../toy' is no name of a vendor; use letters, digits, - and _"),
    ],
)
def test_what_is_not_taken_in_is_told_in_one_line(project: Path, words: tuple[str, ...], told: str) -> None:
    """And nothing is written."""
    (project / "specs").mkdir()
    result = run("vendor", *words)
    assert (result.exit_code, result.stderr) == (2, f"understudy: {told}\n")
    assert list((project / "specs").iterdir()) == []
    assert not (project / "toy").exists()


def test_vendoring_wants_a_contract_project(project: Path) -> None:
    """Else a folder would appear wherever one happens to be."""
    result = run("vendor", "toy", "toy.json")
    assert (result.exit_code, result.stderr) == (
        2,
        "understudy: there is no folder specs/ here; change to the root of your contract project\n",
    )
