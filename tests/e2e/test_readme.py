"""Every command that the README shows is run, and prints what the README says it prints."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PROMPT = "$ "


def blocks() -> list[str]:
    """Return the console blocks of the README, in their order."""
    return re.findall(r"```console\n(.*?)```", README, re.DOTALL)


def files() -> dict[str, str]:
    """Return the blocks of YAML that begin with the name of a file, by it."""
    return dict(re.findall(r"```yaml\n# (\S+\.yaml)\n(.*?)```", README, re.DOTALL))


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def expected(text: str) -> re.Pattern[str]:
    """Return what a shown output matches: `...` stands for anything."""
    return re.compile(".*?".join(re.escape(piece) for piece in text.strip().split("...")), re.DOTALL)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a shell in a folder with the README's files alone, with the command on its path."""
    for name, text in files().items():
        (tmp_path / name).write_text(text)
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PS1": ""}
    with subprocess.Popen(
        ["bash", "--norc"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=tmp_path,
        env=env,
        start_new_session=True,
    ) as process:
        yield process
        os.killpg(process.pid, signal.SIGKILL)


def run(shell: subprocess.Popen[str], command: str, until: str) -> str:
    """Run a command in the shell and return what it prints, up to a line that starts with `until` if that is given."""
    assert shell.stdin is not None
    assert shell.stdout is not None
    shell.stdin.write(f"{command}\n")
    mark = "understudy-readme-end"
    if not until:
        shell.stdin.write(f"echo; echo {mark}\n")
    shell.stdin.flush()
    lines: list[str] = []
    for line in shell.stdout:
        if not until and line.strip() == mark:
            break
        lines.append(line)
        if until and line.startswith(until):
            break
    return "".join(lines).strip()


def test_every_command_of_the_readme_prints_what_it_shows(shell: subprocess.Popen[str]) -> None:
    """The console blocks, run in one shell from top to bottom, print what the README shows."""
    port = str(free_port())
    ran = 0
    for block in blocks():
        for step in re.split(r"^\$ ", block.replace("8080", port), flags=re.MULTILINE)[1:]:
            command, _, output = step.partition("\n")
            until = output.strip().splitlines()[-1][:8] if command.endswith("&") else ""
            printed = run(shell, command, until)
            assert expected(output).fullmatch(printed), f"{command}\nprinted:\n{printed}\nthe README says:\n{output}"
            ran += 1
    assert ran > 8


def test_the_table_of_commands_is_whole() -> None:
    """Every command of the command line stands in the README's table, and nothing else does."""
    shown = set(re.findall(r"^\| `understudy (\w+)", README, re.MULTILINE))
    listed = subprocess.run(
        [sys.executable, "-m", "understudy", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert shown == set(re.findall(r"^  (\w+) ", listed.partition("Commands:")[2], re.MULTILINE))
