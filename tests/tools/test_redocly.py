"""The scenario files before another Arazzo tool, Redocly's, which lints them and runs them against a served mock."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from shutil import copy

import pytest

from understudy import pack as packs

ROOT = Path(__file__).parents[2]
REDOCLY = ROOT / "node_modules" / ".bin" / "redocly"
PACK = packs.Pack("onetrust", ROOT)
NOT_SENT = {
    "empty-object": "Redocly leaves a body of {} out",
    "no-body": "Redocly makes up a body where a step has none",
    "update-of-language": "Redocly leaves a body of {} out",
}
"""The workflows that Redocly cannot send as they are written, and why."""

pytestmark = pytest.mark.tools


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    """Serve the mock as a user would; yield its URL."""
    command = [sys.executable, "-m", "understudy", "serve", "onetrust", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = re.fullmatch(r"understudy: serving onetrust on (http://\S+)\n", process.stdout.readline())
        try:
            assert ready is not None
            yield ready[1]
        finally:
            process.terminate()
            process.communicate(timeout=10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the scenario files and the effective document that they name beside them."""
    path = tmp_path_factory.mktemp("scenarios")
    (path / ".effective.json").write_text(json.dumps(PACK.effective.value), encoding="utf-8")
    for scenario in PACK.scenarios:
        copy(scenario, path)
    return path


def redocly(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Call Redocly and return what it said; it is told not to phone home."""
    assert REDOCLY.exists(), "there is no Redocly: run `make tools`"
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}
    return subprocess.run(
        [str(REDOCLY), *words],
        cwd=cwd,
        env={**os.environ, **quiet},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("name", [path.name for path in PACK.scenarios])
def test_lint(name: str, folder: Path) -> None:
    """Redocly has nothing against the file."""
    said = redocly("lint", name, cwd=folder)
    assert said.returncode == 0, said.stdout
    assert "is valid" in said.stdout
    assert "warning" not in re.sub("Deprecation warning", "", said.stdout), said.stdout


@pytest.mark.parametrize("name", [path.name for path in PACK.scenarios])
def test_respect(name: str, folder: Path, mock: str) -> None:
    """All workflows pass in Redocly's runner against the mock.

    Its own check of schemas is off: it forbids properties that a schema does not name, which the document does not.
    """
    skipped = [word for workflow_id in NOT_SENT for word in ("--skip", workflow_id)]
    given = ["--server", f"onetrust={mock}", "--input", f"run={token_hex(6)}", "--severity", "SCHEMA_CHECK=off"]
    said = redocly("respect", name, *given, *skipped, cwd=folder)
    assert said.returncode == 0, said.stdout
    passed = re.search(r"Workflows: (\d+) passed, (\d+) total", said.stdout)
    assert passed is not None, said.stdout
    assert passed[1] == passed[2] != "0"
