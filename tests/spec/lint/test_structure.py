"""What a document must be to be checked, and its structure."""

import json
import random
from pathlib import Path

import pytest

from tests.spec.lint.conftest import Found, document
from understudy.errors import ContentError
from understudy.spec.lint import lint, read
from understudy.spec.lint.structure import LIMIT
from understudy.spec.source import parse
from understudy.values import Json, at, walk

BOMB = "openapi: 3.1.0\na: &a0 [x]\n" + "".join(f"b{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9))


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.yaml", "", "a.yaml:1: the file is empty; give an OpenAPI 3.0 or 3.1 document"),
        ("a.yaml", "just text", "a.yaml:1: not an OpenAPI document: no object"),
        ("a.json", "[1]", "a.json:1: not an OpenAPI document: no object"),
        ("a.yaml", "title: x", "a.yaml:1: not an OpenAPI document: it has no `openapi`"),
        ("a.yaml", "swagger: '2.0'", "a.yaml:1: a Swagger 2.0 document; convert it to OpenAPI 3 first"),
        ("a.yaml", "openapi: 3.2.0", "a.yaml:1 (/openapi): OpenAPI 3.2.0 is not understood"),
        ("a.json", '{"openapi":', "a.json:1: not JSON: Expecting value; mend the file"),
        ("a.yaml", "a: 1\na: 2", "a.yaml:2: not YAML: key 'a' is given twice"),
        ("a.yaml", "a: &x {b: *x}", "a.yaml:1: not YAML: *x stands inside itself"),
        ("a.yaml", BOMB, "a.yaml: the document holds more than 3,000,000 values"),
        ("a.json", '{"openapi": "3.1.0", "x": ' + "[" * 300 + "]" * 300 + "}", "nests values more than 200 deep"),
        ("a.json", "[" * 100_000, "a.json: the document nests values more than 200 deep"),
    ],
)
def test_what_cannot_be_checked_is_told_in_a_line(
    name: str, text: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong, where, and what to do."""
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(text)
    with pytest.raises(ContentError) as raised:
        lint(read(Path(name)))
    assert told in str(raised.value)


def test_a_file_that_is_missing_or_too_large_is_told(tmp_path: Path) -> None:
    """Before it is read."""
    with pytest.raises(ContentError, match="No such file"):
        read(tmp_path / "none.yaml")
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(LIMIT + 1)
    with pytest.raises(ContentError, match="larger than 64 MiB; split it"):
        read(tmp_path / "huge.yaml")


@pytest.mark.parametrize(
    ("version", "parts", "expected"),
    [
        ("3.0.3", {"operation": {"responses": {"200": {}}}}, [("structure", "op/responses/200")]),
        ("3.1.0", {"operation": {"responses": {"200": {}}}}, [("structure", "op/responses/200")]),
        ("3.0.3", {"schemas": {"A": {"type": "text"}}}, [("structure", "schemas/A/type")]),
        ("3.1.0", {"schemas": {"A": {"type": "text"}}}, [("structure", "schemas/A/type")]),
        ("3.0.3", {"unknown": 1}, [("structure", "")]),
        ("3.1.0", {"operation": {"parameters": []}}, [("structure", "op")]),
        ("3.1.0", {"tags": [{"name": "a"}, {"name": "a"}]}, [("structure", "")]),
    ],
)
def test_the_structure_is_told_by_its_validator(
    version: str, parts: Json, expected: list[tuple[str, str]], found: Found
) -> None:
    """With the pointer of the very thing that is wrong, as far as the validator knows it."""
    assert found(version, **parts) == expected


def test_a_wrong_schema_hides_nothing_else(found: Found) -> None:
    """What is no schema is left out, and the rest is checked."""
    pairs = found(schemas={"A": {"type": "integer", "maximum": "x", "example": "y"}})
    assert pairs == [("structure", "schemas/A/maximum"), ("example-against-schema", "schemas/A/example")]


TWICE = {
    "/a": {"get": {"operationId": "same", "responses": {"200": {"description": "d"}}}},
    "/b/{id}": {"get": {"operationId": "same", "responses": {"200": {"description": "d"}}}},
}


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"components": {"responses": {"R": {}}}},
        {"schemas": {"A": {"type": "string", "pattern": "["}}},
        {"schemas": {"A": {"$ref": "elsewhere.yaml#/A"}}},
        {"components": {"parameters": {"P": {"$ref": "#/components/parameters/None"}}}},
        {"tags": [1]},
    ],
)
def test_one_fault_hides_no_other(parts: Json, found: Found) -> None:
    """What is said of operations needs the operations alone."""
    pairs = found(paths=TWICE, **parts)
    assert pairs.count(("structure", "/paths/~1b~1{id}/get")) == 2


def test_a_parameter_that_cannot_be_read_may_be_that_of_the_path(found: Found) -> None:
    """Nothing is said of the path's parameters then; the reference has its own finding."""
    pairs = found(operation={"parameters": [{"$ref": "elsewhere.yaml#/Id"}]})
    assert pairs == [("reference-out", "op/parameters/0/$ref")]
    pairs = found(operation={"parameters": [{"$ref": "#/components/parameters/None"}]})
    assert pairs == [("reference-nowhere", "op/parameters/0/$ref")]


ODD: list[Json] = [None, True, 1.5, "x", "", [], {}, ["x"], [None], [{}], {"": {}}, {"$ref": 1}, {"$ref": "#"}]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("name", ["bookshop.yaml", "parcels.yaml"])
def test_nothing_odd_in_a_document_breaks_lint(name: str, seed: int) -> None:
    """Whatever stands where something else is meant leaves findings, never a traceback."""
    value = read(Path(__file__).parent / name).value
    chance = random.Random(seed)
    for _ in range(3):
        pointers = [pointer for pointer, _ in walk(value) if pointer.count("/") > 1]
        parent, _, last = chance.choice(pointers).rpartition("/")
        holder = at(value, parent)
        key = int(last) if isinstance(holder, list) else last.replace("~1", "/").replace("~0", "~")
        holder[key] = chance.choice(ODD)
    lint(parse(Path("odd.json"), json.dumps(value).encode()))


def test_keys_of_extensions_are_no_operations(found: Found) -> None:
    """Whatever they hold."""
    assert found(operation={"x-vendor": {"example": 1}}, **{"x-schemas": {"A": {"type": 1}}}) == []
    assert document()["openapi"] == "3.1.0"
