"""Seed data: what a fresh session holds, written down as the calls that make it. Read here, played by the mock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import jsonschema_rs

from understudy.errors import Where
from understudy.model.call import ABSENT, Absent
from understudy.spec.source import Source, read
from understudy.values import Json, join

_PARAMETERS = {"type": "object"}
_SCHEMA = {
    "type": "object",
    "required": ["vendor", "calls"],
    "additionalProperties": False,
    "properties": {
        "vendor": {"type": "string"},
        "calls": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["operation"],
                "additionalProperties": False,
                "properties": {
                    "operation": {"type": "string"},
                    "path": _PARAMETERS,
                    "query": _PARAMETERS,
                    "header": _PARAMETERS,
                    "body": {},
                },
            },
        },
    },
}
_VALIDATOR = jsonschema_rs.Draft202012Validator(_SCHEMA)


@dataclass(frozen=True, slots=True)
class SeedCall:
    """One call that makes a record: operationId, parameters by name, body; `where` it stands in the file."""

    operation_id: str
    where: Where
    path: Mapping[str, Json] = field(default_factory=dict)
    query: Mapping[str, Json] = field(default_factory=dict)
    header: Mapping[str, Json] = field(default_factory=dict)
    body: Json | Absent = ABSENT


@dataclass(frozen=True, slots=True)
class Seed:
    """The calls of a seed file, in their order."""

    vendor: str
    calls: tuple[SeedCall, ...]


def load(path: Path) -> Seed:
    """Read a seed file; raises ContentError with file and line for whatever is wrong in it."""
    source = read(path)
    for error in _VALIDATOR.iter_errors(source.value):
        todo = "a seed file has `vendor` and `calls`, each call an `operation` and its path, query, header and body"
        raise source.error(error.message, join(*error.instance_path), todo)
    calls = enumerate(source.value["calls"])
    return Seed(source.value["vendor"], tuple(_call(source, index, value) for index, value in calls))


def _call(source: Source, index: int, value: Mapping[str, Json]) -> SeedCall:
    return SeedCall(
        value["operation"],
        source.where(f"/calls/{index}"),
        value.get("path", {}),
        value.get("query", {}),
        value.get("header", {}),
        value.get("body", ABSENT),
    )
