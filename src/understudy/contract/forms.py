"""Bodies that are forms: the bytes, and the Content-Type to send them with."""

from collections.abc import Mapping
from urllib.parse import urlencode

URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
BOUNDARY = "understudy-boundary"


def urlencoded(fields: Mapping[str, str]) -> tuple[bytes, str]:
    """Return a URL-encoded form."""
    return urlencode(fields).encode(), URLENCODED


def multipart(fields: Mapping[str, str]) -> tuple[bytes, str]:
    """Return a multipart form (RFC 7578)."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="'
    parts = "".join(f'{head}{name}"\r\n\r\n{value}\r\n' for name, value in fields.items())
    return f"{parts}--{BOUNDARY}--\r\n".encode(), f"{MULTIPART}; boundary={BOUNDARY}"


FORMS = {URLENCODED: urlencoded, MULTIPART: multipart}
