"""Targets that answer garbage, hang, redirect or never end: told as what they are, in one line and in bounded time."""

import time
import tracemalloc

import pytest

from tests.e2e import hostile
from tests.e2e.conftest import Verify
from understudy.contract import connections

HTML = b"<!doctype html><title>Welcome</title><h1>It works!</h1>"
LOOP = "/api/consentmanager/v1/datasubjects/dataelements"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (hostile.garbage, "does not answer in HTTP, or not to the end"),
        (hostile.reset, "breaks the connection off before an answer is there"),
        (hostile.hang, "takes connections and does not answer within 0.5 s"),
        (hostile.drip, "does not end its answer within 1 s"),
        (hostile.early_hints, "does not end its answer within 1 s"),
        (hostile.long_head, "does not end its answer within 1 s"),
        (hostile.answering("200 OK", b"\x1f\x8b not gzip", "Content-Encoding: gzip"), "answers what cannot be decoded"),
    ],
)
def test_a_target_that_speaks_no_http_cannot_be_judged(
    answer: hostile.Answer, told: str, verify_at: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 3, and one line that says what it does."""
    monkeypatch.setattr(connections, "TIMEOUT", 0.5)
    monkeypatch.setattr(connections, "LONGEST", 1.0)
    began = time.monotonic()
    with hostile.serving(answer) as base_url:
        judged = verify_at(base_url)
    lines = [line for line in judged.output.splitlines() if told in line]
    assert (judged.exit_code, len(lines)) == (3, 1), judged.output
    assert "Traceback" not in judged.output
    assert judged.report["verdict"] == "inconclusive"
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (hostile.answering("307 Temporary Redirect", b"", f"Location: {LOOP}"), "not documented"),
        (hostile.answering("200 OK", HTML, "Content-Type: text/html"), "200 has not the documented media type"),
        (hostile.answering("200 OK", b"\xff\xfe\x00", "Content-Type: application/json"), "The body of 200 is not JSON"),
    ],
)
def test_answers_that_are_none_of_the_documents_are_findings(
    answer: hostile.Answer, told: str, verify_at: Verify
) -> None:
    """Exit 1; a redirect to itself is not followed, by none of the checks."""
    with hostile.serving(answer) as base_url:
        judged = verify_at(base_url, "--budget", "5s")
    assert judged.exit_code == 1, judged.output
    assert any(told in finding["title"] for finding in judged.report["findings"]), judged.said
    assert "Traceback" not in judged.output


def test_an_answer_of_100_megabytes_is_cut_and_told(verify_at: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    """All checks read as far as a bound, and the memory that they take is a small multiple of it."""
    monkeypatch.setattr(connections, "MAX_ANSWER", 2**20)
    with hostile.serving(hostile.answering("200 OK", HTML, "Content-Type: text/html")) as base_url:
        verify_at(base_url, "--budget", "5s")  # what is imported and read but once is no memory of an answer's
    tracemalloc.start()
    with hostile.serving(hostile.huge(100 * 2**20)) as base_url:
        judged = verify_at(base_url, "--budget", "5s")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert judged.exit_code == 1, judged.output
    assert "The body of 200 is too long to be judged" in {finding["title"] for finding in judged.report["findings"]}
    assert peak < 64 * 2**20
