"""The endpoint to judge: where it is, who may call it, and how long a run may take. No secret is ever shown."""

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from html import escape
from urllib.parse import quote, quote_plus

from understudy.values import Json

RUN = "UNDERSTUDY_RUN"
"""The environment variable by which a run reaches pytest's worker processes."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A full and a restricted token, or an OAuth 2.0 client that gets the full one; None where there is none."""

    token: str | None = field(default=None, repr=False)
    restricted: str | None = field(default=None, repr=False)
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)

    def secrets(self) -> tuple[str, ...]:
        """Return every value that must not be shown, longest first."""
        found = {value for value in (self.token, self.restricted, self.client_secret) if value}
        return tuple(sorted(found, key=len, reverse=True))


class Secrets:
    """What must not be shown: the given credentials, and the tokens that are granted while a run goes on.

    Targets echo what they are sent, whole or cut, in JSON, in URLs, in HTML: all of these forms are hidden.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._forms: set[str] = set()
        for value in values:
            self.add(value)

    def add(self, value: str) -> None:
        """Take note of a further secret; an empty one is none."""
        forms = {value, json.dumps(value)[1:-1], quote(value, safe=""), quote_plus(value), escape(value)}
        self._forms |= forms - {""}

    def hide(self, text: str) -> str:
        """Return the text with `***` for every secret, and for the beginning of one that was cut."""
        for form in sorted(self._forms, key=len, reverse=True):
            telling = form[: max(_TELLING, len(form) * 3 // 4)]
            found = text.find(telling)
            while found >= 0:
                length = next(n for n in range(len(form), 0, -1) if text.startswith(form[:n], found))
                text = f"{text[:found]}***{text[found + length :]}"
                found = text.find(telling, found + 3)
        return text


_TELLING = 16
"""How many characters at the beginning of a secret tell it, at least; a shorter one is hidden where it stands whole."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run on one vendor's target.

    `limited_url` is the base URL of a session with a tiny quota, where there is one; `deadline` is in seconds of
    `time.time()`, `budget` in seconds; `label` is what the report calls the target; `run_id` makes identifiers unique.
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
    limited_url: str | None = None
    prefix: str = "understudy"
    strict: bool = False
    credentials: Credentials = field(default_factory=Credentials)

    @property
    def remaining(self) -> float:
        """Seconds until the run must end; negative when it is over."""
        return self.deadline - time.time()

    def to_environment(self) -> None:
        """Leave the run where `from_environment` of this process and its children finds it."""
        os.environ[RUN] = json.dumps(asdict(self))

    @classmethod
    def from_environment(cls) -> "Run":
        """Return the run that `to_environment` left; raises KeyError where there is none."""
        value: Mapping[str, Json] = json.loads(os.environ[RUN])
        return cls(**{**value, "credentials": Credentials(**value["credentials"])})
