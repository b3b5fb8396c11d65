"""`understudy.toml` of the current directory: switches of packs and targets to judge, checked by a schema.

[switches]
"acme.record" = "envelope"          # as `understudy serve --set acme.record=envelope`

[targets.staging]                   # as `understudy verify --target staging`
vendor = "acme"
base_url = "https://staging.example.com"
token = {env = "STAGING_TOKEN"}     # a secret is named, never written down here
existing = ["ada@example.com"]
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import jsonschema_rs

from understudy.errors import ContentError, UsageError, Where
from understudy.values import Json, join

NAME = "understudy.toml"
SECRETS = ("token", "restricted_token", "client_id", "client_secret")
_SECRET = {
    "type": "object",
    "required": ["env"],
    "additionalProperties": False,
    "properties": {"env": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}},
}
_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "switches": {
            "type": "object",
            "additionalProperties": {"type": ["string", "object"], "additionalProperties": {"type": "string"}},
        },
        "targets": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["vendor", "base_url"],
                "additionalProperties": False,
                "properties": {
                    "vendor": {"type": "string"},
                    "base_url": {"type": "string", "pattern": "^https?://"},
                    "scope": {"enum": ["core", "full"]},
                    "existing": {"type": "array", "items": {"type": "string", "minLength": 1}},
                    **dict.fromkeys(SECRETS, _SECRET),
                },
            },
        },
    },
}
_VALIDATOR = jsonschema_rs.Draft202012Validator(_SCHEMA)


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint by name; `secrets` names an environment variable for each of `SECRETS` that is given."""

    name: str
    vendor: str
    base_url: str
    scope: str | None = None
    existing: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)

    def secret(self, name: str) -> str | None:
        """Return a secret, or None where none is named; raises UsageError where its variable is not set."""
        variable = self.secrets.get(name)
        if variable is None:
            return None
        value = os.environ.get(variable)
        if not value:
            raise UsageError(
                f"target {self.name}: {variable} is not set", todo=f"set it to the {name.replace('_', ' ')}"
            )
        return value


@dataclass(frozen=True, slots=True)
class Config:
    """What the file says; `switches` are values by (vendor, switch)."""

    path: Path
    switches: Mapping[tuple[str, str], str] = field(default_factory=dict)
    targets: Mapping[str, Target] = field(default_factory=dict)

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
        value: Json = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return Config(path)
    except OSError as error:
        raise ContentError(f"cannot read it: {error.strerror}", where=Where(path), todo="check the file") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ContentError(f"not TOML: {error}", where=Where(path), todo="mend the file") from error
    for violation in _VALIDATOR.iter_errors(value):
        where = Where(path, pointer=join(*violation.instance_path) or None)
        raise ContentError(violation.message, where=where, todo="see README, understudy.toml")
    targets = {name: _target(name, each) for name, each in value.get("targets", {}).items()}
    return Config(path, dict(_switches(path, value.get("switches", {}))), targets)


def _target(name: str, value: Mapping[str, Json]) -> Target:
    secrets = {key: value[key]["env"] for key in SECRETS if key in value}
    return Target(
        name, value["vendor"], value["base_url"], value.get("scope"), tuple(value.get("existing", ())), secrets
    )


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
