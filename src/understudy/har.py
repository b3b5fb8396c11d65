"""HTTP Archives (HAR 1.2): recorded calls as a file that browsers and proxies write and read, too."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import jsonschema_rs

from understudy import __version__
from understudy.errors import ContentError, Where
from understudy.values import Json, join

Pairs = Sequence[tuple[str, str]]
_MILLISECOND = timedelta(milliseconds=1)
LARGEST = 256 << 20
"""Bytes of an archive that is read."""
LONGEST = 10**10
"""Milliseconds that a call may take."""
_NAMED = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "value"],
        "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
    },
}
_CONTENT = {"type": "object", "properties": {"text": {"type": "string"}, "encoding": {"type": "string"}}}
_VALIDATOR = jsonschema_rs.Draft202012Validator(
    {
        "type": "object",
        "required": ["log"],
        "properties": {
            "log": {
                "type": "object",
                "required": ["entries"],
                "properties": {
                    "entries": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["startedDateTime", "request", "response"],
                            "properties": {
                                "startedDateTime": {"type": "string"},
                                "time": {"type": "number", "maximum": LONGEST},
                                "comment": {"type": "string"},
                                "request": {
                                    "type": "object",
                                    "required": ["method", "url", "headers"],
                                    "properties": {
                                        "method": {"type": "string"},
                                        "url": {"type": "string"},
                                        "headers": _NAMED,
                                        "postData": _CONTENT,
                                    },
                                },
                                "response": {
                                    "type": "object",
                                    "required": ["status", "headers"],
                                    "properties": {
                                        "status": {
                                            "type": "integer",
                                            "anyOf": [{"const": 0}, {"minimum": 100, "maximum": 999}],
                                        },
                                        "headers": _NAMED,
                                        "content": _CONTENT,
                                    },
                                },
                            },
                        },
                    }
                },
            }
        },
    }
)
"""What of HAR 1.2 is read; browsers and proxies leave the rest out, or have more."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One call as it was recorded: absolute URL, headers and bodies, when it began (in UTC), how long it took.

    `status` is 0 where no answer came; `comment` is for people.
    """

    method: str
    url: str
    headers: Pairs
    body: bytes
    status: int
    answer_headers: Pairs
    answer: bytes
    began: datetime
    seconds: float
    comment: str = ""

    def as_json(self) -> dict[str, Json]:
        """Return the entry of an archive."""
        media_type = _header(self.headers, "content-type")
        request: dict[str, Json] = {
            "method": self.method,
            "url": self.url,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _named(self.headers),
            "queryString": _named(parse_qsl(urlsplit(self.url).query, keep_blank_values=True)),
            "headersSize": -1,
            "bodySize": len(self.body),
        }
        if self.body:
            request["postData"] = {"mimeType": media_type, **_text(self.body, "comment")}
        return {
            "startedDateTime": self.began.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "time": round(self.seconds * 1000, 3),
            "request": request,
            "response": {
                "status": self.status,
                "statusText": HTTPStatus(self.status).phrase if self.status in set(HTTPStatus) else "",
                "httpVersion": "HTTP/1.1",
                "cookies": [],
                "headers": _named(self.answer_headers),
                "content": {
                    "size": len(self.answer),
                    "mimeType": _header(self.answer_headers, "content-type"),
                    **_text(self.answer, "encoding"),
                },
                "redirectURL": _header(self.answer_headers, "location"),
                "headersSize": -1,
                "bodySize": len(self.answer),
            },
            "cache": {},
            "timings": {"send": 0, "wait": round(self.seconds * 1000, 3), "receive": 0},
            **({"comment": self.comment} if self.comment else {}),
        }


def overlaps(calls: Sequence[Recorded]) -> list[list[int]]:
    """Return for each call, in the order of their beginnings, the numbers of those that may have met it on the way.

    Browsers tell times to the millisecond. What seems to overlap by less may have come in turn, and what seems to have
    come in turn may have overlapped: the latter counts where some calls clearly overlap, the former where none do.
    """
    exact = any(call.began.microsecond % 1000 for call in calls)
    found = _overlaps(calls, timedelta() if exact else -_MILLISECOND)
    return found if exact or not any(found) else _overlaps(calls, _MILLISECOND)


def _overlaps(calls: Sequence[Recorded], slack: timedelta) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in calls]
    going: list[tuple[int, datetime]] = []
    for number, call in enumerate(calls):
        going = [each for each in going if call.began < each[1]]
        for other, _ in going:
            found[number].append(other)
            found[other].append(number)
        going.append((number, call.began + timedelta(seconds=call.seconds) + slack))
    return found


def archive(calls: Iterable[Recorded]) -> dict[str, Json]:
    """Return the archive of calls, as a JSON value."""
    creator = {"name": "understudy", "version": __version__}
    return {"log": {"version": "1.2", "creator": creator, "entries": [call.as_json() for call in calls]}}


def read(path: Path) -> tuple[Recorded, ...]:
    """Return the calls of an archive; raises ContentError that says where it is none, or cannot be read."""
    try:
        if path.stat().st_size > LARGEST:
            raise ContentError(
                f"the archive has more than {LARGEST >> 20} MiB",
                where=Where(path),
                todo="record less, or cut it in parts",
            )
        value: Json = json.loads(path.read_bytes())
    except OSError as error:
        raise ContentError(f"cannot read it: {error.strerror}", where=Where(path), todo="check the file") from error
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise ContentError(f"not JSON: {error}", where=Where(path, line), todo="export the archive again") from error
    for violation in _VALIDATOR.iter_errors(value):
        pointer = join(*violation.instance_path)
        what = f"not an HTTP Archive: {violation.message[:200]}"
        raise ContentError(what, where=Where(path, None, pointer), todo="export HAR 1.2 with the contents of answers")
    return tuple(_recorded(path, number, entry) for number, entry in enumerate(value["log"]["entries"]))


def _recorded(path: Path, number: int, entry: Json) -> Recorded:
    """Return the call of an entry."""
    request, response, where = entry["request"], entry["response"], f"/log/entries/{number}"
    post, content = request.get("postData", {}), response.get("content", {})
    seconds = max(0.0, entry.get("time", 0) / 1000)
    try:
        began = _utc(datetime.fromisoformat(entry["startedDateTime"]))
        began + timedelta(seconds=seconds, days=1)  # somewhere on the calendar, and so is its end
    except (ValueError, OverflowError) as error:
        pointer = f"{where}/startedDateTime"
        raise ContentError(
            f"not a time: {error}", where=Where(path, None, pointer), todo="ISO 8601 is wanted"
        ) from error
    try:
        urlsplit(request["url"]).port  # noqa: B018 (which is read late)
    except ValueError as error:
        pointer = f"{where}/request/url"
        raise ContentError(f"not a URL: {error}", where=Where(path, None, pointer), todo="export it again") from error
    return Recorded(
        request["method"],
        request["url"],
        _pairs(request["headers"]),
        _body(path, f"{where}/request/postData", post, "comment"),
        int(response["status"]),
        _pairs(response["headers"]),
        _body(path, f"{where}/response/content", content, "encoding"),
        began,
        seconds,
        entry.get("comment", ""),
    )


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _pairs(named: Json) -> Pairs:
    return tuple((_latin(each["name"]), _latin(each["value"])) for each in named)


def _latin(text: str) -> str:
    """Return a text of a header as the Latin-1 reading of its bytes, which may have been read as UTF-8."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass").decode("latin-1")
    return text


def _body(path: Path, pointer: str, value: Mapping[str, Json], coded: str) -> bytes:
    """Return a body; raises ContentError where it is said to be base64 and is not."""
    text = value.get("text", "")
    if value.get(coded) != "base64" and value.get("encoding") != "base64":
        return str(text).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        todo = "export the archive again"
        raise ContentError(f"not base64: {error}", where=Where(path, None, f"{pointer}/text"), todo=todo) from error


def _named(pairs: Iterable[tuple[str, str]]) -> list[Json]:
    return [{"name": name, "value": value} for name, value in pairs]


def _header(pairs: Pairs, name: str) -> str:
    return next((value for key, value in pairs if key.lower() == name), "")


def _text(body: bytes, coded: str) -> dict[str, Json]:
    """Return a body as text or, where it is none, in base64, which the key `coded` then says."""
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(body).decode(), coded: "base64"}
