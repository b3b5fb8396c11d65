"""A pack's rules: documented, observed or inferred sentences with id, basis and citation, and who plays them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

import jsonschema_rs

from understudy.spec.source import Source, read
from understudy.values import Json, join, prefixes


class Basis(StrEnum):
    """How sure a rule is."""

    DOCUMENTED = "documented"
    OBSERVED = "observed"
    INFERRED = "inferred"


class Level(StrEnum):
    """How binding a rule is (RFC 2119)."""

    MUST = "must"
    SHOULD = "should"
    MAY = "may"


class Part(StrEnum):
    """The parts of the pipeline that can play a rule instead of the model."""

    ROUTING = "routing"
    SECURITY = "security"
    PARAMETERS = "parameters"
    MEDIA_TYPE = "media-type"
    SIZE = "size"
    BODY = "body"
    LIMITS = "limits"
    ANSWER = "answer"


REQUEST_PARTS = frozenset(Part) - {Part.ANSWER, Part.LIMITS}
ANSWER_PARTS = frozenset({Part.ANSWER, Part.LIMITS})


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a rule stands: a pointer into the vendored document, or an overlay's action and the page that it names."""

    pointer: str
    overlay: str | None = None
    action: int | None = None
    page: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence that an endpoint can keep or break.

    `relaxes` names rules that, as has been observed, the vendor does not insist on.
    """

    id: str
    text: str
    basis: Basis
    level: Level
    operation: str
    citation: Citation
    part: Part | None
    note: str
    pointer: str
    relaxes: tuple[str, ...] = ()

    @property
    def scope(self) -> str:
        """`core` where the vendored document itself is cited, else `full`."""
        return "full" if self.citation.overlay else "core"

    @property
    def binding(self) -> bool:
        """Whether breaking the rule fails a target by default."""
        return self.basis is Basis.DOCUMENTED and self.level is Level.MUST


class Rules:
    """All rules of a pack, by id and by the place they cite."""

    def __init__(self, source: Source, rules: Iterable[Rule]) -> None:
        self.source = source
        self.by_id: Mapping[str, Rule] = {rule.id: rule for rule in rules}

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.by_id.values())

    def __len__(self) -> int:
        return len(self.by_id)

    def played_by(self, parts: Iterable[Part], pointer: str) -> tuple[Rule, ...]:
        """Return the rules of these parts that cite the pointer or, failing that, its nearest parent.

        Of a `content`, failing both, those that cite a media type in it.
        """
        wanted = frozenset(parts)
        for prefix in prefixes(pointer):
            found = tuple(rule for rule in self._by_pointer.get(prefix, ()) if rule.part in wanted)
            if found:
                return found
        return self.inside(wanted, pointer) if pointer.endswith("/content") else ()

    @cached_property
    def relaxed(self) -> Mapping[str, Rule]:
        """The rules that a vendor does not insist on, by id, each with the observed rule that says so."""
        return {name: rule for rule in self for name in rule.relaxes}

    def citing(self, parts: Iterable[Part], pointers: Iterable[str]) -> tuple[Rule, ...]:
        """Return the rules of these parts that cite one of the pointers exactly."""
        wanted = frozenset(parts)
        return tuple(rule for pointer in pointers for rule in self._by_pointer.get(pointer, ()) if rule.part in wanted)

    def inside(self, parts: Iterable[Part], pointer: str) -> tuple[Rule, ...]:
        """Return the rules of these parts that cite the pointer or something inside of what it names."""
        wanted = frozenset(parts)
        return tuple(
            rule
            for rule in self.by_id.values()
            if rule.part in wanted and (rule.citation.pointer + "/").startswith(pointer + "/")
        )

    @cached_property
    def _by_pointer(self) -> dict[str, list[Rule]]:
        """The rules that a request or an answer can break; one that only relaxes others is none of them."""
        found: dict[str, list[Rule]] = {}
        for rule in self.by_id.values():
            if rule.relaxes:
                continue
            found.setdefault(rule.citation.pointer, []).append(rule)
        return found


_SCHEMA = {
    "type": "object",
    "required": ["rules"],
    "additionalProperties": False,
    "properties": {
        "places": {"type": "object", "additionalProperties": {"type": "string", "pattern": "^/"}},
        "rules": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["id", "text", "basis", "level", "operation", "citation"],
                "additionalProperties": False,
                "properties": {
                    "id": {"type": "string", "pattern": "^[A-Z]+(-[A-Z0-9]+)*-[0-9]+$"},
                    "text": {"type": "string", "minLength": 10},
                    "basis": {"enum": [basis.value for basis in Basis]},
                    "level": {"enum": [level.value for level in Level]},
                    "operation": {"type": "string"},
                    "part": {"enum": [part.value for part in Part]},
                    "note": {"type": "string"},
                    "relaxes": {"type": "array", "minItems": 1, "items": {"type": "string"}},
                    "citation": {
                        "type": "object",
                        "required": ["pointer"],
                        "additionalProperties": False,
                        "dependentRequired": {"overlay": ["action"], "action": ["overlay"], "page": ["overlay"]},
                        "properties": {
                            "pointer": {"type": "string", "pattern": "^[/{]"},
                            "overlay": {"type": "string"},
                            "action": {"type": "integer", "minimum": 0},
                            "page": {"type": "string", "minLength": 3},
                        },
                    },
                },
            },
        },
    },
}
_VALIDATOR = jsonschema_rs.Draft202012Validator(_SCHEMA)


def load(path: Path) -> Rules:
    """Read a rules file; raises ContentError with file and line for whatever is wrong in it.

    A citation's pointer may start with `{name}`, which stands for the pointer that `places` gives that name.
    """
    source = read(path)
    for error in _VALIDATOR.iter_errors(source.value):
        raise source.error(error.message, join(*error.instance_path), "see the other rules of the file for the form")
    places = source.value.get("places", {})
    rules: dict[str, Rule] = {}
    for index, value in enumerate(source.value["rules"]):
        rule = _rule(source, value, f"/rules/{index}", places)
        if rule.id in rules:
            raise source.error(f"rule {rule.id} is there twice", rule.pointer, "give it another id")
        rules[rule.id] = rule
    for rule in rules.values():
        _check_relaxes(source, rule, rules)
    return Rules(source, rules.values())


def _check_relaxes(source: Source, rule: Rule, rules: Mapping[str, Rule]) -> None:
    """Raise ContentError unless the rule relaxes nothing, or is observed and relaxes rules on the same part."""
    if rule.relaxes and rule.basis is not Basis.OBSERVED:
        what = f"{rule.id} relaxes other rules and is {rule.basis}"
        raise source.error(what, f"{rule.pointer}/relaxes", "only an observed rule can say what is not insisted on")
    for name in rule.relaxes:
        if name not in rules:
            what = f"{rule.id} relaxes {name}, which is no rule"
            raise source.error(what, f"{rule.pointer}/relaxes", "correct the id")
        if rules[name].part is not rule.part or rule.part is None:
            what = f"{rule.id} relaxes {name}, which another part of the pipeline plays"
            raise source.error(what, f"{rule.pointer}/relaxes", "give both the same part")


def _rule(source: Source, value: Mapping[str, Json], pointer: str, places: Mapping[str, str]) -> Rule:
    citation = dict(value["citation"])
    if citation["pointer"].startswith("{"):
        name, _, rest = citation["pointer"][1:].partition("}")
        if name not in places:
            raise source.error(
                f"no place is called {name!r}", f"{pointer}/citation/pointer", f"use one of {', '.join(places)}"
            )
        citation["pointer"] = places[name] + rest
    return Rule(
        id=value["id"],
        text=" ".join(value["text"].split()),
        basis=Basis(value["basis"]),
        level=Level(value["level"]),
        operation=value["operation"],
        citation=Citation(**citation),
        part=Part(value["part"]) if "part" in value else None,
        note=" ".join(value.get("note", "").split()),
        pointer=pointer,
        relaxes=tuple(value.get("relaxes", ())),
    )
