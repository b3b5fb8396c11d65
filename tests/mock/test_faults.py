"""Which calls meet a fault, how often, and how long a delay is."""

import random
from statistics import median

import pytest

from understudy.mock.faults import Delay, Fault, Faults, Pattern


def played(faults: Faults, calls: int, identifier: str = "ada") -> list[list[str]]:
    """Return the names of the faults that each of so many calls meets."""
    return [[fault.name for fault in faults.met("toy", "get", (identifier,))] for _ in range(calls)]


def test_an_identifier_is_matched_from_start_to_end() -> None:
    """Not where it begins like the pattern; of several, one is enough."""
    faults = Faults(1)
    faults.set(Fault("f", "reset", identifier=Pattern("ad.")))
    assert [bool(faults.met("toy", "get", given)) for given in (("ada",), ("adam",), ("mad",), (), ("bo", "ada"))] == [
        True,
        False,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("probability", [0.1, 0.9])
def test_a_probability_is_how_many_of_all_calls_it_hits(probability: float) -> None:
    """The same ones with the same seed, others with another one."""
    hits = []
    for seed in (1, 1, 2):
        faults = Faults(seed)
        faults.set(Fault("f", "reset", probability=probability))
        hits.append([bool(each) for each in played(faults, 2000)])
    assert abs(sum(hits[0]) - 2000 * probability) < 100
    assert hits[0] == hits[1] != hits[2]


def test_a_fault_is_played_so_many_times() -> None:
    """Then calls meet what was set after it."""
    faults = Faults(1)
    faults.set(Fault("first", "reset", times=2))
    faults.set(Fault("second", "close", nth=1))
    assert played(faults, 4) == [["first"], ["first"], ["second"], []]


def test_a_fault_is_played_by_the_nth_call_though_its_times_are_fewer() -> None:
    """Calls that only might have met it do not use it up."""
    faults = Faults(1)
    faults.set(Fault("f", "reset", nth=5, times=1))
    assert played(faults, 7) == [[], [], [], [], ["f"], [], []]


def test_latencies_come_before_one_other_fault() -> None:
    """All that are met, in their order; of the others the first alone."""
    faults = Faults(1)
    for name, kind in (("slow", "latency"), ("slower", "latency"), ("gone", "reset"), ("never", "close")):
        faults.set(Fault(name, kind))
    assert played(faults, 1) == [["slow", "slower", "gone"]]


def test_delays_are_as_their_distribution_has_it() -> None:
    """Fixed ones the same each time, uniform ones in their bounds, lognormal ones about their median."""
    source = random.Random(7)

    def drawn(delay: Delay) -> list[float]:
        return sorted(delay.drawn(source) for _ in range(2000))

    assert set(drawn(Delay(seconds=0.5))) == {0.5}
    uniform = drawn(Delay("uniform", low=1.0, high=3.0))
    assert 1.0 <= uniform[0] < 1.1 < 2.9 < uniform[-1] <= 3.0
    assert 1.9 < median(uniform) < 2.1
    lognormal = drawn(Delay("lognormal", median=2.0, sigma=0.5))
    assert 1.9 < median(lognormal) < 2.1
    assert 1.05 < lognormal[int(2000 * 0.159)] < 1.35  # one sigma below: 2 / e ** 0.5
    assert 3.0 < lognormal[int(2000 * 0.841)] < 3.6  # one above: 2 * e ** 0.5


def test_a_name_that_is_given_is_none_of_somebody_elses() -> None:
    """Though it looks like one."""
    faults = Faults(1)
    faults.set(Fault("fault-1", "reset"))
    assert [faults.name(), faults.name()] == ["fault-2", "fault-3"]


def test_a_pattern_takes_no_more_time_than_its_text_is_long() -> None:
    """One that backtracks would stop all sessions for longer than anybody waits."""
    pattern = Pattern("(a+)+")
    assert not pattern.matches("a" * 5000 + "b")
    assert pattern.matches("a" * 5000)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(", "missing"),
        ("(?=a)", "invalid perl"),
        (r"(a)\1", "escape"),
        ("a{100000}", "repetition"),
        ("\ud800", "half"),
    ],
)
def test_what_is_no_pattern_is_refused(text: str, reason: str) -> None:
    """With the reason."""
    with pytest.raises(ValueError, match=reason):
        Pattern(text)


def test_an_identifier_may_be_no_text_at_all() -> None:
    """As one with half of a surrogate pair."""
    assert Pattern("ada.").matches("ada\ud800")
