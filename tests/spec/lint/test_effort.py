"""Documents whose schemas refer to one another in more ways than can be followed: no hang, no crash, no silence."""

import pytest

from tests.spec.lint.conftest import Found
from understudy.values import Json

REFUSED = [("value-unchecked", "schemas/N0/example")]


def refer(name: str) -> Json:
    """Return a reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def lattice(size: int, last: Json) -> Json:
    """Return schemas of which each refers twice to the next, so that the last is reached in 2**size ways."""
    schemas = {f"N{each}": {"allOf": [refer(f"N{each + 1}"), refer(f"N{each + 1}")]} for each in range(size)}
    return {**schemas, f"N{size}": last}


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize("value", [{"a": "x"}, {"a": 1}])
def test_a_lattice_is_told_and_not_followed(version: str, value: Json, found: Found) -> None:
    """Whether the value is right or wrong; everything else is checked."""
    schemas = lattice(60, {"type": "object", "properties": {"a": {"type": "string", "maximum": 1}}})
    schemas["N0"]["example"] = value
    dead = ("keyword-without-effect", "schemas/N60/properties/a/maximum")
    assert sorted(found(version, schemas=schemas)) == sorted([*REFUSED, dead])


def test_a_small_lattice_is_followed(found: Found) -> None:
    """A value that can be checked is."""
    schemas = lattice(8, {"type": "object", "properties": {"a": {"type": "string"}}})
    schemas["N0"]["example"] = {"a": 1}
    assert found(schemas=schemas) == [("example-against-schema", "schemas/N0/example/a")]


def test_branches_that_multiply_with_depth_are_told(found: Found) -> None:
    """Each level of the value visits them all again."""
    schemas: Json = {"N0": {"oneOf": [refer(f"V{each}") for each in range(300)]}}
    for each in range(300):
        schemas[f"V{each}"] = {"type": "object", "properties": {"k": {"const": each}, "n": refer("N0")}}
    schemas["N0"]["example"] = {"k": 1, "n": {"k": 2, "n": {"k": 3, "n": {"k": -1}}}}
    assert found(schemas=schemas) == REFUSED
    deep: Json = {}
    for _ in range(60):
        deep = {"c": deep}
    halves = {name: {"properties": {"c": refer("N0")}, "type": "object"} for name in ("P", "Q")}
    tree = {"N0": {"type": "object", "allOf": [refer("P"), refer("Q")], "example": deep}, **halves}
    assert found(schemas=tree) == REFUSED


def test_a_large_value_is_checked(found: Found) -> None:
    """Work that grows with the value is no excess."""
    item = {"type": "object", "properties": {"a": {"type": "integer"}}}
    example: Json = [*({"a": 1} for _ in range(40_000)), {"a": "x"}]
    pairs = found(schemas={"A": {"type": "array", "items": item, "example": example}})
    assert pairs == [("example-against-schema", "schemas/A/example/40000/a")]


def test_schemas_that_all_refer_to_one_another_end(found: Found) -> None:
    """Types are found without a walk along every path."""
    schemas: Json = {}
    for each in range(30):
        others = [refer(f"N{(each + step) % 30}") for step in range(1, 8)]
        schemas[f"N{each}"] = {"oneOf": [{"type": "string", "maximum": 1}, *others]}
    pairs = found(schemas=schemas)
    assert [pointer for check, pointer in pairs if check == "keyword-without-effect"] == [
        f"schemas/N{each}/oneOf/0/maximum" for each in range(30)
    ]


@pytest.mark.parametrize("part", ["reference", "allOf", "properties"])
def test_a_chain_of_thousands_is_followed(part: str, found: Found) -> None:
    """However long."""
    schemas: Json = {}
    for each in range(4000):
        following = refer(f"C{each + 1}")
        forms = {
            "reference": following,
            "allOf": {"allOf": [following]},
            "properties": {"type": "object", "properties": {"n": following}},
        }
        schemas[f"C{each}"] = forms[part]
    schemas["C4000"] = {"type": "string"}
    schemas["U"] = {"type": "array", "items": refer("C0"), "example": [1]}
    assert found(schemas=schemas) == [("example-against-schema", "schemas/U/example/0")]


def test_a_type_far_away_and_in_a_circle_is_known(found: Found) -> None:
    """Branches give the union, parts the intersection, and a circle nothing of its own."""
    schemas = {
        "A": {"anyOf": [refer("B"), {"type": "integer"}]},
        "B": {"type": ["string", "boolean"], "not": {"type": "object", "properties": {"a": refer("A")}}},
        "C": {"allOf": [refer("A"), {"minItems": 1}, {"minLength": 1}, {"minimum": 1}]},
        "Tree": {"type": "object", "properties": {"kids": {"type": "array", "items": refer("Tree"), "minLength": 1}}},
    }
    assert [pair for pair in found(schemas=schemas) if pair[0] == "keyword-without-effect"] == [
        ("keyword-without-effect", "schemas/C/allOf/1/minItems"),
        ("keyword-without-effect", "schemas/Tree/properties/kids/minLength"),
    ]
