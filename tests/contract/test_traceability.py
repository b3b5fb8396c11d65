"""A documented rule that nothing plays or nothing verifies fails the build."""

from dataclasses import replace

import pytest

from understudy import pack as packs
from understudy.contract.traceability import holes, trace
from understudy.errors import ContentError
from understudy.pack import Pack
from understudy.spec.rules import Basis, Rules


@pytest.mark.parametrize("vendor", packs.names())
def test_every_documented_rule_is_played_and_verified(vendor: str) -> None:
    """By the model or a part of the pipeline, and by a scenario or a check."""
    assert list(holes(packs.load(vendor))) == []


@pytest.mark.parametrize("vendor", packs.names())
def test_every_citation_leads_somewhere(vendor: str) -> None:
    """With file and line."""
    pack = packs.load(vendor)
    assert all(pack.cited_at(rule).line for rule in pack.rules)


def with_rules(pack: Pack, rules: Rules) -> Pack:
    """Return a pack of its own with other rules."""
    other = Pack(pack.vendor, pack.root)
    other.__dict__["rules"] = rules
    return other


def test_a_rule_that_nothing_plays_and_nothing_verifies_is_two_holes(pack: Pack) -> None:
    """Each is told in a sentence that names the rule."""
    new = replace(pack.rules.by_id["OT-ID-1"], id="OT-NEW-1")
    assert list(holes(with_rules(pack, Rules(pack.rules.source, [*pack.rules, new])))) == [
        "OT-NEW-1 is played by neither the model nor a part of the pipeline",
        "OT-NEW-1 is verified by no scenario and no check",
    ]


def test_a_part_of_the_pipeline_alone_verifies_nothing(pack: Pack) -> None:
    """A rule on the body whose words no request can be made of is a hole."""
    known = pack.rules.by_id["OT-BODY-12"]
    pointer = known.citation.pointer.rpartition("/")[0] + "/description"
    new = replace(known, id="OT-NEW-1", citation=replace(known.citation, pointer=pointer))
    assert list(holes(with_rules(pack, Rules(pack.rules.source, [*pack.rules, new])))) == [
        "OT-NEW-1 is verified by no scenario and no check"
    ]


def test_a_model_that_plays_what_is_no_rule_is_told(pack: Pack) -> None:
    """Ids are not to be misspelt."""
    kept = [rule for rule in pack.rules if rule.id != "OT-CREATE-4"]
    with pytest.raises(ContentError, match="OT-CREATE-4"):
        list(trace(with_rules(pack, Rules(pack.rules.source, kept))))


def test_a_rule_has_the_functions_scenarios_and_checks_that_are_its_own(pack: Pack) -> None:
    """The model's functions by name, the pipeline's part, the scenarios by id."""
    by_id = {each.rule.id: each for each in trace(pack)}
    assert "link" in by_id["OT-LINK-3"].played_by
    assert "remove-identifiers" in by_id["OT-LINK-3"].scenarios
    assert (by_id["OT-HEAD-3"].played_by, by_id["OT-HEAD-3"].checks) == (("pipeline: parameters",), ("constraints",))


def test_a_property_may_have_the_name_of_an_annotation() -> None:
    """Of `/properties/title` requests can be made; it is no text for people."""
    pack = packs.load("gainsight_px")
    known = next(each for each in pack.rules if each.citation.pointer.endswith("/properties/title/type"))
    pointer = known.citation.pointer.removesuffix("/type")
    new = replace(known, id="PX-NEW-1", basis=Basis.DOCUMENTED, citation=replace(known.citation, pointer=pointer))
    assert list(holes(with_rules(pack, Rules(pack.rules.source, [*pack.rules, new])))) == []
