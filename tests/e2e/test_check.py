"""`understudy check` on archives of a mock that behaves, and of one that departs from a rule here and there."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias
from zlib import crc32

import httpx
import pytest
from click.testing import CliRunner, Result

from understudy import pack as packs
from understudy.cli import main
from understudy.client import Server
from understudy.mock.server import running
from understudy.mock.settings import Settings

WRITE = "/onetrust/api/consentmanager/v1/datasubjects/dataelements"
HEADERS = {"Authorization": "Bearer understudy-full", "X-APTRINSIC-API-KEY": "understudy-full"}
Entries: TypeAlias = list[dict[str, Any]]
Traffic: TypeAlias = Callable[..., Entries]
Play: TypeAlias = Callable[[httpx.Client, str], None]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Yield the URL of a server of all vendors."""
    with running({name: packs.load(name) for name in packs.names()}, {"": Settings(seed=3)}, control=True) as url:
        yield url


@pytest.fixture
def traffic(server: str) -> Traffic:
    """Return what makes some calls about so many people, in a session that may deviate, and returns their entries."""

    def made(vendor: str, people: int, name: str, deviation: str | None = None, play: Play | None = None) -> Entries:
        with Server(server) as control, control.session(name, seed=crc32(name.encode())) as session:
            mock = session.vendor(vendor)
            mock.deviate(deviation)
            with httpx.Client(base_url=f"{server}/s/{name}", headers=HEADERS) as client:
                for number in range(people):
                    (play or PLAYED[vendor])(client, f"{name}-{number}@example.com")
            entries: Entries = [*session.journal.har()["log"]["entries"]]
            return entries

    return made


def onetrust(client: httpx.Client, who: str) -> None:
    """Create, update, link, find by a link, unlink, and have something refused."""
    phones = [f"+1 {who}", f"+2 {who}"]
    for body, named in (
        ({"dataElements": [{"name": "City", "value": "Oslo"}]}, who),
        (
            {
                "identifierType": "Email",
                "dataElements": [{"name": "City", "value": "Rome"}, {"name": "A", "value": "b"}],
            },
            who,
        ),
        ({"dataElements": [{"name": "Phone", "linked": True, "value": phones}]}, who),
        ({}, phones[1]),
        ({"dataElements": [{"name": "Phone", "linked": True, "value": []}]}, who),
        ({"dataElements": [{"value": "nameless"}]}, who),
        ({}, who),
    ):
        client.post(WRITE, json=body, headers={"dataSubjectIdentifier": named})


def consentgrid(client: httpx.Client, who: str) -> None:
    """Create with and without an ID, merge, rewrite, update, and miss."""
    path = f"/consentgrid/v1/subjects/user/{who}"
    client.patch(path, json={"data": {}})
    client.post(path, json={"data": {"name": "Ada", "tags": ["a"]}})
    client.post(f"{path}?saveOption=merge", json={"data": {"age": 36}})
    client.patch(path, json={"data": {"name": None}})
    client.post(f"{path}?saveOption=rewrite", json={"data": {"name": "Bo"}})
    client.get(path)
    made = client.post("/consentgrid/v1/subjects/user", json={"data": {"name": who}})
    if made.status_code == 201:
        client.patch(f"/consentgrid/v1/subjects/user/{made.json()['id']}", json={"data": {"age": 1}})


def gainsight_px(client: httpx.Client, who: str) -> None:
    """Create, meet a duplicate, update, read, delete, revive."""
    users, body = "/gainsight_px/v1/users", {"identifyId": who, "propertyKeys": ["AP-UNDERSTUDY-2"], "firstName": "Ada"}
    client.put(f"{users}/{who}", json=body)
    client.post(users, json=body)
    client.post(users, json=body)
    client.put(f"{users}/{who}", json={**body, "title": "Captain", "firstName": "Bo"})
    client.get(f"{users}/{who}")
    client.delete(f"{users}/{who}")
    client.get(f"{users}/{who}")
    client.put(f"{users}/{who}", json=body)
    client.get(f"{users}/{who}")


PLAYED = {"onetrust": onetrust, "consentgrid": consentgrid, "gainsight_px": gainsight_px}


def check(vendor: str, entries: Entries, folder: Path, *words: str) -> tuple[Result, dict[str, Any]]:
    """Judge an archive of these entries; return what was said, and the report."""
    file = folder / "mine.har"
    file.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}))
    command = ["check", vendor, str(file), "--scope", "full", "--report", str(folder / "r"), *words]
    result = CliRunner().invoke(main, command, catch_exceptions=False)
    report = folder / "r" / "report.json"
    return result, json.loads(report.read_text()) if report.exists() else {}


@pytest.mark.parametrize("vendor", PLAYED)
def test_a_clean_archive_of_a_thousand_entries_has_no_finding(vendor: str, traffic: Traffic, tmp_path: Path) -> None:
    """In less than ten seconds of one core; calls that nobody recorded before leave no remark either."""
    entries = [entry for part in range(4) for entry in traffic(vendor, 40, f"clean-{vendor}-{part}")]
    assert len(entries) >= 1000
    started = time.process_time()
    result, report = check(vendor, entries, tmp_path)
    assert (result.exit_code, report["verdict"], report["findings"], report["remarks"]) == (0, "partial", [], [])
    assert report["requests"] == len(entries)
    assert time.process_time() - started < 10


@pytest.mark.parametrize("vendor", PLAYED)
def test_traffic_may_begin_anywhere(vendor: str, traffic: Traffic, tmp_path: Path) -> None:
    """What records were before is nobody's fault."""
    entries = traffic(vendor, 2, f"cut-{vendor}")
    for start in range(1, 10):
        _, report = check(vendor, entries[start:], tmp_path)
        assert (start, report["findings"], report["remarks"]) == (start, [], [])


PLANTED = (
    "third-update-answers-201",
    "update-takes-one-element",
    "linking-changes-the-id",
    "links-shown-as-plain",
    "removal-empties-the-identifier",
    "removal-answers-201",
    "removed-identifiers-erased",
    "takes-OT-BODY-8",
    "single-element-without-list",
    "crash-createOrUpdateDataSubjectUsingPOST",
)


def test_each_of_ten_violations_is_found_among_a_thousand_entries(traffic: Traffic, tmp_path: Path) -> None:
    """Under the rule that it breaks; the curl line of the finding names the record that it is about."""
    entries = traffic("onetrust", 143, "good")
    deviations = packs.load("onetrust").deviations.by_name
    for name in PLANTED:
        entries += traffic("onetrust", 1, name, name)
    assert len(entries) >= 1000
    result, report = check("onetrust", entries, tmp_path)
    assert (result.exit_code, report["verdict"]) == (1, "violates")
    named = {finding["rule"] for finding in report["findings"]}
    assert [name for name in PLANTED if (deviations[name].rule or "OT-STATUS-1") not in named] == []
    assert [finding["curl"] for finding in report["findings"] if "good-" in finding["curl"]] == []


def test_an_archive_without_a_call_of_the_vendor_is_no_green_run(traffic: Traffic, tmp_path: Path) -> None:
    """Exit 3, with a line that says so."""
    result, _ = check("onetrust", traffic("gainsight_px", 1, "other"), tmp_path)
    assert result.exit_code == 3
    assert "none of the 9 recorded calls is of onetrust in the scope full" in result.output


def test_what_is_no_archive_is_told_in_a_line(tmp_path: Path) -> None:
    """Exit 2."""
    (tmp_path / "mine.har").write_text("{}")
    result = CliRunner().invoke(main, ["check", "onetrust", str(tmp_path / "mine.har")])
    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert "not an HTTP Archive" in result.output


@pytest.mark.parametrize("status", [0, 503])
def test_after_a_call_whose_effect_nobody_saw_no_record_is_known(status: int, traffic: Traffic, tmp_path: Path) -> None:
    """An answer may get lost on its way, or a gateway send another: the call may have been done all the same."""
    entries = traffic("onetrust", 1, f"lost-{status}")
    entries[1]["response"] |= {"status": status, "headers": [], "content": {"size": 0, "mimeType": ""}}
    _, report = check("onetrust", entries, tmp_path)
    assert [each["rule"] for each in report["findings"]] == (["OT-STATUS-1"] if status else [])
    assert report["remarks"] == []


ODD = {
    "redirect": (302, "", ""),
    "not modified": (304, "", ""),
    "list": (200, "application/json", "[1]"),
    "text": (200, "text/plain", "fine"),
    "other object": (201, "application/json", "{}"),
    "untyped": (200, "", '{"id": {}}'),
    "undeclared": (202, "application/json", '{"id": 7, "data": []}'),
}


@pytest.mark.parametrize("vendor", PLAYED)
@pytest.mark.parametrize("odd", ODD)
def test_answers_that_are_none_of_the_documents_are_findings(
    vendor: str, odd: str, traffic: Traffic, tmp_path: Path
) -> None:
    """Each in its turn, with sound ones before and after it; nothing else goes wrong."""
    status, media_type, text = ODD[odd]
    headers = [{"name": "Content-Type", "value": media_type}] if media_type else []
    entries = traffic(vendor, 3, f"odd-{vendor}-{odd}")
    for entry in entries[:: 2 if odd == "text" else 3]:
        entry["response"] |= {"status": status, "headers": headers, "content": {"size": len(text), "text": text}}
    result, report = check(vendor, entries, tmp_path)
    assert (result.exit_code, report.get("verdict")) == (1, "violates"), result.output + result.stderr
    assert report["requests"] == len(entries)


def moved(client: httpx.Client, who: str) -> None:
    """Create with a telephone, move by either identifier, and look twice."""
    phone = f"+47 {who}"
    for named, elements in (
        (who, [{"name": "Phone", "linked": True, "value": [phone]}]),
        (who, [{"name": "City", "value": "Rome"}]),
        (phone, [{"name": "City", "value": "Paris"}]),
        (who, []),
        (phone, []),
    ):
        client.post(
            WRITE, json={"dataElements": elements} if elements else {}, headers={"dataSubjectIdentifier": named}
        )


@pytest.mark.parametrize(("begins", "takes"), [(0.5, 5.0), (1.5, 0.1), (1.0, 1.0)])
def test_of_calls_at_the_same_time_no_order_is_taken_for_granted(
    begins: float, takes: float, traffic: Traffic, tmp_path: Path
) -> None:
    """Whichever of two writes to one record began first, by whichever identifier: both orders are right."""
    entries = traffic("onetrust", 1, f"moved-{takes}", play=moved)
    times = [(0.0, 0.1), (1.0, 1.0), (begins, takes), (7.0, 0.1), (8.0, 0.1)]
    for entry, (start, seconds) in zip(entries, times, strict=True):
        entry |= {"startedDateTime": f"2026-01-31T09:30:{start:06.3f}Z", "time": seconds * 1000}
    _, report = check("onetrust", entries, tmp_path)
    assert (report["findings"], report["remarks"]) == ([], [])


def test_what_is_known_after_calls_at_the_same_time_is_held_against_later_ones(
    traffic: Traffic, tmp_path: Path
) -> None:
    """Once an answer has shown the record, it is judged as before."""
    entries = traffic("onetrust", 1, "moved-and-lost", play=moved)
    times = [(0.0, 0.1), (1.0, 1.0), (0.5, 5.0), (7.0, 0.1), (8.0, 0.1)]
    for entry, (start, seconds) in zip(entries, times, strict=True):
        entry |= {"startedDateTime": f"2026-01-31T09:30:{start:06.3f}Z", "time": seconds * 1000}
    last = entries[-1]["response"]["content"]
    last["text"] = last["text"].replace("Paris", "Oslo")
    _, report = check("onetrust", entries, tmp_path)
    assert [each["rule"] for each in report["findings"] + report["remarks"]] == ["OT-UPDATE-3"]


def test_settings_of_the_target_are_the_models(
    traffic: Traffic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A target by its name, as verify has it; another vendor's is told of."""
    (tmp_path / "understudy.toml").write_text(
        '[targets.mine]\nvendor = "gainsight_px"\nbase_url = "https://px.example"\n'
        '[targets.mine.switches]\nno-such = "x"\n'
    )
    monkeypatch.chdir(tmp_path)
    entries = traffic("gainsight_px", 1, "by-target")
    result, _ = check("gainsight_px", entries, tmp_path, "--target", "mine")
    assert (result.exit_code, "gainsight_px has no switch 'no-such'" in result.output) == (2, True)
    result, _ = check("onetrust", entries, tmp_path, "--target", "mine")
    assert (result.exit_code, "target mine is gainsight_px's" in result.output) == (2, True)


def test_what_is_out_of_scope_may_still_have_changed_a_record(traffic: Traffic, tmp_path: Path) -> None:
    """In the scope core nobody judges a deletion, or a call that no document has; but later answers are as they are."""
    entries = traffic("gainsight_px", 1, "core")
    _, report = check("gainsight_px", entries, tmp_path, "--scope", "core")
    assert (report["findings"], report["remarks"]) == ([], [])

    def unlinked(client: httpx.Client, who: str) -> None:
        moved(client, who)
        client.delete(f"/onetrust/api/datasubject/v2/datasubjects/{who}", params={"retainReceipts": "false"})
        client.post(WRITE, json={}, headers={"dataSubjectIdentifier": who})

    entries = traffic("onetrust", 1, "deleted", play=unlinked)
    entries[-2]["response"]["status"] = 200  # whatever the mock thinks of a path that no document has
    entries[-1]["response"]["status"] = 201
    entries[-1]["response"]["content"]["text"] = entries[0]["response"]["content"]["text"]
    _, report = check("onetrust", entries, tmp_path, "--scope", "core")
    assert (report["findings"], report["remarks"]) == ([], [])


def test_a_record_that_was_created_and_is_not_there_is_found(traffic: Traffic, tmp_path: Path) -> None:
    """Reads are no operations of the vendored page's, which then has nothing against them either."""

    def created(client: httpx.Client, who: str) -> None:
        client.post("/gainsight_px/v1/users", json={"identifyId": who, "propertyKeys": ["AP-UNDERSTUDY-2"]})
        read(client, who)

    def read(client: httpx.Client, who: str) -> None:
        client.get(f"/gainsight_px/v1/users/{who}")

    entries = traffic("gainsight_px", 1, "created", play=created)
    missing = traffic("gainsight_px", 1, "never-there", play=read)
    entries[1]["response"] = missing[0]["response"]
    _, report = check("gainsight_px", entries, tmp_path)
    assert [each["title"] for each in report["findings"]] == ["A good request is refused where 200 is due"]


def test_curl_lines_have_a_variable_where_a_key_was(traffic: Traffic, tmp_path: Path) -> None:
    """By whatever header the vendor has it sent."""
    entries = traffic("gainsight_px", 1, "keyed", "crash-getUser")
    _, report = check("gainsight_px", entries, tmp_path)
    assert all('-H "x-aptrinsic-api-key: $UNDERSTUDY_TOKEN"' in each["curl"] for each in report["findings"])
    assert report["findings"]
