"""Where a document comes from, and that it is still the one that was taken from there."""

import json
from datetime import date
from pathlib import Path

import pytest

from understudy.errors import ContentError, UsageError
from understudy.spec.provenance import find, load, vendor
from understudy.values import Json

TODAY = date(2026, 1, 31)
DOCUMENT: Json = {"openapi": "3.1.0", "info": {"title": "T", "version": "1", "license": {"name": "MIT"}}, "paths": {}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "specs" / "toy"


def taken(folder: Path, content: str | bytes | None = None, name: str = "new.json") -> Path:
    """Take a document in, and return its file in the folder."""
    file = folder.parents[1] / name
    text = json.dumps(DOCUMENT) if content is None else content
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    vendor(folder, file, today=TODAY)
    return find(folder)


def test_a_document_is_taken_in_byte_for_byte(folder: Path) -> None:
    """With title, version, licence, day and hash."""
    content = json.dumps(DOCUMENT, indent=3) + "\r\n \n"
    path = taken(folder, content)
    source, provenance = load(folder)
    assert (path.name, path.read_bytes(), source.value) == ("openapi.json", content.encode(), DOCUMENT)
    assert (provenance.title, provenance.version, provenance.license) == ("T", "1", "MIT")
    assert (provenance.retrieved, provenance.address, len(provenance.sha256)) == ("2026-01-31", "unknown", 64)


def test_a_new_version_keeps_what_the_file_cannot_know(folder: Path) -> None:
    """Address and licence; the note spoke of the old file, and the other form of the document goes."""
    taken(folder)
    path = folder / "provenance.yaml"
    path.write_text(path.read_text().replace("unknown", "https://vendor.example") + "note: by hand\n")
    assert (
        taken(folder, "openapi: 3.1.0\ninfo: {title: New, version: '2'}\npaths: {}\n", "new.yaml").name
        == "openapi.yaml"
    )
    provenance = load(folder)[1]
    assert (provenance.address, provenance.note, provenance.license) == ("https://vendor.example", "", "MIT")
    assert (provenance.title, provenance.version) == ("New", "2")


def test_the_same_document_taken_in_again_keeps_its_note(folder: Path) -> None:
    """Nothing that the note says has changed."""
    taken(folder)
    path = folder / "provenance.yaml"
    path.write_text(path.read_text() + "note: by hand\n")
    taken(folder)
    assert load(folder)[1].note == "by hand"


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("new.json", "{", "not JSON"),
        ("new.json", "[]", "not an OpenAPI 3 document"),
        ("new.json", '{"swagger": "2.0"}', "not an OpenAPI 3 document"),
        ("new.yaml", "openapi: 4.0.0", "not an OpenAPI 3 document"),
        ("new.yaml", b"\xff", "cannot be parsed"),
    ],
)
def test_what_is_no_openapi_document_is_not_taken_in(folder: Path, name: str, content: str | bytes, what: str) -> None:
    """And nothing has changed."""
    before = taken(folder).read_bytes()
    with pytest.raises(ContentError, match=what):
        taken(folder, content, name)
    assert find(folder).read_bytes() == before


@pytest.mark.parametrize("described", [None, "x", {"title": None, "license": "MIT"}, {"license": None}])
def test_a_document_with_an_odd_description_is_taken_in(folder: Path, described: Json) -> None:
    """Whether it is valid is not asked here."""
    taken(folder, json.dumps({**DOCUMENT, "info": described}))
    assert load(folder)[1].license in ("unknown", "MIT")


def test_a_file_that_is_not_there_is_a_users_mistake(folder: Path) -> None:
    """As is a folder that cannot be written."""
    with pytest.raises(UsageError, match=r"cannot read .*none.json: No such file"):
        vendor(folder, folder / "none.json", today=TODAY)
    taken(folder)
    with pytest.raises(UsageError, match="cannot write"):
        vendor(folder / "openapi.json" / "x", folder / "openapi.json", today=TODAY)


def test_a_document_that_was_edited_is_refused(folder: Path) -> None:
    """With its path, both hashes, and what to do."""
    path = taken(folder)
    path.write_text(path.read_text() + " ")
    with pytest.raises(ContentError, match=r"openapi.json: the document was changed .*SHA-256.*; restore it") as caught:
        load(folder)
    assert "understudy vendor toy FILE" in str(caught.value)


def test_a_document_that_is_missing_or_there_twice_is_refused(folder: Path) -> None:
    """The error says how to vendor one."""
    path = taken(folder)
    (folder / "openapi.yaml").write_text("x")
    with pytest.raises(ContentError, match=r"both openapi.json and openapi.yaml; vendor one"):
        load(folder)
    path.unlink()
    (folder / "openapi.yaml").unlink()
    with pytest.raises(ContentError, match=r"no openapi.json or openapi.yaml; vendor one: understudy vendor toy FILE"):
        load(folder)


@pytest.mark.parametrize(("old", "new"), [("sha256: ", "sha256: x"), ("title", "titel"), ("2026-01-31", "31 January")])
def test_a_mistake_in_the_provenance_is_told_with_its_line(folder: Path, old: str, new: str) -> None:
    """File, line and pointer."""
    taken(folder)
    path = folder / "provenance.yaml"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ContentError, match=r"provenance.yaml:\d"):
        load(folder)
