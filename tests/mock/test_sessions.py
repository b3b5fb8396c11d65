"""Sessions: universes that share nothing, made on first use, bounded in number and size, forgotten when idle."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.mock.exchange import FULL, WRITE, call, onetrust, served, write
from understudy.mock.app import MockApp
from understudy.mock.sessions import NoSessionError, Sessions
from understudy.mock.settings import Settings
from understudy.pack import Pack
from understudy.serving import listening

ONETRUST = onetrust()
BODY = {"dataElements": [{"name": "Country", "value": "Norway"}]}


def sessions(**bounds: float) -> Sessions:
    """Return the sessions of a server of one pack."""
    packs: dict[str, Pack] = {ONETRUST.vendor: ONETRUST}
    return Sessions(packs, {"": Settings(seed=1), "strict": Settings(seed=2, strict=True)}, **bounds)  # type: ignore[arg-type]


def test_a_session_is_made_on_first_use_and_sees_no_other() -> None:
    """The same identifier is created in each, and in the default one."""
    with served(ONETRUST) as url:
        root = url.removesuffix("/onetrust")
        statuses = [
            write(f"{root}{path}/onetrust", "ada@example.com", BODY).status for path in ("", "/s/a", "/s/a%20b", "/s/a")
        ]
    assert statuses == [201, 201, 201, 200]


def test_a_thousand_sessions_at_once_never_see_one_another() -> None:
    """Each creates the same subject with a value of its own, adds to it, and reads its own back."""
    head = {"Authorization": "Bearer understudy-full", "dataSubjectIdentifier": "ada@example.com"}
    limits = httpx.Limits(max_connections=16)
    with served(ONETRUST) as url, httpx.Client(limits=limits, timeout=60, headers=head) as client:
        root = url.removesuffix("/onetrust")

        def played(number: int) -> tuple[int, int, list[str]]:
            place = f"{root}/s/session-{number}/onetrust{WRITE}"
            first = client.post(place, json={"dataElements": [{"name": "Country", "value": f"land {number}"}]})
            second = client.post(place, json={"dataElements": [{"name": "City", "value": f"town {number}"}]})
            return first.status_code, second.status_code, [each["value"] for each in second.json()["elements"]]

        with ThreadPoolExecutor(16) as pool:
            found = list(pool.map(played, range(1000)))
    assert found == [(201, 200, [f"land {number}", f"town {number}"]) for number in range(1000)]


def test_the_same_seed_gives_every_session_the_same_ids() -> None:
    """What differs between sessions is what was sent to them."""
    with served(ONETRUST) as url:
        root = url.removesuffix("/onetrust")
        ids = {write(f"{root}/s/{name}/onetrust", "ada@example.com", BODY).json["id"] for name in "abc"}
    assert len(ids) == 1


def test_at_the_bound_a_further_session_is_refused_and_those_there_are_go_on() -> None:
    """With 409, and what to do."""
    universes = sessions(most=2)
    with listening(MockApp(universes.packs, universes)) as url:
        assert write(f"{url}/s/a/onetrust", "ada@example.com", BODY).status == 201
        refused = write(f"{url}/s/b/onetrust", "ada@example.com", BODY)
        assert write(f"{url}/s/a/onetrust", "ada@example.com", BODY).status == 200
    assert (refused.status, refused.headers["content-type"]) == (409, "application/problem+json")
    assert refused.json["detail"].startswith("there are 2 sessions, and there may be no more; delete one")


def test_an_idle_session_is_forgotten_and_the_default_one_stays() -> None:
    """A call keeps it; the time is the machine's, not the session's clock's."""
    universes = sessions(idle=60)
    for name in ("", "old", "new"):
        universes.open(name)
    for name in ("", "old"):
        universes.get(name).used -= 100
    universes._swept -= 100
    universes.open("new")
    assert [each.name for each in universes] == ["", "new"]
    with pytest.raises(NoSessionError, match="there is no session 'old'; there are: default, new"):
        universes.get("old")


@pytest.mark.parametrize("name", ["x" * 101, "a/b"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    """In the path it could not stand, or would fill the memory."""
    with pytest.raises(NoSessionError, match="at most 100 characters"):
        sessions().open(name)


def test_a_template_is_taken_by_name() -> None:
    """By the session of its name on first use, by others if it is asked for; an unknown one lists what there is."""
    universes = sessions()
    assert universes.open("strict").settings.strict
    assert universes.create("mine", "strict").settings.strict
    assert not universes.open("other").settings.strict
    with pytest.raises(NoSessionError, match="there is no template 'nothing'; there are: strict"):
        universes.create("third", "nothing")


def test_a_session_takes_no_more_records_than_its_bound() -> None:
    """With 413 in problem details, and nothing is kept; updates go on, and so does everything after a delete."""
    with served(ONETRUST, Settings(seed=1, max_records=2)) as url:
        assert [write(url, f"{name}@example.com", BODY).status for name in ("ada", "bo")] == [201, 201]
        refused = write(url, "cy@example.com", BODY)
        assert write(url, "ada@example.com", BODY).status == 200
        assert write(url, "cy@example.com", BODY).status == 413
    assert (refused.status, "holds 2 records and takes no more" in refused.json["detail"]) == (413, True)


def test_a_path_that_names_no_session_is_no_session() -> None:
    """The empty name is the default session's."""
    with served(ONETRUST) as url:
        root = url.removesuffix("/onetrust")
        write(f"{root}/onetrust", "ada@example.com", BODY)
        again = write(f"{root}/s/default/onetrust", "ada@example.com", BODY)
    assert again.status == 200


def test_the_time_of_a_sessions_last_call_is_noted() -> None:
    """So that it is not forgotten while it is in use."""
    universes = sessions()
    with listening(MockApp(universes.packs, universes)) as url:
        call(url, "POST", f"/s/a/onetrust{WRITE}", FULL, body={})
        universes.get("a").used -= 50
        call(url, "POST", f"/s/a/onetrust{WRITE}", FULL, body={})
    assert time.monotonic() - universes.get("a").used < 40
