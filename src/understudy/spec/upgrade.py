"""Schemas of OpenAPI 3.0 and 3.1 as JSON Schema 2020-12 has them, each at its place: one validator serves all."""

from collections.abc import Mapping

from understudy.values import Json

_VALUES = frozenset({"example", "examples", "default", "enum"})
_MAPS = frozenset({"properties", "schemas", "responses", "parameters", "headers", "requestBodies", "content", "paths"})
BOUNDS = {"int32": 2**31, "int64": 2**63}
"""Formats of numbers, which OpenAPI names and JSON Schema does not (OpenAPI 3.1.0, section 4.4)."""


def bounded(value: Json) -> Json:
    """Return the value with the bounds that the formats of numbers stand for."""
    if isinstance(value, list):
        return [bounded(member) for member in value]
    if not isinstance(value, Mapping):
        return value
    result = {key: bounded(member) for key, member in value.items()}
    bound = BOUNDS.get(result["format"]) if isinstance(result.get("format"), str) else None
    if bound is not None:
        result["minimum"] = max(result.get("minimum", -bound), -bound)
        result["maximum"] = min(result.get("maximum", bound - 1), bound - 1)
    return result


def upgraded(value: Json, *, names: bool = False) -> Json:
    """Return the value with `nullable`, boolean `exclusiveMinimum`/`Maximum` and siblings of `$ref` rewritten.

    `names` says that the keys are names somebody chose, as those of `properties` are, not keywords.
    """
    if isinstance(value, list):
        return [upgraded(member) for member in value]
    if not isinstance(value, Mapping):
        return value
    if not names and isinstance(value.get("$ref"), str):
        return {"$ref": value["$ref"]}  # its siblings are ignored (OpenAPI 3.0.3, section 4.7.23)
    result = {
        key: member if key in _VALUES and not names else upgraded(member, names=key in _MAPS and not names)
        for key, member in value.items()
    }
    return result if names else _schema(result)


def _schema(value: dict[str, Json]) -> dict[str, Json]:
    if value.get("nullable") is True and isinstance(value.get("type"), str):
        value["type"] = [value["type"], "null"]
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(value.get(exclusive), bool) and value.pop(exclusive) and bound in value:
            value[exclusive] = value.pop(bound)
    return value
