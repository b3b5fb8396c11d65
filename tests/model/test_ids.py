"""Ids that a run can repeat."""

from uuid import UUID

from understudy.model.ids import Ids


def first(seed: int, calls: int = 3) -> list[str]:
    """Return the ids of the first calls under a seed."""
    ids = Ids(seed)
    return [ids.for_call()("subject") for _ in range(calls)]


def test_equal_seeds_give_equal_ids() -> None:
    """In every process, on every machine: these do not change."""
    assert first(1) == first(1)
    assert first(1)[0] == "af41f1fc-2417-4747-afd3-7368c96aa8bf"


def test_seeds_calls_and_purposes_make_ids_differ() -> None:
    """Three sources, none of which may be lost."""
    ids = Ids(1)
    fresh = ids.for_call()
    assert fresh("a") == fresh("a") != fresh("b")
    assert len({*first(1), *first(2), *first(-1)}) == 9


def test_an_id_is_a_uuid_of_version_4() -> None:
    """In form: vendors' clients look at it."""
    assert UUID(first(7)[0]).version == 4
