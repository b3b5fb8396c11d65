"""Verify against servers of our own: what the command is called with, and what its report says."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from click.testing import CliRunner

from tests.e2e.breaking import Case
from tests.e2e.servers import FULL, READ
from tests.e2e.serving import Served, running
from understudy import pack as packs
from understudy.cli import main
from understudy.contract import client, fuzz
from understudy.contract.arazzo import Patience
from understudy.contract.stateful import concurrency, course, extremes, machine
from understudy.pack import Pack


@dataclass(frozen=True)
class Judged:
    """What one call of `understudy verify` gave: exit code, output, and the report."""

    exit_code: int
    output: str
    report: dict[str, Any]
    directory: Path

    @property
    def said(self) -> str:
        """Return the findings in a line each, for a failed test to show."""
        findings = self.report.get("findings", [])
        return "\n".join(f"{each['rule']}: {each['title']}: {each['actual']}" for each in findings) or self.output

    @property
    def found(self) -> set[str]:
        """The rules of the findings; `none` for a finding without one."""
        return {finding["rule"] or "none" for finding in self.report["findings"]}

    def outcome(self, rule: str) -> str:
        """Return what became of a rule."""
        return str(next(each["outcome"] for each in self.report["rules"] if each["id"] == rule))

    def reason(self, rule: str) -> str:
        """Return why a rule was not exercised."""
        return str(next(each["reason"] for each in self.report["rules"] if each["id"] == rule))


Verify: TypeAlias = Callable[..., Judged]


def violates(case: Case, judged: Judged) -> None:
    """Assert that a fault was found under its rule: exit 1, and no finding on a rule that the fault leaves alone."""
    assert case.rules & judged.found, judged.said
    assert judged.found - case.rules - case.beside == set(), judged.said
    assert (judged.report["verdict"], judged.exit_code) == ("violates", 1)


_read = packs.load


@cache
def _loaded(directory: Path, vendor: str) -> Pack:
    """Return a vendor's pack as it is found from a directory."""
    return _read(vendor)


@pytest.fixture(autouse=True)
def _one_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read each pack once: hundreds of runs in one process judge by the same ones."""
    monkeypatch.setattr(packs, "load", lambda vendor: _loaded(Path.cwd(), vendor))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep pytest's cache of one test from the other's, and the environment's credentials out."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("TOKEN", "RESTRICTED_TOKEN", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"UNDERSTUDY_{name}", raising=False)


@pytest.fixture(autouse=True)
def _few_surveys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Play one survey a run in this process, and none of many records: hundreds of runs would play little else."""
    monkeypatch.setattr(machine, "SURVEYS", 1)
    monkeypatch.setattr(machine, "CROWDED", 0.0)


@pytest.fixture
def verify_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Verify:
    """Return a function that calls `understudy verify` in this process on a base URL, with further words."""
    monkeypatch.setattr(fuzz, "EXAMPLES", 6)
    monkeypatch.setattr(machine, "SEQUENCES", 30)
    monkeypatch.setattr(machine, "FURTHER", 1)
    monkeypatch.setattr(course, "SHRINKING", 1.0)
    monkeypatch.setattr(client, "Patience", partial(Patience, 0.0, 0.0))  # what our servers are told shows at once

    def judge(
        base_url: str,
        *words: str,
        vendor: str = "onetrust",
        token: str | None = FULL,
        restricted: str | None = READ,
    ) -> Judged:
        directory = tmp_path / "report"
        credentials = [
            *(("--token", token) if token else ()),
            *(("--restricted-token", restricted) if restricted else ()),
        ]
        common = ["--seed", "7", "--budget", "40s", "--report", str(directory)]
        result = CliRunner().invoke(
            main, ["verify", vendor, "--base-url", base_url, *credentials, *common, *words], catch_exceptions=False
        )
        written = directory / "report.json"
        report = json.loads(written.read_text()) if written.is_file() else {}
        return Judged(result.exit_code, result.output, report, directory)

    return judge


@pytest.fixture
def verify(verify_at: Verify) -> Verify:
    """Return a function that serves a server of our own and judges it, with the credentials that it knows."""

    def judge(served: Served, *words: str, **credentials: str | None) -> Judged:
        known = {"token": served.full, "restricted": served.read, **credentials}
        with running(served) as base_url:
            return verify_at(base_url, *words, vendor=served.vendor, **known)

    return judge


@pytest.fixture
def verify_briefly(verify: Verify, monkeypatch: pytest.MonkeyPatch) -> Verify:
    """Return the same, with few generated requests: for a server that is in doubt, and not the judge's reach."""
    monkeypatch.setattr(fuzz, "EXAMPLES", 1)
    monkeypatch.setattr(machine, "SEQUENCES", 4)
    monkeypatch.setattr(extremes, "SECONDS", 0.4)
    monkeypatch.setattr(concurrency, "ROUNDS", 1)
    return verify
