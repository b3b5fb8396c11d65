"""A command that is interrupted says nothing of a target."""

import pytest
from click.testing import CliRunner

from understudy.cli import main
from understudy.contract import audit as auditing


def test_an_interrupted_command_does_not_look_like_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """1 would say that deviations survive, or that a target violates."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(auditing, "audit", interrupted)
    result = CliRunner().invoke(main, ["audit", "onetrust", "--sample", "1", "--seed", "1"])
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (130, "understudy: interrupted")
