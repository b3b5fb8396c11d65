"""Evidence travels between processes, and its fingerprint stays from run to run."""

from dataclasses import replace

from understudy.contract.evidence import Evidence, Outcome

PIECE = Evidence(
    "scenario", Outcome.FAILED, "OT-ID-1", "write", "The id changes", "a", "b", "curl", "reason", "file::workflow"
)


def test_evidence_comes_back_from_json_as_it_was() -> None:
    """Also from a newer writer's, which may know more."""
    assert Evidence.from_json(PIECE.as_json()) == PIECE
    assert Evidence.from_json({**PIECE.as_json(), "more": 1}) == PIECE


def test_values_do_not_change_the_fingerprint() -> None:
    """Neither do the check and the item that saw the fault."""
    again = replace(PIECE, check="fuzz", actual="c", expected="d", curl="e", item="f", outcome=Outcome.REMARK)
    assert again.fingerprint == PIECE.fingerprint
    assert len(PIECE.fingerprint) == 16


def test_rule_operation_and_title_make_the_fingerprint() -> None:
    """Each of the three tells faults apart."""
    others = [replace(PIECE, rule=None), replace(PIECE, operation="read"), replace(PIECE, title="Another")]
    assert len({PIECE.fingerprint, *(each.fingerprint for each in others)}) == 4
