"""Failing sequences come as scenarios: they fail again where the rule is broken, and pass on the mock."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from tests.e2e.conftest import Verify
from tests.e2e.faults import CASES
from tests.e2e.servers import FULL
from tests.e2e.serving import running
from tests.mock.exchange import served, with_operation
from understudy import credentials
from understudy import pack as packs
from understudy.cli import main
from understudy.contract.stateful import machine
from understudy.mock.server import running as serving
from understudy.mock.settings import Settings
from understudy.model.call import Call, Reply
from understudy.model.state import Transaction


@contextmanager
def faulty_mock(vendor: str, operation_id: str, spoil: Callable[[Call, Reply], Reply]) -> Iterator[str]:
    """Serve a mock of which one operation answers otherwise; yield its base URL."""
    pack = packs.load(vendor)
    right = pack.behaviour.operations[operation_id]

    def wrong(call: Call, state: Transaction) -> Reply:
        return spoil(call, right(call, state))

    with served(with_operation(pack, operation_id, wrong)) as url:
        yield url


def forgets_fields(call: Call, reply: Reply) -> Reply:
    """Answer an update with what was sent alone."""
    sent: Any = call.body
    record: Any = reply.body
    return replace(reply, body={**record, "data": sent.get("data", {})}) if reply.accepted else reply


def shouts(call: Call, reply: Reply) -> Reply:
    """Answer a read with the first name in capitals."""
    if reply.status != 200 or not isinstance(reply.body, dict) or not reply.body.get("firstName"):
        return reply
    return replace(reply, body={**reply.body, "firstName": reply.body["firstName"].swapcase()})


def verify(vendor: str, *words: str) -> Result:
    """Call the command in this process."""
    return CliRunner().invoke(main, ["verify", vendor, "--seed", "7", *words], catch_exceptions=False)


def faulty(vendor: str, name: str) -> AbstractContextManager[str]:
    """Serve a target of the vendor's with that fault."""
    if vendor == "onetrust":
        return running(CASES[name].make())
    operation_id, spoil = {"forgets": ("updateSubject", forgets_fields), "shouts": ("getUser", shouts)}[name]
    return faulty_mock(vendor, operation_id, spoil)


@pytest.mark.parametrize(
    ("vendor", "name", "rule"),
    [
        ("onetrust", "201-on-update", "OT-UPDATE-1"),
        ("onetrust", "new-id-on-update", "OT-ID-1"),
        ("onetrust", "one-id-for-all", "OT-ID-2"),
        ("onetrust", "primary-moves", "OT-PRIMARY-1"),
        ("consentgrid", "forgets", "CG-PATCH-3"),
        ("gainsight_px", "shouts", "PX-GET-1"),
    ],
)
def test_a_failing_sequence_fails_again_and_passes_on_the_mock(
    vendor: str, name: str, rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the same rule, in as few calls as show it; report.json names the file and what the model relied on."""
    monkeypatch.setattr(machine, "SEQUENCES", 60)
    monkeypatch.setattr(machine, "FURTHER", 1)
    token = FULL if vendor == "onetrust" else credentials.FULL
    with faulty(vendor, name) as url:
        scope = "full" if vendor == "gainsight_px" else "core"
        target = ("--base-url", url, "--token", token, "--budget", "30s", "--scope", scope)
        verify(vendor, *target, "-k", "model", "--report", str(tmp_path))
        report = json.loads((tmp_path / "report.json").read_text())
        finding = next(each for each in report["findings"] if each["rule"] == rule)
        file = tmp_path / finding["scenario"]
        assert file.name == f"{rule}-{finding['fingerprint']}.arazzo.yaml"
        again = verify(vendor, *target, "--scenario", str(file), "--report", str(tmp_path / "again"))
    found = json.loads((tmp_path / "again" / "report.json").read_text())["findings"]
    assert (again.exit_code, {each["rule"] for each in found}) == (1, {rule}), again.output
    assert finding["relied"]
    assert len(yaml.safe_load(file.read_text())["workflows"][0]["steps"]) <= 3
    passed = verify(vendor, "--scenario", str(file))
    assert (passed.exit_code, "verdict: partial" in passed.output) == (0, True), passed.output


def test_a_scenario_with_a_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    """As in a pack: file, line, and what to do; nothing is sent."""
    file = tmp_path / "mine.arazzo.yaml"
    file.write_text(
        "arazzo: 1.0.1\ninfo: {title: Mine, version: 1.0.0}\n"
        "sourceDescriptions: [{name: onetrust, url: ./effective.json, type: openapi}]\n"
        "workflows:\n  - workflowId: mine\n    steps:\n      - {stepId: one, operationId: nothing}\n"
    )
    told = verify("onetrust", "--scenario", str(file))
    assert told.exit_code == 2
    assert f"{file}:7" in told.output
    assert "there is no operation 'nothing'" in told.output


def test_a_scenario_is_one_vendors() -> None:
    """Without its vendor named nobody knows whose it is."""
    told = CliRunner().invoke(main, ["verify", "--scenario", __file__])
    assert (told.exit_code, "name the vendor" in told.output) == (2, True)


def test_a_sequence_about_a_record_that_was_there_is_played_again_from_nothing(verify_at: Verify) -> None:
    """Names like the existing record's are each sequence's own; a refusal as it is documented is no wrong base URL."""
    pack = packs.load("gainsight_px")
    deviation = pack.deviations.by_name["whole-update-creates"]
    broken = Settings(seed=3, strict=True, deviations={pack.vendor: deviation})
    words = ("--existing", "ada@example.com")
    known = {"vendor": pack.vendor, "token": credentials.FULL, "restricted": credentials.READ}
    with serving({pack.vendor: pack}, {"": broken}) as url:
        at = f"{url}/gainsight_px"
        found = verify_at(at, "-k", "model", *words, **known)
        kept = found.directory.parent / "kept"
        (found.directory / "failing").rename(kept)
        files = [word for file in kept.iterdir() for word in ("--scenario", str(file))]
        again = verify_at(at, *files, *words, **known)
        assert {finding["rule"] for finding in again.report["findings"]} == {"PX-MISSING-1"}, again.said
        lost = verify_at(f"{url}/nowhere", *files[:2], *words, **known)
    mended = verify(pack.vendor, *files)
    assert len(again.report["findings"]) == len(files) // 2
    assert found.report["left_behind"] > 0  # users whom the fault has created, named as the run's own
    assert (again.exit_code, mended.exit_code) == (1, 0), mended.output
    assert "verdict: partial" in mended.output
    assert (lost.exit_code, "404 everywhere" in lost.said) == (3, True)
