"""understudy.toml: what it may say, and what is told of a mistake in it."""

import sys
from pathlib import Path

import pytest

from understudy.config import Config, load
from understudy.errors import ContentError, UsageError

WHOLE = """
[switches]
"onetrust.quota" = "newer"
[switches.other]
record = "envelope"
[targets.staging]
vendor = "onetrust"
base_url = "https://staging.example.com"
scope = "full"
existing = ["ada@example.com"]
token = {env = "STAGING_TOKEN"}
"""


GOOD = "[targets.a]\nvendor = 'x'\nbase_url = 'https://a'\n"


def config(folder: Path, text: str) -> Config:
    (folder / "understudy.toml").write_text(text)
    return load(folder)


def test_switches_are_read_in_both_forms(tmp_path: Path) -> None:
    """As "vendor.switch", which is what `--set` takes, or as a table of the vendor's."""
    assert config(tmp_path, WHOLE).switches == {("onetrust", "quota"): "newer", ("other", "record"): "envelope"}


def test_a_target_names_its_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are read from the environment when they are needed."""
    target = config(tmp_path, WHOLE).target("staging")
    assert (target.vendor, target.scope, target.existing) == ("onetrust", "full", ("ada@example.com",))
    monkeypatch.setenv("STAGING_TOKEN", "abc")
    assert (target.secret("token"), target.secret("client_id")) == ("abc", None)
    monkeypatch.delenv("STAGING_TOKEN")
    with pytest.raises(UsageError, match="STAGING_TOKEN is not set; set it to the token"):
        target.secret("token")


def test_an_unknown_target_is_told_with_the_known_ones(tmp_path: Path) -> None:
    """Or with what to write where there is none."""
    with pytest.raises(UsageError, match="use one of: staging"):
        config(tmp_path, WHOLE).target("production")
    with pytest.raises(UsageError, match=r"add \[targets.production\]"):
        config(tmp_path, "").target("production")


def test_without_the_file_nothing_is_configured(tmp_path: Path) -> None:
    """It is for those who want it."""
    assert (load(tmp_path).switches, load(tmp_path).targets) == ({}, {})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("switches = [", "not TOML"),
        ("[switches]\nb = = 2", r"understudy\.toml:2: not TOML"),
        ("[targets.a]\nvendor = 'x'", r"/targets/a\): \"base_url\" is a required property"),
        ("[targets.a]\nvendor = 'x'\nbase_url = 'https://a'\ntoken = 'abc'", "/targets/a/token"),
        ("[targets.a]\nvendor = 'x'\nbase_url = 'https://a'\nscop = 'core'", "scop"),
        (
            "[targets.a]\nvendr = 'x'\nbase_url = 'https://a'",
            r"toml:2 \(/targets/a\): there is no 'vendr' here; use one of: vendor",
        ),
        ("[switches]\nquota = 'newer'", "'quota' is not VENDOR.SWITCH"),
        ("[switch]\n", r"understudy\.toml:1: there is no 'switch' here; use one of: switches, targets"),
        (
            "# mine\n[targets.'a b']\nvendor = 'x'\nbase_url = 'https://a'\ntokn = {env = 'X'}",
            r"toml:5 \(/targets/a b\): there is no 'tokn' here; use one of: vendor, base_url, token, ",
        ),
        (
            GOOD + "token = {envi = 'X'}",
            r"toml:4 \(/targets/a/token\): there is no 'envi' here; use one of: env, command",
        ),
        (GOOD + "token = {env = 's3cret'}\nrps = 0", r"toml:5 \(/targets/a/rps\)"),
        (GOOD + "rps = 2026-01-31", "/targets/a/rps"),
        (GOOD + "prefix = 'a b'", "toml:4"),
        (GOOD + "budget = 'soon'", "toml:4"),
        (GOOD + "[targets.a.switches]\nrecord = 1", "toml:5"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, told: str, tmp_path: Path) -> None:
    """A secret written down is one of them."""
    with pytest.raises(ContentError, match=told):
        config(tmp_path, text)


def test_a_secret_that_is_written_down_is_not_shown(tmp_path: Path) -> None:
    """Neither in place of its source nor inside of it."""
    for written in ("token = 'hunter2!'", "token = {env = 'hunter2!'}"):
        with pytest.raises(ContentError, match="token does not say where the secret is") as told:
            config(tmp_path, GOOD + written)
        assert "hunter2" not in str(told.value)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("print('hunter2')", None),
        ("import sys; print('hunter2'); sys.exit(3)", "ends with exit code 3; run it yourself"),
        ("print()", "does not print one line"),
        ("print('hunter2\\nhunter3')", "does not print one line"),
        ("import time; print('hunter2', flush=True); time.sleep(60)", "does not end within 1 s"),
    ],
)
def test_a_command_tells_a_secret(code: str, told: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it prints is the secret, and is never shown; without a shell."""
    monkeypatch.setattr("understudy.config.PATIENCE", 1.0)
    target = config(tmp_path, f"{GOOD}token = {{command = {[sys.executable, '-c', code]!r}}}").target("a")
    if told is None:
        assert target.secret("token") == "hunter2"
        return
    with pytest.raises(UsageError, match=told) as error:
        target.secret("token")
    assert "hunter" not in str(error.value)


def test_a_command_that_is_none_is_told(tmp_path: Path) -> None:
    """In one line, with what to do."""
    target = config(tmp_path, f"{GOOD}token = {{command = ['no-such-program-here']}}").target("a")
    with pytest.raises(UsageError, match="cannot be run: No such file or directory; check the command"):
        target.secret("token")


def test_limits_of_a_target_are_read(tmp_path: Path) -> None:
    """All as the options of the same names have them."""
    more = "rps = 2.5\nmax_requests = 9\nbudget = '2m'\nprefix = 'ci-'\nswitches = {record = 'envelope'}\n"
    target = config(tmp_path, GOOD + more).target("a")
    assert (target.rps, target.max_requests, target.budget, target.prefix) == (2.5, 9, "2m", "ci-")
    assert target.switches == {"record": "envelope"}
