"""`understudy compare` on mocks that are the same, and on one that departs from a rule."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from tests.e2e.faults import HEADERS_OF_429
from tests.e2e.servers import Endpoint
from tests.e2e.serving import Answer, Call, Served, Step
from tests.e2e.serving import running as serving
from understudy import pack as packs
from understudy.cli import main
from understudy.contract.client import Client
from understudy.contract.comparison import compare as comparing
from understudy.contract.probes import Prober
from understudy.contract.throttle import TIME, OverError
from understudy.mock.server import running
from understudy.mock.settings import Settings
from understudy.model.behaviour import Quota

VENDORS = ("onetrust", "consentgrid", "gainsight_px")


@contextmanager
def served(vendor: str, deviation: str | None = None, **settings: object) -> Iterator[str]:
    """Serve a vendor's mock, which may deviate; yield its base URL."""
    pack = packs.load(vendor)
    played = {vendor: pack.deviations.by_name[deviation]} if deviation is not None else {}
    with running({vendor: pack}, {"": Settings(seed=99, strict=True, deviations=played, **settings)}) as url:  # type: ignore[arg-type]
        yield f"{url}/{vendor}"


def compare(vendor: str, *words: str, token: str = "understudy-full") -> Result:
    """Compare, with a seed that repeats it."""
    command = ["compare", vendor, *words, "--token", token, "--seed", "3"]
    return CliRunner().invoke(main, command, catch_exceptions=False)


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("scope", ["core", "full"])
def test_targets_that_are_the_same_have_no_difference(vendor: str, scope: str) -> None:
    """Though their identifiers and times are others."""
    with served(vendor) as url:
        result = compare(vendor, "mock", url, "--scope", scope, "--existing", "ada@example.com", "--sequences", "5")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1].startswith("verdict: same (5 sequences, ")


@pytest.mark.parametrize(
    ("vendor", "deviation", "rule", "calls"),
    [
        ("onetrust", "linking-forgets-the-plain", "OT-UPDATE-3", 2),
        ("onetrust", "takes-OT-BODY-2", "OT-BODY-2", 1),
        ("onetrust", "dates-lose-their-offset", "OT-ANSWER-12", 1),
        ("consentgrid", "update-adds-no-objects", "CG-PATCH-3", 2),
        ("consentgrid", "generated-id-shown-in-capitals", "CG-UPDATE-1", 2),
        ("gainsight_px", "updates-without-case", "PX-MISSING-1", 2),
    ],
)
def test_the_first_difference_is_short_and_has_its_rule(
    vendor: str, deviation: str, rule: str, calls: int, tmp_path: Path
) -> None:
    """And says which of the two breaks it."""
    file = tmp_path / "found.json"
    with served(vendor, deviation) as url:
        result = compare(vendor, "mock", url, "--scope", "full", "--json", str(file))
    assert result.exit_code == 1, result.output
    found = json.loads(file.read_text())["difference"]
    assert (found["rule"], found["a"]["breaks"], found["b"]["breaks"]) == (rule, None, rule)
    assert (len(found["a"]["curl"]), len(found["b"]["curl"])) == (calls, calls)
    assert f"  rule      {rule}: " in result.output
    assert result.output.splitlines()[-1].startswith("verdict: different (")


def test_which_of_the_two_breaks_the_rule_turns_with_their_order() -> None:
    """So does what is shown of each."""
    with served("consentgrid", "update-adds-no-objects") as url:
        results = [compare("consentgrid", *order, "--scope", "full") for order in (("mock", url), (url, "mock"))]
    assert [result.exit_code for result in results] == [1, 1]
    shown = [
        [
            line.endswith("breaks CG-PATCH-3")
            for line in result.output.splitlines()
            if line.startswith(("  A  ", "  B  "))
        ]
        for result in results
    ]
    assert shown == [[False, True], [True, False]]


def test_a_seed_repeats_the_calls() -> None:
    """But for what makes them this run's own."""

    def told() -> str:
        with served("consentgrid", "update-adds-no-objects") as url:
            return compare("consentgrid", "mock", url, "--scope", "full").output.splitlines()[-1]

    assert told() == told()


def test_what_is_ignored_is_not_compared() -> None:
    """By RFC 9535 paths; what is no path is told."""
    with served("onetrust", "dates-lose-their-offset") as url:
        words = ("mock", url, "--sequences", "3", "--ignore")
        result = compare("onetrust", *words, "$..interactionDate")
        wrong = compare("onetrust", *words, "interactionDate")
    assert result.exit_code == 0, result.output
    assert (wrong.exit_code, "--ignore 'interactionDate' is no JSONPath" in wrong.output) == (2, True)


def test_a_comparison_of_refusals_alone_is_no_green_run() -> None:
    """Exit 3, with what to do about it: a record that is not named, or that nobody has."""
    with served("gainsight_px") as url:
        few = ("--sequences", "5")
        missing = compare("gainsight_px", url, url, *few)
        unknown = compare("gainsight_px", url, url, *few, "--existing", "nobody@example.com")
    for result in (missing, unknown):
        assert (result.exit_code, "was taken by both targets" in result.output) == (3, True), result.output
        assert result.output.splitlines()[-1].startswith("verdict: inconclusive")


@pytest.mark.parametrize("first", ["mock", ""], ids=["one", "both"])
@pytest.mark.parametrize("vendor", ["gainsight_px", "onetrust"])
@pytest.mark.parametrize("scope", packs.SCOPES)
def test_credentials_that_a_target_refuses_are_no_difference(scope: str, vendor: str, first: str) -> None:
    """Though the other one takes them."""
    with served(vendor) as url:
        words = (first or url, url, "--scope", scope, "--sequences", "2", "--budget", "20s")
        result = compare(vendor, *words, token="no-such-key")
    assert f"({url} refuses the credentials with 401); check the credentials, give" in result.output
    assert (result.exit_code, "was taken by both targets" in result.output) == (3, True), result.output


def test_a_429_beside_refused_credentials_opens_nothing() -> None:
    """It is no answer to them, and no reason to ask for more time."""

    def busy(endpoint: Served, call: Call, step: Step) -> Answer:
        return Answer(429, headers={**HEADERS_OF_429, "Retry-After": "0"}) if len(endpoint.seen) % 2 else Answer(401)

    endpoint = Endpoint(busy)
    with serving(endpoint) as url:
        result = compare("onetrust", "mock", url, "--sequences", "2", "--budget", "20s")
    assert len(endpoint.seen) > 1
    assert (result.exit_code, f"{url} refuses the credentials with 401" in result.output) == (3, True), result.output


def test_one_operation_that_a_target_forbids_is_a_difference() -> None:
    """Though it is the first that is called, and what others need comes of it: the credentials open those."""
    with served("gainsight_px", "nobody-may-create") as url:
        result = compare("gainsight_px", "mock", url, "--scope", "full", "--sequences", "2")
    assert (result.exit_code, "The answers differ in the status" in result.output) == (1, True), result.output


def test_the_limits_of_one_target_are_no_difference() -> None:
    """They are waited for, as its Retry-After has it."""
    with served("onetrust", quotas=(Quota(limit=40, seconds=1),)) as url:
        result = compare("onetrust", "mock", url, "--sequences", "4", "--budget", "20s")
    assert result.exit_code == 0, result.output


def test_what_one_target_alone_takes_is_not_compared() -> None:
    """Nothing is the same where the other one is kept from all calls, and not all is where from some."""
    with served("onetrust", quotas=(Quota(limit=0, seconds=3600),)) as url:
        result = compare("onetrust", "mock", url, "--sequences", "2", "--budget", "5s")
    assert (result.exit_code, "was taken by both targets" in result.output) == (3, True), result.output


def test_a_target_that_is_down_is_no_difference() -> None:
    """Exit 3."""
    result = compare("onetrust", "mock", "http://127.0.0.1:9")
    assert (result.exit_code, "cannot reach http://127.0.0.1:9" in result.output) == (3, True)


def test_targets_may_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with its own token, record and limits; no secret is shown, and curl lines have a variable in its place."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OLD_KEY", "understudy-full")
    with served("gainsight_px", "unsent-score-is-zero") as url:
        (tmp_path / "understudy.toml").write_text(
            f'[targets.old]\nvendor = "gainsight_px"\nbase_url = "{url}"\ntoken = {{env = "OLD_KEY"}}\n'
            'existing = ["ada@example.com"]\nrps = 200\n'
        )
        result = compare("gainsight_px", "mock", "old", "--sequences", "5")
        other = compare("onetrust", "mock", "old")
    assert "A mock, B old (scope core, seed 3)" in result.output
    assert "understudy-full" not in result.output
    assert (other.exit_code, "target old is gainsight_px's" in other.output) == (2, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nobody", "mock", "mock"), "unknown vendor 'nobody'"),
        (("onetrust", "mock", "old"), "no target is called 'old'"),
        (("onetrust", "mock", "http://a?b"), "the target 'http://a?b' is not the URL of a server"),
        (("onetrust", "mock", "mock", "--sequences", "0"), "--sequences"),
        (("onetrust", "mock", "mock", "--json", "no/such.json"), "there is no such directory"),
    ],
)
def test_what_is_wrong_is_told(words: tuple[str, ...], told: str) -> None:
    """Exit 2."""
    result = compare(*words)
    assert (result.exit_code, told in result.output) == (2, True), result.output


def test_a_url_needs_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """They come by options or the environment."""
    for name in ("TOKEN", "API_KEY", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"UNDERSTUDY_{name}", raising=False)
    result = CliRunner().invoke(main, ["compare", "onetrust", "mock", "http://127.0.0.1:9"])
    assert (result.exit_code, "no credentials for http://127.0.0.1:9; give --token" in result.output) == (2, True)


@pytest.mark.parametrize("command", [["verify", "onetrust", "--base-url"], ["compare", "onetrust", "mock"]])
def test_a_token_of_two_lines_is_refused_unseen(command: list[str]) -> None:
    """Before anything is sent: the error of a client that cannot send it would show it."""
    result = CliRunner().invoke(main, [*command, "http://127.0.0.1:9", "--token", "s3cret\rmore"])
    assert (result.exit_code, "the token holds a line break" in result.output) == (2, True)
    assert "s3cret" not in result.output


def test_an_operation_that_was_not_called_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though nothing differs: the comparison is partial."""
    real = Prober.good
    monkeypatch.setattr(
        Prober, "good", lambda self, each, label: None if each == "listSubjects" else real(self, each, label)
    )
    with served("consentgrid") as url:
        result = compare("consentgrid", "mock", url, "--scope", "full", "--sequences", "2")
    told = "not all was compared: no request could be made for both, for want of a record (--existing), to listSubjects"
    assert (result.exit_code, told in result.output.splitlines()) == (0, True), result.output
    assert result.output.splitlines()[-1].startswith("verdict: partial (")


def test_a_run_that_is_over_gives_up_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """One operation was refused by then; whether the others are is not known."""

    def over(client: Client) -> bool:
        raise OverError("the time is up", TIME)

    monkeypatch.setattr(comparing, "opens", over)
    with served("gainsight_px") as url:
        result = compare("gainsight_px", "mock", url, "--scope", "full", "--sequences", "2", token="no-such-key")
    assert (result.exit_code, "The answers differ in the status" in result.output) == (1, True), result.output


def test_what_was_made_is_deleted_when_the_other_target_is_down() -> None:
    """The calls before have made records at the one that answers."""
    with served("gainsight_px") as url:
        compare("gainsight_px", url, "http://127.0.0.1:9", "--scope", "full")
        shown = httpx.get(
            f"{url}/v1/users", params={"pageSize": 1000}, headers={"X-APTRINSIC-API-KEY": "understudy-full"}
        )
    assert [each["id"] for each in shown.json()["users"] if each["id"].startswith("understudy-")] == []
