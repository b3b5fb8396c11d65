"""What a run has made is deleted after it: that, and nothing else."""

import time
from dataclasses import replace

import pytest

from tests.contract.conftest import WRITE
from tests.mock.exchange import served
from understudy import pack as packs
from understudy.contract import cleaning
from understudy.contract.cleaning import ROOM, clean, make_room
from understudy.contract.client import CAUTION, RECENT, SLACK, Client
from understudy.contract.exchange import NO_ANSWER, Exchange, Request, Response
from understudy.contract.judge import Judge
from understudy.contract.made import Made
from understudy.contract.samples import identifier, on_the_wire, sample
from understudy.contract.target import Credentials, Run
from understudy.credentials import FULL
from understudy.mock.settings import Settings
from understudy.pack import Pack


def wrote(identifier: str, status: int = 201) -> Exchange:
    """Return a write of that identifier, and that answer."""
    request = Request("POST", "http://target", (("dataSubjectIdentifier", identifier),), b"{}")
    return Exchange(request, Response(status), 0.01, WRITE)


@pytest.mark.parametrize(
    ("exchange", "count"),
    [
        (wrote("understudy-a"), 1),
        (wrote("understudy-a", 200), 0),
        (wrote("understudy-a", 400), 0),
        (wrote("understudy-a", NO_ANSWER), 1),
        (replace(wrote("understudy-a", NO_ANSWER), credential="none"), 0),
        (wrote("ada@example.com"), 0),
        (wrote("understudy-mine"), 0),
        (replace(wrote("understudy-a"), operation_id=None), 0),
    ],
)
def test_only_what_the_run_has_made_is_noted(exchange: Exchange, count: int, full: Judge, run: Run) -> None:
    """Under its prefix, by a creation or what may have been one; what the user says is there never."""
    made = Made(replace(run, scope="full", existing=("understudy-mine",)), full)
    made.note(exchange)
    assert (len(made), made.pending) == (count, count)


def test_in_core_nothing_is_kept_back_for_deletes_of_other_pages(core: Judge, run: Run) -> None:
    """What was made is left behind, and counted."""
    made = Made(run, core)
    made.note(wrote("understudy-a"))
    assert (len(made), made.pending, made.deletion("understudy-a")) == (1, 0, None)


@pytest.mark.parametrize(("most", "left"), [(None, 0), (4, 2)])
def test_records_are_deleted_as_far_as_limits_let(most: int | None, left: int, pack: Pack, run: Run) -> None:
    """The others are counted; those that were deleted by a check are gone, too."""
    with served(pack, Settings(strict=True)) as url:
        there = replace(run, base_url=url, scope="full", credentials=Credentials(FULL), max_requests=most)
        client = Client(there, Judge(pack, "full"))
        client.admit = lambda: None  # type: ignore[method-assign]  # what creates is not held up
        operation = pack.effective.operations[WRITE]
        for label in ("one", "two", "three"):
            made = sample(operation, there, label)
            assert made is not None
            client.send(on_the_wire(made, there, secret=FULL), WRITE, "test")
        del client.admit
        assert client.made.pending == 3
        client.made.note(wrote("understudy-gone-already"))
        if most is not None:
            client._throttle.sent = 2
        assert clean(client) == left
        assert (clean(client), client.requests) == (0, 0)
        client.close()


def test_room_is_made_where_the_reserve_leaves_none(pack: Pack, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the oldest records, at the pace of the moment; a check that names one makes it again."""
    with served(pack, Settings(strict=True)) as url:
        there = replace(run, base_url=url, scope="full", credentials=Credentials(FULL), deadline=time.time() + 30)
        client = Client(there, Judge(pack, "full"))
        operation = pack.effective.operations[WRITE]
        for number in range(12):
            made = sample(operation, there, str(number))
            assert made is not None
            client.send(on_the_wire(made, there, secret=FULL), WRITE, "test")
        client.records = {"0": identifier(there, "0"), "mine": "ada@example.com", "none": None}
        make_room(client)
        assert client.made.pending == 12
        client.took(60.0, "DELETE")
        assert client.left < 0
        monkeypatch.setattr(cleaning, "BATCH", 5)
        make_room(client)
        assert client.left > ROOM
        assert len(client.made) == 2
        assert client.records == {"mine": "ada@example.com", "none": None}
        assert client.send(gone(there, "0"), WRITE, "test").response.status == 201
        assert client.send(gone(there, "11"), WRITE, "test").response.status == 200
        client.close()


def gone(run: Run, label: str) -> Request:
    """Return a write that shows whether a record is there."""
    made = sample(packs.load("onetrust").effective.operations[WRITE], run, label)
    assert made is not None
    return on_the_wire(made, run, secret=FULL)


def test_time_is_kept_back_for_every_record(full: Judge, run: Run) -> None:
    """A little more than the deletes take at the pace of late, and nothing where there is nothing to delete."""
    client = Client(replace(run, scope="full"), full)
    client.took(9.0, "POST")
    for _ in range(8 * RECENT):
        client.took(0.01, "POST")
        client.took(5.0, "GET")  # a long list, say
    assert client.left == pytest.approx(client.run.remaining, abs=0.1)
    for number in range(100):
        client.made.note(wrote(f"understudy-{number}"))
    assert client.left == pytest.approx(client.run.remaining - SLACK - CAUTION * 100 * 0.01, abs=0.1)
    client.close()


def test_what_deletes_is_not_judged(pack: Pack, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs no more of the budget than it must."""
    with served(pack, Settings(strict=True)) as url:
        client = Client(replace(run, base_url=url, scope="full", credentials=Credentials(FULL)), Judge(pack, "full"))
        client.made.note(wrote("understudy-gone-already"))
        monkeypatch.setattr(client.judge, "judge", lambda *_: pytest.fail("it was judged"))
        assert (clean(client), client.requests, list(client.collector)) == (0, 1, [])
        client.close()


def test_identifiers_that_no_path_can_hold_are_deleted_by_the_body(run: Run) -> None:
    """Where the vendor has such an operation."""
    made = Made(replace(run, vendor="gainsight_px", scope="full"), Judge(packs.load("gainsight_px"), "full"))
    plain, slashed = made.deletion("understudy-a@example.com"), made.deletion("understudy-a/b")
    assert plain is not None
    assert slashed is not None
    assert (plain.operation.operation_id, slashed.operation.operation_id) == ("deleteUser", "deleteUserOfBody")
