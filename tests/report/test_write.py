"""Where reports become files."""

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from understudy.contract.verdict import Report
from understudy.errors import UsageError
from understudy.report.write import check_writable, put, write


def test_four_files_are_written(sample: Callable[..., Report], tmp_path: Path) -> None:
    """The directory is made, holds the four files and nothing else, and they are what their names say."""
    directory = tmp_path / "out" / "onetrust"
    files = write(sample(), directory)
    assert [path.name for path in files] == ["report.json", "report.html", "junit.xml", "report.sarif"]
    assert sorted(directory.iterdir()) == sorted(files)
    assert json.loads(files[0].read_text())["verdict"] == "violates"
    assert files[1].read_text("utf-8").startswith("<!doctype html>")
    assert files[2].read_bytes().startswith(b'<?xml version="1.0" encoding="utf-8"?>')
    assert json.loads(files[3].read_bytes())["version"] == "2.1.0"


def test_earlier_report_is_replaced_and_other_files_stay(sample: Callable[..., Report], tmp_path: Path) -> None:
    """A second run overwrites its own files alone."""
    (tmp_path / "notes.txt").write_text("mine")
    write(sample(), tmp_path)
    write(sample(seed=43), tmp_path)
    assert json.loads((tmp_path / "report.json").read_text())["seed"] == 43
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_files_have_the_permissions_of_the_user(sample: Callable[..., Report], tmp_path: Path) -> None:
    """A CI server's other account may read the report where the umask allows it."""
    (tmp_path / "plain").touch()
    report_json, *_ = write(sample(), tmp_path)
    assert report_json.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_hostile_report_is_written(hostile: Callable[[str], Report], tmp_path: Path) -> None:
    """No character keeps a report from being written."""
    assert len(write(hostile("\ud800\x00\x1b"), tmp_path)) == 4


def test_directory_that_cannot_be_says_so(sample: Callable[..., Report], tmp_path: Path) -> None:
    """A file in the way is the user's mistake: the error names the place and what to do."""
    (tmp_path / "taken").write_text("a file")
    message = r"taken/out: the report cannot be written here: not a directory; give another directory"
    with pytest.raises(UsageError, match=message):
        write(sample(), tmp_path / "taken" / "out")
    with pytest.raises(UsageError, match=message):
        check_writable(tmp_path / "taken" / "out")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a directory that even root cannot write")
def test_read_only_directory_is_refused_before_the_run() -> None:
    """A directory that is there but takes no file is found out by `check_writable`."""
    with pytest.raises(UsageError, match=r"/proc/\d+: the report cannot be written here"):
        check_writable(Path("/proc/self").resolve())


def test_file_that_cannot_be_replaced_leaves_no_trace(sample: Callable[..., Report], tmp_path: Path) -> None:
    """Where report.json is a directory, the error says so and no temporary file stays."""
    (tmp_path / "report.json").mkdir()
    with pytest.raises(UsageError, match=r"report\.json: the report cannot be written here: is a directory"):
        write(sample(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_check_leaves_an_empty_directory(tmp_path: Path) -> None:
    """The check makes the directory, and leaves nothing in it."""
    check_writable(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    """Such as /dev/stdout, in whose place a file would be of no use."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        read = pool.submit(pipe.read_bytes)
        put(pipe, b"<testsuites/>")
        assert read.result(timeout=10) == b"<testsuites/>"
    assert pipe.is_fifo()


def test_scenarios_of_findings_are_written_and_old_ones_go(sample: Callable[..., Report], tmp_path: Path) -> None:
    """Beside the report, by rule and fingerprint; a scenario of the user's own stays."""
    (tmp_path / "failing").mkdir()
    old, own = (tmp_path / "failing" / f"{name}.arazzo.yaml" for name in ("OT-ID-1-0123456789abcdef", "mine"))
    old.touch()
    own.touch()
    finding = replace(sample().findings[0], scenario="arazzo: 1.0.1\n")
    files = write(sample(findings=(finding,)), tmp_path)
    assert files[-1] == tmp_path / "failing" / f"OT-LINK-3-{finding.fingerprint}.arazzo.yaml"
    assert files[-1].read_text() == "arazzo: 1.0.1\n"
    assert {*(tmp_path / "failing").iterdir()} == {files[-1], own}
    assert json.loads(files[0].read_text())["findings"][0]["scenario"] == f"failing/{files[-1].name}"
