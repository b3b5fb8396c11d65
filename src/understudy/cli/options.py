"""Types of options that several commands have."""

import math
import re
from urllib.parse import urlsplit

import click

from understudy import config
from understudy.errors import UsageError


def base_url_of(option: str, text: str) -> str:
    """Return the URL of a server without a slash at its end; raises UsageError for what is none."""
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port)
        (parts.hostname or "").encode("idna")
    except ValueError:  # of a port that is no number, a bracket that is not closed, a host that no resolver takes
        sound = None
    if not sound or parts.query or parts.fragment:
        raise UsageError(
            f"{option} {text!r} is not the URL of a server",
            todo="give one such as https://host or http://127.0.0.1:8080",
        )
    if parts.username or parts.password:
        raise UsageError(f"{option} carries credentials", todo="give them by options or the environment")
    return text.rstrip("/")


class Duration(click.ParamType[float]):
    """Seconds, given as `30s`, `2m`, `1h` or a bare number; between one second and a day."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds; fails as wrong usage for anything else."""
        if isinstance(value, float):
            return value
        text = str(value)
        factor = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(text[-1:], 0.0)
        number = text[:-1] if factor else text
        try:
            seconds = float(number) * (factor or 1.0)
        except ValueError:
            seconds = 0.0
        if not 1 <= seconds <= 86400:
            self.fail(f"{text!r} is not a duration from 1s to 24 hours, such as 30s or 2m")
        return seconds


class Rate(click.ParamType[float]):
    """Requests in a second: a number above 0."""

    name = "rate"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number; fails as wrong usage for anything else."""
        try:
            rate = float(str(value))
        except ValueError:
            rate = math.nan
        if not 0 < rate < math.inf:
            self.fail(f"{value!r} is not a number above 0")
        return rate


class Workers(click.ParamType[str]):
    """How many worker processes, as pytest-xdist has it."""

    name = "workers"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text; fails as wrong usage for another form."""
        text = str(value)
        if text not in ("auto", "logical") and not re.fullmatch(r"[0-9]{1,3}", text):
            self.fail(f"{text!r} is neither a whole number from 0 to 999 nor auto nor logical")
        return text


class Prefix(click.ParamType[str]):
    """What identifiers that a run makes up begin with."""

    name = "prefix"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text; fails as wrong usage for another form."""
        text = str(value)
        if not re.fullmatch(config.PREFIX, text):
            self.fail(f"{text!r} is not 1 to 40 letters, digits, '.', '_' or '-', a letter or digit first")
        return text
