"""Switches: what a pack declares, and how a user sets them."""

from pathlib import Path

import pytest

from tests.mock.exchange import project
from understudy.errors import ContentError, UsageError
from understudy.mock.settings import declared, parse_switches
from understudy.pack import Pack

GET = {"operationId": "a", "responses": {"200": {"description": "ok"}}}


def test_a_pack_with_regimes_has_a_switch_for_them(pack: Pack) -> None:
    """Off unless it is set; every switch has a sentence that explains it."""
    switches = {switch.name: switch for switch in declared(pack)}
    assert switches["quota"].default == "off"
    assert switches["quota"].values == ("off", "older", "newer")
    assert all(len(switch.text) > 10 for switch in switches.values())
    assert all(switch.values is None or switch.default in switch.values for switch in switches.values())


def test_switches_are_set_by_vendor_and_name(pack: Pack) -> None:
    """The last of several counts; a value may be empty or hold an equals sign."""
    words = (
        "onetrust.quota=older",
        "onetrust.quota=newer",
        "onetrust.catalogue=a=b, c",
        "onetrust.default-identifier-type=",
    )
    assert parse_switches({"onetrust": pack}, words) == {
        "onetrust": {"quota": "newer", "catalogue": "a=b, c", "default-identifier-type": ""}
    }


@pytest.mark.parametrize("more", ["switches=(Switch('a', 'b', None, 'it chooses', 'TOY-9'),)", "quotas={'one': ()}"])
def test_a_switch_without_a_rule_of_the_pack_is_told_with_the_model_file(more: str, tmp_path: Path) -> None:
    """Its basis and citation would be nowhere."""
    document = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {"/a": {"get": GET}}}
    model = f"from understudy.model.behaviour import Behaviour, Switch\nbehaviour = Behaviour((), (), {more})\n"
    with pytest.raises(
        ContentError, match=r"mock/toy\.py: the switch \w+ has the rule '(TOY-9)?', which is none; name "
    ):
        declared(project(tmp_path, document, model))


@pytest.mark.parametrize(
    "word", ["", "=", "quota=off", "onetrust.quota", "other.quota=off", "onetrust.x=1", "onetrust.quota=x"]
)
def test_a_wrong_switch_is_refused_with_what_there_is(pack: Pack, word: str) -> None:
    """Vendor, name or value."""
    with pytest.raises(UsageError, match=r"^--set .*(the vendors here: onetrust|use one of: )"):
        parse_switches({"onetrust": pack}, (word,))
