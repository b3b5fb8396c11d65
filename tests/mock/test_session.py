"""A session's own things."""

from understudy.mock.session import Session
from understudy.mock.settings import Settings
from understudy.pack import Pack


def test_two_sessions_share_nothing_but_the_pack(pack: Pack) -> None:
    """State, ids, keys, limits and switches are each one's own."""
    first = Session(pack, Settings(seed=1, switches={"onetrust": {"quota": "newer"}}))
    second = Session(pack, Settings(seed=2))
    assert first.store is not second.store
    assert first.ids.for_call()("x") != second.ids.for_call()("x")
    assert first.keyring.mint({"exp": 1}) != second.keyring.mint({"exp": 1})
    assert (bool(first.limits), bool(second.limits)) == (True, False)
    assert (first.around.switches["quota"], second.around.switches["quota"]) == ("newer", "off")
