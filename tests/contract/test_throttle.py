"""Limits of what is sent: so fast, so much, and shared out among processes."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest

from understudy.contract.target import Run
from understudy.contract.throttle import REQUESTS, TIME, OverError, Throttle


def test_requests_are_spaced() -> None:
    """Ten a second: the fourth goes out after three tenths."""
    throttle = Throttle(rps=10)
    began = time.monotonic()
    for _ in range(4):
        throttle.admit(10)
    throttle.close()
    assert 0.3 <= time.monotonic() - began < 1


def test_no_wait_is_longer_than_the_time_that_is_left() -> None:
    """The run is over then, and the request is not counted."""
    throttle = Throttle(rps=0.01)
    throttle.admit(10)
    with pytest.raises(OverError) as over:
        throttle.admit(0.05)
    throttle.close()
    assert (over.value.limit, throttle.sent) == (TIME, 1)


def test_requests_are_counted_and_some_kept_back() -> None:
    """Of three, one may be kept for cleaning up."""
    throttle = Throttle(most=3)
    for _ in range(2):
        throttle.admit(10, kept=1)
    with pytest.raises(OverError) as over:
        throttle.admit(10, kept=1)
    throttle.admit(10)
    assert (over.value.limit, throttle.sent) == (REQUESTS, 3)


def test_calls_at_once_are_no_more_than_are_left() -> None:
    """Each is counted before it waits for its turn."""
    throttle = Throttle(rps=50, most=3)
    passed: list[int] = []

    def admitted(number: int) -> None:
        with suppress(OverError):
            throttle.admit(5)
            passed.append(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(admitted, range(8)))
    throttle.close()
    assert (len(passed), throttle.sent) == (3, 3)


def test_without_limits_all_pass() -> None:
    """At once."""
    throttle = Throttle()
    for _ in range(1000):
        throttle.admit(0)
    assert throttle.sent == 1000


@pytest.mark.parametrize(("most", "shares"), [(7, [3, 2, 2]), (2, [1, 1, 0]), (None, [9, 9, 9])])
def test_processes_share_the_limit(most: int | None, shares: list[int], run: Run) -> None:
    """Together they send as many as one would."""
    sent = []
    for number in range(3):
        throttle = Throttle.shared(replace(run, max_requests=most), number, 3)
        for _ in range(9):
            try:
                throttle.admit(1)
            except OverError:
                break
        sent.append(throttle.sent)
    assert sent == shares
