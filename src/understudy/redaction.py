"""What is left out of recorded calls before anybody sees them: credentials, by the places where they stand."""

import json
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from understudy.values import Json

HIDDEN = "***"
HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
"""Headers that carry credentials whatever the document says."""
_TELLING = re.compile(r"api[-_]?key|secret|password|(?:access|auth|refresh|session|id)[-_]?token")
"""What the name of a header holds that carries a credential of somebody's, whom the document does not know."""
NAMES = frozenset(
    {"access_token", "refresh_token", "id_token", "client_secret", "client_assertion", "password", "api_key", "apikey"}
)
"""Names in queries, forms and JSON whose values are secret, by OAuth 2.0 (RFC 6749, 2.3.1 and 5.1) and by habit."""
ADDRESSES = frozenset({"location", "content-location", "referer"})
"""Headers whose value is an address, which may carry credentials as one that is called may."""
_TOO_DEEP = json.dumps(HIDDEN).encode()
_FORM = re.compile(rb"^[^=&\s{]+=[^\s]*$")
_PART = re.compile(rb'(name="([^"]*)"[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n)(.*?)(?=\r\n--|\Z)', re.DOTALL)
"""A field of multipart/form-data (RFC 7578): its head, its name, and what it holds."""
_MEMBER = re.compile(rb'("((?:[^"\\]|\\.)*)"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^\s,\]}\[{]*)', re.DOTALL)
"""A member in what looks like JSON: its name, and its value if that is a scalar."""


class Redaction:
    """Takes out the credentials of calls; `schemes` name headers, cookies and parameters that carry keys."""

    def __init__(self, schemes: Iterable[str] = ()) -> None:
        own = frozenset(name.lower() for name in schemes)
        self._headers = HEADERS | own
        self._names = frozenset(map(_spelt, NAMES | own))

    def headers(self, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return headers; of an Authorization the scheme stays."""
        return [(name, self._header(name.lower(), value)) for name, value in pairs]

    def raw_headers(self, pairs: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
        """Return headers as they are on the wire, as texts and without secrets."""
        return self.headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs)

    def _header(self, name: str, value: str) -> str:
        if name in ADDRESSES:
            return self.url(value)
        if name not in self._headers and not _TELLING.search(name):
            return value
        scheme, blank, _ = value.partition(" ")
        return f"{scheme} {HIDDEN}" if blank and name.endswith("authorization") else HIDDEN

    def _secret(self, name: str) -> bool:
        """Whether values of that name are secret: `access_token`, `accessToken` and `Access-Token` are one name."""
        return _spelt(name) in self._names

    def query(self, text: str) -> str:
        """Return a query, as it was sent if nothing in it is secret."""
        pairs = parse_qsl(text, keep_blank_values=True)
        if not any(self._secret(name) for name, _ in pairs):
            return text
        return urlencode([(name, HIDDEN if self._secret(name) else value) for name, value in pairs], safe="*")

    def url(self, text: str) -> str:
        """Return an address without what is secret in its query, its fragment, or before its host."""
        try:
            parts = urlsplit(text)
        except ValueError:
            return HIDDEN
        user, at, host = parts.netloc.rpartition("@")
        hidden = parts._replace(
            netloc=f"{HIDDEN if user else user}{at}{host}",
            query=self.query(parts.query),
            fragment=self.query(parts.fragment),
        )
        return text if hidden == parts else urlunsplit(hidden)

    def value(self, value: Json) -> Json:
        """Return a JSON value, at any depth without secrets; nothing of one that is too deep to be looked through."""
        try:
            return self._value(value)
        except RecursionError:
            return HIDDEN

    def _value(self, value: Json) -> Json:
        if isinstance(value, dict):
            return {
                name: _blank(each) if self._secret(str(name)) else self._value(each) for name, each in value.items()
            }
        return [self._value(each) for each in value] if isinstance(value, list) else value

    def body(self, raw: bytes) -> bytes:
        """Return a body without secrets: JSON, even broken or in lines, a form of either kind; any other as it is."""
        try:
            value = json.loads(raw)
        except RecursionError:  # and not as text, of which less is understood
            return _TOO_DEEP
        except ValueError:
            if _FORM.match(raw):
                return self.query(raw.decode("utf-8", "replace")).encode()
            return self._members(_PART.sub(self._part, raw))
        hidden = self.value(value)
        try:
            return raw if hidden == value else json.dumps(hidden, ensure_ascii=False).encode("utf-8", "surrogatepass")
        except RecursionError:
            return _TOO_DEEP

    def _part(self, found: re.Match[bytes]) -> bytes:
        return found[1] + HIDDEN.encode() if self._secret(found[2].decode("utf-8", "replace")) else found[0]

    def _members(self, raw: bytes) -> bytes:
        """Return what may be JSON without secrets; of an object or an array that is one nobody can tell the end."""
        told, start = b"", 0
        for found in _MEMBER.finditer(raw):
            if self._secret(_unescaped(found[2])):
                told += raw[start : found.end(1)] + f'"{HIDDEN}"'.encode()
                start = found.end() if found[3] else len(raw)
        return told + raw[start:]


def _unescaped(name: bytes) -> str:
    """Return what a name in JSON stands for; if that cannot be told, the name."""
    try:
        return str(json.loads(b'"' + name + b'"', strict=False))
    except ValueError:
        return name.decode("utf-8", "replace")


def _blank(value: Json) -> Json:
    """Return a value of the same form that tells nothing, so that what was right of a body stays right."""
    if isinstance(value, dict):
        return {name: _blank(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_blank(each) for each in value]
    return HIDDEN if isinstance(value, str) else value if value is None or isinstance(value, bool) else 0


def _spelt(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
