"""`understudy verify`: its options, and what it makes of them. What it finds is tested in tests/e2e."""

import json
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from understudy.cli import main
from understudy.cli import verify as command
from understudy.contract.target import LIMITED, REGIME, Run
from understudy.contract.verdict import Report, Verdict
from understudy.pack import Pack


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the cache and the environment's credentials out."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("TOKEN", "RESTRICTED_TOKEN", "API_KEY", "RESTRICTED_API_KEY", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"UNDERSTUDY_{name}", raising=False)
    monkeypatch.delenv("STAGING_TOKEN", raising=False)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Run, list[str]]]:
    """Hold no run: return the list to which each is added with its words for pytest."""
    held: list[tuple[Run, list[str]]] = []

    def hold(pack: Pack, run: Run, watcher: Any, words: list[str]) -> Report:
        held.append((run, words))
        about: dict[str, Any] = {"vendor": pack.vendor, "target": run.label, "scope": run.scope, "seed": run.seed}
        empty: dict[str, Any] = dict.fromkeys(("rules", "operations", "findings", "remarks", "items"), ())
        when: dict[str, Any] = {"started": "2026-01-31T00:00:00+00:00", "seconds": 1.0, "requests": 0}
        return Report(verdict=Verdict.CONFORMS, version="0", document={}, **about, **empty, **when)

    monkeypatch.setattr(command, "hold", hold)
    return held


def verify(*words: str, env: dict[str, str] | None = None) -> Result:
    """Call the command."""
    return CliRunner().invoke(main, ["verify", *words], env=env)


ROOT = Path(__file__).parents[2]
AT = ("onetrust", "--base-url", "http://127.0.0.1:9/")


def test_a_target_is_judged_by_the_vendored_document_alone(runs: list[tuple[Run, list[str]]]) -> None:
    """Unless the scope says otherwise; its base URL goes without a slash at the end."""
    assert verify(*AT, "--token", "t").exit_code == 0
    assert verify(*AT, "--token", "t", "--scope", "full").exit_code == 0
    assert [(run.scope, run.base_url, run.embedded) for run, _ in runs] == [
        ("core", "http://127.0.0.1:9", False),
        ("full", "http://127.0.0.1:9", False),
    ]


def test_without_a_target_the_embedded_mock_is_judged_in_full(runs: list[tuple[Run, list[str]]]) -> None:
    """With credentials of its own, and a session of tiny quota."""
    assert verify("onetrust").exit_code == 0
    ((run, _),) = runs
    assert (run.scope, run.label, run.embedded) == ("full", "embedded mock", True)
    assert {LIMITED, REGIME} & set(run.sessions) == {LIMITED}
    assert run.credentials.restricted


def test_credentials_come_from_the_environment_too(runs: list[tuple[Run, list[str]]]) -> None:
    """An option goes before it."""
    env = {"UNDERSTUDY_TOKEN": "one", "UNDERSTUDY_RESTRICTED_TOKEN": "two"}
    assert verify(*AT, "--restricted-token", "three", env=env).exit_code == 0
    credentials = runs[0][0].credentials
    assert (credentials.token, credentials.restricted) == ("one", "three")


def test_an_api_key_is_given_by_either_name(runs: list[tuple[Run, list[str]]]) -> None:
    """What one vendor calls a token is another one's key."""
    assert verify(*AT, "--api-key", "one", "--restricted-api-key", "two").exit_code == 0
    assert verify(*AT, env={"UNDERSTUDY_API_KEY": "three"}).exit_code == 0
    assert [(run.credentials.token, run.credentials.restricted) for run, _ in runs] == [("one", "two"), ("three", None)]


def test_records_that_are_there_are_named(runs: list[tuple[Run, list[str]]]) -> None:
    """As often as there are such."""
    assert verify(*AT, "--token", "t", "--existing", "ada", "--existing", "bob").exit_code == 0
    assert runs[0][0].existing == ("ada", "bob")


TARGETS = """
[targets.staging]
vendor = "onetrust"
base_url = "http://127.0.0.1:9"
scope = "full"
existing = ["ada"]
token = {env = "STAGING_TOKEN"}
"""


def test_a_target_of_understudy_toml_is_judged(
    runs: list[tuple[Run, list[str]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the command line says goes before it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "understudy.toml").write_text(TARGETS)
    env = {"STAGING_TOKEN": "secret-of-staging"}
    assert verify("--target", "staging", env=env).exit_code == 0
    assert verify("onetrust", "--target", "staging", "--scope", "core", "--token", "mine", env=env).exit_code == 0
    assert [(run.vendor, run.scope, run.existing, run.credentials.token) for run, _ in runs] == [
        ("onetrust", "full", ("ada",), "secret-of-staging"),
        ("onetrust", "core", ("ada",), "mine"),
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--target", "production"), "no target is called 'production'; use one of: staging"),
        (("--target", "staging"), "target staging: STAGING_TOKEN is not set; set it to the token"),
        (("--target", "staging", "--base-url", "http://a"), "both --target and --base-url are given; give one of them"),
        (
            ("other", "--target", "staging", "--token", "t"),
            "target staging is onetrust's, and other is to be judged; name onetrust, or no vendor",
        ),
    ],
)
def test_a_target_that_cannot_be_used_is_told_in_one_line(
    words: tuple[str, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With exit code 2."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "understudy.toml").write_text(TARGETS)
    result = verify(*words)
    assert (result.exit_code, result.stderr) == (2, f"understudy: {told}\n")


@pytest.mark.parametrize("option", ["--token", "--restricted-token", "--client-id", "--client-secret", "--existing"])
def test_what_only_a_target_can_use_is_refused_without_one(option: str, runs: list[tuple[Run, list[str]]]) -> None:
    """A forgotten base URL must not end in a verdict on the mock; the environment may hold a token for other runs."""
    result = verify("onetrust", option, "x")
    told = f"understudy: {option} is for a target, and none is given; add --base-url or --target\n"
    assert (result.exit_code, result.stderr, runs) == (2, told, [])
    assert verify("onetrust", env={"UNDERSTUDY_TOKEN": "x"}).exit_code == 0


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("2m", 120), ("45", 45), ("1.5m", 90)])
def test_a_budget_is_a_duration(text: str, seconds: float, runs: list[tuple[Run, list[str]]]) -> None:
    """In seconds or minutes."""
    assert verify(*AT, "--token", "t", "--budget", text).exit_code == 0
    assert runs[0][0].budget == seconds


@pytest.mark.parametrize("text", ["0s", "soon", "-1", "1h", "1e9", "nan"])
def test_what_is_no_duration_is_wrong_usage(text: str, runs: list[tuple[Run, list[str]]]) -> None:
    """Exit 2, and nothing is run."""
    result = verify(*AT, "--token", "t", "--budget", text)
    assert (result.exit_code, "is not a duration" in result.stderr, runs) == (2, True, [])


def test_words_for_pytest_are_handed_on(runs: list[tuple[Run, list[str]]]) -> None:
    """-k, -n and --lf."""
    verify(*AT, "--token", "t", "-k", "a or b", "-n", "2", "--lf")
    assert runs[0][1] == ["-k", "a or b", "-n", "2", "--lf"]


def test_a_seed_repeats_a_run(runs: list[tuple[Run, list[str]]]) -> None:
    """Without one, each run has its own; identifiers are a run's own either way."""
    for words in (("--seed", "7"), ("--seed", "7"), ()):
        verify(*AT, "--token", "t", *words)
    seeds, ids = [run.seed for run, _ in runs], {run.run_id for run, _ in runs}
    assert (seeds[:2], seeds[2] != 7, len(ids)) == ([7, 7], True, 3)


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with OneTrust's pack under two names, and change into it."""
    mine = Path(tmp_path / "project")
    for part, name in (("specs", "onetrust"), ("contracts", "onetrust"), ("mock", "onetrust.py")):
        (mine / part).mkdir(parents=True)
        source = ROOT / part / name
        for vendor in ("one", "two"):
            (mine / part / name.replace("onetrust", vendor)).symlink_to(source)
    monkeypatch.chdir(mine)
    return mine


def test_several_vendors_are_judged_side_by_side(two: Path) -> None:
    """Each has a report folder, a suite in the JUnit file and a verdict line; what they print is not mixed."""
    result = verify("one", "two", "one", "--report", "r", "--junit", "j.xml", "-k", "empty-object", "--seed", "7")
    assert result.exit_code == 0, result.output
    for vendor in ("one", "two"):
        report = json.loads((two / "r" / vendor / "report.json").read_text())
        assert (report["vendor"], report["verdict"], report["seed"]) == (vendor, "partial", 7)
    lines = result.stdout.splitlines()
    assert lines[0] == "understudy: judging one, two side by side"
    assert [line.split()[1] for line in lines if line.startswith("verdict: ")] == ["partial", "partial"]
    suites = ElementTree.parse(two / "j.xml").getroot()
    assert [suite.get("name") for suite in suites] == ["one", "two"]
    assert int(suites.get("tests", "0")) == sum(len(suite.findall("testcase")) for suite in suites) > 0


def test_the_worst_of_several_runs_is_that_of_the_whole(two: Path) -> None:
    """A pack that is wrong is told in its line, and the other one is judged all the same."""
    (two / "specs" / "two").unlink()
    shutil.copytree(ROOT / "specs" / "onetrust", two / "specs" / "two")
    (two / "specs" / "two" / "openapi.json").write_text("{}")
    result = verify("one", "two", "-k", "empty-object")
    assert result.exit_code == 2
    assert "verdict: partial" in result.stdout
    assert result.stderr.startswith("understudy: specs/two/openapi.json")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((*AT,), "credentials"),
        ((*AT, "--client-id", "x"), "credentials"),
        (("nobody",), "unknown vendor 'nobody'; use one of: "),
        (("onetrust", "--base-url", "127.0.0.1", "--token", "t"), "is not the URL of a server"),
        (("onetrust", "--base-url", "http://a/?b", "--token", "t"), "is not the URL of a server"),
        (("onetrust", "--base-url", "http://a:b@c", "--token", "t"), "carries credentials"),
    ],
)
def test_wrong_usage_says_what_to_do(words: tuple[str, ...], told: str, runs: list[tuple[Run, list[str]]]) -> None:
    """One line on standard error, exit 2, and nothing is run."""
    result = verify(*words)
    assert (result.exit_code, len(result.stderr.splitlines()), runs) == (2, 1, [])
    assert told in result.stderr
    assert "; " in result.stderr


def test_the_last_line_is_the_verdict(runs: list[tuple[Run, list[str]]]) -> None:
    """For scripts to read."""
    assert verify(*AT, "--token", "t", "--seed", "7").stdout.splitlines()[-1].startswith("verdict: conforms (")
