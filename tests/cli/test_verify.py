"""`understudy verify`: its options, and what it makes of them. What it finds is tested in tests/e2e."""

import json
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from tests.report.sarif_shape import checked
from understudy.cli import main
from understudy.cli import verify as command
from understudy.contract.allowance import Allowance
from understudy.contract.target import LIMITED, REGIME, Credentials, Run
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
def allowed() -> list[Allowance]:
    """Return the list to which what each run lets be is added."""
    return []


@pytest.fixture
def runs(allowed: list[Allowance], monkeypatch: pytest.MonkeyPatch) -> list[tuple[Run, list[str]]]:
    """Hold no run: return the list to which each is added with its words for pytest."""
    held: list[tuple[Run, list[str]]] = []

    def hold(pack: Pack, run: Run, watcher: Any, words: list[str], allowance: Allowance) -> Report:
        held.append((run, words))
        allowed.append(allowance)
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


def test_a_client_that_is_given_goes_before_a_token_of_the_environment(runs: list[tuple[Run, list[str]]]) -> None:
    """Which may be there since yesterday."""
    client = ("--client-id", "a", "--client-secret", "b")
    assert verify(*AT, *client, env={"UNDERSTUDY_TOKEN": "one"}).exit_code == 0
    assert verify(*AT, *client, "--token", "two").exit_code == 0
    assert [run.credentials.token for run, _ in runs] == [None, "two"]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--token", "t", "--rps", "nan"), "not a number above 0"),
        (("--token", "t", "--rps", "inf"), "not a number above 0"),
        (("--token", "t", "--rps", "0"), "not a number above 0"),
        (("--token", "t", "-n", "-1"), "neither a whole number"),
        (("--token", "t", "-n", "abc"), "neither a whole number"),
        (("--client-id", "a"), "--client-id comes without --client-secret"),
        (("--client-secret", "a"), "--client-secret comes without --client-id"),
    ],
)
def test_what_no_run_can_be_made_with_is_wrong_usage(
    words: tuple[str, ...], what: str, runs: list[tuple[Run, list[str]]]
) -> None:
    """In a line, before anything is sent."""
    result = verify(*AT, *words)
    assert (result.exit_code, runs) == (2, [])
    assert what in result.output


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

[targets.misspelt]
vendor = "onetrst"
base_url = "http://127.0.0.1:9"
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


def test_a_client_goes_before_the_token_of_a_target(
    runs: list[tuple[Run, list[str]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which is not asked for then, and so need not be there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "understudy.toml").write_text(TARGETS)
    client = ("--client-id", "me", "--client-secret", "mine")
    for env in ({}, {"STAGING_TOKEN": "t", "UNDERSTUDY_TOKEN": "u"}):
        assert verify("--target", "staging", *client, env=env).exit_code == 0
    assert {run.credentials for run, _ in runs} == {Credentials(None, None, "me", "mine")}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--target", "production"), "no target is called 'production'; use one of: staging, misspelt"),
        (("--target", "staging"), "target staging: STAGING_TOKEN is not set; set it to the token"),
        (("--target", "staging", "--base-url", "http://a"), "both --target and --base-url are given; give one of them"),
        (
            ("other", "--target", "staging", "--token", "t"),
            "target staging is onetrust's, and other is to be judged; name onetrust",
        ),
        (
            ("onetrust", "--target", "misspelt", "--token", "t"),
            "target misspelt is onetrst's, and onetrust is to be judged; mend its vendor in understudy.toml",
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


@pytest.mark.parametrize("text", ["0s", "soon", "-1", "25h", "1e9", "nan"])
def test_what_is_no_duration_is_wrong_usage(text: str, runs: list[tuple[Run, list[str]]]) -> None:
    """Exit 2, and nothing is run."""
    result = verify(*AT, "--token", "t", "--budget", text)
    assert (result.exit_code, "is not a duration" in result.stderr, runs) == (2, True, [])


def test_words_for_pytest_are_handed_on(runs: list[tuple[Run, list[str]]]) -> None:
    """-k, -n and --lf."""
    verify(*AT, "--token", "t", "-k", "a or b", "-n", "2", "--lf")
    assert runs[0][1] == ["-k", "a or b", "-n", "2", "--lf"]


REPORT = {"vendor": "onetrust", "findings": [], "remarks": []}
ENTRY = "verify:\n  - {fingerprint: '0123456789abcdef', reason: Known to the vendor.}\n"


def test_what_is_accepted_and_known_is_read_before_the_run(
    runs: list[tuple[Run, list[str]]], allowed: list[Allowance], tmp_path: Path
) -> None:
    """The user's file comes beside the pack's own."""
    (tmp_path / "mine.yaml").write_text(ENTRY)
    (tmp_path / "report.json").write_text(json.dumps(REPORT))
    words = ("--accepted", str(tmp_path / "mine.yaml"), "--baseline", str(tmp_path / "report.json"))
    assert verify("onetrust", *words).exit_code == 0
    assert verify("onetrust").exit_code == 0
    assert [[entry.fingerprint for entry in each.own] for each in allowed] == [["0123456789abcdef"], []]
    assert [each.baseline is not None for each in allowed] == [True, False]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("onetrust", "--accepted", "none.yaml"), "none.yaml: there is no such file; correct the path of --accepted"),
        (("onetrust", "--baseline", "none.json"), "none.json: there is no such file; correct the path of --baseline"),
        (("onetrust", "--accepted", "."), ".: --accepted names a directory; name the file in it"),
        (("onetrust", "--baseline", "."), ".: --baseline names a directory; name the file in it"),
        (("onetrust", "--baseline", "broken.json"), "broken.json:1: not JSON: "),
        (
            ("onetrust", "--baseline", "other.json"),
            "other.json:1: the baseline is a report on 'other', not on onetrust",
        ),
        (("onetrust", "--accepted", "broken.yaml"), 'broken.yaml:2 (/verify/0): "reason" is a required property'),
        (("--accepted", "mine.yaml"), "--accepted is one vendor's; name the vendor; a pack has its own accepted.yaml"),
        (
            ("--baseline", "report.json"),
            "report.json: --baseline is one vendor's; name the vendor, or give the directory",
        ),
        (("onetrust", "--sarif", "."), ".: --sarif names a directory; name a file in it"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_before_anything_is_run(
    words: tuple[str, ...],
    told: str,
    runs: list[tuple[Run, list[str]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In one line, with where, and exit code 2."""
    monkeypatch.chdir(tmp_path)
    files = {
        "mine.yaml": ENTRY,
        "broken.yaml": "verify:\n  - {fingerprint: '0123456789abcdef'}\n",
        "report.json": json.dumps(REPORT),
        "other.json": json.dumps({**REPORT, "vendor": "other"}),
        "broken.json": "{",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    result = verify(*words)
    assert (result.exit_code, len(result.stderr.splitlines()), runs) == (2, 1, [])
    assert result.stderr.startswith(f"understudy: {told}")


def test_the_embedded_mock_is_called_the_same_with_the_same_seed(runs: list[tuple[Run, list[str]]]) -> None:
    """It begins anew each time, so that identifiers can come from the seed: runs are equal to the byte."""
    for seed in ("7", "7", "8"):
        verify("onetrust", "--seed", seed)
    one, two, three = (run.run_id for run, _ in runs)
    assert one == two != three


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


FILES = ("--junit", "j.xml", "--sarif", "s.sarif")


def test_several_vendors_are_judged_side_by_side(two: Path) -> None:
    """Each has a report folder, a suite in the JUnit file and a verdict line; what they print is not mixed."""
    result = verify("one", "two", "one", "--report", "r", *FILES, "-k", "empty-object", "--seed", "7")
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
    sarif = checked((two / "s.sarif").read_bytes())
    assert [each["automationDetails"]["id"] for each in sarif["runs"]] == ["understudy/one/", "understudy/two/"]
    assert not any(line.startswith("wrote") and line.endswith(("--junit", "--sarif")) for line in lines)


def test_the_reports_of_several_vendors_are_a_baseline_for_them(two: Path) -> None:
    """By the directory that --report wrote; a vendor without a report in it is told."""
    for vendor in ("one", "two"):
        (two / "r" / vendor).mkdir(parents=True)
        (two / "r" / vendor / "report.json").write_text(json.dumps({**REPORT, "vendor": vendor}))
    assert verify("one", "two", "--baseline", "r", "-k", "empty-object").exit_code == 0
    (two / "r" / "two" / "report.json").unlink()
    result = verify("one", "two", "--baseline", "r", "-k", "empty-object")
    told = "understudy: r/two/report.json: there is no such file; correct the path of --baseline\n"
    assert (result.exit_code, result.stderr) == (2, told)


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
