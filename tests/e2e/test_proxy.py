"""`understudy proxy` as a process of its own, between callers and a mock: what it finds, records and says."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.processes import COMMAND, refused, started
from tests.e2e.test_check import HEADERS, PLANTED, PLAYED
from understudy import har
from understudy import pack as packs
from understudy.client import Server
from understudy.mock.server import running
from understudy.mock.settings import Settings
from understudy.serving import listen, url_of


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Yield the URL of a server of all vendors."""
    with running({name: packs.load(name) for name in packs.names()}, {"": Settings(seed=3)}, control=True) as url:
        yield url


class Proxied:
    """A proxy that runs: `url` is where it listens, `code`, `said` and `complained` how it ended."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.url = url
        self.code = -1
        self.said = self.complained = ""
        self._process = process

    def deafen(self) -> None:
        """Read nothing more of what it says."""
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process.stdout = None

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Stop it, and keep what it says."""
        self._process.send_signal(number)
        said, self.complained = self._process.communicate(timeout=30)
        self.said = said or ""
        self.code = self._process.returncode


@contextmanager
def proxied(vendor: str, to: str, *words: str, cwd: Path | None = None) -> Iterator[Proxied]:
    """Start a proxy on a free port, and stop it at the end of the block."""
    ready = rf"understudy: (http://127\.0\.0\.1:\d+) hands calls of {vendor} on to {to}\n"
    with started("proxy", vendor, "--to", to, *words, ready=ready, cwd=cwd) as (process, found):
        running = Proxied(process, found[1])
        yield running
        if running.code == -1:
            running.stop()


def calls(url: str, vendor: str, who: str) -> None:
    """Make the calls about one person that `check` is tested with; they go to the vendor's paths at the URL."""

    def without(request: httpx.Request) -> None:
        request.url = request.url.copy_with(raw_path=request.url.raw_path.removeprefix(f"/{vendor}".encode()))

    with httpx.Client(base_url=url, headers=HEADERS, event_hooks={"request": [without]}) as client:
        PLAYED[vendor](client, who)


def report(folder: Path) -> dict[str, Any]:
    """Return the report that stands in a folder."""
    value: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return value


@pytest.mark.parametrize("vendor", PLAYED)
def test_sound_traffic_has_no_finding(vendor: str, server: str, tmp_path: Path) -> None:
    """Of eight callers at the same time, two of them about each person."""
    with proxied(vendor, f"{server}/s/clean/{vendor}", "--scope", "full", "--report", str(tmp_path)) as proxy:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: calls(proxy.url, vendor, f"{number // 2}@example.com"), range(40)))
        proxy.stop(signal.SIGINT)
    found = report(tmp_path)
    assert (proxy.code, found["verdict"], found["findings"], found["remarks"]) == (0, "partial", [], []), proxy.said
    assert found["requests"] >= 280
    assert proxy.complained == ""


def test_what_nobody_reads_any_more_is_in_the_report(server: str, tmp_path: Path) -> None:
    """As where the output went to `head`; the calls after it are judged as well."""
    words = ("--scope", "full", "--report", str(tmp_path))
    with (
        Server(server) as control,
        control.session("unread") as session,
        proxied("onetrust", f"{server}/s/unread/onetrust", *words) as proxy,
    ):
        session.vendor("onetrust").deviate("linking-changes-the-id")
        proxy.deafen()
        for who in ("ada@example.com", "bo@example.com"):
            calls(proxy.url, "onetrust", who)
        proxy.stop()
    found = report(tmp_path)
    assert (found["verdict"], {each["rule"] for each in found["findings"]}) == ("violates", {"OT-ID-1"})
    assert found["requests"] >= 14
    assert "Traceback" not in proxy.complained


def test_violations_are_told_when_they_are_seen_and_reported_in_the_end(server: str, tmp_path: Path) -> None:
    """The ten that `check` is tested with; the archive says the same to `check`, which has the same findings."""
    archive = tmp_path / "calls.har"
    words = ("--scope", "full", "--report", str(tmp_path / "live"), "--record", str(archive))
    with (
        Server(server) as control,
        control.session("broken") as session,
        proxied("onetrust", f"{server}/s/broken/onetrust", *words) as proxy,
    ):
        mock = session.vendor("onetrust")
        for name in PLANTED:
            mock.deviate(name)
            calls(proxy.url, "onetrust", f"{name}@example.com")
        proxy.stop()
    assert proxy.code == 1, (proxy.said[-1500:], proxy.complained)
    deviations, found = packs.load("onetrust").deviations.by_name, report(tmp_path / "live")
    expected = {deviations[name].rule or "OT-STATUS-1" for name in PLANTED}
    told = set(re.findall(r"^  (OT-\S+)  \w+: ", proxy.said, re.MULTILINE))
    assert expected <= told
    assert told == {finding["rule"] for finding in found["findings"]}
    checked = subprocess.run(
        [*COMMAND, "check", "onetrust", str(archive), "--scope", "full", "--report", str(tmp_path / "checked")],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert checked.returncode == 1
    same = ("fingerprint", "rule", "title")
    assert {tuple(each[name] for name in same) for each in report(tmp_path / "checked")["findings"]} == {
        tuple(each[name] for name in same) for each in found["findings"]
    }


def test_no_secret_is_recorded_or_said(server: str, tmp_path: Path) -> None:
    """Neither tokens nor keys nor client secrets, wherever they stand."""
    archive = tmp_path / "calls.har"
    with proxied("onetrust", f"{server}/s/secret/onetrust", "--scope", "full", "--record", str(archive), "-v") as proxy:
        form = {"grant_type": "client_credentials", "client_id": "understudy", "client_secret": "understudy"}
        token = httpx.post(f"{proxy.url}/api/access/v1/oauth/token", data=form).json()["access_token"]
        calls(proxy.url, "onetrust", "ada@example.com")
        write = f"{proxy.url}/api/consentmanager/v1/datasubjects/dataelements"
        httpx.post(write, headers={"Authorization": f"Bearer {token}", "dataSubjectIdentifier": "bo"}, json={})
        proxy.stop()
    text = archive.read_text() + proxy.said + proxy.complained
    assert proxy.code == 0
    for secret in (token, "understudy-full", "client_secret=understudy"):
        assert secret not in text
    assert len(har.read(archive)) == 9


def test_answers_are_marked_if_wanted(server: str) -> None:
    """With what was found in each: by itself, and by the model."""
    with (
        Server(server) as control,
        control.session("marked") as session,
        proxied("onetrust", f"{server}/s/marked/onetrust", "--mark") as proxy,
        httpx.Client(base_url=proxy.url, headers={**HEADERS, "dataSubjectIdentifier": "ada"}) as client,
    ):
        write = "/api/consentmanager/v1/datasubjects/dataelements"
        good = client.post(write, json={})
        session.vendor("onetrust").deviate("third-update-answers-201")
        wrong = [client.post(write, json={}).headers["understudy-outcome"] for _ in range(3)]
        elsewhere = client.get("/elsewhere")
    assert good.headers["understudy-outcome"] == "passed"
    assert wrong == ["passed", "passed", 'failed;rules="OT-UPDATE-1"']
    assert elsewhere.headers["understudy-outcome"] == "unjudged"
    assert proxy.code == 1, (proxy.said[-1500:], proxy.complained)


def test_a_proxy_that_nobody_called_is_no_green_run(server: str) -> None:
    """Exit 3, with a line that says so; nor is one that only another vendor's calls have passed."""
    with proxied("onetrust", f"{server}/s/other/consentgrid") as proxy:
        calls(proxy.url, "consentgrid", "ada")
    assert proxy.code == 3
    assert re.search(r"none of the \d calls that passed is of onetrust in the scope core", proxy.complained)


def test_a_target_that_is_down_is_told_to_the_caller(tmp_path: Path) -> None:
    """With 502; a run of such calls alone judges nothing."""
    with proxied("onetrust", "http://127.0.0.1:9", "--record", str(tmp_path / "a.har")) as proxy:
        answer = httpx.post(f"{proxy.url}/api/consentmanager/v1/datasubjects/dataelements", json={})
    assert (answer.status_code, proxy.code) == (502, 3)
    assert "cannot be reached" in answer.json()["detail"]
    assert "1 calls got no answer from http://127.0.0.1:9" in proxy.complained
    assert [call.status for call in har.read(tmp_path / "a.har")] == [0]


def test_a_target_may_be_named(server: str, tmp_path: Path) -> None:
    """As in `understudy.toml`; its settings are the model's."""
    (tmp_path / "understudy.toml").write_text(
        f'[targets.mine]\nvendor = "onetrust"\nbase_url = "{server}/s/named/onetrust"\n'
    )
    process = subprocess.Popen(
        [*COMMAND, "proxy", "onetrust", "--target", "mine", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    assert process.stdout is not None
    ready = process.stdout.readline()
    calls(ready.split()[1], "onetrust", "ada")
    process.terminate()
    process.communicate(timeout=30)
    assert (process.returncode, ready.endswith("/s/named/onetrust\n")) == (0, True)


def test_what_is_wrong_is_told_before_anything_is_served(tmp_path: Path) -> None:
    """Exit 2, a line each."""
    (tmp_path / "there.har").write_text("mine")
    free = ("--to", "http://a", "--port", "0")
    with listen("127.0.0.1", 0) as sock:
        used = url_of(sock)
        port = used.rpartition(":")[2]
        for words, told in (
            (("nobody", "--to", "http://a"), "unknown vendor 'nobody'"),
            (("onetrust",), "there is nowhere to hand calls on to; give --to URL, or --target NAME"),
            (("onetrust", "--to", "localhost:1"), "--to 'localhost:1' is not the URL of a server"),
            (("onetrust", "--to", "http://a:b@c"), "--to carries credentials"),
            (("onetrust", "--to", "http://a", "--target", "mine"), "no target is called 'mine'"),
            (("onetrust", "--to", "http://a", "--port", port), f"cannot listen on 127.0.0.1:{port}"),
            (("onetrust", *free, "--record", "there.har"), "the recording is there already"),
            (("onetrust", *free, "--record", "no/a.har"), "cannot record"),
            (("onetrust", *free, "--record", "a.har", "--exec", "--", "pytset"), "cannot run 'pytset': No such file"),
            (("onetrust", "--to", "http://a", "--report", "there.har"), "there.har"),
        ):
            assert told in refused("proxy", *words, cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["there.har"]


@pytest.mark.parametrize(
    ("host", "target", "refused"),
    [
        ("127.0.0.1", "http://127.0.0.1:{port}", True),
        ("127.0.0.1", "http://localhost:{port}/base", True),
        ("0.0.0.0", "http://127.0.0.1:{port}", True),
        ("no.such.host.invalid", "http://127.0.0.1:{port}", False),  # refused, but for that
    ],
)
def test_a_proxy_of_itself_is_refused(host: str, target: str, refused: bool, tmp_path: Path) -> None:
    """It would call itself for ever; another port that begins like its own is another server."""
    with listen("127.0.0.1", 0) as sock:
        port = url_of(sock).rpartition(":")[2]
    words = ["proxy", "onetrust", "--to", target.format(port=port), "--host", host, "--port", port]
    result = subprocess.run([*COMMAND, *words], capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert (result.returncode, "is the proxy itself" in result.stderr) == (2, refused)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_command_is_stopped_with_the_proxy_and_its_calls_are_reported(
    number: signal.Signals, code: int, server: str, tmp_path: Path
) -> None:
    """By SIGTERM, as continuous integration sends it, or by Ctrl-C."""
    script = "import os, pathlib, time; pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(60)"
    words = ["proxy", "consentgrid", "--to", f"{server}/s/stopped/consentgrid", "--port", "0", "--report", "r"]
    process = subprocess.Popen([*COMMAND, *words, "--exec", "--", sys.executable, "-c", script], cwd=tmp_path)
    until = time.monotonic() + 30
    while not (tmp_path / "pid").exists() and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(number)
    assert process.wait(timeout=30) == code
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text()}").exists()
    assert (tmp_path / "r" / "report.json").exists()
