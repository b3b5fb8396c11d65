"""SARIF 2.1.0, the form in which code hosts show findings beside the lines they are on. Rows in, a document out."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from understudy import __version__
from understudy.values import Json

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "understudy/v1"
"""The name under which results carry their fingerprint; another way to make it gets another name."""

HERE = "The directory that understudy was called in."


@dataclass(frozen=True, slots=True)
class SarifRule:
    """What results are of: an id, a sentence, and the level of its results: error, warning or note.

    `help` says where to read on; `properties` are the rule's own, of whatever name.
    """

    id: str
    text: str
    level: str
    help: str = ""
    properties: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SarifResult:
    """A finding; `line` counts from 1, `pointer` is a JSON pointer into the file, `accepted` why it is let be.

    `count` is how often it was seen, `properties` are the result's own, of whatever name.
    """

    rule: str
    level: str
    message: str
    path: Path
    line: int | None
    pointer: str
    fingerprint: str
    accepted: str | None = None
    count: int = 1
    properties: Mapping[str, Json] = field(default_factory=dict)


def render(
    rules: Iterable[SarifRule], results: Iterable[SarifResult], *, root: str = HERE, category: str = ""
) -> bytes:
    """Return the SARIF document, UTF-8; files inside the current directory are named relative to it.

    `root` says in words what they are relative to, `category` keeps the runs of one call apart (automationDetails).
    """
    declared = list(rules)
    index = {rule.id: number for number, rule in enumerate(declared)}
    driver = {"name": "understudy", "version": __version__, "rules": [_rule(rule) for rule in declared]}
    run = {
        "tool": {"driver": driver},
        **({"automationDetails": {"id": f"{category}/"}} if category else {}),
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": root}}},
        "results": [_result(result, index) for result in results],
    }
    return _document([run])


def merged(documents: Iterable[bytes]) -> bytes:
    """Return one document with the runs of several that `render` made."""
    return _document([run for document in documents for run in json.loads(document)["runs"]])


def _document(runs: list[Json]) -> bytes:
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": runs}
    return (json.dumps(document, indent=2, ensure_ascii=True) + "\n").encode("ascii")


def _rule(rule: SarifRule) -> dict[str, Json]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.text},
        "defaultConfiguration": {"level": rule.level},
        **({"help": {"text": rule.help}} if rule.help else {}),
        **({"properties": dict(rule.properties)} if rule.properties else {}),
    }


def _result(result: SarifResult, index: dict[str, int]) -> dict[str, Json]:
    place: dict[str, Json] = {"artifactLocation": _artifact(result.path)}
    if result.line is not None:
        place["region"] = {"startLine": result.line}
    location: dict[str, Json] = {"physicalLocation": place}
    if result.pointer:
        location["logicalLocations"] = [{"fullyQualifiedName": result.pointer}]
    shown: dict[str, Json] = {
        "ruleId": result.rule,
        **({"ruleIndex": index[result.rule]} if result.rule in index else {}),
        "level": result.level,
        "message": {"text": result.message},
        "locations": [location],
        "partialFingerprints": {FINGERPRINT: result.fingerprint},
    }
    if result.count > 1:
        shown["occurrenceCount"] = result.count
    if result.properties:
        shown["properties"] = dict(result.properties)
    if result.accepted is not None:
        shown["suppressions"] = [{"kind": "external", "status": "accepted", "justification": result.accepted}]
    else:
        shown["suppressions"] = []  # an empty list says "none"; left out, it says "not known" where others have one
    return shown


def _artifact(path: Path) -> dict[str, str]:
    whole = path.resolve()
    try:
        return {"uri": quote(whole.relative_to(Path.cwd()).as_posix()), "uriBaseId": "SRCROOT"}
    except ValueError:
        return {"uri": whole.as_uri()}
