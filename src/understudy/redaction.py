"""What is left out of recorded calls before anybody sees them: credentials, by the places where they stand."""

import json
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode

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
_FORM = re.compile(rb"^[^=&\s{]+=[^\s]*$")


class Redaction:
    """Takes out the credentials of calls; `schemes` name headers, cookies and parameters that carry keys."""

    def __init__(self, schemes: Iterable[str] = ()) -> None:
        own = frozenset(name.lower() for name in schemes)
        self._headers = HEADERS | own
        self._names = frozenset(map(_spelt, NAMES | own))

    def headers(self, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return headers; of an Authorization the scheme stays."""
        return [(name, self._header(name.lower(), value)) for name, value in pairs]

    def _header(self, name: str, value: str) -> str:
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

    def value(self, value: Json) -> Json:
        """Return a JSON value, at any depth without secrets."""
        if isinstance(value, dict):
            return {name: _blank(each) if self._secret(str(name)) else self.value(each) for name, each in value.items()}
        return [self.value(each) for each in value] if isinstance(value, list) else value

    def body(self, raw: bytes) -> bytes:
        """Return a body of JSON or of a form without secrets; any other as it is."""
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError):
            if _FORM.match(raw):
                return self.query(raw.decode("utf-8", "replace")).encode()
            return re.sub(rb'(name="client_secret"\r\n(?:[^\r\n]+\r\n)*\r\n)[^\r\n]*', rb"\1***", raw)
        hidden = self.value(value)
        return raw if hidden == value else json.dumps(hidden, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _blank(value: Json) -> Json:
    """Return a value of the same form that tells nothing, so that what was right of a body stays right."""
    if isinstance(value, dict):
        return {name: _blank(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_blank(each) for each in value]
    return HIDDEN if isinstance(value, str) else value if value is None or isinstance(value, bool) else 0


def _spelt(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
