"""What the system or a document refuses is told in a line, and is no defect of understudy's."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.e2e.processes import refused
from understudy import pack as packs
from understudy.cli import main

LONG = "a" * 300


@pytest.mark.parametrize(
    "words",
    [
        ("verify", LONG),
        ("serve", LONG),
        ("verify", "onetrust", "--junit", LONG),
        ("verify", "onetrust", "--accepted", LONG),
        ("rules", "onetrust", "--report", LONG),
        ("spec", LONG),
    ],
)
def test_a_name_that_no_file_system_takes_is_told(words: tuple[str, ...]) -> None:
    """As one that is too long, or unknown."""
    assert "too long" in refused(*words) or "unknown vendor" in refused(*words)


@pytest.mark.parametrize("command", ["verify", "serve"])
def test_a_directory_that_is_gone_is_told(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever works in it may have removed it."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    result = CliRunner().invoke(main, [command, "onetrust"])
    monkeypatch.chdir(tmp_path)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1), result.output
    assert "the directory this is called in cannot be used: No such file or directory" in result.stderr


@pytest.mark.parametrize(
    ("text", "words", "told"),
    [
        ('{"a": ' + "[" * 700 + "]" * 700 + "}", (), "nested too deep"),
        ('{"openapi": "3.1.0", "title": "\\ud800"}', ("--json",), "cannot be written as text"),
    ],
)
def test_a_document_that_cannot_be_printed_is_told(
    text: str, words: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    """And printed by no half."""
    (tmp_path / "odd.json").write_text(text)
    assert told in refused("spec", str(tmp_path / "odd.json"), *words)


@pytest.mark.parametrize("host", ["a..b", "b" * 70])
@pytest.mark.parametrize("words", [("verify", "onetrust", "--base-url"), ("compare", "onetrust", "mock")])
def test_a_host_that_no_resolver_takes_is_no_server(words: tuple[str, ...], host: str) -> None:
    """Its labels are empty, or too long."""
    assert "is not the URL of a server" in refused(*words, f"http://{host}", "--token", "t")


@pytest.mark.parametrize(
    "error", [OSError("odd"), RecursionError("too deep"), UnicodeEncodeError("utf-8", "x", 0, 1, "odd")]
)
def test_what_is_no_fault_of_the_users_is_told_as_a_defect(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a traceback and exit 3: a name or a full disk would be looked for in vain."""

    def broken() -> list[str]:
        raise error

    monkeypatch.setattr(packs, "names", broken)
    result = CliRunner().invoke(main, ["spec", "onetrust"])
    assert (result.exit_code, "this is a defect of understudy" in result.stderr) == (3, True)
