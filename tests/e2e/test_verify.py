"""`understudy verify`: verdicts and exit codes, what narrows a run, what surroundings cannot change, and secrets."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.e2e.breaking import has, status, takes
from tests.e2e.conftest import Judged, Verify
from tests.e2e.faults import AnyToken, NewId
from tests.e2e.processes import COMMAND
from tests.e2e.servers import CLIENT, FULL, READ, SECRET, Endpoint
from tests.e2e.serving import Answer, Call, Served, Step, running
from understudy.cli import main

ROOT = Path(__file__).parents[2]


def understudy(
    *words: str, cwd: Path, env: dict[str, str] | None = None, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, with nothing of xdist's in its environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "UNDERSTUDY"))}
    return subprocess.run(
        [*COMMAND, *words], cwd=cwd, env={**kept, **(env or {})}, capture_output=True, text=True, timeout=timeout
    )


def words_for(base_url: str, *more: str) -> list[str]:
    """Return the words of a call that judges a base URL with both tokens."""
    tokens = ["--token", FULL, "--restricted-token", READ]
    return ["verify", "onetrust", "--base-url", base_url, *tokens, "--budget", "30s", "--seed", "7", *more]


def closed_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def refused(endpoint: Served, call: Call, step: Step) -> Answer:
    """Refuse whoever calls, after the request has been looked at."""
    given = step(call)
    return Answer(403) if given.status < 300 else given


# --- what cannot be judged --------------------------------------------------------------------------------------------


def test_an_unreachable_target_is_told_in_one_line(verify_at: Verify) -> None:
    """Nothing listens: exit 3, one line that says so, and no traceback."""
    judged = verify_at(f"http://127.0.0.1:{closed_port()}")
    told = [line for line in judged.output.splitlines() if line.startswith("understudy: cannot reach")]
    assert (judged.exit_code, len(told)) == (3, 1)
    assert "Traceback" not in judged.output
    assert judged.report["verdict"] == "inconclusive"


@pytest.mark.parametrize("credentials", ["wrong", "too-weak", "wrong-client"])
def test_credentials_that_open_nothing_are_no_fault_of_the_target(credentials: str, verify: Verify) -> None:
    """Where the full credential is refused everywhere, the run cannot tell: exit 3, with the reason."""
    endpoint = Endpoint(refused) if credentials == "too-weak" else Endpoint()
    if credentials == "wrong-client":
        judged = verify(endpoint, "--client-id", CLIENT, "--client-secret", "no", token=None)
    else:
        judged = verify(endpoint, token=FULL if credentials == "too-weak" else "wrong-token")
    assert (judged.exit_code, judged.report["verdict"]) == (3, "inconclusive"), judged.said
    assert "credentials" in judged.report["reason"] or "--client-secret" in judged.report["reason"]


def test_who_is_let_in_without_a_token_is_told_though_the_token_is_refused(verify: Verify) -> None:
    """That is true whoever asks: the console, the report and exit 3 all have it, and nothing of the refused calls."""
    anybody = takes(lambda call: "authorization" not in call.headers, authorization=f"Bearer {FULL}")
    judged = verify(Endpoint(anybody), "-k", "access", token="wrong-token")
    assert (judged.exit_code, judged.report["verdict"]) == (3, "inconclusive"), judged.said
    assert judged.found == {"OT-AUTH-1"}, judged.said
    assert "A request without a valid credential is accepted" in judged.output
    assert {rule["outcome"] for rule in judged.report["rules"]} == {"failed", "not-exercised"}


def test_a_wrong_base_url_is_no_fault_of_the_target(verify_at: Verify) -> None:
    """404 to everything says that the base URL is wrong, not that rules are broken: exit 3."""
    with running(Endpoint()) as base_url:
        judged = verify_at(f"{base_url}/api/consentmanager")
    assert (judged.exit_code, judged.report["verdict"]) == (3, "inconclusive"), judged.said
    assert "paths" in judged.report["reason"]
    assert {rule["outcome"] for rule in judged.report["rules"]} == {"not-exercised"}
    assert judged.report["requests"] < 500


class Dying(Endpoint):
    """Goes down after a number of calls."""

    def __init__(self, calls: int, down: threading.Event, *faults: Any) -> None:
        super().__init__(*faults)
        self.calls, self.down = calls, down

    def serve(self, call: Call) -> Answer:
        """Answer, and go down after the last call."""
        if len(self.seen) == self.calls:
            self.down.set()
        return super().serve(call)


@pytest.mark.parametrize(("faults", "exit_code"), [((), 3), ((has("id", "1234"),), 1)])
def test_a_target_that_dies_halfway_is_told_with_what_was_found(
    faults: tuple[Any, ...], exit_code: int, verify_at: Verify
) -> None:
    """Once the target is gone the run ends, with the findings up to there or, without any, with exit 3."""
    down = threading.Event()
    with running(Dying(40, down, *faults), until=down) as base_url:
        judged = verify_at(base_url)
    assert (judged.exit_code, judged.found - {"OT-ANSWER-6"}) == (exit_code, set()), judged.said
    assert "reach" in judged.report["reason"] or "answer" in judged.report["reason"]


def test_nothing_checked_is_not_conforming(verify: Verify) -> None:
    """An expression that no check matches: exit 3."""
    judged = verify(Endpoint(), "-k", "no_such_check")
    assert (judged.exit_code, judged.report["verdict"]) == (3, "inconclusive")
    assert judged.report["reason"].startswith("nothing was checked")


def listening() -> None:
    """Let Ctrl-C through: a shell that starts the tests in the background has it ignored by all its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupted_run_is_not_conforming(tmp_path: Path) -> None:
    """Ctrl-C ends the run with a report, and without a verdict on what was not checked."""
    endpoint = Endpoint()
    endpoint.delay = 0.1
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    with (
        running(endpoint) as base_url,
        subprocess.Popen(
            [*COMMAND, *words_for(base_url, "--report", "r")],
            cwd=tmp_path,
            env=kept,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=listening,
        ) as process,
    ):
        until = time.monotonic() + 30
        while len(endpoint.seen) < 10 and time.monotonic() < until:
            threading.Event().wait(0.05)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    report = json.loads((tmp_path / "r" / "report.json").read_text())
    assert (process.returncode, report["verdict"], report["reason"]) == (
        3,
        "inconclusive",
        "the run was interrupted",
    ), output


# --- wrong usage ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["verify", "nobody"], "unknown vendor 'nobody'"),
        (["verify", "onetrust", "--base-url", "localhost:80", "--token", "t"], "is not the URL of a server"),
        (["verify", "onetrust", "--base-url", "http://u:p@localhost", "--token", "t"], "carries credentials"),
        (["verify", "onetrust", "--base-url", "http://localhost"], "credentials"),
        (["verify", "onetrust", "--base-url", "http://localhost", "--client-id", "x"], "--client-secret"),
        (["verify", "--base-url", "http://localhost:1", "onetrust", "--token", "t", "-k", "("], "pytest does not take"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(
    words: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake in the call is answered with what is wrong and what to do, not with a traceback."""
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, words)
    assert (result.exit_code, result.stderr.count("understudy: ")) == (2, 1), result.stderr
    assert told in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("option", ["--report", "--junit"])
def test_a_report_that_cannot_be_written_is_told_before_anything_is_sent(
    option: str, tmp_path: Path, verify: Verify
) -> None:
    """The budget is not spent on a report that has no place."""
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    endpoint = Endpoint()
    place = tmp_path / "file" if option == "--report" else tmp_path / "folder"
    judged = verify(endpoint, option, str(place))
    assert (judged.exit_code, endpoint.seen) == (2, []), judged.output


def test_a_broken_scenario_of_a_project_is_told_with_its_line(tmp_path: Path) -> None:
    """A pack of the user's own comes first, and a mistake in its scenarios is exit 2, with file and line."""
    for folder in ("specs", "mock", "contracts"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    (tmp_path / "contracts").unlink()
    broken = tmp_path / "contracts" / "onetrust" / "mine.arazzo.yaml"
    broken.parent.mkdir(parents=True)
    broken.write_text("arazzo: 1.0.1\ninfo: {title: Mine, version: 1.0.0}\nworkflows: none\n")
    result = understudy("verify", "onetrust", cwd=tmp_path)
    assert result.returncode == 2, result.stderr
    assert "contracts/onetrust/mine.arazzo.yaml:" in result.stderr


# --- narrowed and repeated runs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one process", "two workers"])
def test_a_narrowed_run_is_partial(workers: list[str], tmp_path: Path) -> None:
    """A run of a part of the checks says so, whoever runs them, and misses nothing that it did not look for: exit 0."""
    with running(Endpoint()) as base_url:
        result = understudy(*words_for(base_url, "--report", "r", "-k", "access", *workers), cwd=tmp_path)
    report = json.loads((tmp_path / "r" / "report.json").read_text())
    assert (result.returncode, report["verdict"], report["findings"]) == (0, "partial", [])


def test_two_workers_find_what_one_process_finds(verify: Verify, tmp_path: Path) -> None:
    """With -n 2 rules and findings come out the same, but for what is drawn until the time is up."""
    quick = "not fuzz and not model and not extremes"
    alone = verify(NewId(), "-k", quick)
    words = ["--report", "r", "-k", quick, "-n", "2"]
    with running(NewId()) as base_url:
        result = understudy(*words_for(base_url, *words), cwd=tmp_path)
    report = json.loads((tmp_path / "r" / "report.json").read_text())
    assert (result.returncode, outcomes(report)) == (alone.exit_code, outcomes(alone.report))
    assert fingerprints(report) == fingerprints(alone.report) != set()


def test_what_failed_last_time_can_be_run_alone(verify: Verify) -> None:
    """--lf runs the failed checks alone; mended, they are partial, not conforming."""
    assert verify(NewId(), "-k", "arazzo").found == {"OT-ID-1"}
    again = verify(NewId(), "--lf")
    assert (again.exit_code, again.found) == (1, {"OT-ID-1"})
    assert {item["outcome"] for item in again.report["items"]} == {"failed"}
    mended = verify(Endpoint(), "--lf")
    assert (mended.exit_code, mended.report["verdict"]) == (0, "partial")


def test_the_same_seed_finds_the_same(verify: Verify) -> None:
    """Two runs with one seed on two fresh endpoints have the same findings, remarks and rule outcomes."""
    first, second = (verify(Endpoint(status(200, 201), has("canBePrimary", "yes")), "-k", "fuzz") for _ in range(2))
    assert fingerprints(first.report) == fingerprints(second.report) != set()
    assert outcomes(first.report) == outcomes(second.report)


def fingerprints(report: dict[str, Any]) -> set[str]:
    """Return those of findings and remarks."""
    return {each["fingerprint"] for each in (*report["findings"], *report["remarks"])}


def outcomes(report: dict[str, Any]) -> dict[str, str]:
    """Return what became of each rule."""
    return {rule["id"]: rule["outcome"] for rule in report["rules"]}


# --- the user's surroundings ------------------------------------------------------------------------------------------


def test_nothing_in_the_current_directory_or_the_environment_changes_the_verdict(tmp_path: Path) -> None:
    """pytest.ini, conftest.py, schemathesis.toml and PYTEST_ADDOPTS are a user's for other work."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -k nothing --maxfail=1 -x\n")
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\naddopts = "--no-such-option"\n')
    (tmp_path / "conftest.py").write_text("raise SystemExit(7)\n")
    (tmp_path / "schemathesis.toml").write_text('base-url = "http://127.0.0.1:9"\n')
    surroundings = {"PYTEST_ADDOPTS": "-k nothing --exitfirst", "PYTEST_PLUGINS": "no_such_plugin"}
    endpoint = Endpoint()
    with running(endpoint) as base_url:
        result = understudy(*words_for(base_url, "-k", "access or examples"), cwd=tmp_path, env=surroundings)
    assert (result.returncode, result.stdout.splitlines()[-1][:16]) == (0, "verdict: partial"), result.stderr
    assert len(endpoint.seen) > 10


def test_junit_goes_where_it_is_wanted(verify: Verify, tmp_path: Path) -> None:
    """--junit writes the same JUnit file that stands in the report's folder."""
    judged = verify(Endpoint(), "-k", "access", "--junit", str(tmp_path / "mine.xml"))
    assert judged.exit_code == 0
    assert (tmp_path / "mine.xml").read_bytes() == (judged.directory / "junit.xml").read_bytes()


# --- secrets and curl lines -------------------------------------------------------------------------------------------


def echo(endpoint: Served, call: Call, step: Step) -> Answer:
    """Send back what was sent, in answers that are wrong so that they are shown."""
    given = step(call)
    sent = call.headers.get("authorization", ""), call.body.decode("latin-1")
    if given.status in (200, 201) and "datasubjectidentifier" in call.headers:
        return Answer(given.status, {"identifier": sent, "identifierType": "x" * 480 + sent[0] * 3, "id": sent[0]})
    return given if given.status == 200 else Answer(500, {"error": sent}, {"ot-period": sent[0][:300]})


def everything(judged: Judged) -> str:
    """Return all that a run printed and wrote."""
    return judged.output + "".join(path.read_text() for path in judged.directory.iterdir())


@pytest.mark.parametrize("words", [(), ("-v",)], ids=["plain", "verbose"])
def test_tokens_that_a_target_echoes_are_shown_nowhere(words: tuple[str, ...], verify: Verify) -> None:
    """Neither output nor report has a token, though answers and curl lines are full of them."""
    judged = verify(Endpoint(echo), "-k", "not fuzz", *words)
    assert judged.exit_code == 1
    shown = everything(judged)
    assert "***" in shown
    for secret in (FULL, READ):
        assert secret not in shown


def test_a_minted_token_and_the_clients_secret_are_shown_nowhere(verify: Verify) -> None:
    """A token that the run got by itself is as secret as one that was given."""
    endpoint = Endpoint(echo)
    words = ("--client-id", CLIENT, "--client-secret", SECRET, "-k", "not fuzz")
    judged = verify(endpoint, *words, token=None)
    assert judged.exit_code == 1
    shown = everything(judged)
    for secret in (*endpoint.minted, SECRET, json.dumps(SECRET)[1:-1]):
        assert secret not in shown
    assert endpoint.minted


def test_workers_show_no_token_that_they_minted(tmp_path: Path) -> None:
    """Each of xdist's workers gets its own token, and hides it."""
    endpoint = Endpoint(echo)
    more = ["--client-id", CLIENT, "--client-secret", SECRET, "-k", "access or constraints", "-n", "2", "--report", "r"]
    with running(endpoint) as base_url:
        result = understudy("verify", "onetrust", "--base-url", base_url, *more, cwd=tmp_path)
    written = "".join(path.read_text() for path in (tmp_path / "r").iterdir())
    assert (result.returncode, len(endpoint.minted)) == (1, 2), result.stderr
    for token in endpoint.minted:
        assert token not in result.stdout + result.stderr + written


@pytest.mark.parametrize("make", [AnyToken, lambda: Endpoint(has("id", 7))], ids=["any token", "id a number"])
def test_a_curl_line_repeats_its_request(make: Callable[[], Endpoint], verify_at: Verify) -> None:
    """The curl line of a finding, run in a shell with the tokens in the environment, meets the same status."""
    with running(make()) as base_url:
        judged = verify_at(base_url, "-k", "access")
        finding = judged.report["findings"][0]
        env = {**os.environ, "UNDERSTUDY_TOKEN": FULL, "UNDERSTUDY_RESTRICTED_TOKEN": READ}
        printed = subprocess.run(["sh", "-c", finding["curl"]], env=env, capture_output=True, text=True, check=True)
    assert printed.stdout.splitlines()[0].split()[1] in ("200", "201")
    assert "UNDERSTUDY_TOKEN" in finding["curl"] or "no-such-token" in finding["curl"]
