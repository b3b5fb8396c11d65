"""Where reports become files: all rendered first, then each put in place at once. What they say is elsewhere."""

import re
import secrets
from pathlib import Path

from understudy.contract.verdict import Report
from understudy.errors import UsageError, shown
from understudy.report import html, json_report, junit, sarif_report

_OURS = re.compile(r"-[0-9a-f]{16}\.arazzo\.yaml$")


def write(report: Report, directory: Path) -> tuple[Path, ...]:
    """Write report.json, report.html, junit.xml and report.sarif into the directory, made if need be; return the paths.

    Beside them, in `failing/`, the scenarios that show findings again; those of an earlier report go.
    A reader never sees half a file. Raises UsageError where the directory cannot be made or written.
    """
    contents = {
        "report.json": json_report.dumps(report).encode("ascii"),
        "report.html": html.render(report).encode(),
        "junit.xml": junit.render(report),
        "report.sarif": sarif_report.render(report),
    }
    failing = {each.scenario_name: each.scenario.encode() for each in report.findings if each.scenario_name}
    _make(directory)
    for path in (directory / "failing").glob("*.arazzo.yaml"):
        if _OURS.search(path.name):
            path.unlink()
    if failing:
        _make(directory / "failing")
    contents |= {name: content for name, content in failing.items() if name is not None}
    return tuple(put(directory / name, content) for name, content in contents.items())


def check_writable(directory: Path) -> None:
    """Make the directory and try a file in it, before a run spends its budget; raises UsageError where that fails."""
    _make(directory)
    probe = _beside(directory / "probe")
    try:
        probe.touch(exist_ok=False)
    except OSError as error:
        raise _unusable(directory, error) from error
    finally:
        probe.unlink(missing_ok=True)


def check_file(option: str, path: Path) -> None:
    """Raise UsageError where the file of an option cannot be written.

    A directory is never made, for its name may be mistyped.
    """
    if str(path) == "-":
        raise UsageError(
            f"{option} writes a file, not standard output", todo="name a file; ./- is one that is called -"
        )
    if path.is_dir():
        raise UsageError(f"{option} names a directory", where=shown(path), todo="name a file in it")
    if not path.parent.exists():
        raise UsageError("there is no such directory", where=shown(path.parent), todo=f"make it, or correct {option}")
    if path.is_file() or not path.exists():  # a device or a pipe is written as it is
        check_writable(path.parent)


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(directory, error) from error


def put(path: Path, content: bytes) -> Path:
    """Put a file in place at once and return its path; raises UsageError where it cannot be written."""
    temporary = _beside(path)
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)  # a device or a pipe stays what it is
        else:
            temporary.write_bytes(content)
            temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _unusable(path, error) from error
    return path


def _beside(path: Path) -> Path:
    """Return a fresh name in the same directory; opened plainly, unlike `tempfile`'s, it gets the user's umask."""
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}")


def _unusable(path: Path, error: OSError) -> UsageError:
    cause = (error.strerror or type(error).__name__).lower()
    return UsageError(
        f"the report cannot be written here: {cause}",
        where=shown(path),
        todo="give another directory, or make this one writable",
    )
