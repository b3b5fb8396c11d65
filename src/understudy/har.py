"""HTTP Archives (HAR 1.2): recorded calls as a file that browsers and proxies write and read, too."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from understudy import __version__
from understudy.values import Json

Pairs = Sequence[tuple[str, str]]


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
            "startedDateTime": self.began.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
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


def archive(calls: Iterable[Recorded]) -> dict[str, Json]:
    """Return the archive of calls, as a JSON value."""
    creator = {"name": "understudy", "version": __version__}
    return {"log": {"version": "1.2", "creator": creator, "entries": [call.as_json() for call in calls]}}


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
