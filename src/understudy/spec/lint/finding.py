"""What a check is and what it gives: a fault while it looks, a finding with line and fingerprint for the reader."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING

from understudy.errors import Where

if TYPE_CHECKING:
    from understudy.spec.lint.view import View


class LintLevel(StrEnum):
    """How bad a finding is; the words are SARIF's. All levels count alike, in the exit code too."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Fault:
    """What a check saw: the pointer, what is wrong, what to do.

    `subject` tells faults of one check at one pointer apart. It is part of the fingerprint, so it holds nothing that
    changes with wording or line.
    """

    pointer: str
    what: str
    todo: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One kind of contradiction: its id, its level, a sentence that says what it finds, and the function that looks."""

    id: str
    level: LintLevel
    text: str
    run: "Callable[[View], Iterator[Fault]]"


@dataclass(frozen=True, slots=True)
class LintFinding:
    """A contradiction in a document; `message` says what is wrong and what to do."""

    check: str
    level: LintLevel
    message: str
    pointer: str
    where: Where
    fingerprint: str


def fingerprint(check: str, place: str, subject: str) -> str:
    """Return the 16 hexadecimal digits that name a finding, whatever its file is called and its line is."""
    return sha256("\n".join((check, place, subject)).encode("utf-8", "surrogatepass")).hexdigest()[:16]
