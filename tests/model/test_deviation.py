"""Deviations: registered by name, limited to operations, and doing nothing where they have nothing to do."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from understudy.model.behaviour import Refusal
from understudy.model.call import Call, Reply
from understudy.model.deviation import Deviation, Deviations
from understudy.model.state import Store, Transaction

NOW = datetime(2026, 1, 31, tzinfo=UTC)


def call(operation_id: str) -> Call:
    return Call(operation_id, NOW, lambda purpose: purpose)


def documented(call: Call, state: Transaction) -> Reply:
    return Reply(201)


def test_a_function_becomes_a_deviation_under_its_name() -> None:
    """Its docstring, on one line, says what it does."""
    deviations = Deviations()

    @deviations.play("T-1", "put", beside=("T-2",))
    def always_200(call: Call, state: Transaction, play: object) -> Reply:
        """Answer 200.

        To everything.
        """
        return Reply(200)

    (made,) = deviations
    assert (made.name, made.text, made.rule, made.beside) == (
        "always-200",
        "Answer 200. To everything.",
        "T-1",
        ("T-2",),
    )
    assert made.operations == ("put",)
    assert made.played(call("put"), Store().begin(), documented).status == 200


@pytest.mark.parametrize(
    ("deviation", "told"),
    [
        (Deviation("known", "T-1", "Does it again."), "two deviations are called known"),
        (Deviation("silent", "T-1", ""), "silent has no docstring"),
    ],
)
def test_a_deviation_that_cannot_be_told_from_others_is_refused(deviation: Deviation, told: str) -> None:
    """By its name or by what it says."""
    deviations = Deviations()
    deviations.add(Deviation("known", "T-1", "Does it."))
    with pytest.raises(ValueError, match=told):
        deviations.add(deviation)


def test_other_operations_keep_what_is_documented() -> None:
    """In the model, among refusals and on the way out."""
    made = Deviation(
        "all",
        "T-1",
        "Deviates everywhere.",
        operations=("put",),
        play=lambda call, state, play: Reply(200),
        refuse=lambda refusal, operation_id: None,
        send=lambda reply, operation_id: replace(reply, status=299),
    )
    refusal = Refusal(400, "wrong")
    assert made.played(call("get"), Store().begin(), documented).status == 201
    assert made.refused(refusal, "get") is refusal
    assert made.sent(Reply(201), "get").status == 201
    assert made.refused(refusal, "put") is None
    assert made.sent(Reply(201), "put").status == 299


def test_a_deviation_without_hooks_changes_nothing() -> None:
    """Everywhere it concerns."""
    made, refusal = Deviation("none", "T-1", "Does nothing."), Refusal(400, "wrong")
    assert made.played(call("put"), Store().begin(), documented).status == 201
    assert made.refused(refusal, "put") is refusal
    assert made.sent(Reply(201), None).status == 201
