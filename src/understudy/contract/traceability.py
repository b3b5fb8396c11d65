"""Who plays each rule and what verifies it: a rule that lacks one of the two is a hole, and holes fail the build."""

from collections.abc import Iterator
from dataclasses import dataclass

from understudy.contract import scenarios
from understudy.contract.probes import PROBED
from understudy.contract.samples import sample
from understudy.contract.target import Run
from understudy.contract.variants import variants
from understudy.pack import Pack
from understudy.spec.rules import Basis, Rule

ANNOTATIONS = frozenset({"default", "deprecated", "description", "example", "examples", "title"})
"""Keywords of a schema by which nothing is valid or not (JSON Schema 2020-12 Validation, section 9)."""
_NOWHERE = Run("", "http://localhost", "", "full", 0, "", 0.0, 0.0)
"""A run that sends nothing, for requests that are looked at alone."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A rule with the model functions or pipeline part that play it, and the scenarios and checks that verify it."""

    rule: Rule
    played_by: tuple[str, ...]
    scenarios: tuple[str, ...]
    checks: tuple[str, ...]


def trace(pack: Pack) -> Iterator[Trace]:
    """Yield every rule of a pack; raises ContentError where a scenario or the model names a rule that is not there."""
    verified = scenarios.verified_by(pack)
    for name in pack.behaviour.played:
        if name not in pack.rules.by_id:
            raise pack.rules.source.error(
                f"the model plays {name}, which is no rule", todo="correct the id in the model"
            )
    for rule in pack.rules.by_id.values():
        functions = tuple(pack.behaviour.played.get(rule.id, ()))
        part = (f"pipeline: {rule.part.value}",) if rule.part else ()
        checks = (PROBED[rule.part],) if rule.part in PROBED and _probes(pack, rule) else ()
        yield Trace(rule, (*functions, *part), tuple(verified.get(rule.id, ())), checks)


def _probes(pack: Pack, rule: Rule) -> bool:
    """Whether the check of the rule's part has something to send for it, where it sends something for each rule.

    What is said of a refusal, every request shows that is refused.
    """
    if rule.part is None or PROBED[rule.part] != "constraints":
        return True
    operation = pack.effective.operations[rule.operation]
    if rule.citation.pointer.startswith(f"{operation.pointer}/responses/"):
        return True
    holder, _, keyword = rule.citation.pointer.rpartition("/")
    if keyword in ANNOTATIONS and not holder.endswith("/properties"):
        return False  # no request breaks what is told in words
    good = sample(operation, _NOWHERE, rule.id)
    return good is not None and any(True for _ in variants(rule, good))


def holes(pack: Pack) -> Iterator[str]:
    """Yield a sentence for each documented rule that nothing plays or nothing verifies."""
    for each in trace(pack):
        if each.rule.basis is Basis.DOCUMENTED:
            if not each.played_by:
                yield f"{each.rule.id} is played by neither the model nor a part of the pipeline"
            if not each.scenarios and not each.checks:
                yield f"{each.rule.id} is verified by no scenario and no check"
