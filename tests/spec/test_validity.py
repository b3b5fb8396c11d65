"""Whether a document is valid OpenAPI is found out once for its user."""

import json
import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from understudy import folders
from understudy.spec import validity

VALID = json.dumps({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}})
INVALID = json.dumps({"openapi": "3.1.0", "info": {"title": "t"}, "paths": {}})


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder in which is remembered what is valid, for processes that this test starts as well."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    validity.fault.cache_clear()
    return tmp_path / "understudy" / "valid"


def looked_for(document: str) -> bool:
    """Whether a process of its own has to import what finds faults."""
    script = "import sys; from understudy.spec import validity; validity.fault(sys.argv[1]); print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script, document], capture_output=True, text=True, check=True)
    return "openapi_spec_validator" in ran.stdout.split()


def test_a_valid_document_is_looked_through_once(cache: Path) -> None:
    """Another one is looked through, whether it is valid or not, and one that is not is every time."""
    assert [looked_for(VALID), looked_for(VALID)] == [True, False]
    assert [looked_for(INVALID), looked_for(INVALID)] == [True, True]
    assert len(list(cache.iterdir())) == 1
    assert looked_for(VALID.replace("3.1.0", "3.0.3"))


def test_another_release_looks_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have learned more."""
    validity.fault(VALID)
    monkeypatch.setattr(validity, "version", lambda name: "9.9")
    validity.fault.cache_clear()
    validity.fault(VALID)
    assert len(list(cache.iterdir())) == 2


def test_a_fault_is_told_with_its_place(cache: Path) -> None:
    """Whatever was looked at before."""
    for _ in range(2):
        where, reason = validity.fault(INVALID)
        assert (where, "version" in reason) == ("/info", True)
    assert validity.fault(INVALID.replace("{}", '{"/": {"$ref": "#/x"}}'))[1]


def test_nothing_need_be_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user may have no place for it."""
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    validity.fault.cache_clear()
    assert validity.fault(VALID) == ("", "")


def test_a_user_without_a_home_has_a_cache_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in containers that run as anybody."""

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert folders.cache().name == f"understudy-{os.getuid()}"


def test_a_relative_cache_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the specification; it would be another one in every folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    assert folders.cache() == Path.home() / ".cache" / "understudy"


def test_an_installation_that_does_not_know_its_releases_looks_all_the_same(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that was packed into a single file."""

    def unknown(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(validity, "version", unknown)
    assert validity.fault(VALID) == ("", "")
    assert validity.fault(INVALID)[1]
