"""What a session plays: faults, deviations, switches, quotas, tokens, and its clock and state."""

import json
import time

import httpx
import pytest

from tests.mock.control.conftest import ADA, KEY, Update
from understudy.client import Server
from understudy.values import Json

WRITE = "/onetrust/api/consentmanager/v1/datasubjects/dataelements"


def faulty(control: httpx.Client, **fault: object) -> httpx.Response:
    """Set a fault; fails where it cannot be set."""
    answer = control.post("/faults", json=fault)
    assert answer.status_code == 201, answer.text
    return answer


def test_a_status_with_any_body_and_headers(control: httpx.Client, vendor: httpx.Client) -> None:
    """In place of the model's answer, so many times; the journal says so."""
    fault = {"kind": "status", "status": 503, "body": {"down": True}, "headers": {"Retry-After": "7"}, "times": 1}
    faulty(control, name="down", **fault)
    first, second = vendor.get(ADA), vendor.get(ADA)
    assert (first.status_code, first.json(), first.headers["retry-after"]) == (503, {"down": True}, "7")
    assert second.status_code == 200
    entries = control.get("/journal").json()["entries"]
    assert [(each["status"], each["fault"]) for each in entries] == [(503, "down"), (200, "")]
    (counted,) = control.get("/faults").json()["faults"]
    assert (counted["name"], counted["seen"], counted["played"]) == ("down", 2, 1)


@pytest.mark.parametrize(
    ("body", "headers", "kind", "sent"),
    [
        ("closed", {}, "text/plain; charset=utf-8", "closed"),
        ("<p>closed</p>", {"Content-Type": "text/html"}, "text/html", "<p>closed</p>"),
        (["closed"], {}, "application/json", '["closed"]'),
        (
            {"title": "closed"},
            {"content-type": "application/problem+json"},
            "application/problem+json",
            '{"title":"closed"}',
        ),
    ],
)
def test_the_body_of_a_status_is_text_as_it_is_or_json(
    body: Json, headers: dict[str, str], kind: str, sent: str, control: httpx.Client, vendor: httpx.Client
) -> None:
    """Of the media type that is given, once."""
    faulty(control, kind="status", status=500, body=body, headers=headers)
    answer = vendor.get(ADA)
    assert (answer.text, answer.headers.get_list("content-type")) == (sent, [kind])


def test_a_fault_is_met_by_the_calls_that_it_names(control: httpx.Client, vendor: httpx.Client, update: Update) -> None:
    """By vendor and operation, by the identifier that they name, by the nth of them alone."""
    faulty(control, kind="status", status=500, operation="getUser", vendor="gainsight_px", nth=2)
    assert [vendor.get(ADA).status_code for _ in range(3)] == [200, 500, 200]
    assert update(title="x").status_code == 204
    control.delete("/faults")
    faulty(control, kind="status", status=500, identifier="bo.*")
    assert vendor.get(ADA).status_code == 200
    assert vendor.get("/gainsight_px/v1/users/bo%2Bnews@example.com").status_code == 500
    body = {"identifyId": "bo+news@example.com", "propertyKeys": ["AP-UNDERSTUDY-2"]}
    assert vendor.put("/gainsight_px/v1/users/update", json=body).status_code == 500
    assert update(title="x").status_code == 204


def test_a_probability_hits_the_same_calls_with_the_same_seed(server: str) -> None:
    """Some, and not all."""
    seen = []
    for name in ("first", "second"):
        httpx.post(f"{server}/_understudy/sessions", json={"name": f"p-{name}", "seed": 5})
        fault = {"kind": "status", "status": 500, "probability": 0.5}
        httpx.post(f"{server}/_understudy/sessions/p-{name}/faults", json=fault)
        with httpx.Client(headers={"X-APTRINSIC-API-KEY": "understudy-full"}) as client:
            seen.append([client.get(f"{server}/s/p-{name}{ADA}").status_code for _ in range(40)])
    assert seen[0] == seen[1]
    assert set(seen[0]) == {200, 500}


@pytest.mark.parametrize(
    "delay",
    [
        {"seconds": 0.2},
        {"distribution": "uniform", "low": 0.2, "high": 0.3},
        {"distribution": "lognormal", "median": 0.3, "sigma": 0.01},
    ],
)
def test_a_latency_delays_the_answer(delay: dict[str, object], control: httpx.Client, vendor: httpx.Client) -> None:
    """And changes nothing of it."""
    faulty(control, kind="latency", delay=delay)
    answer = vendor.get(ADA)
    assert (answer.status_code, answer.elapsed.total_seconds() >= 0.2) == (200, True)


@pytest.mark.parametrize(
    ("kind", "error", "told"),
    [
        ("reset", httpx.ReadError, "reset"),
        ("close", httpx.RemoteProtocolError, "without sending a response"),
        ("cut", httpx.RemoteProtocolError, "without sending complete message body"),
        ("malformed-chunk", httpx.RemoteProtocolError, "illegal chunk"),
    ],
)
def test_the_connection_breaks(
    kind: str, error: type[Exception], told: str, control: httpx.Client, vendor: httpx.Client
) -> None:
    """Before or in the middle of the answer; the next call is answered."""
    faulty(control, kind=kind, times=1)
    with pytest.raises(error, match=told):
        vendor.get(ADA)
    assert vendor.get(ADA).status_code == 200
    statuses = [(each["status"], each["fault"] != "") for each in control.get("/journal").json()["entries"]]
    assert statuses == [(0 if kind in ("reset", "close") else 200, True), (200, False)]


def test_an_answer_comes_without_its_body(control: httpx.Client, vendor: httpx.Client) -> None:
    """With its status."""
    faulty(control, kind="empty")
    assert (vendor.get(ADA).status_code, vendor.get(ADA).content) == (200, b"")


def test_json_ends_early(control: httpx.Client, vendor: httpx.Client) -> None:
    """As whole HTTP: the client's parser is the one to notice."""
    whole = vendor.get(ADA).content
    faulty(control, kind="truncated-json")
    cut = vendor.get(ADA).content
    assert whole.startswith(cut)
    assert 0 < len(cut) < len(whole)
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut)


def test_an_answer_dribbles(control: httpx.Client, vendor: httpx.Client) -> None:
    """Byte by byte, and whole in the end."""
    whole = vendor.get(ADA).content
    faulty(control, kind="dribble", seconds=0.002)
    started = time.monotonic()
    with vendor.stream("GET", ADA) as answer:
        pieces = list(answer.iter_raw())
    assert b"".join(pieces) == whole
    assert time.monotonic() - started >= 0.002 * (len(whole) - 1)
    assert len(pieces) > 1  # a reader that is slow finds many bytes at a time


def test_a_token_expires_now(control: httpx.Client, vendor: httpx.Client) -> None:
    """The call is refused, and a token that was granted stays refused: the client has to get another one."""
    form = {"grant_type": "client_credentials", "client_id": "understudy", "client_secret": "understudy"}

    def written(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}", "dataSubjectIdentifier": "ada@example.com"}
        return vendor.post(WRITE, headers=headers, json={}).status_code

    token = vendor.post("/onetrust/api/access/v1/oauth/token", data=form).json()["access_token"]
    assert written(token) == 201
    faulty(control, kind="token-expired", vendor="onetrust", operation="createOrUpdateDataSubjectUsingPOST", times=1)
    assert [written(token), written(token)] == [401, 401]
    other = vendor.post("/onetrust/api/access/v1/oauth/token", data=form).json()["access_token"]
    assert written(other) == 200


def test_a_quota_is_exhausted_now(control: httpx.Client, vendor: httpx.Client) -> None:
    """In the vendor's form, with its headers."""
    faulty(control, kind="quota-exhausted", times=1)
    refused = vendor.post(WRITE, headers={"Authorization": "Bearer understudy-full"}, json={})
    assert (refused.status_code, int(refused.headers["retry-after"]) >= 1) == (429, True)
    assert "ot-period" in refused.headers


def test_a_fault_of_the_same_name_is_replaced_and_one_is_removed(control: httpx.Client) -> None:
    """Names are given where none is."""
    names = [faulty(control, kind="cut").json()["name"] for _ in range(2)]
    faulty(control, kind="reset", name=names[0])
    assert [(each["name"], each["kind"]) for each in control.get("/faults").json()["faults"]] == [
        (names[0], "reset"),
        (names[1], "cut"),
    ]
    assert control.delete(f"/faults/{names[0]}").status_code == 204
    assert [each["name"] for each in control.get("/faults").json()["faults"]] == [names[1]]


def test_faults_of_one_vendor_are_cleared_without_the_others(control: httpx.Client) -> None:
    """Without a vendor all are."""
    kept = [faulty(control, kind="cut", vendor="onetrust"), faulty(control, kind="cut")]
    faulty(control, kind="cut", vendor="gainsight_px")
    assert control.delete("/faults", params={"vendor": "gainsight_px"}).status_code == 204
    left = [each["name"] for each in control.get("/faults").json()["faults"]]
    assert left == [each.json()["name"] for each in kept]
    assert control.delete("/faults", params={"vendor": "nobodys"}).status_code == 404
    assert control.delete("/faults").status_code == 204
    assert control.get("/faults").json() == {"faults": []}


def test_a_deviation_is_played_until_another_or_none_is(control: httpx.Client, vendor: httpx.Client) -> None:
    """In this session alone, with its name on the answers and in the journal."""
    set_ = control.put("/deviations/gainsight_px", json={"deviation": "takes-PX-AUTH-7"})
    assert (set_.status_code, "takes-PX-AUTH-7" in set_.json()["known"]) == (200, True)
    taken = vendor.get("/gainsight_px/v1/users", headers={"X-APTRINSIC-API-KEY": "wrong"})
    assert (taken.status_code, taken.headers["understudy-deviation"]) == (200, "takes-PX-AUTH-7")
    assert control.get("/journal").json()["entries"][-1]["deviation"] == "takes-PX-AUTH-7"
    assert control.put("/deviations/gainsight_px", json={"deviation": None}).json()["deviation"] is None
    assert vendor.get("/gainsight_px/v1/users", headers={"X-APTRINSIC-API-KEY": "wrong"}).status_code == 401


def test_switches_are_set_one_by_one(control: httpx.Client, update: Update) -> None:
    """What was set before stays."""
    assert control.patch("/switches/gainsight_px", json={"profile": "documented"}).status_code == 200
    assert control.patch("/switches/gainsight_px", json={"mismatch": "refuse"}).json()["profile"] == "documented"
    assert update(unknownField=1, identifyId="other").status_code == 400
    assert control.get("/switches/onetrust").json()["multiple-identifiers"] == "on"


def test_quotas_are_set_and_begin_anew(control: httpx.Client, vendor: httpx.Client) -> None:
    """By number and seconds."""
    quotas = {"quotas": [{"limit": 2, "seconds": 3600, "per_operation": False}]}
    assert control.put("/quota/gainsight_px", json=quotas).json() == quotas
    assert [vendor.get(ADA).status_code for _ in range(3)] == [200, 200, 429]
    assert control.put("/quota/gainsight_px", json=quotas).status_code == 200
    assert vendor.get(ADA).status_code == 200
    assert control.put("/quota/gainsight_px", json={"quotas": []}).json() == {"quotas": []}
    assert {vendor.get(ADA).status_code for _ in range(4)} == {200}


def test_a_minted_token_has_its_scopes_and_expires_by_the_sessions_clock(
    control: httpx.Client, vendor: httpx.Client
) -> None:
    """And can be revoked."""
    minted = control.post("/tokens/onetrust", json={"scopes": ["CONSENT"], "lifetime": 60}).json()
    headers = {"Authorization": f"Bearer {minted['token']}", "dataSubjectIdentifier": "ada@example.com"}
    assert vendor.post(WRITE, headers=headers, json={}).status_code == 201
    control.post("/clock/advance", json={"seconds": 61})
    assert vendor.post(WRITE, headers=headers, json={}).status_code == 401
    read = control.post("/tokens/onetrust", json={"scopes": ["CONSENT_READ"]}).json()["token"]
    assert vendor.post(WRITE, headers={**headers, "Authorization": f"Bearer {read}"}, json={}).status_code == 403
    full = {**headers, "Authorization": "Bearer understudy-full"}
    assert vendor.post(WRITE, headers=full, json={}).status_code == 200
    assert control.post("/tokens/onetrust/revoke", json={"token": "understudy-full"}).status_code == 204
    assert vendor.post(WRITE, headers=full, json={}).status_code == 401


def test_the_clock_stands_moves_and_runs(control: httpx.Client, vendor: httpx.Client, update: Update) -> None:
    """For the model too: a user who was deleted comes back within seven days, and not after."""
    frozen = control.put("/clock", json={"now": "2026-01-31T09:30:00Z", "running": False}).json()
    assert frozen == {"now": "2026-01-31T09:30:00.000Z", "running": False}
    assert control.get("/clock").json() == frozen
    vendor.delete(ADA)
    control.post("/clock/advance", json={"seconds": 6 * 86400})
    assert update(title="back").status_code == 204
    vendor.delete(ADA)
    control.post("/clock/advance", json={"seconds": 8 * 86400})
    assert update(title="too late").status_code == 404
    assert control.put("/clock", json={"running": True}).json()["running"] is True
    assert control.get("/clock").json()["now"] >= "2026-02-14"


def test_state_is_read_patched_and_put(control: httpx.Client, vendor: httpx.Client) -> None:
    """Records as the model has them; a merge patch changes a field, and null takes a record away."""
    state = control.get("/state/gainsight_px").json()
    assert set(state["users"]) == {"ada@example.com", "bo+news@example.com", "visitor 7"}
    patch = {"users": {"ada@example.com": {"fields": {"title": "Queen"}}, "visitor 7": None}}
    assert control.patch("/state/gainsight_px", json=patch).status_code == 200
    assert vendor.get(ADA).json()["title"] == "Queen"
    assert vendor.get("/gainsight_px/v1/users/visitor%207").status_code == 404
    assert control.put("/state/gainsight_px", json=state).json() == state
    assert vendor.get("/gainsight_px/v1/users/visitor%207").status_code == 200
    assert control.put("/state/gainsight_px", json={}).json() == {"users": {}, "created": {}}
    assert vendor.get(ADA).status_code == 404


def test_a_snapshot_is_put_back(control: httpx.Client, vendor: httpx.Client, update: Update) -> None:
    """By name, as often as wanted."""
    update(title="before")
    assert control.put("/snapshots/before").status_code == 204
    for _ in range(2):
        update(title="after")
        assert control.post("/snapshots/before/restore").status_code == 204
        assert vendor.get(ADA).json()["title"] == "before"
    assert control.get("/snapshots").json() == {"snapshots": ["before"]}
    assert control.delete("/snapshots/before").status_code == 204
    assert control.post("/snapshots/before/restore").status_code == 404


def test_a_vendor_that_was_not_used_before_a_snapshot_begins_anew(
    control: httpx.Client, vendor: httpx.Client, update: Update
) -> None:
    """What it came to hold since is gone with the rest."""
    update(title="before")
    control.put("/snapshots/before")
    named = {"Authorization": "Bearer understudy-full", "dataSubjectIdentifier": "ada@example.com"}
    write = "/onetrust/api/consentmanager/v1/datasubjects/dataelements"
    assert [vendor.post(write, headers=named, json={}).status_code for _ in range(2)] == [201, 200]
    assert control.post("/snapshots/before/restore").status_code == 204
    assert vendor.post(write, headers=named, json={}).status_code == 201


def test_a_snapshot_is_of_records_alone(control: httpx.Client, vendor: httpx.Client, update: Update) -> None:
    """Settings stay as they are, and each snapshot can be put back after another one."""
    control.put("/snapshots/none")
    update(title="one")
    control.put("/snapshots/one")
    control.patch("/switches/gainsight_px", json={"profile": "documented"})
    control.put("/quota/gainsight_px", json={"quotas": [{"limit": 1000, "seconds": 3600}]})
    settings = [control.get(f"/{each}/gainsight_px").json() for each in ("switches", "quota")]
    for name, title in (("none", "Analyst"), ("one", "one"), ("none", "Analyst")):
        assert control.post(f"/snapshots/{name}/restore").status_code == 204
        assert vendor.get(ADA).json()["title"] == title
    assert settings[0]["profile"] == "documented"
    found = [control.get(f"/{each}/gainsight_px").json() for each in ("switches", "quota")]
    assert found[0] == settings[0]
    assert [each["limit"] for each in found[1]["quotas"]] == [1000]


@pytest.mark.parametrize("name", ["%41", "a?b", "a#b", "a b", "\N{SNOWMAN}"])
def test_a_session_is_found_by_its_url_whatever_its_name(name: str, server: str) -> None:
    """Its calls are in its own journal."""
    with Server(server) as control, control.session(name) as session:
        assert httpx.get(f"{session.vendor('gainsight_px').base_url}/v1/users/x", headers=KEY).status_code == 404
        assert [(each["operation"], each["status"]) for each in session.journal.entries()] == [("getUser", 404)]


@pytest.mark.parametrize("kind", ["cut", "malformed-chunk"])
def test_an_answer_without_a_body_is_broken_in_its_head(kind: str, control: httpx.Client, update: Update) -> None:
    """As that to an update, which is 204."""
    faulty(control, kind=kind, times=1)
    with pytest.raises(httpx.TransportError):
        update(title="broken")
    assert update(title="whole").status_code == 204


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"status": 204, "body": "x"}, "/body: an answer with the status 204 has none"),
        ({"status": 503, "headers": {"Content-Length": "5"}}, "/headers/Content-Length: the mock itself says"),
        ({"status": 503, "headers": {"transfer-encoding": "chunked"}}, "/headers/transfer-encoding: the mock"),
    ],
)
def test_a_fault_that_nobody_could_send_is_turned_down(fault: Json, told: str, control: httpx.Client) -> None:
    """When it is set, and not when it is met."""
    answer = control.post("/faults", json={"kind": "status", **fault})
    assert (answer.status_code, answer.json()["detail"].startswith(told)) == (409, True), answer.text
    assert control.get("/faults").json() == {"faults": []}


def test_who_sets_something_uses_the_session(server: str, session: str, control: httpx.Client) -> None:
    """Which is not idle then; looking at what it is does not count."""
    place = f"{server}/_understudy/sessions/{session}"
    control.get("/faults")
    time.sleep(0.3)
    assert [httpx.get(place).json()["idle"] >= 0.3 for _ in range(2)] == [True, True]
    control.put("/snapshots/now")
    assert httpx.get(place).json()["idle"] < 0.3


def test_a_session_has_bounds(control: httpx.Client) -> None:
    """Beyond them nothing is taken, and what there is may still be replaced."""
    for number in range(100):
        assert control.put(f"/snapshots/s{number}").status_code == 204
        faulty(control, name=f"f{number}", kind="reset")
    refused = control.put("/snapshots/more"), control.post("/faults", json={"name": "more", "kind": "reset"})
    assert [each.status_code for each in refused] == [409, 409]
    assert ["at most 100" in each.json()["detail"] for each in refused] == [True, True]
    assert (control.put("/snapshots/s7").status_code, faulty(control, name="f7", kind="close").status_code) == (
        204,
        201,
    )
    assert (len(control.get("/snapshots").json()["snapshots"]), len(control.get("/faults").json()["faults"])) == (
        100,
        100,
    )


def test_no_more_records_are_put_than_a_session_holds(server: str) -> None:
    """And none of them is there then."""
    made = httpx.post(f"{server}/_understudy/sessions", json={"name": "few", "template": "small"})
    assert made.status_code == 201
    place = f"{server}/_understudy/sessions/few/state/gainsight_px"
    before = httpx.get(place).json()
    (one,) = [user for name, user in before["users"].items() if name == "ada@example.com"]
    more = {"users": before["users"] | {f"more-{number}": one for number in range(2)}}
    refused = httpx.put(place, json=more)
    assert (refused.status_code, refused.json()["detail"]) == (413, "a session holds 4 records of a vendor at most")
    assert httpx.get(place).json() == before
    del more["users"]["more-1"]
    assert httpx.put(place, json=more).status_code == 200


def test_a_session_begins_anew_and_is_forgotten(
    server: str, session: str, control: httpx.Client, vendor: httpx.Client, update: Update
) -> None:
    """With the settings that it was made with."""
    update(title="mine")
    faulty(control, kind="latency", delay={"seconds": 0})
    control.put("/clock", json={"now": "2020-01-31T09:30:00Z", "running": False})
    assert control.post("/reset").status_code == 200
    clock = control.get("/clock").json()
    assert (clock["running"], clock["now"] > "2026") == (True, True)
    assert vendor.get(ADA).json()["title"] == "Analyst"
    assert control.get("/faults").json() == {"faults": []}
    told = httpx.get(f"{server}/_understudy/sessions").json()
    assert session in [each["name"] for each in told["sessions"]]
    assert told["templates"] == ["default", "small", "strict"]
    place = f"{server}/_understudy/sessions/{session}"
    assert (httpx.delete(place).status_code, httpx.get(place).status_code) == (204, 404)


def test_a_session_is_made_with_settings_of_its_own(server: str) -> None:
    """Which a reset keeps."""
    own = {"name": "own", "seed": 9, "strict": True, "switches": {"gainsight_px": {"mismatch": "refuse"}}}
    made = httpx.post(f"{server}/_understudy/sessions", json=own)
    assert (made.status_code, made.json()["seed"]) == (201, 9)
    assert made.json()["urls"]["onetrust"] == "/s/own/onetrust"
    for _ in range(2):
        switches = httpx.get(f"{server}/_understudy/sessions/own/switches/gainsight_px").json()
        assert (switches["mismatch"], switches["profile"]) == ("refuse", "documented")
        httpx.post(f"{server}/_understudy/sessions/own/reset")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"kind": "latency"}, '/delay: latency needs one, such as {"seconds": 0.5}'),
        ({"kind": "latency", "seconds": 1}, "/seconds: the kind latency takes none, dribble does"),
        ({"kind": "reset", "status": 503}, "/status: the kind reset takes none, status does"),
        ({"kind": "status", "delay": {"seconds": 1}}, "/delay: the kind status takes none, latency does"),
    ],
)
def test_a_fault_that_would_do_something_else_is_turned_down(
    fault: dict[str, object], told: str, control: httpx.Client
) -> None:
    """What a kind does not take would be ignored, and a latency without a delay be none."""
    answer = control.post("/faults", json=fault)
    assert (answer.status_code, told in answer.json()["detail"]) == (409, True), answer.text


def test_latencies_come_before_another_fault(control: httpx.Client, vendor: httpx.Client) -> None:
    """They do not keep others from being played; the journal names all."""
    faulty(control, kind="latency", delay={"seconds": 0.05}, name="slow")
    faulty(control, kind="latency", delay={"seconds": 0.05}, name="slower")
    faulty(control, kind="status", status=503, times=1, name="down")
    started = time.monotonic()
    assert [vendor.get(ADA).status_code, vendor.get(ADA).status_code] == [503, 200]
    assert time.monotonic() - started >= 0.2
    entries = control.get("/journal").json()["entries"]
    assert [each["fault"] for each in entries] == ["slow, slower, down", "slow, slower"]


def test_looking_at_a_session_that_is_not_there_makes_none(control: httpx.Client, server: str) -> None:
    """A mistyped name is told, with those that there are; so are a filter and an operation that do not exist."""
    for path in ("journal", "journal.har", "faults", "clock", "state/gainsight_px", "vendors/gainsight_px/switches"):
        answer = httpx.get(f"{server}/_understudy/sessions/nobodys/{path}")
        assert answer.status_code == 404, path
    told = httpx.post(f"{server}/_understudy/sessions/nobodys/verify", json={"calls": [{"status": 200}]})
    assert (told.status_code, "there is no session 'nobodys'; there are: " in told.text) == (404, True)
    filtered = control.get("/journal", params={"stat": 503})
    assert (filtered.status_code, "there is no parameter 'stat'" in filtered.text) == (400, True)
    for expected, named in (({"operation": "updateUzer"}, "updateUzer"), ({"vendor": "px"}, "px")):
        wrong = control.post("/verify", json={"calls": [{**expected, "at_most": 0}]})
        assert (wrong.status_code, f"{named!r}" in wrong.json()["detail"]) == (404, True), wrong.text


def test_what_came_nearest_shows_no_secret(control: httpx.Client, vendor: httpx.Client) -> None:
    """Neither in the entry nor in the differences."""
    form = {"client_id": "understudy", "client_secret": "hush", "password": {"pin": 1234, "text": "quiet"}}
    vendor.put(ADA, json=form)
    for body in ({"client_secret": "x"}, {"password": "x"}, {"password": {"pin": 1}}):
        told = control.post("/verify", json={"calls": [{"body": body}]}).text
        assert '"nearest"' in told
        assert not [secret for secret in ("hush", "1234", "quiet") if secret in told], told
