"""An archive on the disk while calls come in."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from understudy import har
from understudy.errors import UsageError
from understudy.proxy.recording import Recording


def call(name: str) -> har.Recorded:
    headers = (("content-type", "text/plain"),)
    return har.Recorded("GET", f"http://a/{name}", headers, b"\xff", 200, headers, b"\xc3\xa6", NOW, 0.5, "said")


NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def test_the_file_is_whole_after_each_call(tmp_path: Path) -> None:
    """Whoever kills the proxy has all that was answered."""
    path = tmp_path / "a.har"
    recording = Recording(path)
    assert har.read(path) == ()
    for number in range(1, 4):
        recording.add(call(str(number)))
        assert har.read(path) == tuple(call(str(each + 1)) for each in range(number))
    recording.close()
    assert json.loads(path.read_bytes()) == har.archive(har.read(path))


def test_a_recording_that_is_there_is_kept(tmp_path: Path) -> None:
    """The error names the file, and what to do."""
    path = tmp_path / "a.har"
    path.write_text("mine")
    with pytest.raises(UsageError, match=r"a\.har: the recording is there already; name another file, or remove it"):
        Recording(path)
    assert path.read_text() == "mine"
    with pytest.raises(UsageError, match="cannot record: No such file"):
        Recording(tmp_path / "no" / "a.har")


@pytest.mark.parametrize("error", [None, OSError(28, "No space left on device")])
def test_a_full_disk_leaves_what_was_there(
    error: OSError | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half an entry is taken back, and a later one finds its place."""
    path = tmp_path / "a.har"
    recording = Recording(path)
    recording.add(call("1"))
    file: Any = recording._file

    class Full:
        def __getattr__(self, name: str) -> Any:
            return getattr(file, name)

        def write(self, content: bytes) -> int:
            if len(content) < 20:
                return int(file.write(content))
            file.write(content[:100])
            if error is not None:
                raise error
            return 100

    monkeypatch.setattr(recording, "_file", Full())
    with pytest.raises(OSError, match="No space left"):
        recording.add(call("2"))
    assert har.read(path) == (call("1"),)
    monkeypatch.setattr(recording, "_file", file)
    recording.add(call("3"))
    assert har.read(path) == (call("1"), call("3"))
    recording.close()
