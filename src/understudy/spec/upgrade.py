"""Schemas of OpenAPI 3.0 as JSON Schema 2020-12 has them, each at its old place, so that one validator serves both."""

from collections.abc import Mapping

from understudy.values import Json

_VALUES = frozenset({"example", "examples", "default", "enum"})
_MAPS = frozenset({"properties", "schemas", "responses", "parameters", "headers", "requestBodies", "content", "paths"})


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
        if isinstance(value.get(exclusive), bool):
            if value.pop(exclusive) and bound in value:
                value[exclusive] = value.pop(bound)
    return value
