"""A command that is interrupted, or that nobody listens to, says nothing of a target."""

import subprocess

import pytest
from click.testing import CliRunner

from tests.e2e.processes import COMMAND
from understudy.cli import main
from understudy.contract import audit as auditing


def test_an_interrupted_command_does_not_look_like_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """1 would say that deviations survive, or that a target violates."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(auditing, "audit", interrupted)
    result = CliRunner().invoke(main, ["audit", "onetrust", "--sample", "1", "--seed", "1"])
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (130, "understudy: interrupted")


def test_a_command_that_nobody_listens_to_does_not_look_like_a_verdict() -> None:
    """As a shell tells it of any other command in a pipe."""
    process = subprocess.Popen(
        [*COMMAND, "rules", "onetrust", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    assert (process.communicate()[1], process.returncode) == (b"", 141)
