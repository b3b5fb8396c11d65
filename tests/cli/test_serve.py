"""`understudy serve` as click sees it; tests/e2e/test_serve.py runs the real command."""

import pytest
from click.testing import CliRunner

from understudy.cli import main


def test_every_option_is_explained() -> None:
    """With its default."""
    result = CliRunner().invoke(main, ["serve", "--help"])
    assert result.exit_code == 0
    for word in ("--host", "--port", "--seed", "--clock", "--max-body", "--set", "8080", "1048576"):
        assert word in result.output


@pytest.mark.parametrize(
    "options",
    [
        ("--port", "65536"),
        ("--port", "x"),
        ("--max-body", "0"),
        ("--max-body", "1e6"),
        ("--seed", "x"),
        ("--nonsense",),
    ],
)
def test_wrong_words_are_told_in_a_line(options: tuple[str, ...]) -> None:
    """It says where the options are explained; exit code 2."""
    result = CliRunner().invoke(main, ["serve", *options], prog_name="understudy")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.startswith("understudy: ")
    assert options[0] in result.stderr
    assert result.stderr.endswith("; see understudy serve --help\n")
