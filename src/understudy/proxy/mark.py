"""What a marked answer says of itself: the worst that was found in it, and the rules that it is about."""

from collections.abc import Iterable, Mapping

from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.verdict import weigh
from understudy.spec.rules import Rule

UNJUDGED = "unjudged"
"""Of an answer on which nothing can be said: no operation in scope, or too long."""


def mark(evidence: Iterable[Evidence], rules: Mapping[str, Rule], *, strict: bool) -> str:
    """Return a structured field item (RFC 9651): `passed`, or `failed;rules="..."`, or `remark;rules="..."`."""
    found: dict[Outcome, list[str]] = {}
    for piece in evidence:
        outcome = weigh(piece, rules.get(piece.rule or ""), strict=strict)
        named = found.setdefault(outcome, [])
        if piece.rule is not None and piece.rule not in named:
            named.append(piece.rule)
    for outcome in (Outcome.FAILED, Outcome.REMARK):
        if outcome in found:
            return f'{outcome.value};rules="{" ".join(found[outcome])}"'
    return Outcome.PASSED.value if Outcome.PASSED in found else UNJUDGED
