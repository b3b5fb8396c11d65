"""What the system or a document refuses is told in a line, and is no defect of understudy's."""

import errno
import json
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.e2e.processes import COMMAND, refused
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


@pytest.mark.parametrize("words", [("verify", "onetrust"), ("serve", "onetrust"), ("--help",), ("nothing",)])
def test_a_directory_that_is_gone_is_told(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever works in it may have removed it."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    result = CliRunner().invoke(main, list(words))
    monkeypatch.chdir(tmp_path)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1), result.output
    assert "the directory this is called in cannot be used: No such file or directory" in result.stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": ' + "[" * 300 + "]" * 300 + "}", "the document nests values more than 200 deep"),
        ('{"a": ' + "[" * 5000 + "]" * 5000 + "}", "the document nests values more than 200 deep"),
        ('{"a": "\\ud83d\\ude00",\n"b": "\\ud800"}', r"odd.json:2: \ud800 is half of a surrogate pair"),
        ('{"\\udc00\\ud83d": "\\\\ud800"}', r"odd.json:1: \udc00 is half of a surrogate pair"),
    ],
)
@pytest.mark.parametrize(
    "words",
    [
        ("spec",),
        ("spec", "--json"),
        ("lint",),
        ("verify", "onetrust", "--base-url", "http://127.0.0.1:9", "--token", "t", "--baseline"),
    ],
)
def test_a_file_of_which_no_use_can_be_made_is_told(
    text: str, words: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    """Before anything is done, and at any depth at which Python gives up."""
    (tmp_path / "odd.json").write_text(text)
    assert told in refused(*words, str(tmp_path / "odd.json"))


def test_overlays_do_not_nest_a_document_too_deep(tmp_path: Path) -> None:
    """Each file may be flat enough by itself."""
    (tmp_path / "a.json").write_text('{"openapi": "3.1.0", "a": ' + '{"a": ' * 150 + "1" + "}" * 151)
    update = '{"b": ' * 150 + "1" + "}" * 150
    target = "$" + ".a" * 150
    action = f'"actions": [{{"target": "{target}", "update": {update}}}]'
    (tmp_path / "o.json").write_text(f'{{"overlay": "1.0.0", "info": {{"title": "a", "version": "1"}}, {action}}}')
    said = refused("spec", str(tmp_path / "a.json"), "--overlay", str(tmp_path / "o.json"))
    assert "a.json with its overlays nests values more than 200 deep; make it flatter" in said


def test_a_document_is_printed_in_utf8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the terminal's encoding: it may go to a file, where readers expect UTF-8."""
    (tmp_path / "a.json").write_text('{"openapi": "3.1.0", "title": "中 \\ud83d\\ude00"}')
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    for words in ((), ("--json",)):
        printed = subprocess.run([*COMMAND, "spec", str(tmp_path / "a.json"), *words], check=True, capture_output=True)
        assert "中 😀" in printed.stdout.decode()


def test_what_a_terminal_cannot_show_is_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is no defect."""
    (tmp_path / "a.yaml").write_text("openapi: 3.1.0\ninfo: {title: a, version: '1'}\npaths: {/中: {get: {中: 1}}}\n")
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    printed = subprocess.run([*COMMAND, "lint", str(tmp_path / "a.yaml")], check=False, capture_output=True)
    assert (printed.returncode, rb"\u4e2d" in printed.stdout) == (1, True), printed.stdout + printed.stderr


@pytest.mark.parametrize("query", ["$[?" + "(" * 3000 + "@.a" + ")" * 3000 + "]", "$[?@.a == 1e99999]"])
def test_a_path_that_cannot_be_read_is_told(query: str, tmp_path: Path) -> None:
    """One that is nested too deep, or with a number beyond all bounds: of a comparison, and of an overlay."""
    assert "is no JSONPath" in refused("compare", "onetrust", "mock", "mock", "--ignore", query)
    (tmp_path / "a.json").write_text('{"openapi": "3.1.0"}')
    actions = [{"target": query, "remove": True}]
    overlay = {"overlay": "1.0.0", "info": {"title": "a", "version": "1"}, "actions": actions}
    (tmp_path / "o.json").write_text(json.dumps(overlay))
    said = refused("spec", str(tmp_path / "a.json"), "--overlay", str(tmp_path / "o.json"))
    assert "o.json:1 (/actions/0/target): JSONPath" in said


@pytest.mark.parametrize("host", ["a..b", "b" * 70])
@pytest.mark.parametrize("words", [("verify", "onetrust", "--base-url"), ("compare", "onetrust", "mock")])
def test_a_host_that_no_resolver_takes_is_no_server(words: tuple[str, ...], host: str) -> None:
    """Its labels are empty, or too long."""
    assert "is not the URL of a server" in refused(*words, f"http://{host}", "--token", "t")


@pytest.mark.parametrize(
    "error",
    [
        OSError("odd"),
        OSError(errno.EBADF, "Bad file descriptor"),
        ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
        RecursionError("too deep"),
        UnicodeEncodeError("utf-8", "x", 0, 1, "odd"),
    ],
)
def test_what_is_no_fault_of_the_users_is_told_as_a_defect(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a traceback and exit 3: a name or a full disk would be looked for in vain."""

    def broken() -> list[str]:
        raise error

    monkeypatch.setattr(packs, "names", broken)
    result = CliRunner().invoke(main, ["spec", "onetrust"])
    assert (result.exit_code, "this is a defect of understudy" in result.stderr) == (3, True)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EPERM, errno.ENFILE])
def test_what_a_system_lacks_is_told(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a line, and is no defect."""

    def broken() -> list[str]:
        raise OSError(number, os.strerror(number), "a/file")

    monkeypatch.setattr(packs, "names", broken)
    result = CliRunner().invoke(main, ["spec", "onetrust"])
    said = f"understudy: {os.strerror(number)}: a/file; correct the name, or free what is used up\n"
    assert (result.exit_code, result.stderr) == (2, said)
