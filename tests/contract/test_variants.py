"""Each rule on requests is probed on both sides of its bound, and what a variant is said to be it is on the wire."""

from dataclasses import replace
from uuid import UUID

import pytest

from tests.contract.conftest import WRITE
from understudy import pack as packs
from understudy.contract.demands import breaches
from understudy.contract.samples import on_the_wire, sample
from understudy.contract.target import Run
from understudy.contract.variants import LOOKED_AT, Variant, variants
from understudy.pack import Pack
from understudy.spec.rules import Part

RULES = [
    *(f"OT-HEAD-{number}" for number in (1, 2, 3)),
    *(f"OT-BODY-{number}" for number in (1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)),
]


def made(pack: Pack, run: Run, rule: str) -> list[Variant]:
    """Return the variants of a rule of the write operation."""
    good = sample(pack.effective.operations[WRITE], run, "label")
    assert good is not None
    return list(variants(pack.rules.by_id[rule], good))


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_on_requests_has_variants_that_break_it(rule: str, pack: Pack, run: Run) -> None:
    """A rule without a bad variant would pass unseen."""
    assert [each for each in made(pack, run, rule) if not each.good]


@pytest.mark.parametrize("rule", RULES)
def test_a_variant_is_on_the_wire_what_it_is_said_to_be(rule: str, pack: Pack, run: Run) -> None:
    """A bad one breaks the effective document, a good one does not."""
    for variant in made(pack, run, rule):
        request = on_the_wire(variant.sample, run, secret=None)
        assert bool(breaches(variant.sample.operation, request)) is not variant.good, variant.what


def test_a_longest_identifier_is_probed_at_and_beyond_its_bound(pack: Pack, run: Run) -> None:
    """255 must be taken; 256 and 510 refused."""
    lengths = {
        len(each.sample.parameters["header"]["dataSubjectIdentifier"]): each.good
        for each in made(pack, run, "OT-HEAD-3")
    }
    assert lengths == {255: True, 256: False, 510: False}


def test_the_longest_identifier_is_still_the_records_own(pack: Pack, run: Run) -> None:
    """It is made longer inside, so that two records stay two."""
    good = sample(pack.effective.operations[WRITE], run, "other")
    assert good is not None
    mine = made(pack, run, "OT-HEAD-3")[0].sample.parameters["header"]["dataSubjectIdentifier"]
    other = next(variants(pack.rules.by_id["OT-HEAD-3"], good)).sample.parameters["header"]["dataSubjectIdentifier"]
    assert mine != other


def test_a_list_is_probed_behind_its_first_item(pack: Pack, run: Run) -> None:
    """Where one is too long, and where one is no string."""
    lists = [each.sample.body["dataElements"][0]["value"] for each in made(pack, run, "OT-BODY-16") if not each.good]
    later = [value[1] for value in lists if isinstance(value, list) and value[1:]]
    assert later == [None, 7, {}, "x" * 751]


def test_a_list_of_one_is_probed_behind_it(run: Run) -> None:
    """In an item that is like the first but for what is wrong, behind more of them than a glance takes in."""
    pack = PACKS["gainsight_px"]
    good = sample(pack.effective.operations["updateUser"], run, "label")
    assert good is not None
    last = list(variants(pack.rules.by_id["PX-METRIC-6"], good))[-1]
    first, *more, wrong = last.sample.body["channelMetricList"]
    assert [first] == good.body["channelMetricList"]
    assert more == [first] * (LOOKED_AT - 1)
    assert (last.good, wrong) == (False, {**first, "environment": 2**31})


def test_text_around_a_good_body_is_no_json(pack: Pack, run: Run) -> None:
    """Whoever reads as far as it goes takes the body for a good one."""
    raw = [each.sample.body for each in made(pack, run, "OT-BODY-2") + made(pack, run, "OT-HTTP-4")]
    whole = [each for each in raw if isinstance(each, bytes) and each.startswith(b'{"identifierType": "Email"')]
    assert {each[-2:] for each in whole} == {b"}}", b"dy", b",}"}


def test_texts_that_are_no_booleans_are_probed(run: Run) -> None:
    """Though some take them for true."""
    pack = PACKS["gainsight_px"]
    rule = pack.rules.by_id["PX-DELETE-6"]
    good = sample(pack.effective.operations[rule.operation], run, "label")
    assert good is not None
    sent = [each.sample.parameters["query"]["hardDelete"] for each in variants(rule, good)]
    assert {"1", "yes"} <= {each for each in sent if isinstance(each, str)}


def test_a_property_that_no_example_has_is_probed(pack: Pack, run: Run) -> None:
    """In a body of its own, with what is required beside it, and with items that are what they must be."""
    rule = pack.rules.by_id["OT-DELETE-7"]
    good = sample(pack.effective.operations[rule.operation], run, "label")
    assert good is not None
    (variant,) = variants(rule, good)
    assert list(variant.sample.body) == ["dataSubjectGuids"]
    assert len({UUID(each) for each in variant.sample.body["dataSubjectGuids"]}) == 1
    assert len(variant.sample.body["dataSubjectGuids"]) == 1000


def test_a_rule_of_the_model_has_no_variants(pack: Pack, run: Run) -> None:
    """Sequences are the scenarios' matter."""
    assert made(pack, run, "OT-LINK-3") == []


PACKS = {vendor: packs.load(vendor) for vendor in packs.names()}
PROBED = [
    pytest.param(vendor, rule.id, id=rule.id)
    for vendor, pack in PACKS.items()
    for rule in pack.rules
    if rule.part in (Part.PARAMETERS, Part.BODY) and not rule.relaxes
]


@pytest.mark.parametrize(("vendor", "rule_id"), PROBED)
def test_the_variants_of_every_pack_are_what_they_are_said_to_be(vendor: str, rule_id: str, run: Run) -> None:
    """Of each rule on parameters and bodies whose operation has an example."""
    pack = PACKS[vendor]
    rule = pack.rules.by_id[rule_id]
    good = sample(pack.effective.operations[rule.operation], replace(run, vendor=vendor), "label")
    for variant in variants(rule, good) if good is not None else ():
        request = on_the_wire(variant.sample, run, secret=None)
        assert bool(breaches(variant.sample.operation, request)) is not variant.good, variant.what
