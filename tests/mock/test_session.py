"""A session's own things, and the header that names rules."""

import pytest

from understudy.mock.session import RuleHeader, Session
from understudy.mock.settings import Settings
from understudy.pack import Pack


def test_rules_are_named_once_each_with_their_basis(pack: Pack) -> None:
    """In the order of their naming; `none` stands for no rule at all."""
    value = RuleHeader(pack).value
    assert value(("OT-LINK-3", "OT-LINK-7", "OT-LINK-3")) == b"OT-LINK-3;documented, OT-LINK-7;inferred"
    assert value(()) == b"none"


def test_a_rule_that_is_not_there_is_not_named(pack: Pack) -> None:
    """The model's mistake is told by name."""
    with pytest.raises(ValueError, match="no rule is called OT-NONE-1"):
        RuleHeader(pack).value(("OT-LINK-3", "OT-NONE-1"))


def test_two_sessions_share_nothing_but_the_pack(pack: Pack) -> None:
    """State, ids, keys, limits and switches are each one's own."""
    first = Session(pack, Settings(seed=1, switches={"onetrust": {"quota": "newer"}}))
    second = Session(pack, Settings(seed=2))
    assert first.store is not second.store
    assert first.ids.for_call()("x") != second.ids.for_call()("x")
    assert first.keyring.mint({"exp": 1}) != second.keyring.mint({"exp": 1})
    assert (bool(first.limits), bool(second.limits)) == (True, False)
    assert (first.around.switches["quota"], second.around.switches["quota"]) == ("newer", "off")
