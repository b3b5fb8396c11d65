"""Everything a user can do wrong, or that can go wrong around us, as one tree of exceptions.

    UnderstudyError
    ├── UsageError      an option, a vendor's name, a port: exit 2
    ├── ContentError    a file of a pack, or one the user gave: exit 2
    └── TargetError     the endpoint to judge cannot be judged: exit 3

Each carries what was wrong, where, and what to do; `str()` is the one line that the user sees.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a file: its path, the line (counted from 1), and the JSON pointer, as far as they are known."""

    path: Path | str
    line: int | None = None
    pointer: str | None = None

    def __str__(self) -> str:
        place = f"{shown(self.path)}:{self.line}" if self.line else shown(self.path)
        return f"{place} ({self.pointer})" if self.pointer else place


def shown(path: Path | str) -> str:
    """Return the path as a user reads it: relative to the current directory where it lies inside."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def told(error: BaseException) -> str:
    """Return the kind and the message of somebody else's exception, as the last line of a traceback has them."""
    return f"{type(error).__name__}: {error}".removesuffix(": ")


class UnderstudyError(Exception):
    """The root of the tree; never raised itself."""

    exit_code = 2

    def __init__(self, what: str, *, where: Where | str | None = None, todo: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.todo = todo

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        return " ".join((f"{line}; {self.todo}" if self.todo else line).split())


class UsageError(UnderstudyError):
    """Wrong usage or configuration: an option, a name, a port, a directory."""


class ContentError(UnderstudyError):
    """A document, overlay, rule, scenario or model file cannot be used as it stands."""


class TargetError(UnderstudyError):
    """The target is unreachable, refuses the credentials everywhere, or nothing could be checked."""

    exit_code = 3
