"""JSON and YAML files with the line of every value, so that an error can say where. Nothing of OpenAPI in here."""

import json
import re
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn, cast

import yaml
from yaml.composer import Composer

from understudy.errors import ContentError, Where, shown
from understudy.values import Json, children, join, prefixes

DEPTH = 200
"""How deep the values of a file may nest: beyond some hundreds Python and libraries fail, each at another depth."""
_DEEP, _FLATTER = f"the document nests values more than {DEPTH} deep", "give a flatter one"
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
"""An escape of JSON: of a pair of surrogates, of half of one (group 1), or any other."""
_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "seq", "map"))
"""What JSON has, of the tags of YAML."""


class _CoreLoader(Composer, yaml.CSafeLoader):
    """YAML as JSON has it: no dates, no yes/no, no octal; a key given twice or a node inside itself is an error.

    libyaml reads the events, which is most of the work; nodes are put together in Python, where they can be looked at.
    """

    def __init__(self, stream: bytes | str) -> None:
        yaml.CSafeLoader.__init__(self, stream)
        Composer.__init__(self)
        self._open: list[str] = []

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = cast(Any, self).peek_event()
        anchor, mark = getattr(event, "anchor", None), event.start_mark
        if isinstance(event, yaml.AliasEvent) and anchor in self._open:
            raise yaml.MarkedYAMLError(problem=f"*{anchor} stands inside itself", problem_mark=mark)
        self._open.append(anchor or "")
        try:
            return super().compose_node(parent, index)
        finally:
            self._open.pop()

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys: set[str] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key is no text", key_node.start_mark)
            key_node.tag = "tag:yaml.org,2002:str"  # a key is text as it is written: 200, true, null
            if key_node.value in keys:
                what = f"key {key_node.value!r} is given twice"
                raise yaml.constructor.ConstructorError(None, None, what, key_node.start_mark)
            keys.add(key_node.value)
        return super().construct_mapping(node, deep)


_CoreLoader.yaml_implicit_resolvers = {}
_CoreLoader.yaml_constructors = {
    tag: construct for tag, construct in yaml.CSafeLoader.yaml_constructors.items() if tag is None or tag in _TAGS
}
_FLOAT = re.compile(r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$")
for _tag, _pattern, _first in (
    ("bool", r"^(?:true|false)$", ["t", "f"]),
    ("null", r"^(?:null|~|)$", ["n", "~", ""]),
    ("int", r"^-?(?:0|[1-9][0-9]*)$", list("-0123456789")),
    ("float", _FLOAT.pattern, list("-0123456789")),
):
    _CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


class _Dumper(yaml.SafeDumper):
    """Writes no anchors, and puts in quotes what YAML 1.1 or YAML 1.2 takes for something else than text."""

    def ignore_aliases(self, data: object) -> bool:
        return True


_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-0123456789"))
_Dumper.add_implicit_resolver("tag:yaml.org,2002:int", re.compile("^0o[0-7]+$"), ["0"])


@dataclass(frozen=True)
class Source:
    """A parsed file: its path, its bytes and the value they stand for."""

    path: Path
    content: bytes
    value: Json

    def line(self, pointer: str) -> int | None:
        """Return the line (from 1) on which the value at the pointer, or its nearest parent, starts."""
        return next((self._lines[prefix] for prefix in prefixes(pointer) if prefix in self._lines), None)

    def where(self, pointer: str = "") -> Where:
        """Return the place of a pointer for an error or a citation."""
        return Where(self.path, self.line(pointer), pointer or None)

    def error(self, what: str, pointer: str = "", todo: str | None = None) -> ContentError:
        """Make, not raise, the error that something is wrong at the pointer."""
        return ContentError(what, where=self.where(pointer), todo=todo)

    @cached_property
    def _lines(self) -> dict[str, int]:
        lines: dict[str, int] = {}
        try:
            root = yaml.compose(self.content.decode(), Loader=yaml.CSafeLoader)
        except (yaml.YAMLError, UnicodeDecodeError):
            return lines
        stack: list[tuple[str, yaml.Node | None, int]] = [("", root, 1)]
        while stack:
            pointer, node, line = stack.pop()
            lines[pointer] = line
            if isinstance(node, yaml.MappingNode):
                stack += [(pointer + join(key.value), child, key.start_mark.line + 1) for key, child in node.value]
            elif isinstance(node, yaml.SequenceNode):
                stack += [(pointer + join(i), child, child.start_mark.line + 1) for i, child in enumerate(node.value)]
        return lines


def read(path: Path) -> Source:
    """Read a JSON (by its ending) or YAML file; raises ContentError where it is missing or cannot be parsed."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ContentError(f"cannot read {shown(path)}: {error.strerror}", todo="check the path") from error
    return parse(path, content)


def parse(path: Path, content: bytes) -> Source:
    """Parse bytes that stand, or are going to stand, in a file; raises ContentError with the line of the mistake."""
    try:
        text = content.decode("utf-8-sig")  # RFC 8259, section 8.1: who reads may pass over a byte order mark
        value = _json(text) if path.suffix == ".json" else yaml.load(text, Loader=_CoreLoader)  # noqa: S506 (a SafeLoader)
    except json.JSONDecodeError as error:
        raise ContentError(f"not JSON: {error.msg}", where=Where(path, error.lineno), todo="mend the file") from error
    except yaml.MarkedYAMLError as error:
        # What ends too early is told at its last line, where libyaml has it at the one after.
        line = min(error.problem_mark.line + 1, max(1, len(content.splitlines()))) if error.problem_mark else None
        raise ContentError(f"not YAML: {error.problem}", where=Where(path, line), todo="mend the file") from error
    except RecursionError as error:
        raise ContentError(_DEEP, where=Where(path), todo=_FLATTER) from error
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise ContentError(f"cannot be parsed: {error}", where=Where(path), todo="mend the file") from error
    half = next((each for each in _ESCAPE.finditer(text) if each[1]), None) if path.suffix == ".json" else None
    if half is not None:
        where = Where(path, text.count("\n", 0, half.start()) + 1)
        raise ContentError(f"\\{half[1]} is half of a surrogate pair, and no text", where=where, todo="replace it")
    source = Source(path, content, value)
    if too_deep(value):
        raise source.error(_DEEP, todo=_FLATTER)
    return source


def too_deep(value: Json) -> bool:
    """Whether a value nests deeper than that of a file may."""
    level = [value]
    for _ in range(DEPTH):
        inside = (child for value in level for child in children(value) if isinstance(child, dict | list))
        level = list({id(child): child for child in inside}.values())  # in YAML one may stand in many places
        if not level:
            return False
    return True


def _json(text: str) -> Json:
    return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, _ in pairs if sum(key == other for other, _ in pairs) > 1)
        raise ValueError(f"key {twice!r} is given twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def as_yaml(value: Json) -> str:
    """Return the value as YAML text that every YAML 1.1 and 1.2 reader takes for the same value."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
