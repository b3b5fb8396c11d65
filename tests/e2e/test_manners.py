"""Good manners on a real target: limits, names that are ours, and nothing deleted but what the judge has made."""

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.e2e.conftest import Verify
from tests.e2e.servers import CLIENT, FULL, SECRET, Endpoint, Expiring
from tests.e2e.serving import Answer, Call, running
from tests.mock.exchange import call, served
from understudy import credentials
from understudy import pack as packs
from understudy.cli import main
from understudy.contract import fuzz
from understudy.contract.stateful import concurrency, extremes, machine
from understudy.mock.settings import Settings

USERS = ("ada@example.com", "bo%2Bnews@example.com", "visitor%207")
KEY = ("X-APTRINSIC-API-KEY", credentials.FULL)


@pytest.mark.parametrize("scope", packs.SCOPES)
def test_records_that_were_there_are_there_after_a_run(
    scope: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that the user names as well as those that nobody named, and none besides: what was made is gone."""
    monkeypatch.setattr(fuzz, "EXAMPLES", 1)
    monkeypatch.setattr(machine, "SEQUENCES", 8)
    monkeypatch.setattr(machine, "FURTHER", 1)
    monkeypatch.setattr(extremes, "SECONDS", 0.4)
    monkeypatch.setattr(concurrency, "ROUNDS", 1)
    with served(packs.load("gainsight_px"), Settings(strict=True)) as url:
        words = [
            "verify",
            "gainsight_px",
            "--base-url",
            url,
            "--token",
            credentials.FULL,
            "--restricted-token",
            credentials.READ,
        ]
        words += [
            "--existing",
            "visitor 7",
            "--scope",
            scope,
            "--budget",
            "60s",
            "--report",
            str(tmp_path),
            "--seed",
            "4",
        ]
        result = CliRunner().invoke(main, words, catch_exceptions=False)
        found = [call(url, "GET", f"/v1/users/{user}", KEY).status for user in USERS]
        there = sorted(user["identifyId"] for user in call(url, "GET", "/v1/users", KEY).json["users"])
    assert (result.exit_code, found) == (0, [200, 200, 200]), result.output
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["requests"] > 300
    assert (there, report["left_behind"]) == (["ada@example.com", "bo+news@example.com", "visitor 7"], 0)


class Clocked(Endpoint):
    """Notes when each call came."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def serve(self, call: Call) -> Answer:
        """Answer, and look at the clock."""
        self.times.append(time.monotonic())
        return super().serve(call)


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_no_more_is_sent_than_the_limits_allow(workers: tuple[str, ...], verify: Verify) -> None:
    """Not faster, not more, by no check; a run that was cut by it is partial, and finds nothing for that."""
    endpoint = Clocked()
    judged = verify(endpoint, "--rps", "40", "--max-requests", "60", *workers)
    assert (judged.exit_code, judged.report["verdict"]) == (0, "partial"), judged.said
    assert (
        judged.report["reason"]
        == "all 60 requests were sent before all checks were done; give more with --max-requests"
    )
    assert (len(endpoint.seen), judged.report["requests"]) == (60, 60)
    ended = [item["message"] for item in judged.report["items"] if item["outcome"] == "ended-early"]
    assert ended
    assert all(message.startswith("ended early: ") for message in ended)
    assert judged.report["findings"] == []
    assert endpoint.times[-1] - endpoint.times[0] >= 58 / 40


def test_a_limit_that_only_cuts_fuzzing_is_no_finding(verify: Verify) -> None:
    """All that binds was looked at: the run conforms."""
    endpoint = Endpoint()
    judged = verify(endpoint, "--max-requests", "700")
    assert (judged.exit_code, judged.report["verdict"]) == (0, "conforms"), judged.said
    assert len(endpoint.seen) == 700


def test_every_record_that_a_run_makes_begins_with_the_prefix(verify: Verify) -> None:
    """Those of Schemathesis too; where nothing deletes them, their number is told."""
    endpoint = Endpoint()
    judged = verify(endpoint, "--prefix", "ci-7.")
    assert judged.exit_code == 0, judged.said
    assert [name for name in endpoint.subjects if not name.startswith("ci-7.")] == []
    assert judged.report["left_behind"] == len(endpoint.subjects) > 100
    assert f"left behind: {len(endpoint.subjects)} records starting with ci-7." in judged.output


def test_a_token_that_expires_halfway_is_renewed(verify: Verify) -> None:
    """The run goes on as if nothing had been, and no answer to the old token counts."""
    endpoint = Expiring(60)
    judged = verify(endpoint, "--client-id", CLIENT, "--client-secret", SECRET, token=None)
    assert (judged.exit_code, judged.report["verdict"]) == (0, "conforms"), judged.said
    assert len(endpoint.minted) > 3


def test_a_dry_run_sends_nothing_and_shows_no_secret(verify_at: Verify) -> None:
    """What scenarios and probes would send is listed, each as a curl line; exit 0."""
    endpoint = Endpoint()
    with running(endpoint) as base_url:
        words = ["verify", "onetrust", "--base-url", base_url, "--token", FULL, "--dry-run", "--prefix", "ci-"]
        result = CliRunner().invoke(main, words, catch_exceptions=False)
    assert (result.exit_code, endpoint.seen) == (0, []), result.output
    lines = result.output.splitlines()
    curls = [line for line in lines if not line.startswith("#")]
    assert len(curls) > 200
    assert all(line.startswith(("curl ", "printf ")) and f"{base_url}/" in line for line in curls)
    assert {"# scenario two-ids", "# constraints[createOrUpdateDataSubjectUsingPOST]"} <= set(lines)
    assert any(line.startswith("# fuzz[fuzzing]: requests made up by Schemathesis") for line in lines)
    assert FULL not in result.output
    assert '-H "Authorization: Bearer $UNDERSTUDY_TOKEN"' in result.output
    assert "'dataSubjectIdentifier: ci-" in result.output


def test_a_dry_run_needs_no_credentials_and_writes_no_report(tmp_path: Path) -> None:
    """It shows what clean-up would send, too; a report of it would pass for a verdict."""
    words = ["verify", "gainsight_px", "--base-url", "https://px.example.com", "--dry-run", "--scope", "full"]
    result = CliRunner().invoke(main, [*words, "-k", "constraints and updateUser"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "# clean-up" in result.output
    assert "-X DELETE https://px.example.com/v1/users/understudy-" in result.output
    lacking = CliRunner().invoke(main, [*words[:-2], "-k", "read-only-key"], catch_exceptions=False)
    assert "# scenario read-only-key: nothing; needs --restricted-token" in lacking.output.splitlines()
    refused = CliRunner().invoke(main, [*words, "--report", str(tmp_path / "r")])
    assert (refused.exit_code, "a dry run writes no report" in refused.output) == (2, True)


def test_what_a_target_configures_reaches_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verify: Verify
) -> None:
    """Its limits, its prefix, and a token that a command tells."""
    endpoint = Endpoint()
    monkeypatch.chdir(tmp_path)
    with running(endpoint) as base_url:
        (tmp_path / "understudy.toml").write_text(
            f'[targets.staging]\nvendor = "onetrust"\nbase_url = "{base_url}"\nprefix = "toml-"\nmax_requests = 30\n'
            f'budget = "20s"\ntoken = {{command = ["echo", "{FULL}"]}}\n'
        )
        result = CliRunner().invoke(main, ["verify", "--target", "staging"], catch_exceptions=False)
        other = CliRunner().invoke(main, ["verify", "consentgrid", "--target", "staging"])
    assert "verdict: partial" in result.output
    assert len(endpoint.seen) == 30
    assert endpoint.subjects
    assert all(name.startswith("toml-") for name in endpoint.subjects)
    assert other.exit_code == 2
    assert "target staging is onetrust's, and consentgrid is to be judged" in other.output


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ('switches = {catalog = "x"}', "onetrust has no switch 'catalog'; use one of: "),
        ('switches = {quota = "newer"}', "onetrust has no switch 'quota'"),
        ('budget = "0s"', "target staging: the budget '0s' is not a duration"),
    ],
)
def test_what_a_target_cannot_have_is_told(
    setting: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mock's own switches are none of a target's."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "understudy.toml").write_text(
        f'[targets.staging]\nvendor = "onetrust"\nbase_url = "http://127.0.0.1:9"\n{setting}\n'
    )
    result = CliRunner().invoke(main, ["verify", "--target", "staging", "--token", "t"])
    assert (result.exit_code, told in result.output) == (2, True), result.output


@pytest.mark.parametrize(
    "words",
    [
        ("--rps", "0"),
        ("--max-requests", "0"),
        ("--prefix", ""),
        ("--prefix", "a b"),
        ("--prefix", "x" * 41),
        ("--prefix", "-x"),
    ],
)
def test_a_limit_or_prefix_that_is_none_is_refused(words: tuple[str, ...]) -> None:
    """With exit 2, before anything is sent."""
    result = CliRunner().invoke(
        main, ["verify", "onetrust", "--base-url", "http://127.0.0.1:9", "--token", "t", *words]
    )
    assert (result.exit_code, words[0] in result.output) == (2, True)
