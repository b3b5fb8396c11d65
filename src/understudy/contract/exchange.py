"""One request as it was sent and what came back, and the curl lines that repeat it. Nothing is judged here."""

import base64
import shlex
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from itertools import groupby

from understudy.contract.shell import octal
from understudy.redaction import HEADERS
from understudy.values import Json

SECRET_HEADERS = HEADERS
LONGEST_WORD = 100_000
"""Bytes of a body that a command may take as a word; Linux has a limit of 128 KiB."""
MANY = 4
"""How often the same curl line stands there before a loop takes its place."""


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request before it is sent; `url` is absolute and carries its query.

    Header values are kept as the Latin-1 reading of their bytes. Those of `secret_headers` are shown as the shell
    variable of that name; '' shows them, which is for what is no secret.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    secret_headers: frozenset[str] = SECRET_HEADERS
    variable: str = "UNDERSTUDY_TOKEN"

    def header(self, name: str) -> str | None:
        """Return the value of the first header of that name, in whatever case, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def curl(self) -> str:
        """Return a line for a POSIX shell that sends the same request; secrets stand as shell variables."""
        words = ["curl", "-sS", "-i", "-X", self.method, *(["-g"] if set("[]{}") & set(self.url) else [])]
        words.append(shlex.quote(self.url))
        for key, value in self.headers:
            if key.lower() in ("content-length", "host", "connection", "accept-encoding"):
                continue
            if key.lower() in self.secret_headers and self.variable:
                words += _secret(key, value, self.variable)
            else:
                words += ["-H", _header(key, value)]
        if self.body is None:
            return " ".join(words)
        if self.header("content-type") is None:
            words += ["-H", "Content-Type:"]  # curl would send one
        text = _plain(self.body) if len(self.body) <= LONGEST_WORD else None
        if text is not None and not text.startswith("@"):  # curl would read a file of that name
            return " ".join([*words, "--data-binary", shlex.quote(text)])
        return " ".join([f"printf '{octal(self.body)}' |", *words, "--data-binary", "@-"])


NO_ANSWER = 1000
"""Stands as a status, which has three digits, where a request has no answer, or none that is whole, twice, though
others have one."""


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response as it came: status, headers in their order, and the body, decoded from transfer codings.

    `cut` says that the body is longer than what was read of it. The status is NO_ANSWER where none came.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    cut: bool = False

    def header(self, name: str) -> str | None:
        """Return the value of the first header of that name, in whatever case, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def said(self) -> str:
        """The status, in words where it is none."""
        return said(self.status)

    @property
    def media_type(self) -> str | None:
        """The Content-Type without its parameters, in lower case; None where there is none."""
        value = self.header("content-type")
        return value.partition(";")[0].strip().lower() if value else None


def telling(statuses: Iterable[int]) -> set[int]:
    """Return the statuses that say what a credential opens: a 429 does not, nor does no answer."""
    return set(statuses) - {429, NO_ANSWER}


def said(status: int) -> str:
    """Return a status as people read it, in words where it stands for none."""
    return "no answer" if status == NO_ANSWER else str(status)


def repeated(requests: Iterable[Request]) -> str:
    """Return the curl lines that send requests one after the other; what is sent again and again is one line."""
    lines: list[str] = []
    for line, same in groupby(request.curl() for request in requests):
        times = len(list(same))
        lines += [line] * times if times < MANY else [f"for _ in $(seq {times}); do {line}; done"]
    return "\n".join(lines)


def retry_after(response: Response) -> float | None:
    """Return the seconds that Retry-After asks for (RFC 9110, section 10.2.3); None where it is missing or wrong."""
    text = (response.header("retry-after") or "").strip()
    if text.isdecimal() and text.isascii():
        return float(text)
    then = _timestamp(text)
    now = _timestamp(response.header("date"))
    return None if then is None else max(0.0, then - (time.time() if now is None else now))


def _timestamp(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, its response, and the time between them in seconds; `credential` names who asked, not the secret."""

    request: Request
    response: Response
    seconds: float = 0.0
    operation_id: str | None = None
    credential: str = "full"
    parameters: Mapping[str, Json] = field(default_factory=dict)


def _secret(key: str, value: str, variable: str) -> list[str]:
    """Return the words that send a header with a shell variable in the place of its secret."""
    scheme, blank, rest = value.partition(" ")
    if key.lower() == "cookie":
        names = [pair.partition("=")[0].strip() for pair in value.split(";")]
        return ["-H", f'"{key}: {"; ".join(f"{name}=${variable}" for name in names)}"']
    if scheme.lower() == "basic" and key.lower() == "authorization":
        with suppress(ValueError):
            user, colon, _ = base64.b64decode(rest, validate=True).decode().partition(":")
            if colon and user.isprintable():
                return ["-u", f'{shlex.quote(user)}:"${variable}"']
    return ["-H", f'"{key}: {scheme} ${variable}"' if blank else f'"{key}: ${variable}"']


def _header(key: str, value: str) -> str:
    """Return a header as a word of the shell, from the Latin-1 reading of its bytes, which requests keep."""
    if not value:
        return shlex.quote(f"{key};")
    text = _plain(value.encode("latin-1"))
    return f"\"{key}: $(printf '{octal(value.encode('latin-1'))}')\"" if text is None else shlex.quote(f"{key}: {text}")


def _plain(raw: bytes) -> str | None:
    """Return bytes as text where a terminal shows it as it is, else None."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None
