"""The control plane as a whole: its document, who may use it, and what it says to what it does not know."""

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.mock.control.conftest import PACKS
from understudy.mock.app import MockApp
from understudy.mock.control.plane import control_plane
from understudy.mock.sessions import Sessions
from understudy.mock.settings import Settings
from understudy.serving import listening


@pytest.mark.parametrize("path", ["health", "ready"])
def test_it_says_that_it_runs(path: str, server: str) -> None:
    """For whoever waits for it."""
    assert httpx.get(f"{server}/_understudy/{path}").json() == {"status": "ok"}


def test_it_says_what_it_serves(server: str) -> None:
    """And by which document."""
    assert httpx.get(f"{server}/_understudy/version").json()["vendors"] == ["gainsight_px", "onetrust"]
    assert httpx.get(f"{server}/_understudy/openapi.json").json()["openapi"] == "3.1.0"


@pytest.mark.parametrize(("token", "status"), [(None, 401), ("wrong", 401), ("understudy-full", 401), ("s3cret", 200)])
def test_an_admin_token_closes_it(token: str | None, status: int) -> None:
    """But for what says that it runs; no credential of a vendor's opens it."""
    universes = Sessions(PACKS, {"": Settings(seed=1)})
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with listening(MockApp(PACKS, universes, control_plane(universes, "s3cret"))) as url:
        assert httpx.get(f"{url}/_understudy/sessions", headers=headers).status_code == status
        assert httpx.get(f"{url}/_understudy/health").status_code == 200


def test_switches_of_ones_own_leave_the_others_of_a_template() -> None:
    """Of the same vendor, and of others."""
    template = Settings(switches={"onetrust": {"quota": "newer"}, "gainsight_px": {"mismatch": "refuse"}})
    universes = Sessions(PACKS, {"": template})
    with listening(MockApp(PACKS, universes, control_plane(universes, None))) as url:
        place = f"{url}/_understudy/sessions"
        own = {"onetrust": {"multiple-identifiers": "off"}}
        assert httpx.post(place, json={"name": "own", "switches": own}).status_code == 201
        chosen = [httpx.get(f"{place}/own/switches/{vendor}").json() for vendor in PACKS]
    assert chosen[0]["mismatch"] == "refuse"
    assert (chosen[1]["quota"], chosen[1]["multiple-identifiers"]) == ("newer", "off")


def test_at_the_bound_of_sessions_no_more_are_made() -> None:
    """409 from the control plane; those that there are go on."""
    universes = Sessions(PACKS, {"": Settings(seed=1)}, most=2)  # the default one is there from the start
    with listening(MockApp(PACKS, universes, control_plane(universes, None))) as url:
        place = f"{url}/_understudy/sessions"
        assert httpx.post(place, json={"name": "one"}).status_code == 201
        refused = [httpx.post(place, json={"name": "two"}), httpx.put(f"{place}/two/snapshots/x")]
        assert [(each.status_code, "there may be no more" in each.json()["detail"]) for each in refused] == [
            (409, True),
            (409, True),
        ]
        assert httpx.get(f"{place}/one").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "told"),
    [
        ("GET", "/nothing", None, 404, "has the path /nothing"),
        ("PUT", "/sessions", {}, 405, "PUT is not offered here"),
        ("GET", "/sessions/none", None, 404, "there is no session 'none'; there are: default"),
        (
            "POST",
            "/sessions",
            {"name": "x", "template": "y"},
            404,
            "no template 'y'; there are: default, small, strict",
        ),
        ("POST", "/sessions", {"name": "default"}, 409, "there is a session 'default' already"),
        ("POST", "/sessions", {"name": "x", "switches": {"acme": {"a": "b"}}}, 404, "no vendor 'acme' here"),
        ("POST", "/sessions", {"nam": "x"}, 400, "nam"),
        ("POST", "/sessions", b"{", 400, "the body is not JSON"),
        ("GET", "/sessions/default/state/acme", None, 404, "no vendor 'acme' is served; there are: gainsight_px, onet"),
        (
            "PUT",
            "/sessions/default/state/onetrust",
            {"people": {}},
            404,
            "onetrust has no collection 'people'",
        ),
        ("PUT", "/sessions/default/state/onetrust", {"subjects": {"a": {"id": 7}}}, 409, "/subjects/a/id: "),
        ("POST", "/sessions/default/faults", {"kind": "flood"}, 404, "there is no kind of fault 'flood'; there are: c"),
        ("POST", "/sessions/default/faults", {"kind": "cut", "operation": "x"}, 404, "there is no operation 'x'"),
        ("POST", "/sessions/default/faults", {"kind": "cut", "vendor": "x"}, 404, "no vendor 'x' is served"),
        (
            "POST",
            "/sessions/default/faults",
            {"kind": "cut", "identifier": "("},
            400,
            "/identifier: not a regular expression: ",
        ),
        ("DELETE", "/sessions/default/faults/x", None, 404, "there is no fault 'x'; there are: none"),
        ("PUT", "/sessions/default/deviations/onetrust", {"deviation": "x"}, 404, "onetrust has no deviation 'x'"),
        ("PATCH", "/sessions/default/switches/onetrust", {"x": "y"}, 404, "onetrust has no switch 'x'; use one of: "),
        ("POST", "/sessions/default/snapshots/x/restore", None, 404, "there is no snapshot 'x'; there are: none"),
        ("PUT", "/sessions/default/clock", {"now": "9999-12-31T23:59:59-23:59"}, 409, "/now: "),
        ("POST", "/sessions/default/clock/advance", {"seconds": 10**9}, 200, ""),
        ("POST", "/sessions/default/tokens/onetrust/revoke", {"token": "x"}, 404, "this session knows no such token"),
    ],
)
def test_what_it_does_not_know_is_a_problem_that_says_what_there_is(
    method: str, path: str, body: object, status: int, told: str, server: str
) -> None:
    """In the form of RFC 9457, and nothing is changed."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
    headers = {"Content-Type": "application/json"} if raw is not None else {}
    answer = httpx.request(method, f"{server}/_understudy{path}", content=raw, headers=headers)
    assert (answer.status_code, told in answer.text.replace("\\'", "'")) == (status, True), answer.text
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
    httpx.post(f"{server}/_understudy/sessions/default/reset")


def test_a_body_over_the_limit_is_413(server: str) -> None:
    """A state is larger than a call, and still bounded."""
    answer = httpx.post(f"{server}/_understudy/sessions", content=b'{"name": "' + b"x" * 17 * 2**20 + b'"}')
    assert answer.status_code == 413


def test_counters_are_told_in_the_format_of_prometheus(server: str) -> None:
    """For each session, vendor, operation and status."""
    httpx.get(f"{server}/s/counted/gainsight_px/v1/users/nobody", headers={"X-APTRINSIC-API-KEY": "understudy-full"})
    text = httpx.get(f"{server}/_understudy/metrics").text
    line = 'understudy_calls_total{operation="getUser",session="counted",status="404",vendor="gainsight_px"} 1.0'
    assert line in text.splitlines()
    assert re.search(r"^understudy_sessions \d+\.0$", text, re.MULTILINE)


def test_schemathesis_finds_no_fault_with_it(tmp_path: Path, server: str) -> None:
    """With all of its own checks, by the document that is served."""
    url = f"{server}/_understudy"
    words = [f"{url}/openapi.json", "--url", url, "--max-examples", "10", "--seed", "1", "--no-color"]
    ended = subprocess.run(
        [Path(sys.executable).with_name("schemathesis"), "run", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-4000:]
    assert re.search(r"Tested: +35", ended.stdout), ended.stdout[-4000:]
