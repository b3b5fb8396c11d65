"""HTTP Archives: what is written is read again, and what is none is told with its place."""

import base64
import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from understudy import har
from understudy.errors import ContentError
from understudy.har import Recorded, archive, read

CALL = Recorded(
    "PUT",
    "https://api.example.com/v1/users/a%20b?x=1",
    (("Content-Type", "application/json"), ("X-Key", "k")),
    b'{"name": "\xc3\xa9"}',
    200,
    (("Content-Type", "image/png"),),
    b"\x89PNG\xff",
    datetime(2026, 1, 31, 9, 30, tzinfo=UTC),
    0.25,
    "a comment",
)
ENTRY = CALL.as_json()


def written(folder: Path, value: object) -> Path:
    """Write a file and return its path."""
    path = folder / "mine.har"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """Bodies that are no text as well."""
    assert read(written(tmp_path, archive([CALL, CALL]))) == (CALL, CALL)


def test_what_others_write_is_read(tmp_path: Path) -> None:
    """With what browsers add, and without what they leave out; a request in base64 as mitmproxy has it."""
    entry = {
        "startedDateTime": "2026-01-31T10:30:00.000+01:00",
        "_priority": "high",
        "request": {
            "method": "POST",
            "url": "https://api.example.com/",
            "headers": [],
            "postData": {"mimeType": "x", "text": base64.b64encode(b"\xff").decode(), "encoding": "base64"},
        },
        "response": {"status": 204, "headers": [], "content": {"size": 0, "mimeType": "x-unknown"}},
    }
    (call,) = read(written(tmp_path, {"log": {"version": "1.2", "pages": [], "entries": [entry]}}))
    assert (call.body, call.status, call.answer, call.seconds) == (b"\xff", 204, b"", 0.0)
    assert call.began == datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("{\n  nonsense", r"mine\.har:2: not JSON"),
        ("[" * 100_000, r"mine\.har: not JSON"),
        ([], r"mine\.har.*: not an HTTP Archive: .*object"),
        ({"openapi": "3.1.0"}, r'not an HTTP Archive: "log" is a required property'),
        ({"log": {"entries": [{**ENTRY, "request": {}}]}}, r"/log/entries/0/request\): not an HTTP Archive: .*method"),
        ({"log": {"entries": [ENTRY, {**ENTRY, "startedDateTime": "noon"}]}}, r"/log/entries/1/startedDateTime"),
        ({"log": {"entries": [{**ENTRY, "time": 1e30}]}}, r"/log/entries/0/time\): not an HTTP Archive"),
        ({"log": {"entries": [{**ENTRY, "time": 10**400}]}}, r"/log/entries/0/time\): not an HTTP Archive"),
        ({"log": {"entries": [{**ENTRY, "startedDateTime": "9999-12-31T23:59:59.999Z"}]}}, "/startedDateTime"),
        ({"log": {"entries": [{**ENTRY, "startedDateTime": "0001-01-01T00:00:00+14:00"}]}}, "/startedDateTime"),
        ({"log": {"entries": [{**ENTRY, "request": {**ENTRY["request"], "url": "http://[x"}}]}}, "/request/url"),
        ({"log": {"entries": [{**ENTRY, "request": {**ENTRY["request"], "url": "http://x:y/"}}]}}, "/request/url"),
        ({"log": {"entries": [{**ENTRY, "response": {**ENTRY["response"], "status": -5}}]}}, "/response/status"),
        ({"log": {"entries": [{**ENTRY, "response": {**ENTRY["response"], "status": 99}}]}}, "/response/status"),
        (
            {
                "log": {
                    "entries": [
                        {**ENTRY, "response": {**ENTRY["response"], "content": {"text": "é", "encoding": "base64"}}}
                    ]
                }
            },
            r"/log/entries/0/response/content/text\): not base64",
        ),
    ],
)
def test_what_is_no_archive_is_told_with_its_place(value: object, told: str, tmp_path: Path) -> None:
    """And what to do."""
    with pytest.raises(ContentError, match=told) as raised:
        read(written(tmp_path, value))
    assert raised.value.todo


def test_what_is_odd_is_read(tmp_path: Path) -> None:
    """A status that is written with a point, and headers that somebody has read as UTF-8."""
    headers = [{"name": "X-Snow", "value": "\N{SNOWMAN}"}, {"name": "X-Plain", "value": "\xe9"}]
    entry = {
        **ENTRY,
        "request": {**ENTRY["request"], "headers": headers},
        "response": {**ENTRY["response"], "status": 200.0},
    }
    (call,) = read(written(tmp_path, {"log": {"entries": [entry]}}))
    assert (call.status, type(call.status)) == (200, int)
    assert call.headers == (("X-Snow", "\N{SNOWMAN}".encode().decode("latin-1")), ("X-Plain", "\xe9"))


def test_an_archive_that_is_huge_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor one that is not there."""
    monkeypatch.setattr(har, "LARGEST", 1 << 20)
    path = written(tmp_path, "")
    os.truncate(path, (1 << 20) + 1)
    with pytest.raises(ContentError, match="more than 1 MiB"):
        read(path)
    with pytest.raises(ContentError, match="cannot read it: No such file"):
        read(tmp_path / "gone.har")


@pytest.mark.parametrize(
    ("times", "met"),
    [
        ([(0, 5), (5, 5), (20, 5)], [[], [], []]),
        ([(0, 5.5), (5, 5), (20, 5)], [[], [], []]),  # told to the millisecond, and nothing else overlaps
        ([(0, 5), (2, 5), (7, 5), (30, 5)], [[1], [0, 2], [1], []]),  # where calls overlap, that may do as well
        ([(0.001, 5), (5.0005, 5), (5.002, 1)], [[1], [0, 2], [1]]),  # told to the microsecond
        ([(0, 100), (1, 2), (50, 2), (200, 1)], [[1, 2], [0], [0], []]),
    ],
)
def test_calls_meet_as_far_as_their_times_tell(times: list[tuple[float, float]], met: list[list[int]]) -> None:
    """Beginnings and durations in milliseconds."""
    calls = [
        replace(CALL, began=CALL.began + timedelta(milliseconds=began), seconds=lasted / 1000)
        for began, lasted in times
    ]
    assert har.overlaps(calls) == met
