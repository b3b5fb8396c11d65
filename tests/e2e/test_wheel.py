"""The wheel, built from the sdist and installed into an empty environment, does from `/` what the checkout does."""

import json
import os
import signal
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

import understudy

ROOT = Path(__file__).parents[2]
WRITE = "/onetrust/api/consentmanager/v1/datasubjects/dataelements"
PIP_CONFIGURATION = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_CONSTRAINT": "constraints.txt"}

pytestmark = pytest.mark.xdist_group("wheel")  # what the module's fixture makes takes long, so one worker has it all


@dataclass(frozen=True)
class Installed:
    """The distributions that were built, and the command of an environment that holds nothing but the wheel."""

    sdist: Path
    wheel: Path
    command: Path

    def run(self, *words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run the command in `/`."""
        return subprocess.run(
            [self.command, *words],
            cwd="/",
            env=environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )


def environment() -> dict[str, str]:
    """Return the environment without what could lead to the checkout or change a run."""
    foreign = ("PYTHON", "PYTEST", "COVERAGE", "COV_CORE", "UNDERSTUDY", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def make(*words: str | Path) -> None:
    """Run a command in the checkout; its output is shown where it fails."""
    made = subprocess.run(
        words, cwd=ROOT, env=environment() | PIP_CONFIGURATION, capture_output=True, text=True, timeout=300, check=False
    )
    assert made.returncode == 0, made.stdout + made.stderr


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Build the sdist, from it the wheel, and install that, with the pins, into an empty environment."""
    folder = tmp_path_factory.mktemp("wheel")
    make(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", ".")
    (sdist,), (wheel,) = (folder / "dist").glob("*.tar.gz"), (folder / "dist").glob("*.whl")
    venv.create(folder / "venv", with_pip=True)
    make(folder / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-compile", wheel)
    return Installed(sdist, wheel, folder / "venv" / "bin" / "understudy")


@contextmanager
def serving(installed: Installed) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Serve on a free port; yield the process and the URL of its ready line."""
    with subprocess.Popen(
        [installed.command, "serve", "onetrust", "--port", "0"],
        cwd="/",
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            ready, _, url = process.stdout.readline().strip().rpartition(" ")
            assert ready == "understudy: serving onetrust on"
            yield process, url
        finally:
            process.kill()


def test_the_wheel_carries_the_packs(installed: Installed) -> None:
    """Documents, models and contracts lie under understudy/builtin, as in the checkout, and licences in dist-info."""
    with zipfile.ZipFile(installed.wheel) as wheel:
        names = set(wheel.namelist())
    for folder in ("specs", "mock", "contracts"):
        files = [path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        packed = {path.relative_to(ROOT).as_posix() for path in files if not path.name.startswith(".")}
        assert {f"understudy/builtin/{name}" for name in packed} <= names
        assert any(name.startswith(f"understudy/builtin/{folder}/") for name in names)
    licences = f"understudy-{understudy.__version__}.dist-info/licenses"
    assert {f"{licences}/LICENSE", f"{licences}/NOTICE", "understudy/py.typed"} <= names
    assert not [name for name in names if name.endswith((".pyc", ".effective.json")) or name.startswith("tests/")]


def test_the_sdist_can_be_worked_with(installed: Installed) -> None:
    """Whoever unpacks the sdist finds tests, pages, pins and the two commands."""
    with tarfile.open(installed.sdist) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {
        "Makefile",
        "constraints.txt",
        "CONTRIBUTING.md",
        "docs/ARCHITECTURE.md",
        "tests/e2e/test_wheel.py",
    } <= names


def test_the_version_is_printed(installed: Installed) -> None:
    """`understudy --version` prints the version of the checkout, and nothing on standard error."""
    done = installed.run("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[-1] == understudy.__version__


def test_the_effective_document_is_printed(installed: Installed) -> None:
    """`understudy spec` finds the built-in pack, and prints the document with its overlays as JSON."""
    done = installed.run("spec", "onetrust", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    vendored = json.loads((ROOT / "specs" / "onetrust" / "openapi.json").read_text())
    assert set(vendored["paths"]) < set(document["paths"])


def test_the_mock_serves_and_stops(installed: Installed) -> None:
    """`understudy serve` tells its URL, creates a data subject with 201, and ends with 0 on SIGTERM."""
    with serving(installed) as (process, url):
        created = Request(
            url + WRITE,
            data=b'{"dataElements": [{"name": "Country", "value": "Norway"}]}',
            headers={
                "Authorization": "Bearer understudy-full",
                "Content-Type": "application/json",
                "dataSubjectIdentifier": "ada@example.com",
            },
            method="POST",
        )
        with urlopen(created, timeout=10) as response:
            assert response.status == 201
            assert json.load(response)["identifier"] == "ada@example.com"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def test_the_embedded_mock_is_judged(installed: Installed, tmp_path: Path) -> None:
    """`understudy verify` judges the mock, finds that it conforms, and writes the report."""
    done = installed.run("verify", "onetrust", "--budget", "20s", "--report", str(tmp_path / "reports"), timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\nverdict: conforms" in done.stdout
    report = json.loads((tmp_path / "reports" / "report.json").read_text())
    assert report["verdict"] == "conforms"
    documented = {rule["id"]: rule["outcome"] for rule in report["rules"] if rule["basis"] == "documented"}
    assert documented == dict.fromkeys(documented, "passed")
    assert len(documented) > 50
