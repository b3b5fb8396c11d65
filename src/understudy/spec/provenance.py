"""Where a vendored document comes from, and that it is still the one that was taken from there."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import jsonschema_rs

from understudy.errors import ContentError, UsageError, Where, shown
from understudy.spec.source import Source, as_yaml, parse, read
from understudy.values import Json, join

_VALIDATOR = jsonschema_rs.Draft202012Validator(
    {
        "type": "object",
        "required": ["title", "address", "retrieved", "sha256", "license"],
        "additionalProperties": False,
        "properties": {
            "title": {"type": "string"},
            "version": {"type": "string"},
            "address": {"type": "string"},
            "retrieved": {"type": "string", "format": "date"},
            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "license": {"type": "string"},
            "note": {"type": "string"},
            "transcribed": {"type": "boolean"},
        },
    },
    validate_formats=True,
)


@dataclass(frozen=True, slots=True)
class Provenance:
    """A document's title, the address printed in its source, the day it was taken (ISO 8601), hash and licence.

    A `transcribed` document is ours, made of a page in prose: where its schemas say more than the page, that is not the
    vendor's word.
    """

    title: str
    address: str
    retrieved: str
    sha256: str
    license: str
    version: str = ""
    note: str = ""
    transcribed: bool = False


def find(folder: Path) -> Path:
    """Return the vendored document of a specs folder; raises ContentError where there is none or more than one."""
    found = [path for name in ("openapi.json", "openapi.yaml") if (path := folder / name).is_file()]
    if len(found) == 1:
        return found[0]
    problem = "no openapi.json or openapi.yaml" if not found else "both openapi.json and openapi.yaml"
    raise ContentError(problem, where=Where(folder), todo=f"vendor one: understudy vendor {folder.name} FILE")


def load(folder: Path) -> tuple[Source, Provenance]:
    """Read the document of a specs folder and check its hash; raises ContentError where it is not the vendored one."""
    path = find(folder)
    source = read(folder / "provenance.yaml")
    for error in _VALIDATOR.iter_errors(source.value):
        raise source.error(
            error.message, join(*error.instance_path), "see docs/ARCHITECTURE.md of understudy for the form"
        )
    provenance = Provenance(**source.value)
    document = read(path)
    digest = hashlib.sha256(document.content).hexdigest()
    if digest != provenance.sha256:
        raise ContentError(
            f"the document was changed after it was vendored (SHA-256 {digest[:12]}, not {provenance.sha256[:12]})",
            where=Where(path),
            todo=f"restore it and put corrections into overlays/, or re-vendor: understudy vendor {folder.name} FILE",
        )
    return document, provenance


def vendor(folder: Path, file: Path, *, today: date) -> Provenance:
    """Take a new version of the document into a specs folder and write its provenance anew.

    Address and licence, which the file need not hold, are kept; the note only with the very document that it speaks of.
    Raises ContentError where the file is no OpenAPI document, UsageError where the folder cannot be written; then
    nothing has changed.
    """
    source = parse(file, _bytes(file))
    if not isinstance(source.value, dict) or not str(source.value.get("openapi", "")).startswith("3."):
        raise ContentError("not an OpenAPI 3 document", where=Where(file), todo="give the vendor's OpenAPI file")
    known = _object(read(folder / "provenance.yaml").value) if (folder / "provenance.yaml").is_file() else {}
    described = _object(source.value.get("info"))
    digest = hashlib.sha256(source.content).hexdigest()
    provenance = {
        "title": str(described.get("title", "")),
        "version": str(described.get("version", "")),
        "address": known.get("address", "unknown"),
        "retrieved": today.isoformat(),
        "sha256": digest,
        "license": known.get("license") or str(_object(described.get("license")).get("name", "unknown")),
        **({"transcribed": True} if known.get("transcribed") else {}),
        **({"note": known["note"]} if "note" in known and known.get("sha256") == digest else {}),
    }
    target = folder / ("openapi.json" if _is_json(source.content) else "openapi.yaml")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.content)
        (folder / "provenance.yaml").write_text(as_yaml(provenance))
        for other in {folder / "openapi.json", folder / "openapi.yaml"} - {target}:
            other.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {shown(folder)}: {error.strerror}", todo="check the permissions") from error
    return Provenance(**provenance)


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {shown(file)}: {error.strerror}", todo="check the path") from error


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except ValueError:
        return False
    return True
