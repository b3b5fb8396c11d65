"""The journal: what is listed, asserted on and exported, and that no secret is in it."""

import json

import httpx

from tests.mock.control.conftest import ADA, Update


def test_calls_are_listed_with_what_decided_them(control: httpx.Client, vendor: httpx.Client, update: Update) -> None:
    """Request, answer, rules with their basis, remarks, and times."""
    update(title="Analyst", createDate=1)
    (entry,) = control.get("/journal").json()["entries"]
    assert (entry["operation"], entry["status"], entry["identifiers"]) == ("updateUser", 204, ["ada@example.com"])
    assert entry["rules"] == ["PX-UPDATE-1;documented", "PX-UPDATE-3;documented"]
    assert entry["remarks"] == ["PX-READONLY-1;documented"]
    assert entry["request"]["body"]["title"] == "Analyst"
    assert 0 < entry["seconds"] < 5
    vendor.get(ADA)
    entries = control.get("/journal").json()["entries"]
    assert [each["operation"] for each in entries] == ["updateUser", "getUser"]
    assert entries[1]["response"]["body"]["title"] == "Analyst"


def test_calls_are_filtered(control: httpx.Client, vendor: httpx.Client, update: Update) -> None:
    """By operation, status, rule and identifier; the newest of them alone if there is a limit."""
    update(title="one")
    update(title="two")
    vendor.get("/gainsight_px/v1/users/nobody")

    def found(**query: object) -> list[str]:
        return [each["operation"] for each in control.get("/journal", params=query).json()["entries"]]  # type: ignore[arg-type]

    assert found(operation="updateUser") == ["updateUser", "updateUser"]
    assert found(status=404) == ["getUser"]
    assert found(rule="PX-UPDATE-1") == ["updateUser", "updateUser"]
    assert found(identifier="nobody") == ["getUser"]
    assert found(vendor="onetrust") == []
    assert found(limit=1) == ["getUser"]


def test_no_secret_is_in_it(control: httpx.Client, vendor: httpx.Client) -> None:
    """Neither in headers nor in queries, forms and JSON, of requests and of answers."""
    form = {"grant_type": "client_credentials", "client_id": "understudy", "client_secret": "understudy"}
    granted = vendor.post("/onetrust/api/access/v1/oauth/token", data=form).json()["access_token"]
    vendor.post("/onetrust/api/access/v1/oauth/token", params={"client_secret": "hunter2hunter2"})
    vendor.get(ADA, headers={"Authorization": "Bearer hunter2hunter2", "Cookie": "a=hunter2hunter2"})
    for shown in (control.get("/journal").text, control.get("/journal.har").text):
        assert granted not in shown
        assert "hunter2" not in shown
        assert "understudy-full" not in shown
        assert '"***"' in shown
        assert "client_secret=***" in shown


def test_it_is_exported_as_an_http_archive(control: httpx.Client, update: Update) -> None:
    """HAR 1.2, with bodies as text."""
    update(title="Analyst")
    log = control.get("/journal.har").json()["log"]
    (entry,) = log["entries"]
    assert (log["version"], entry["request"]["method"], entry["response"]["status"]) == ("1.2", "PUT", 204)
    assert entry["request"]["url"].endswith(ADA)
    assert json.loads(entry["request"]["postData"]["text"])["title"] == "Analyst"
    assert {"name": "understudy-rules", "value": "PX-UPDATE-1;documented, PX-UPDATE-3;documented"} in entry["response"][
        "headers"
    ]


def test_an_archive_says_what_was_played(control: httpx.Client, vendor: httpx.Client) -> None:
    """In the comment of the call, for who reads it later."""
    control.post("/faults", json={"kind": "status", "name": "down", "status": 503, "times": 1})
    vendor.get(ADA)
    vendor.get(ADA)
    first, second = control.get("/journal.har").json()["log"]["entries"]
    assert "down" in first["comment"]
    assert "down" not in second.get("comment", "")


def test_it_is_cleared(control: httpx.Client, update: Update) -> None:
    """And goes on."""
    update(title="one")
    assert control.delete("/journal").status_code == 204
    assert control.get("/journal").json() == {"entries": [], "forgotten": 0}
    update(title="two")
    assert len(control.get("/journal").json()["entries"]) == 1


def test_calls_that_were_made_are_verified(control: httpx.Client, vendor: httpx.Client, update: Update) -> None:
    """So many at least, at most, and in this order; of a body what is named must be there."""
    update(title="one", firstName="Ada")
    update(title="two")
    vendor.get(ADA)
    one = {"operation": "updateUser", "body": {"title": "one"}}
    two = {"operation": "updateUser", "identifier": "ada@example.com", "body": {"title": "two"}}
    read = {"operation": "getUser", "status": 200, "rule": "PX-GET-1"}

    def verified(*calls: object, in_order: bool = False) -> bool:
        return bool(control.post("/verify", json={"calls": calls, "in_order": in_order}).json()["verified"])

    assert verified(one, two, read, in_order=True)
    assert verified(two, one)
    assert not verified(two, one, in_order=True)
    assert verified({"operation": "updateUser", "at_least": 2, "at_most": 2})
    assert not verified({"operation": "updateUser", "at_most": 1})
    assert verified({"operation": "createUser", "at_most": 0})
    assert not verified({"operation": "createUser", "at_most": 3})
    assert verified({"operation": "createUser", "at_least": 0, "at_most": 3})
    assert not verified({"operation": "updateUser", "at_least": 3})


def test_what_came_nearest_is_told_with_its_difference(control: httpx.Client, update: Update) -> None:
    """The fewest differences first."""
    update(title="one", firstName="Ada")
    update(title="two")
    wanted = {"operation": "updateUser", "body": {"title": "One", "firstName": "Ada"}}
    (told,) = control.post("/verify", json={"calls": [wanted]}).json()["calls"]
    assert (told["found"], told["reason"]) == (0, "0 such calls, and at least 1 were expected")
    assert told["nearest"][0]["differences"] == [{"at": "/body/title", "expected": "One", "actual": "one"}]
    assert [each["at"] for each in told["nearest"][1]["differences"]] == ["/body/title", "/body/firstName"]


def test_what_came_nearest_is_told_where_some_calls_are_right(control: httpx.Client, update: Update) -> None:
    """Those that are, are no misses."""
    update(title="one")
    update(title="One")
    wanted = {"operation": "updateUser", "body": {"title": "one"}, "at_least": 2}
    (told,) = control.post("/verify", json={"calls": [wanted]}).json()["calls"]
    assert (told["found"], told["verified"]) == (1, False)
    assert [each["differences"] for each in told["nearest"]] == [
        [{"at": "/body/title", "expected": "one", "actual": "One"}]
    ]


def test_a_call_that_came_too_early_is_the_nearest(control: httpx.Client, vendor: httpx.Client, update: Update) -> None:
    """It differs in nothing else."""
    vendor.get(ADA)
    update(title="one")
    calls = [{"operation": "updateUser"}, {"operation": "getUser"}]
    _, told = control.post("/verify", json={"calls": calls, "in_order": True}).json()["calls"]
    assert told["reason"] == "0 such calls after the calls before it, and at least 1 were expected"
    early = {"at": "order", "expected": "after the calls before it", "actual": "before the last of them"}
    assert (told["nearest"][0]["entry"]["operation"], told["nearest"][0]["differences"]) == ("getUser", [early])
