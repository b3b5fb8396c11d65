"""What OneTrust's document leaves open of elements is a remark, and what it says is a finding."""

import pytest

from tests.packs.tenants import NOON, PACK, WRITE, Tenant
from understudy.model.call import Call, Reply
from understudy.model.ids import Ids
from understudy.model.oracle import Bindings
from understudy.values import Json

ADA = "ada@example.com"


def linked(*values: str) -> Json:
    """Return an element with identifiers."""
    return {"name": "Phone", "linked": True, "value": list(values)}


def plain(value: Json) -> Json:
    """Return a data element."""
    return {"name": "Phone", "linked": False, "value": value}


def unmarked(value: Json) -> Json:
    """Return an element that does not say what it is."""
    return {"name": "Phone", "value": value}


def found(*writes: Json, shown: list[Json], before: list[Json] | None = None, unseen: int = 0) -> set[str]:
    """Return the rules under which what the last write shows differs from the model's answer.

    The writes before it show `before`; None leaves the elements out. So many of the first ones nobody has seen.
    """
    assert PACK.oracle is not None
    tenant, bindings, rules = Tenant(), Bindings(), set[str]()
    for number, write in enumerate(writes):
        answered = tenant.write(ADA, *write) if isinstance(write, list) else tenant.write(ADA, write)
        if number < unseen:
            continue
        body = {**answered.body, "elements": shown if number == len(writes) - 1 else before}
        if body["elements"] is None:
            del body["elements"]
        sent = write if isinstance(write, list) else [write]
        call = Call(WRITE, NOON, Ids(1).for_call(), body={"dataElements": sent})
        reply = Reply(answered.status, answered.body, answered.rules)
        rules = {each.rule for each in PACK.oracle.comparisons[WRITE](call, reply, body, bindings)}
    return rules


@pytest.mark.parametrize(
    ("body", "may_be"),
    [
        ({}, False),
        ([], False),
        ({"identifierType": "Email"}, False),
        ({"identifierType": "Customer Number"}, True),
        ({"dataElements": [plain("x"), {"name": "Country"}]}, False),
        ({"dataElements": [plain("x"), plain("y")]}, True),
    ],
)
def test_what_a_tenant_has_not_may_be_refused(body: Json, may_be: bool) -> None:
    """Which types of identifiers there are the document leaves to it, and what one name twice comes to."""
    assert PACK.oracle is not None
    assert PACK.oracle.refusable(body) is may_be


@pytest.mark.parametrize(
    ("writes", "shown"),
    [
        ([linked("1", "2"), linked("1")], [linked("1"), plain("2")]),
        ([linked("1", "2"), linked("1"), linked()], [plain("1"), plain("2")]),
        ([linked("1"), plain("x")], [linked("1"), plain("x")]),
        ([plain("x"), linked("1")], [plain("x"), linked("1")]),
        ([plain("x"), linked("1"), linked()], [plain(["x", "1"])]),
        ([linked("1", "2"), linked("1")], [unmarked("1"), unmarked("2")]),
    ],
)
def test_what_the_document_leaves_open_is_a_remark(writes: list[Json], shown: list[Json]) -> None:
    """Whether what is left out stays as a data element, and whether that takes the place of identifiers."""
    assert found(*writes, shown=shown) == {"OT-LINK-8"}
    assert PACK.rules.by_id["OT-LINK-8"].basis != "documented"


@pytest.mark.parametrize(
    ("writes", "shown"),
    [
        ([linked("1", "2")], [linked("1", "2")]),
        ([linked("1", "2")], [linked("1"), linked("2")]),
        ([linked("1", "2")], [unmarked(["1", "2"])]),
        ([linked("1"), linked()], [plain(["1"])]),
        ([plain("x"), plain("y")], [plain("y")]),
    ],
)
def test_what_the_model_answers_too_is_nothing(writes: list[Json], shown: list[Json]) -> None:
    """In one element or several, marked or not."""
    assert found(*writes, shown=shown) == set()


def test_what_was_a_remark_once_is_one_still() -> None:
    """What comes next is held against what was shown, and not against what the model would have."""
    kept = [linked("1"), plain("x")]
    assert found(plain("x"), linked("1"), [], shown=kept, before=kept) == {"OT-LINK-8"}
    assert found(plain("x"), linked("1"), [], shown=[linked("1"), plain("y")], before=kept) == {"OT-LINK-5"}


def test_what_was_there_before_is_not_known() -> None:
    """Beside identifiers of a data subject from before, or of a type that loses them."""
    assert found(linked("1"), [], shown=[linked("1"), plain("x")], unseen=1) == {"OT-LINK-8"}
    assert found(linked("1", "2"), linked("1"), shown=[linked("1"), plain("2")], unseen=1) == {"OT-LINK-8"}
    assert found(linked("1"), linked(), shown=[plain(["x", "1"])], unseen=1) == {"OT-LINK-8"}
    assert found(linked("1"), [], shown=[linked("2")], unseen=1) == {"OT-LINK-5"}
    assert found(plain("x"), [], shown=[plain("y")], unseen=1) == {"OT-UPDATE-3"}
    assert found(plain("x"), [], shown=[], unseen=1) == {"OT-UPDATE-3"}


@pytest.mark.parametrize(
    ("writes", "shown", "rule"),
    [
        ([linked("1", "2"), linked("1")], [linked("1", "2")], "OT-LINK-2"),
        ([linked("1", "2"), linked("1")], [linked("1"), linked("2")], "OT-LINK-2"),
        ([linked("1", "2"), linked("1")], [plain("1"), plain("2")], "OT-LINK-2"),
        ([linked("1"), linked("1", "2")], [linked("1"), plain("2")], "OT-LINK-1"),
        ([linked("1"), linked()], [linked("1")], "OT-LINK-3"),
        ([linked("1", "2"), linked()], [plain("1")], "OT-LINK-4"),
        ([plain("x"), linked("1"), linked()], [plain("x"), linked("1")], "OT-LINK-4"),
        ([linked("1"), plain("x")], [linked("1")], "OT-UPDATE-2"),
        ([plain("x"), plain("y")], [plain("x"), plain("y")], "OT-UPDATE-2"),
        ([linked("1"), plain("x"), plain("y")], [linked("1"), plain("x"), plain("y")], "OT-UPDATE-2"),
        ([plain("x"), linked("1")], [plain("z"), linked("1")], "OT-LINK-2"),
    ],
)
def test_what_the_document_says_is_a_finding(writes: list[Json], shown: list[Json], rule: str) -> None:
    """However elements are told apart."""
    assert found(*writes, shown=shown) == {rule}
