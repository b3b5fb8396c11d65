"""What a model file declares."""

from understudy.model.behaviour import Behaviour, Exceeded, Quota, Refusal
from understudy.model.call import ABSENT, Call, Reply, Surroundings
from understudy.model.clock import Clock
from understudy.model.state import Store, Transaction


def play(call: Call, state: Transaction) -> Reply:
    """Answer with a switch."""
    return Reply(200, call.switch("colour"))


def test_an_operation_is_registered_under_its_id_and_stays_a_function() -> None:
    """It can be called and tested like any other."""
    behaviour = Behaviour(("a",), ())
    assert behaviour.operation("paint")(play) is play
    assert behaviour.operations == {"paint": play}
    call = Call("paint", Clock().now(), lambda purpose: purpose, around=Surroundings(switches={"colour": "red"}))
    assert play(call, Store().begin()).body == "red"


def test_rules_are_noted_by_the_functions_that_play_them() -> None:
    """Traceability reads them."""
    behaviour = Behaviour((), ())
    behaviour.plays("A-1", "A-2")(play)
    behaviour.plays("A-1")(lambda: None)
    assert behaviour.played == {"A-1": ["play", "<lambda>"], "A-2": ["play"]}


def test_two_behaviours_share_nothing() -> None:
    """No registry is global."""
    first, second = Behaviour((), ()), Behaviour((), ())
    first.operation("x")(play)
    first.plays("A-1")(play)
    assert (second.operations, second.played) == ({}, {})


def test_without_words_of_its_own_a_vendor_gets_the_standards() -> None:
    """Retry-After alone on a 429, problem details on every refusal."""
    behaviour = Behaviour((), ())
    assert behaviour.limited(Exceeded(Quota(1, 60), 7, 2, "id"), {}) == (("Retry-After", "7"),)
    assert behaviour.refused(Refusal(400, "no"), "x", {}) is None


def test_a_reply_below_400_is_accepted() -> None:
    """Only then is its state kept."""
    assert [Reply(status).accepted for status in (200, 304, 399, 400, 500)] == [True, True, True, False, False]


def test_absent_is_not_null_and_not_true() -> None:
    """A missing body is another thing than `null`."""
    assert not ABSENT
    assert ABSENT is not None
    assert repr(ABSENT) == "ABSENT"
