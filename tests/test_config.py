"""understudy.toml: what it may say, and what is told of a mistake in it."""

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
        ("[targets.a]\nvendor = 'x'", r"/targets/a\): \"base_url\" is a required property"),
        ("[targets.a]\nvendor = 'x'\nbase_url = 'https://a'\ntoken = 'abc'", "/targets/a/token"),
        ("[targets.a]\nvendor = 'x'\nbase_url = 'https://a'\nscop = 'core'", "scop"),
        ("[switches]\nquota = 'newer'", "'quota' is not VENDOR.SWITCH"),
        ("[switch]\n", "switch"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, told: str, tmp_path: Path) -> None:
    """A secret written down is one of them."""
    with pytest.raises(ContentError, match=told):
        config(tmp_path, text)
