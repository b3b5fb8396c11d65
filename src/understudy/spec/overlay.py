"""OpenAPI Overlay 1.0 and 1.1 documents: read, checked and applied to a JSON value, each by its version's rules.

The specifications are https://spec.openapis.org/overlay/v1.0.0 and v1.1.0. Which overlays apply to which document, and
what the result means, is decided elsewhere.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final, TypeAlias

import jsonpath_rfc9535

from understudy.errors import ContentError
from understudy.spec.source import Source, read
from understudy.values import Json, at, join

Location: TypeAlias = tuple[int | str, ...]
Fields: TypeAlias = Mapping[str, type]


class Absent(Enum):
    """What an action has for `update` when it gives none; None is JSON's null, which an action may well give."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
BASES = ("documented", "observed", "inferred")

_ROOT: Fields = {"overlay": str, "info": dict, "actions": list}
_INFO: Fields = {"title": str, "version": str}
_ACTION: Fields = {"description": str, "update": object, "remove": bool}
_OURS: Fields = {"x-understudy-basis": str, "x-understudy-source": str}
_NAMES = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
_URI_REFERENCE = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*")  # RFC 3986, section 2


@dataclass(frozen=True, slots=True)
class Action:
    """One change: where (`target`, `copy`: RFC 9535 queries), what, and on which page of the vendor it stands."""

    index: int
    target: str
    description: str
    update: Json = field(hash=False)
    remove: bool
    copy: str | None
    basis: str | None
    source: str | None


@dataclass(frozen=True, slots=True)
class Overlay:
    """A valid overlay: its file, the version of the Overlay Specification it is written in, and its actions."""

    source: Source
    version: str
    title: str
    extends: str | None
    actions: tuple[Action, ...]

    def error(self, action: Action, pointer: str, what: str, todo: str) -> ContentError:
        """Make, not raise, the error that something is wrong at the pointer inside the action."""
        return self.source.error(what, join("actions", action.index) + pointer, todo)


class _ConflictError(Exception):
    """A value cannot be merged into one of another kind; the arguments: pointer to it, old value, new value."""


def everything(action: Action) -> bool:
    """Keep every action."""
    return True


def load(path: Path) -> Overlay:
    """Read and check an overlay file; raises ContentError with file, line and pointer of the first mistake."""
    return from_source(read(path))


def from_source(source: Source) -> Overlay:
    """Check a parsed overlay; raises ContentError with file, line and pointer of the first mistake."""
    _check(source, "", "the overlay", _ROOT, {"extends": str})
    root = source.value
    if not re.fullmatch(r"1\.[01]\.[0-9]+", root["overlay"]):
        raise source.error(f"overlay version {root['overlay']!r} is not known", "/overlay", "use 1.0.0 or 1.1.0")
    old = root["overlay"].startswith("1.0.")
    _check(source, "/info", "info", _INFO, {} if old else {"description": str})
    if not _URI_REFERENCE.fullmatch(root.get("extends", "")):
        raise source.error("extends is not a URI reference", "/extends", "percent-encode what a URI cannot hold")
    if not root["actions"]:
        raise source.error("actions is empty", "/actions", "give at least one action")
    optional = {**_ACTION, **_OURS} if old else {**_ACTION, "copy": str, **_OURS}
    actions = tuple(_action(source, index, optional) for index in range(len(root["actions"])))
    _check_unique(source)
    return Overlay(source, root["overlay"], root["info"]["title"], root.get("extends"), actions)


def apply(
    document: Json, overlay: Overlay, *, keep: Callable[[Action], bool] = everything
) -> tuple[Json, tuple[Action, ...]]:
    """Return the document as the kept actions change it, and those of them whose target matched nothing.

    The document given is not changed, and the result shares nothing with it. Raises ContentError where an action
    cannot be applied.
    """
    holder = [_fresh(document)]
    unmatched = tuple(action for action in overlay.actions if keep(action) and not _act(holder, overlay, action))
    return holder[0], unmatched


def unmatched_error(overlay: Overlay, action: Action) -> ContentError:
    """Make, not raise, the error that an action's target matches nothing; its `str()` serves as a warning as well."""
    todo = "mend the target, or remove the action if the document no longer needs it"
    return overlay.error(action, "/target", f"target {action.target} matches nothing", todo)


def _check(source: Source, pointer: str, name: str, required: Fields, optional: Fields) -> None:
    value = at(source.value, pointer)
    if not isinstance(value, dict):
        raise source.error(f"{name} is {_name(value)}", pointer, "make it an object")
    known = {**required, **optional}
    for key, member in value.items():
        if key not in known and not key.startswith("x-"):
            version = f" in Overlay {source.value['overlay']}" if pointer else ""
            todo = f"known are {', '.join(known)} and names that start with x-"
            raise source.error(f"{name} has an unknown key {key!r}{version}", pointer + join(key), todo)
        if not isinstance(member, kind := known.get(key, object)):
            todo = "put it in quotes" if kind is str and isinstance(member, int | float) else "mend it"
            raise source.error(f"{key} is {_name(member)}, not {_NAMES[kind]}", pointer + join(key), todo)
    for key in required:
        if key not in value:
            raise source.error(f"{name} has no {key}", pointer, f"add {key}")


def _action(source: Source, index: int, optional: Fields) -> Action:
    pointer = join("actions", index)
    _check(source, pointer, f"action {index}", {"target": str}, optional)
    entry = source.value["actions"][index]
    remove, basis = entry.get("remove", False), entry.get("x-understudy-basis")
    for key in [key for key in ("target", "copy") if key in entry]:
        _select(None, source, f"{pointer}/{key}", entry[key])
    if remove and entry["target"] == "$":
        raise source.error("the root cannot be removed", f"{pointer}/target", "select what is inside it")
    if not remove and "update" in entry and "copy" in entry:
        # Overlay 1.1 says of each that it has no impact if the other is given: nothing sensible is left.
        raise source.error("update and copy cancel each other", f"{pointer}/copy", "give one, or make two actions")
    if basis not in (None, *BASES):
        todo = f"use one of {', '.join(BASES)}"
        raise source.error(f"basis {basis!r} is not known", f"{pointer}/x-understudy-basis", todo)
    page, description = entry.get("x-understudy-source"), entry.get("description", "")
    update, copy = entry.get("update", ABSENT), entry.get("copy")
    return Action(index, entry["target"], description, update, remove, copy, basis, page)


def _check_unique(source: Source) -> None:
    seen: dict[str, int] = {}
    for index, entry in enumerate(source.value["actions"]):
        first = seen.setdefault(json.dumps(entry, sort_keys=True), index)
        if first != index:
            raise source.error(f"action {index} repeats action {first}", join("actions", index), "remove one of them")


def _select(document: Json, source: Source, pointer: str, query: str) -> list[Location]:
    """Return where the nodes are that the query at the pointer selects, each once, though a query may repeat one."""
    try:
        return list(dict.fromkeys(node.location for node in jsonpath_rfc9535.find(query, document)))
    except jsonpath_rfc9535.JSONPathError as error:
        index = error.token.index if error.token else -1
        position = f"character {index + 1}" if 0 <= index < len(query) else "its end"
        what = f"JSONPath {query!r} fails at {position}: {error.args[0]}"
        raise source.error(what, pointer, "mend it (RFC 9535)") from error
    except (RecursionError, ValueError, OverflowError) as error:  # nested too deep, or with a number beyond all bounds
        what = f"JSONPath {query[:100]!r} cannot be read: {error}"
        raise source.error(what, pointer, "mend it (RFC 9535)") from error


def _act(holder: list[Json], overlay: Overlay, action: Action) -> bool:
    """Change what the holder holds, and return whether the target matched."""
    place = join("actions", action.index)
    targets = _select(holder[0], overlay.source, f"{place}/target", action.target)
    if not targets:
        return False
    _check_kinds(holder[0], overlay, action, targets)
    if action.remove:
        for target in sorted(targets, reverse=True):  # so that no removal moves or deletes another target
            del _inside(holder[0], target[:-1])[target[-1]]
    elif action.copy is not None:
        sources = _select(holder[0], overlay.source, f"{place}/copy", action.copy)
        if len(sources) != 1:
            what = f"copy {action.copy} selects {len(sources)} nodes"
            raise overlay.error(action, "/copy", what, "write it so that it selects exactly one")
        _update(holder, overlay, action, targets, _fresh(_inside(holder[0], sources[0])))
    elif action.update is not ABSENT:
        _update(holder, overlay, action, targets, action.update)
    return True


def _check_kinds(document: Json, overlay: Overlay, action: Action, targets: list[Location]) -> None:
    kinds = {_kind(_inside(document, target)): _shown(target) for target in targets}
    if overlay.version.startswith("1.0."):
        if "primitive" in kinds:
            what = f"target selects a primitive value ({kinds['primitive']}), which Overlay 1.0 cannot change"
            raise overlay.error(action, "/target", what, "select what contains it, or use overlay 1.1.0")
    elif len(kinds) > 1 and not action.remove and (action.copy is not None or action.update is not ABSENT):
        mixed = " and ".join(f"{kind} ({place})" for kind, place in kinds.items())
        raise overlay.error(action, "/target", f"target selects different kinds, {mixed}", "make an action of each")


def _update(holder: list[Json], overlay: Overlay, action: Action, targets: list[Location], value: Json) -> None:
    for target in targets:
        old = _inside(holder[0], target)
        try:
            if isinstance(old, list) and (overlay.version.startswith("1.0.") or not isinstance(value, list)):
                old.append(_fresh(value))
            else:
                *parent, key = (0, *target)
                _inside(holder, parent)[key] = _merged(old, value)
        except _ConflictError as conflict:
            inner, old, new = conflict.args
            what = f"{_name(new)} cannot be merged into {_name(old)} at {_shown(target, inner)}"
            todo = "remove the old value in an action before, or give one of its kind"
            raise overlay.error(action, "/copy" if action.copy else f"/update{inner}", what, todo) from conflict


def _merged(old: Json, new: Json, pointer: str = "") -> Json:
    """Merge in place and return the outcome: containers keep their identity, for a target may lie inside another."""
    if _kind(old) != _kind(new):
        raise _ConflictError(pointer, old, new)
    if isinstance(old, dict):
        for key, value in new.items():
            old[key] = _merged(old[key], value, pointer + join(key)) if key in old else _fresh(value)
    elif isinstance(old, list):
        old.extend(_fresh(new))
    else:
        return new
    return old


def _inside(value: Json, location: Sequence[int | str]) -> Json:
    for step in location:
        value = value[step]
    return value


def _fresh(value: Json) -> Json:
    """Copy deeply; unlike `copy.deepcopy`, two places that were one YAML alias become two values."""
    if isinstance(value, dict):
        return {key: _fresh(member) for key, member in value.items()}
    return [_fresh(member) for member in value] if isinstance(value, list) else value


def _kind(value: Json) -> str:
    return "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "primitive"


def _name(value: Json) -> str:
    return _NAMES.get(type(value), "a number")


def _shown(location: Location, inner: str = "") -> str:
    return join(*location) + inner or "the root"
