"""Which part of the engine may import which: the table, held against every import statement under src/understudy."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "understudy"

MAY_IMPORT = {
    "errors": "",
    "credentials": "",
    "folders": "",
    "values": "",
    "redaction": "values",
    "serving": "errors",
    "har": "errors values",
    "config": "errors values",
    "client": "errors values credentials",
    "process": "errors client",
    "pytest_plugin": "errors folders client process",
    "spec": "errors values folders",
    "model": "errors values spec",
    "recorded": "values har spec model",
    "pack": "errors values folders spec model",
    "mock": "errors values credentials redaction har config spec model recorded pack serving",
    "contract": "errors values folders credentials redaction har spec model recorded pack",
    "report": "errors values credentials spec model pack contract",
    "proxy": "errors har redaction serving spec contract",
    "cli": "errors values credentials har config spec model pack serving redaction mock contract report proxy",
    "__main__": "cli",
}
"""The parts, lowest first. Each may import itself, the parts named here, and the package's own `__version__`."""

EXCEPTIONS = {"contract/embedded.py": "mock", "mock/__init__.py": "client process"}
"""Modules that may import more."""


def part_of(module: str) -> str | None:
    """Return the part that a dotted module name belongs to; None for the package itself and for what is not ours."""
    names = module.split(".")
    return names[1] if names[0] == "understudy" and len(names) > 1 else None


def imported(source: str, module: str) -> Iterator[tuple[int, str]]:
    """Yield line and part of every import of ours in a module's source, wherever in the module it stands.

    The module's name keeps a last `__init__`, so that a relative import of one dot drops one name in any module.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".")[: -node.level] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            found = [f"{start}.{alias.name}" for alias in node.names] if start == "understudy" else [start]
        else:
            continue
        for name in found:
            part = part_of(name)
            if part is not None and part != "__version__":
                yield node.lineno, part


def faults(path: Path, package: Path) -> Iterator[str]:
    """Yield a sentence with file and line for every import that the table does not allow."""
    relative = path.relative_to(package)
    if relative.as_posix() == "__init__.py":
        part, allowed = "the package itself", set[str]()
    else:
        part = relative.parts[0].removesuffix(".py")
        if part not in MAY_IMPORT:
            yield f"{relative}: {part!r} stands in no row of MAY_IMPORT"
            return
        allowed = {part, *MAY_IMPORT[part].split(), *EXCEPTIONS.get(relative.as_posix(), "").split()}
    module = ".".join(("understudy", *relative.with_suffix("").parts))
    for line, other in imported(path.read_text(), module):
        if other not in allowed:
            yield f"src/understudy/{relative}:{line}: {part} may not import {other}"


def test_no_module_imports_against_the_direction() -> None:
    """Every import in the engine goes the way that the table allows."""
    found = [fault for path in sorted(PACKAGE.rglob("*.py")) for fault in faults(path, PACKAGE)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        (
            "spec/document.py",
            "from understudy.model.call import Call\n",
            "spec/document.py:1: spec may not import model",
        ),
        (
            "contract/judge.py",
            "\nimport understudy.report.html\n",
            "contract/judge.py:2: contract may not import report",
        ),
        ("contract/judge.py", "from understudy.mock import app\n", "contract/judge.py:1: contract may not import mock"),
        (
            "mock/app.py",
            "def f():\n    from understudy import contract\n",
            "mock/app.py:2: mock may not import contract",
        ),
        ("model/call.py", "from ..pack import load\n", "model/call.py:1: model may not import pack"),
        ("spec/__init__.py", "from ..pack import load\n", "spec/__init__.py:1: spec may not import pack"),
        ("__init__.py", "from understudy.cli import main\n", "__init__.py:1: the package itself may not import cli"),
        ("novelty.py", "", "'novelty' stands in no row of MAY_IMPORT"),
    ],
)
def test_a_wrong_import_is_named_with_file_and_line(tmp_path: Path, path: str, source: str, expected: str) -> None:
    """Each form of import that goes against the direction is found, and told with file and line."""
    file = tmp_path / path
    file.parent.mkdir(exist_ok=True)
    file.write_text(source)
    (fault,) = faults(file, tmp_path)
    assert fault.endswith(expected)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("contract/embedded.py", "from understudy.mock.server import running\n"),
        ("spec/document.py", "from . import wire\nfrom .wire import typed\nfrom .. import __version__\n"),
        ("report/html.py", "from understudy.contract.verdict import Report\nfrom understudy import __version__\n"),
    ],
)
def test_a_right_import_is_let_be(tmp_path: Path, path: str, source: str) -> None:
    """Imports within a part, down the table, of the version, and by the one exception are allowed."""
    file = tmp_path / path
    file.parent.mkdir(exist_ok=True)
    file.write_text(source)
    assert list(faults(file, tmp_path)) == []


def test_the_table_has_no_circle() -> None:
    """A part may import only parts that stand above it in the table."""
    parts = list(MAY_IMPORT)
    for part, others in MAY_IMPORT.items():
        if part != "__main__":
            assert set(others.split()) <= set(parts[: parts.index(part)])


def test_every_exception_is_used() -> None:
    """A module that may import more does so; otherwise the exception goes."""
    for path, parts in EXCEPTIONS.items():
        assert set(parts.split()) <= {found for _, found in imported((PACKAGE / path).read_text(), "")}, path


def test_the_page_shows_the_same_table() -> None:
    """The table in docs/ARCHITECTURE.md is the one that is enforced here."""
    section = (ROOT / "docs" / "ARCHITECTURE.md").read_text().partition("## Import direction")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.+?) \| (.*?) \|$", section, re.MULTILINE)
    shown = {
        part: set(re.findall(r"`(\w+)`", others)) for parts, others in rows for part in re.findall(r"`(\w+)`", parts)
    }
    assert shown == {part: set(others.split()) for part, others in MAY_IMPORT.items()}
    assert all(f"`{path}`" in section for path in EXCEPTIONS)
