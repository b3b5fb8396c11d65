"""What a user reads when something is wrong."""

from pathlib import Path

import pytest

from understudy.errors import ContentError, TargetError, UsageError, Where, shown


def test_an_error_says_what_where_and_what_to_do_in_one_line() -> None:
    """File and line come first, the advice last, and line breaks inside are none."""
    error = ContentError("not\nYAML", where=Where("a.yaml", 7, "/b"), todo="mend it")
    assert str(error) == "a.yaml:7 (/b): not YAML; mend it"


def test_what_is_not_known_is_left_out() -> None:
    """Neither a place nor advice has to be there."""
    assert str(UsageError("no such thing")) == "no such thing"
    assert str(Where("a.yaml")) == "a.yaml"


def test_a_path_below_the_current_directory_is_shown_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user reads paths from where they stand; others stay whole."""
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / "specs" / "a.yaml") == "specs/a.yaml"
    assert shown("/elsewhere/a.yaml") == "/elsewhere/a.yaml"


def test_exit_codes_follow_the_tree() -> None:
    """Usage and content are 2, the target is 3."""
    assert (UsageError.exit_code, ContentError.exit_code, TargetError.exit_code) == (2, 2, 3)
