"""State from recorded traffic: what calls of a mock have left behind is there again, built from its journal."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from understudy import pack as packs
from understudy.cli import main
from understudy.cli.settings import recorded
from understudy.client import Server
from understudy.errors import ContentError
from understudy.mock.server import running
from understudy.mock.settings import Settings

HEADERS = {"Authorization": "Bearer understudy-full", "X-APTRINSIC-API-KEY": "understudy-full"}
USER = {"identifyId": "cy@example.com", "propertyKeys": ["AP-UNDERSTUDY-2"], "firstName": "Cy"}
WRITE = "/api/consentmanager/v1/datasubjects/dataelements"
CALLS: dict[str, list[Any]] = {
    "onetrust": [
        (
            "POST",
            WRITE,
            {"dataElements": [{"name": "City", "value": "Oslo"}]},
        ),
        (
            "POST",
            WRITE,
            {"dataElements": [{"name": "Phone", "linked": True, "value": ["+47 1", "+47 2"]}]},
        ),
    ],
    "consentgrid": [
        ("POST", "/v1/subjects/user/cy?saveOption=merge", {"data": {"name": "Cy", "age": 7}}),
        ("PATCH", "/v1/subjects/user/cy", {"data": {"age": 8}}),
        ("POST", "/v1/subjects/user", {"data": {"name": "Di"}}),
        ("PATCH", "/v1/subjects/user/nobody", {"data": {}}),
    ],
    "gainsight_px": [
        ("POST", "/v1/users", USER),
        ("PUT", "/v1/users/cy@example.com", {**USER, "title": "Captain"}),
        ("POST", "/v1/users", {**USER, "identifyId": "di@example.com"}),
        ("DELETE", "/v1/users/di@example.com", None),
        ("POST", "/v1/users", {"nonsense": True}),
    ],
}
OWN = {"consentgrid": lambda key: '"cy"' in key or '"Di"' in key, "gainsight_px": lambda key: key[:2] in ("cy", "di")}


def played(vendor: str, settings: Settings, calls: list[Any]) -> tuple[Any, Any]:
    """Serve a vendor, make calls; return the records as JSON, and the journal as an archive."""
    packed = {vendor: packs.load(vendor)}
    with running(packed, {"": settings}, control=True) as url, httpx.Client(headers=HEADERS) as client:
        for method, path, body in calls:
            own = {"dataSubjectIdentifier": "cy@example.com"} if vendor == "onetrust" else {}
            client.request(method, f"{url}/{vendor}{path}", json=body, headers=own)
        with Server(url) as server:
            state = server.call("GET", f"/sessions/default/state/{vendor}")
            return state, server.call("GET", "/sessions/default/journal.har")


def without(state: Any, *names: str) -> Any:
    """Return records without what the server chooses."""
    return {key: {name: value for name, value in record.items() if name not in names} for key, record in state.items()}


@pytest.mark.parametrize("vendor", CALLS)
def test_what_traffic_shows_is_there_again(vendor: str, tmp_path: Path) -> None:
    """Records with the values that the answers show; calls that were refused leave nothing."""
    before, archive = played(vendor, Settings(seed=1), CALLS[vendor])
    (tmp_path / "mine.har").write_text(json.dumps(archive))
    chosen = {vendor: packs.load(vendor)}
    settings = recorded(chosen, Settings(seed=2), [tmp_path / "mine.har"])
    after, _ = played(vendor, settings, [])
    chosen_by_server = ("id", "created", "updated", "time", "aptrinsic_id", "modified", "number", "deleted")
    table = {"onetrust": "subjects", "consentgrid": "subjects", "gainsight_px": "users"}[vendor]
    seeded, _ = played(vendor, Settings(seed=1), [])
    left = {key: record for key, record in before[table].items() if key not in seeded[table]}
    assert len(after[table]) == len(left) > 0
    assert without(after[table], *chosen_by_server) == without(left, *chosen_by_server)
    if vendor == "onetrust":
        assert after["owners"] == before["owners"]
    if vendor == "gainsight_px":
        assert after["users"]["di@example.com"]["deleted"] is not None


def test_an_archive_that_shows_nothing_is_told(tmp_path: Path) -> None:
    """One of another vendor, say; exit 2 and a line."""
    _, archive = played("gainsight_px", Settings(), CALLS["gainsight_px"])
    path = tmp_path / "mine.har"
    path.write_text(json.dumps(archive))
    with pytest.raises(ContentError, match=r"none of its 5 calls shows a record of onetrust"):
        recorded({"onetrust": packs.load("onetrust")}, Settings(), [path])
    words = ["serve", "onetrust", "--port", "0", "--seed-from", str(path), "--exec", "--", "true"]
    result = CliRunner().invoke(main, words)
    assert (result.exit_code, result.output.count("\n")) == (2, 1)


def test_more_than_a_session_holds_is_told(tmp_path: Path) -> None:
    """Before anything is served."""
    _, archive = played("gainsight_px", Settings(), CALLS["gainsight_px"])
    (tmp_path / "mine.har").write_text(json.dumps(archive))
    chosen = {"gainsight_px": packs.load("gainsight_px")}
    with pytest.raises(ContentError, match="and a session holds 1 at most"):
        recorded(chosen, Settings(max_records=1), [tmp_path / "mine.har"])


def test_archives_follow_one_another(tmp_path: Path) -> None:
    """What the later one shows comes to what the earlier one showed, and takes its place."""
    shown = [
        [("POST", "/v1/users", {**USER, "identifyId": who, "title": title})]
        for who, title in (("cy@example.com", "one"), ("di@example.com", "two"))
    ]
    files = []
    for number, calls in enumerate(shown):
        files.append(tmp_path / f"{number}.har")
        files[-1].write_text(json.dumps(played("gainsight_px", Settings(seed=1), calls)[1]))
    settings = recorded({"gainsight_px": packs.load("gainsight_px")}, Settings(seed=2), files)
    after, _ = played("gainsight_px", settings, [])
    assert {key: user["fields"]["title"] for key, user in after["users"].items()} == {
        "cy@example.com": "one",
        "di@example.com": "two",
    }
