"""The repository as a whole: nothing of one machine in it, pins for everything, the targets that the pages promise."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

import understudy

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PINS = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))

REGISTRIES = tuple(
    ".".join(names)  # put together here, since this file is searched too
    for names in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("anaconda", "org"),
        ("proxy", "golang", "org"),
    )
)
OF_A_MACHINE = re.compile(
    r"(?<![\w.~-])/(?:root|work|workspace|mnt|opt|home/\w+|Users/\w+)/[\w.]|\b[A-Za-z]:\\\\?Users\\", re.ASCII
)
"""Paths that exist on somebody's machine only."""

TARGETS = ("help", "verify", "test", "audit", "tools", "test-tools", "lint", "bench", "clean")
NOT_TRACKED = re.compile(
    r"(?:^|/)(?:\.git|\.venv[^/]*|node_modules|__pycache__|reports|dist|htmlcov|\.coverage[^/]*|PKG-INFO"
    r"|\.(?:pytest|mypy|ruff)_cache|\.hypothesis|\.effective\.json)(?:/|$)"
)
"""What a folder without git, such as an unpacked sdist, may hold besides the files of the repository."""


def normal(name: str) -> str:
    """Return the normal form of a distribution's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def tracked() -> list[Path]:
    """Return the repository's files: those that git tracks, or all where git cannot tell, as in an unpacked sdist."""
    names: list[str] = []
    if (ROOT / ".git").exists() and shutil.which("git"):
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
        names = [name for name in listed.stdout.split("\0") if name]
    found = [ROOT / name for name in names] or [
        path for path in ROOT.rglob("*") if not NOT_TRACKED.search(path.relative_to(ROOT).as_posix())
    ]
    return [path for path in found if path.is_file()]


def lines() -> Iterator[tuple[str, str]]:
    """Yield every line of every text file with its place."""
    for path in tracked():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            yield f"{path.relative_to(ROOT)}:{number}", line


def test_there_are_files_to_look_at() -> None:
    """The listing of files is not empty, with or without git, and holds the packs."""
    names = {path.relative_to(ROOT).as_posix() for path in tracked()}
    assert {"pyproject.toml", "specs/onetrust/openapi.json", "src/understudy/__init__.py"} <= names


def test_nothing_names_a_registry() -> None:
    """No file names the host of a package registry: where packages come from is the user's to configure."""
    found = [place for place, line in lines() if any(host in line.lower() for host in REGISTRIES)]
    assert not found, "\n".join(found)


def test_nothing_names_a_path_of_one_machine() -> None:
    """No file holds an absolute path that exists on one machine only, this one's own included."""
    own = [str(path) for path in (ROOT, Path.home()) if len(path.parts) > 2]
    found = [place for place, line in lines() if OF_A_MACHINE.search(line) or any(path in line for path in own)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", ["/" + "root/x", "see /" + "home/ada/understudy", "'/" + "work/main'"])
def test_a_path_of_one_machine_is_seen(path: str) -> None:
    """The pattern knows such a path wherever it stands."""
    assert OF_A_MACHINE.search(path)


@pytest.mark.parametrize("path", ["/api/opt/in", "https://host/root/x", "specs/work/x", "/usr/bin/env", "/tmp"])
def test_other_paths_are_let_be(path: str) -> None:
    """Paths of URLs, relative ones, and those that any system has are none of one machine."""
    assert not OF_A_MACHINE.search(path)


def test_the_engine_names_no_vendor() -> None:
    """A vendor is named by its pack alone, nowhere in src/."""
    vendors = re.compile("onetrust|consentgrid|gainsight", re.IGNORECASE)
    found = [place for place, line in lines() if place.startswith("src/") and vendors.search(line)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("target", TARGETS)
def test_make_has_the_target(target: str) -> None:
    """Each promised target is a rule of the Makefile, phony, and listed by `make help`."""
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert re.search(rf"^{target}:.*## \w", makefile, re.MULTILINE)
    assert phony is not None
    assert target in phony[1].split()


def required() -> set[str]:
    """Return the names of all distributions that pyproject.toml names."""
    project = PROJECT["project"]
    wanted = [*PROJECT["build-system"]["requires"], *project["dependencies"]]
    wanted += [requirement for extra in project["optional-dependencies"].values() for requirement in extra]
    return {normal(re.split(r"[^\w.-]", requirement, maxsplit=1)[0]) for requirement in wanted}


def test_everything_required_is_pinned() -> None:
    """Each runtime, development and build requirement stands in constraints.txt with one release."""
    assert required() <= {normal(name) for name in PINS}


def test_the_pins_are_only_pins() -> None:
    """Every line of constraints.txt is a comment or NAME==RELEASE, each name once: no host, path or option."""
    content = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.!+]+", line) for line in content)
    assert len({normal(line.partition("==")[0]) for line in content}) == len(content)


def test_the_version_is_one() -> None:
    """The package, its metadata and the changelog tell one version."""
    assert version("understudy") == understudy.__version__
    released = re.findall(r"^## \[(\d\S*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert not released or released[0] == understudy.__version__


def test_npm_packages_are_pinned_and_private() -> None:
    """package.json names releases, cannot be published, and makes no lock file, which would name registry hosts."""
    package = json.loads((ROOT / "package.json").read_text())
    assert package["private"] is True
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", release) for release in package["devDependencies"].values())
    assert "package-lock=false" in (ROOT / ".npmrc").read_text().split()
    assert not {"package-lock.json", "npm-shrinkwrap.json", "yarn.lock"} & {path.name for path in tracked()}


@pytest.mark.tools
def test_make_tools_brings_what_further_tests_need() -> None:
    """wrk, a browser and Redocly's command are there after `make tools`, the latter in the pinned release."""
    package = json.loads((ROOT / "package.json").read_text())
    command = ROOT / "node_modules" / ".bin" / "redocly"
    printed = subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout
    assert package["devDependencies"]["@redocly/cli"] in printed
    assert shutil.which("wrk")
    assert any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))


def test_tests_of_one_group_run_in_one_worker(tmp_path: Path) -> None:
    """As `make test` calls pytest; where xdist does not know the group, what is slow is made once for each worker."""
    (tmp_path / "test_group.py").write_text(
        "import pytest\npytestmark = pytest.mark.xdist_group('one')\n"
        "@pytest.mark.parametrize('number', range(4))\ndef test_any(number): pass\n"
    )
    words = ["-n", "2", "--dist", "loadgroup", "-v", "-p", "no:cacheprovider", "-c", os.devnull, str(tmp_path)]
    ran = subprocess.run([sys.executable, "-m", "pytest", *words], capture_output=True, text=True, check=True).stdout
    assert len(set(re.findall(r"^\[(gw\d)\]", ran, re.MULTILINE))) == 1, ran
