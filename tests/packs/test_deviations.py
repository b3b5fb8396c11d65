"""Every pack's deviations: each documented rule is broken by one, or says why no client could tell."""

import pytest

from understudy import pack as packs
from understudy.spec.rules import Basis

OWN = {"onetrust": 25, "consentgrid": 20, "gainsight_px": 20}
"""The least number of a pack's own."""


@pytest.mark.parametrize("vendor", packs.names())
def test_every_documented_rule_is_broken(vendor: str) -> None:
    """By a deviation of its own, or by one that the engine derives."""
    pack = packs.load(vendor)
    broken = {each.rule for each in pack.deviations}
    left = [rule.id for rule in pack.rules if rule.basis is Basis.DOCUMENTED and rule.id not in broken]
    assert sorted(left) == sorted(pack.deviations.unbreakable)
    assert all(len(reason) > 20 for reason in pack.deviations.unbreakable.values())


@pytest.mark.parametrize(("vendor", "least"), OWN.items())
def test_a_pack_has_deviations_of_its_own(vendor: str, least: int) -> None:
    """In the model or in a part of the pipeline, not counting those that the engine derives."""
    own = [each for each in packs.load(vendor).deviations if not each.name.startswith(DERIVED)]
    assert len(own) >= least


DERIVED = ("takes-", "breaks-", "shuts-", "status-", "crash-", "html-", "cut-", "no-")
