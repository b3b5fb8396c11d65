"""Whether a document is valid OpenAPI. What has been found valid once is known to its user from then on."""

import json
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from understudy import __version__, folders
from understudy.values import Json, join


@lru_cache(maxsize=64)
def fault(document: str) -> tuple[str, str]:
    """Return where a document, as JSON, is no valid OpenAPI, and why; twice nothing if it is valid.

    To find that out, and to import what does, takes longer than all else that a pack is read for.
    """
    with suppress(OSError):
        if _mark(document).is_file():
            return "", ""
    where, reason = _fault(json.loads(document))
    if not reason:
        with suppress(OSError):  # there is no place to remember it in
            _mark(document).parent.mkdir(parents=True, exist_ok=True)
            _mark(document).touch()
    return where, reason


def _mark(document: str) -> Path:
    """Return the file that is there once a document has been found valid by the releases that are installed."""
    by = [__version__, *(_release(name) for name in ("openapi-spec-validator", "openapi-schema-validator"))]
    text = " ".join((*by, document))
    return folders.cache() / "valid" / sha256(text.encode()).hexdigest()


def _release(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # as in an archive of everything, which says nothing of what is in it
        return ""


def _fault(value: Json) -> tuple[str, str]:
    # Imported here, since a document that is known to be valid does without: it is half of the start of a mock.
    from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator
    from referencing.exceptions import Unresolvable

    declared = str(value.get("openapi", "")) if isinstance(value, dict) else ""
    validator = OpenAPIV30SpecValidator if declared.startswith("3.0") else OpenAPIV31SpecValidator
    try:
        error = next(iter(validator(value).iter_errors()), None)
    except Unresolvable as unresolvable:
        return "", f"the reference {unresolvable.ref!r} leads nowhere"
    return (join(*getattr(error, "absolute_path", ())), str(error).splitlines()[0]) if error is not None else ("", "")
