"""The journal: the newest calls of a session, answered or refused, told to whoever listens."""

from datetime import UTC, datetime

import pytest

from tests.mock.exchange import FULL, WRITE, call, onetrust
from understudy.mock.journal import BYTES, ENTRIES, Answered, Entry, Journal, Sent
from understudy.mock.server import running
from understudy.mock.settings import Settings

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def entry(target: str, body: bytes = b"") -> Entry:
    return Entry(NOON, "toy", "get", Sent("GET", target, body=body), Answered(200), ("TOY-1",))


def test_a_journal_keeps_the_newest() -> None:
    """It has a bound."""
    journal = Journal()
    for number in range(ENTRIES + 5):
        journal.note(entry(f"/{number}"))
    assert (len(journal), next(iter(journal)).sent.target) == (ENTRIES, "/5")


def test_a_journal_has_a_bound_in_bytes_too() -> None:
    """A few large bodies push out many small ones; how many went is told."""
    journal = Journal()
    for number in range(10):
        journal.note(entry(f"/{number}"))
    journal.note(entry("/large", b"x" * (BYTES - 3000)))
    assert ([each.sent.target for each in journal], journal.forgotten) == (["/9", "/large"], 9)
    journal.note(entry("/too-large", b"x" * BYTES))
    assert (len(journal), journal.forgotten) == (0, 12)
    journal.clear()
    assert journal.forgotten == 0


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (Sent("GET", "/" + "x" * BYTES), Answered(200)),
        (Sent("GET", "/", b"x" * BYTES), Answered(200)),
        (Sent("GET", "/", b"", [(b"x", b"y" * BYTES)]), Answered(200)),
        (Sent("GET", "/"), Answered(200, [(b"x" * BYTES, b"")])),
        (Sent("GET", "/"), Answered(200, (), b"x" * BYTES)),
    ],
)
def test_all_that_was_sent_and_answered_counts(sent: Sent, answered: Answered) -> None:
    """Long addresses and headers are kept as little as long bodies."""
    journal = Journal()
    journal.note(Entry(NOON, "toy", "get", sent, answered))
    assert (len(journal), journal.forgotten) == (0, 1)


def test_every_call_is_noted_with_its_rules() -> None:
    """Whether the model answers it, or a part of the pipeline refuses it."""
    heard: list[Entry] = []
    with running({"onetrust": onetrust()}, {"": Settings(seed=1)}, heard.append) as url:
        call(url, "POST", WRITE, FULL, ("dataSubjectIdentifier", "journal@example.com"), body={})
        call(url, "POST", WRITE, FULL, body={})
        call(url, "GET", "/nowhere")
    assert [(each.sent.method, each.sent.target, each.answered.status) for each in heard] == [
        ("POST", WRITE, 201),
        ("POST", WRITE, 400),
        ("GET", "/nowhere", 404),
    ]
    assert "OT-CREATE-1" in heard[0].rules
    assert "OT-HEAD-1" in heard[1].rules
    assert heard[2].operation_id is None


def test_an_entry_as_json_has_no_secret_and_no_body() -> None:
    """What it holds is what may be shown."""
    assert entry("/x").as_json() == {
        "time": "2026-01-31T12:00:00.000Z",
        "vendor": "toy",
        "operation": "get",
        "method": "GET",
        "path": "/x",
        "status": 200,
        "rules": ["TOY-1"],
        "remarks": [],
    }
