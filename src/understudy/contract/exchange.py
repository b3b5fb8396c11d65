"""One request as it was sent and what came back, and the curl line that repeats it. Nothing is judged here."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from understudy.values import Json

SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})


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
        words = ["curl", "-sS", "-i", "-X", self.method, shlex.quote(self.url)]
        for key, value in self.headers:
            if key.lower() in ("content-length", "host", "connection", "accept-encoding"):
                continue
            if key.lower() in self.secret_headers and self.variable:
                scheme = value.partition(" ")[0] + " " if " " in value else ""
                words += ["-H", f'"{key}: {scheme}${self.variable}"']
            else:
                words += ["-H", shlex.quote(f"{key}: {_readable(value)}" if value else f"{key};")]
        if self.body is not None:
            words += ["--data-binary", _quoted(self.body)]
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response as it came: status, headers in their order, and the body, decoded from transfer codings."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return the value of the first header of that name, in whatever case, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def media_type(self) -> str | None:
        """The Content-Type without its parameters, in lower case; None where there is none."""
        value = self.header("content-type")
        return value.partition(";")[0].strip().lower() if value else None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, its response, and the time between them in seconds; `credential` names who asked, not the secret."""

    request: Request
    response: Response
    seconds: float = 0.0
    operation_id: str | None = None
    credential: str = "full"
    parameters: Mapping[str, Json] = field(default_factory=dict)


def _readable(value: str) -> str:
    """Return a header's text from the Latin-1 reading of its bytes, which requests keep: UTF-8 where it is that."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _quoted(body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return "\"$(printf '" + "".join(f"\\{byte:03o}" for byte in body) + "')\""
    return shlex.quote(text) if text.isprintable() else "$'" + "".join(_ansi(char) for char in text) + "'"


def _ansi(char: str) -> str:
    if char in "'\\":
        return "\\" + char
    return char if char.isprintable() else "".join(f"\\x{byte:02x}" for byte in char.encode())
