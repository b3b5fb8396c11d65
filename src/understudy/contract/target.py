"""The endpoint to judge: where it is, who may call it, and how long a run may take. No secret is ever shown."""

import json
import os
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from html import escape

from understudy.contract.derived import Derived
from understudy.contract.shell import Source, expanded, kept, octal
from understudy.errors import UsageError
from understudy.values import Json

DELETE = 0x7F
"""The one control character beyond the blank."""
RUN = "UNDERSTUDY_RUN"
"""The environment variable by which a run reaches pytest's worker processes."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A full and a restricted token, or an OAuth 2.0 client that gets the full one; None where there is none."""

    token: str | None = field(default=None, repr=False)
    restricted: str | None = field(default=None, repr=False)
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)

    def check(self) -> None:
        """Raise UsageError, which does not show it, where a header cannot carry one (RFC 9110, section 5.5)."""
        given = {
            "the token": self.token,
            "the restricted token": self.restricted,
            "the client's id": self.client_id,
            "the client's secret": self.client_secret,
        }
        for name, value in given.items():
            if value and any(ord(char) < ord(" ") or ord(char) == DELETE for char in value):
                what = f"{name} holds a line break or another control character"
                raise UsageError(what, todo="take it out: no header can carry it")

    def basic(self) -> str | None:
        """Return the client as HTTP Basic sends it (RFC 7617), or None where there is none."""
        if not self.client_id or not self.client_secret:
            return None
        return Derived(self.client_secret).basic(self.client_id).text

    def secrets(self) -> tuple[str, ...]:
        """Return every value that must not be shown, longest first."""
        given = (self.token, self.restricted, self.client_secret, self.basic())
        found = {value for value in given if value}
        return tuple(sorted(found, key=len, reverse=True))


class Secrets:
    """What must not be shown: the given credentials, and the tokens that are granted while a run goes on.

    Targets echo what they are sent, whole or cut, in JSON, in URLs, in HTML, or one inside the other: each character is
    looked for in all the ways to write it.
    """

    def __init__(self, values: Iterable[str] = (), sources: Mapping[str, Source] | None = None) -> None:
        """Hide these secrets; `sources` say by them where a shell has each from."""
        self._patterns: dict[str, list[re.Pattern[str]]] = {}
        self._sources: dict[str, Source] = {}
        self._getting: dict[str, str] = {}
        known = sources or {}
        for value in values:
            self.add(value, known.get(value))

    def add(self, value: str, source: Source | None = None) -> None:
        """Take note of a further secret, and of where a shell has it from; an empty one is none."""
        if value:
            self._patterns[value] = [_written(char) for char in value]
            if source is not None:
                self._sources[value] = source

    def derive(self, secret: str, made: Derived) -> None:
        """Take note of what is made of a secret; of a text that is none it may be shown."""
        if secret in self._patterns:
            source = self._sources.get(secret)
            self.add(made.text, source and Source(source.variable, (*source.filters, *made.filters)))

    def granted(self, variable: str, line: str) -> None:
        """Take note of the curl line that is granted the token which a variable holds."""
        self._getting[variable] = kept(variable, line)

    def as_variables(self, lines: str) -> str:
        """Return curl lines with expansions of the shell in the place of secrets, in whatever quotes these stand.

        A token that they send and that the run was granted is got first.
        """
        shown = expanded(lines, self._sources)
        getting = [line for variable, line in self._getting.items() if re.search(rf"\$\{{?{variable}\b", shown)]
        return "\n".join((*(expanded(line, self._sources) for line in getting), shown))

    def hide(self, text: str) -> str:
        """Return the text with `***` for every secret, and for the greater part of one that was cut."""
        for value in sorted(self._patterns, key=len, reverse=True):
            text = self._hidden(text, self._patterns[value])
        return text

    @staticmethod
    def _hidden(text: str, chars: list[re.Pattern[str]]) -> str:
        telling = min(len(chars), max(_TELLING, len(chars) * 3 // 4))
        shown, position = [], 0
        for start in (match.start() for match in chars[0].finditer(text)):
            if start < position:
                continue
            end, count = start, 0
            while count < len(chars) and (found := chars[count].match(text, end)):
                end, count = found.end(), count + 1
            if count >= telling:
                shown += [text[position:start], "***"]
                position = end
        return "".join((*shown, text[position:]))


_TELLING = 16
"""How many characters at the beginning of a secret tell it, at least; a shorter one is hidden where it stands whole."""


@cache
def _written(char: str) -> re.Pattern[str]:
    """Return what matches a character, plain or escaped: percent-encoding (once, twice), JSON, HTML, octal."""
    raw = char.encode("utf-8", "surrogatepass")
    percent = "".join(f"%(?:25)?{byte:02x}" for byte in raw)
    ways = [percent, rf"u{ord(char):04x}", rf"&#x0*{ord(char):x};", rf"&#0*{ord(char)};"]
    if escape(char) != char:
        ways.append(f"(?:&amp;|&){re.escape(escape(char)[1:])}")
    if char == " ":
        ways.append(r"\+")
    return re.compile(rf"\\*(?:(?i:{'|'.join(ways)})|{re.escape(char)})|{re.escape(octal(raw))}")


PREFIX = "understudy-"
"""What the identifiers of a run begin with, unless another prefix is given."""
LONGEST_PREFIX = 40
EMBEDDED = "embedded mock"
"""What the report calls the target that a run brings along."""
LIMITED, REGIME = "limited", "regime"
"""Names of sessions of the embedded mock: one with a tiny quota, one with the quota that the vendor documents."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run on one vendor's target.

    `sessions` are base URLs of the embedded mock's further sessions, by name (LIMITED, REGIME, or other settings);
    `existing` are the identifiers of records that the user says are there; `deadline` is in seconds of `time.time()`,
    `budget` in seconds; `label` is what the report calls the target; `run_id` makes identifiers unique, `prefix` tells
    whose they are. `rps` and `max_requests` limit what is sent, None does not; `switches` are the model's settings that
    hold for the target. A `dry` run notes what it sends. `scenarios` are the paths of the scenario files that
    alone are played, () for all checks.
    """

    vendor: str
    base_url: str
    label: str
    scope: str
    seed: int
    run_id: str
    deadline: float
    budget: float
    embedded: bool = False
    sessions: Mapping[str, str] = field(default_factory=dict)
    existing: tuple[str, ...] = ()
    prefix: str = PREFIX
    rps: float | None = None
    max_requests: int | None = None
    switches: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False
    dry: bool = False
    scenarios: tuple[str, ...] = ()
    credentials: Credentials = field(default_factory=Credentials)

    @property
    def remaining(self) -> float:
        """Seconds until the run must end; negative when it is over."""
        return self.deadline - time.time()

    def secrets(self) -> tuple[str, ...]:
        """Return the credentials that must not be shown; one with which every identifier begins is no secret."""
        return tuple(each for each in self.credentials.secrets() if not self.prefix.startswith(each))

    def to_environment(self) -> None:
        """Leave the run where `from_environment` of this process and its children finds it."""
        os.environ[RUN] = json.dumps(asdict(self))

    @classmethod
    def from_environment(cls) -> "Run":
        """Return the run that `to_environment` left; raises KeyError where there is none."""
        value: Mapping[str, Json] = json.loads(os.environ[RUN])
        given = {"existing": tuple(value["existing"]), "scenarios": tuple(value["scenarios"])}
        return cls(**{**value, **given, "credentials": Credentials(**value["credentials"])})
