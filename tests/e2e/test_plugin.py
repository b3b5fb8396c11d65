"""The pytest plugin and `serve --exec` as users of pytest, Node and curl have them."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

import understudy
from understudy.client import ControlError, Server
from understudy.errors import TargetError
from understudy.process import serving, start

ROOT = Path(__file__).parents[2]
CONSUMER = ROOT / "tests" / "e2e" / "consumer"


def ended_run(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run pytest as a user does, without Schemathesis's plugin, which takes a second to import and is not used."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:schemathesis", *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run understudy as a user does."""
    command = [sys.executable, "-m", "understudy", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def servers(folder: Path) -> list[str]:
    """Return the processes that serve mocks for a run whose temporary folder that was."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # one that has ended by now, or is somebody else's
            if f"TMPDIR={folder}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append(process.name)
    return found


def test_two_hundred_tests_share_one_server_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under four workers of xdist; afterwards the server is gone, and so is what it left."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    ended = ended_run(str(CONSUMER), "-n", "4", "--rounds", "12", "-q")
    passed = re.search(r"(\d+) passed", ended.stdout)
    assert ended.returncode == 0, ended.stdout[-3000:]
    assert passed is not None
    assert int(passed.group(1)) >= 200
    until = time.monotonic() + 15
    while servers(tmp_path) and time.monotonic() < until:
        time.sleep(0.1)
    assert (servers(tmp_path), list(tmp_path.glob("understudy-*"))) == ([], [])


def test_the_tests_of_the_readme_pass(tmp_path: Path) -> None:
    """Its blocks of Python are what they say."""
    blocks = re.findall(r"^```python$(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "test_readme.py").write_text("\n".join(blocks))
    ended = ended_run("-q", cwd=tmp_path)
    assert "2 passed" in ended.stdout, ended.stdout


def test_a_failing_test_shows_what_its_mock_was_asked(tmp_path: Path) -> None:
    """With the answer, the rules that decided it and the fault that was played; secrets are left out."""
    (tmp_path / "test_mine.py").write_text(
        textwrap.dedent("""
        import httpx

        def test_mine(understudy_vendor):
            mock = understudy_vendor("gainsight_px")
            mock.fault("status", name="down", status=503, times=1)
            headers = {"X-APTRINSIC-API-KEY": mock.api_key}
            for _ in range(2):
                httpx.get(f"{mock.base_url}/v1/users/nobody@example.com", headers=headers)
            assert False

        def test_good(onetrust):
            assert len(onetrust.journal) == 0
        """)
    )
    ended = ended_run("-q", "-rA", cwd=tmp_path)
    assert "1 failed, 1 passed" in ended.stdout, ended.stdout
    shown = ended.stdout.partition("understudy journal")[2]
    assert "GET /v1/users/nobody@example.com -> 503\n  fault: down" in shown
    assert "-> 404\n  rules: PX-GET-2" in shown
    assert "understudy-full" not in shown


def test_a_marker_that_says_nothing_known_fails_with_what_is_known(tmp_path: Path) -> None:
    """In one line, without a traceback."""
    wrong = {
        "switchs={}": "the marker understudy knows template, seed, strict, switches, not 'switchs'",
        "template='nobodys'": "there is no template 'nobodys'",
        "switches={'onetrust': {'catalog': 'x'}}": "catalogue",
    }
    source = "import pytest\n\n"
    for number, marker in enumerate(wrong):
        source += f"@pytest.mark.understudy({marker})\ndef test_{number}(onetrust):\n    pass\n\n"
    (tmp_path / "test_mine.py").write_text(source)
    ended = ended_run("-q", cwd=tmp_path)
    assert ended.returncode == 1
    assert "passed" not in ended.stdout
    for number, told in enumerate(wrong.values()):
        _, _, failure = ended.stdout.partition(f"test_{number} __")
        assert told in failure.partition("\n____")[0], ended.stdout
    assert "Traceback" not in ended.stdout


def test_a_run_may_use_a_server_that_is_closed_to_others(tmp_path: Path) -> None:
    """By its admin token, and not without it."""
    (tmp_path / "test_mine.py").write_text("def test_mine(onetrust):\n    assert len(onetrust.journal) == 0\n")
    with tempfile.TemporaryDirectory() as folder:
        process, url = start(Path(folder) / "log", "--admin-token", "s3cret")
        try:
            words = ["-q", "--understudy-url", url]
            runs = [ended_run(*words, *more, cwd=tmp_path) for more in ((), ("--understudy-admin-token", "s3cret"))]
        finally:
            process.terminate()
            process.wait(30)
    assert [ended.returncode for ended in runs] == [1, 0], [ended.stdout for ended in runs]


def test_a_command_knows_where_the_mocks_are_and_how_to_call_them() -> None:
    """By its environment."""
    ended = run("serve", "onetrust", "--port", "0", "--admin-token", "s3cret", "--exec", "--", "env")
    known = dict(line.split("=", 1) for line in ended.stdout.splitlines() if line.startswith("UNDERSTUDY_"))
    url = known.pop("UNDERSTUDY_URL")
    assert known == {
        "UNDERSTUDY_ONETRUST_URL": f"{url}/onetrust",
        "UNDERSTUDY_TOKEN": "understudy-full",
        "UNDERSTUDY_RESTRICTED_TOKEN": "understudy-read",
        "UNDERSTUDY_API_KEY": "understudy-full",
        "UNDERSTUDY_CLIENT_ID": "understudy",
        "UNDERSTUDY_CLIENT_SECRET": "understudy",
        "UNDERSTUDY_ADMIN_TOKEN": "s3cret",
    }


def test_a_run_may_use_a_server_that_is_there(tmp_path: Path) -> None:
    """By its URL; it still runs afterwards."""
    (tmp_path / "test_mine.py").write_text("def test_mine(understudy, onetrust):\n    assert understudy.sessions()\n")
    with serving() as server:
        ended = ended_run("-q", "--understudy-url", server.base_url, cwd=tmp_path)
        assert ended.returncode == 0, ended.stdout
        assert server.sessions() == ["default"]
    refused = ended_run("-q", "--understudy-url", server.base_url, cwd=tmp_path)
    assert "no mock answers at" in refused.stdout


def test_a_mock_for_any_other_runner() -> None:
    """`understudy.mock` serves while its block runs."""
    with understudy.mock("onetrust", "--seed", "7") as mock:  # type: ignore[operator]
        assert mock.vendor == "onetrust"
        assert mock.clock.now.tzinfo is not None
        with pytest.raises(ControlError, match=r"there are: .*latency"):
            mock.fault("no-such-kind")
        with pytest.raises(ControlError, match="there are: onetrust"):
            mock.session.vendor("nobodys")
        address = mock.session.server.base_url
    with Server(address) as server, pytest.raises(TargetError, match="no mock answers"):
        server.sessions()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    """In its own words."""
    with pytest.raises(TargetError, match="unknown vendor 'nobodys'"):
        start(tmp_path / "log", "nobodys")


SHELL = """
set -e
for session in a b; do
  curl -sS -f -X PUT "$UNDERSTUDY_URL/s/$session/gainsight_px/v1/users/ada@example.com" \
    -H "X-APTRINSIC-API-KEY: $UNDERSTUDY_API_KEY" -H 'Content-Type: application/json' \
    -d "{\\"identifyId\\": \\"ada@example.com\\", \\"propertyKeys\\": [\\"AP-1\\"], \\"title\\": \\"$session\\"}"
done
curl -sS "$UNDERSTUDY_URL/s/a/gainsight_px/v1/users/ada@example.com" -H "X-APTRINSIC-API-KEY: $UNDERSTUDY_API_KEY"
exit 7
"""
NODE = """
const {UNDERSTUDY_URL: url, UNDERSTUDY_ONETRUST_URL: base, UNDERSTUDY_TOKEN: token} = process.env;
const path = '/api/consentmanager/v1/datasubjects/dataelements';
const kind = {'Content-Type': 'application/json'};
const headers = {Authorization: `Bearer ${token}`, dataSubjectIdentifier: 'ada@example.com', ...kind};
const write = async where => (await fetch(where + path, {method: 'POST', headers, body: '{}'})).status;
(async () => {
  console.log(await write(base), await write(`${url}/s/mine/onetrust`), await write(base));
  process.exit(9);
})();
"""


def test_a_shell_script_uses_sessions_through_exec() -> None:
    """With curl; its exit code is that of the command."""
    ended = run("serve", "gainsight_px", "--port", "0", "--exec", "--", "sh", "-c", SHELL)
    assert '"title":"a"' in ended.stdout, ended.stderr
    assert ended.returncode == 7


@pytest.mark.tools
def test_a_node_script_uses_sessions_through_exec() -> None:
    """With the fetch of Node."""
    ended = run("serve", "onetrust", "--port", "0", "--exec", "--", "node", "-e", NODE)
    assert ended.stdout.split() == ["201", "201", "200"], ended.stderr
    assert ended.returncode == 9


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--exec"], "--exec: there is no command; give it after --"),
        (["--exec", "--"], "--exec: there is no command; give it after --"),
        (["--exec", "--", "/no/such/program"], "--exec: cannot run '/no/such/program': No such file or directory"),
    ],
)
def test_a_command_that_is_none_is_told_in_a_line(words: list[str], told: str) -> None:
    """Exit 2."""
    ended = run("serve", "onetrust", "--port", "0", *words)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert told in ended.stderr


def test_a_command_that_is_killed_ends_as_a_shell_tells_it() -> None:
    """128 and the signal."""
    assert run("serve", "onetrust", "--port", "0", "--exec", "--", "sh", "-c", "kill -9 $$").returncode == 137


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_command_that_is_broken_off_is_no_success(number: signal.Signals, code: int, tmp_path: Path) -> None:
    """A job that is cancelled while its tests run has not passed; the command is gone."""
    script = "import os, pathlib, time; pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(60)"
    words = ["serve", "onetrust", "--port", "0", "--exec", "--", sys.executable, "-c", script]
    process = subprocess.Popen([sys.executable, "-m", "understudy", *words], cwd=tmp_path)
    until = time.monotonic() + 30
    while not (tmp_path / "pid").exists() and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(number)
    assert process.wait(30) == code
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def answers(server: Server) -> bool:
    """Whether a server is there."""
    try:
        server.sessions()
    except TargetError:
        return False
    return True


def waited_for(there: Callable[[], bool]) -> bool:
    """Wait until something is so, for a minute at most; return whether it is."""
    until = time.monotonic() + 60
    while not there() and time.monotonic() < until:
        time.sleep(0.05)
    return there()


HELD = """
import pathlib, time, understudy
def test_held(understudy):
    pathlib.Path("url.part").write_text(understudy.base_url)
    pathlib.Path("url.part").rename("url")
    time.sleep(60)
if __name__ == "__main__":
    with understudy.mock("onetrust") as mock:
        test_held(mock.session.server)
"""


@pytest.mark.parametrize(
    "words", [["-m", "pytest", "-q", "test_held.py"], ["-m", "pytest", "-q", "-n", "2"], ["test_held.py"]]
)
def test_a_server_ends_with_the_run_that_is_killed(words: list[str], tmp_path: Path) -> None:
    """Though nothing of the run is left that could stop it."""
    (tmp_path / "test_held.py").write_text(HELD)
    process = subprocess.Popen(
        [sys.executable, *words], cwd=tmp_path, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        assert waited_for((tmp_path / "url").exists)
        with Server((tmp_path / "url").read_text()) as server:
            assert server.sessions()
            process.kill()
            process.wait(30)
            assert waited_for(lambda: not answers(server))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the run, or workers of xdist, which may be asleep
        process.wait(30)


def test_a_test_that_fails_before_or_after_its_body_shows_its_journal(tmp_path: Path) -> None:
    """In a fixture, that is."""
    (tmp_path / "test_mine.py").write_text(
        textwrap.dedent("""
        import httpx
        import pytest

        @pytest.fixture
        def before(onetrust):
            httpx.get(f"{onetrust.base_url}/nowhere/before")
            assert False

        @pytest.fixture
        def after(onetrust):
            yield
            httpx.get(f"{onetrust.base_url}/nowhere/after")
            assert False

        def test_before(before):
            pass

        def test_after(after):
            pass
        """)
    )
    ended = ended_run("-q", "-rA", cwd=tmp_path)
    assert "1 passed, 2 errors" in ended.stdout, ended.stdout
    assert [place in ended.stdout for place in ("GET /nowhere/before -> 404", "GET /nowhere/after -> 404")] == [
        True,
        True,
    ]
