"""`understudy.toml` of the current directory: switches, targets, templates of sessions, checked by a JSON Schema.

[switches]
"acme.record" = "envelope"          # as `understudy serve --set acme.record=envelope`

[targets.staging]                   # as `understudy verify --target staging`
vendor = "acme"
base_url = "https://staging.example.com"
token = {env = "STAGING_TOKEN"}     # a secret is named, never written down here
client_secret = {command = ["op", "read", "op://staging/client/secret"]}
existing = ["ada@example.com"]
rps = 5
max_requests = 2000
budget = "2m"
prefix = "ci-"
switches = {record = "envelope"}    # how the target reads what the documents leave open

[templates.busy]                    # of sessions: those of this name, and others that are made by it
seed = 7
strict = true
clock = "2026-01-31T09:30:00Z"      # stands still
switches = {acme = {record = "envelope"}}
deviations = {acme = "created-twice"}
seed_data = ["busy.acme.yaml"]      # beside this file
"""

import json
import os
import re
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import jsonschema_rs

from understudy.errors import ContentError, UsageError, Where
from understudy.values import Json, at, join

NAME = "understudy.toml"
SECRETS = ("token", "restricted_token", "client_id", "client_secret")
PREFIX = "^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"
"""What an identifier may begin with: letters that paths, headers and addresses carry as they are."""
DURATION = r"^[0-9]+(\.[0-9]+)?[sm]?$"
PATIENCE = 30.0
"""Seconds that a command may take to tell a secret."""
_SECRET = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
    "properties": {
        "env": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
        "command": {"type": "array", "minItems": 1, "items": {"type": "string"}},
    },
}
_TARGET = {
    "type": "object",
    "required": ["vendor", "base_url"],
    "additionalProperties": False,
    "properties": {
        "vendor": {"type": "string"},
        "base_url": {"type": "string", "pattern": "^https?://"},
        **dict.fromkeys(SECRETS, _SECRET),
        "scope": {"enum": ["core", "full"]},
        "existing": {"type": "array", "items": {"type": "string", "minLength": 1}},
        "rps": {"type": "number", "exclusiveMinimum": 0},
        "max_requests": {"type": "integer", "minimum": 1},
        "budget": {"type": "string", "pattern": DURATION},
        "prefix": {"type": "string", "pattern": PREFIX},
        "switches": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
_TEMPLATE = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "seed": {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
        "strict": {"type": "boolean"},
        "clock": {"type": "string"},
        "switches": {
            "type": "object",
            "additionalProperties": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "deviations": {"type": "object", "additionalProperties": {"type": "string"}},
        "seed_data": {"type": "array", "items": {"type": "string", "minLength": 1}},
    },
}
SCHEMA: Mapping[str, Json] = MappingProxyType(
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": NAME,
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "switches": {
                "type": "object",
                "additionalProperties": {"type": ["string", "object"], "additionalProperties": {"type": "string"}},
            },
            "targets": {"type": "object", "additionalProperties": _TARGET},
            "templates": {"type": "object", "additionalProperties": _TEMPLATE},
        },
    }
)
_AT_LINE = re.compile(r"\(at line (\d+),")
_VALIDATOR = jsonschema_rs.Draft202012Validator(dict(SCHEMA))


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint by name; `secrets` says for each of `SECRETS` that is given where it comes from.

    `budget` is a duration as the command line has it, `switches` are settings of the model's.
    """

    name: str
    vendor: str
    base_url: str
    scope: str | None = None
    existing: tuple[str, ...] = ()
    rps: float | None = None
    max_requests: int | None = None
    budget: str | None = None
    prefix: str | None = None
    switches: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)

    def secret(self, name: str) -> str | None:
        """Return a secret, or None where none is named; raises UsageError where it cannot be had."""
        source = self.secrets.get(name)
        if source is None:
            return None
        what = name.replace("_", " ")
        if "command" in source:
            return self._told(source["command"], what)
        variable = source["env"]
        value = os.environ.get(variable)
        if not value:
            raise UsageError(f"target {self.name}: {variable} is not set", todo=f"set it to the {what}")
        return value

    def _told(self, command: list[str], what: str) -> str:
        """Return what a command prints, without the line's end; nothing of it is shown, nor what it says of errors."""
        tells, todo = f"target {self.name}: {command[0]}, which tells the {what},", "run it yourself to see why"
        try:
            run = subprocess.run(  # noqa: S603 (the user's own command, without a shell)
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False
            )
        except subprocess.TimeoutExpired:
            raise UsageError(f"{tells} does not end within {PATIENCE:g} s", todo=todo) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no command"
            raise UsageError(f"{tells} cannot be run: {reason}", todo="check the command") from None
        if run.returncode != 0:
            raise UsageError(f"{tells} ends with exit code {run.returncode}", todo=todo)
        try:
            value = run.stdout.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            value = ""
        if not value or not value.isprintable():
            raise UsageError(f"{tells} does not print one line of text", todo=todo)
        return value


@dataclass(frozen=True, slots=True)
class Template:
    """What sessions made by it are like: as `understudy serve` has it, by vendor; None and nothing: as by default."""

    seed: int | None = None
    strict: bool | None = None
    clock: str | None = None
    switches: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    deviations: Mapping[str, str] = field(default_factory=dict)
    seed_data: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """What the file says; `switches` are values by (vendor, switch), targets and templates by their names."""

    path: Path
    switches: Mapping[tuple[str, str], str] = field(default_factory=dict)
    targets: Mapping[str, Target] = field(default_factory=dict)
    templates: Mapping[str, Template] = field(default_factory=dict)

    def target(self, name: str) -> Target:
        """Return a target by its name; raises UsageError that lists the known ones where there is none."""
        if name not in self.targets:
            known = ", ".join(self.targets)
            todo = f"use one of: {known}" if known else f"add [targets.{name}] to {NAME}"
            raise UsageError(f"no target is called {name!r}", todo=todo)
        return self.targets[name]


def load(directory: Path) -> Config:
    """Return what `understudy.toml` of a directory says, nothing if there is no such file; raises ContentError."""
    path = directory / NAME
    try:
        value: Json = json.loads(
            json.dumps(tomllib.loads(path.read_text("utf-8-sig")), default=str)
        )  # dates are texts to a schema
    except FileNotFoundError:
        return Config(path)
    except OSError as error:
        raise ContentError(f"cannot read it: {error.strerror}", where=Where(path), todo="check the file") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        line = _AT_LINE.search(str(error))
        where = Where(path, int(line[1]) if line else None)
        raise ContentError(f"not TOML: {error}", where=where, todo="mend the file") from error
    if violations := list(_VALIDATOR.iter_errors(value)):
        raise _mistake(path, min(violations, key=lambda each: not _is_unknown_key(each)))
    targets = {name: _target(name, each) for name, each in value.get("targets", {}).items()}
    templates = {name: Template(**each) for name, each in value.get("templates", {}).items()}
    return Config(path, dict(_switches(path, value.get("switches", {}))), targets, templates)


def _is_unknown_key(violation: jsonschema_rs.ValidationError) -> bool:
    """Whether a key is none that is known: what is missing may be there, misspelt."""
    return isinstance(violation.kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties)


def _mistake(path: Path, violation: jsonschema_rs.ValidationError) -> ContentError:
    """Return what is wrong, with its line; of a key that is none, the right ones."""
    pointer, what, todo = join(*violation.instance_path), violation.message, "see README, understudy.toml"
    place = list(violation.instance_path)
    if isinstance(violation.kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
        unknown = violation.kind.unexpected[0]
        known = at(dict(SCHEMA), join(*violation.schema_path[:-1], "properties"))
        what, todo = f"there is no {unknown!r} here", f"use one of: {', '.join(known)}"
        place.append(unknown)
    elif secret := [each for each in violation.instance_path[2:] if each in SECRETS]:
        name = secret[0]  # what stands there may be the secret itself, which is not shown
        what = f"{name} does not say where the secret is"
        todo = f'write {name} = {{env = "NAME"}} or {name} = {{command = ["program", "argument"]}}'
    return ContentError(what, where=Where(path, _line(path.read_text("utf-8-sig"), place), pointer or None), todo=todo)


def _line(text: str, place: list[str | int]) -> int | None:
    """Return the line of a key, or of the last one above it that stands on a line of its own; None where none does."""
    names, table, found, depth = [str(each) for each in place], list[str](), None, 0
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[([^\[\]]+)\]", line)
        key = re.match(r"\s*([\w.\-\"' ]+?)\s*=", line)
        if header:
            table = _keys(header[1])
        path = table if header else [*table, *_keys(key[1])] if key else []
        if len(path) > depth and path == names[: len(path)]:
            found, depth = number, len(path)
    return found


def _keys(dotted: str) -> list[str]:
    return [
        bare or quoted or literal for quoted, literal, bare in re.findall(r'"([^"]*)"|\'([^\']*)\'|([\w-]+)', dotted)
    ]


def _target(name: str, value: Mapping[str, Json]) -> Target:
    secrets = {key: value[key] for key in SECRETS if key in value}
    given = {key: each for key, each in value.items() if key not in SECRETS}
    return Target(name=name, secrets=secrets, **given | {"existing": tuple(value.get("existing", ()))})


def _switches(path: Path, value: Mapping[str, Json]) -> list[tuple[tuple[str, str], str]]:
    """Return the switches, written as "vendor.switch" or as a table of the vendor's."""
    found: list[tuple[tuple[str, str], str]] = []
    for key, setting in value.items():
        if isinstance(setting, str):
            vendor, dot, name = key.partition(".")
            if not dot:
                where = Where(path, pointer=join("switches", key))
                raise ContentError(f"{key!r} is not VENDOR.SWITCH", where=where, todo='write "vendor.switch" = "value"')
            found.append(((vendor, name), setting))
        else:
            found += [((key, name), each) for name, each in setting.items()]
    return found
