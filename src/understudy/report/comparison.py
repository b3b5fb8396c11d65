"""What a comparison says: lines for the terminal, and JSON."""

from collections.abc import Iterator, Sequence

from understudy.contract.comparison.compare import Comparison
from understudy.contract.comparison.contrast import Contrast
from understudy.contract.target import Run
from understudy.pack import Pack
from understudy.values import Json

SIDES = ("A", "B")


def verdict(comparison: Comparison) -> str:
    """Return what a comparison comes to: different, inconclusive, partial or same."""
    if comparison.contrast is not None:
        return "different"
    if not comparison.taken:
        return "inconclusive"
    return "partial" if comparison.note else "same"


def lines(pack: Pack, comparison: Comparison, seed: int) -> Iterator[str]:
    """Yield what was found, and last the verdict."""
    if comparison.contrast is not None:
        yield from _difference(pack, comparison.contrast)
    elif comparison.taken and comparison.note:
        yield f"not all was compared: {comparison.note}"
    counted = f"({comparison.sequences} sequences, {comparison.calls} calls each; seed {seed})"
    yield f"verdict: {verdict(comparison)} {counted}"


def _difference(pack: Pack, contrast: Contrast) -> Iterator[str]:
    evidence, rule = contrast.evidence, pack.rules.by_id.get(contrast.evidence.rule or "")
    yield f"\n{evidence.title}: {evidence.operation}"
    if rule is not None:
        yield f"  rule      {rule.id}: {rule.text} [{pack.cited_at(rule)}]"
    if contrast.at.startswith("/"):
        yield f"  at        {contrast.at}"
    for name, value, broken in zip(SIDES, (evidence.expected, evidence.actual), contrast.departs, strict=True):
        yield f"  {name}         {value}{f'   breaks {broken}' if broken else ''}"
    for name, curl in zip(SIDES, contrast.curls, strict=True):
        yield f"\n  the calls to {name}:"
        yield from (f"  {line}" for line in curl.splitlines())
    yield ""


def as_json(pack: Pack, comparison: Comparison, runs: Sequence[Run], seed: int) -> dict[str, Json]:
    """Return what was found as a JSON object."""
    contrast, difference = comparison.contrast, None
    if contrast is not None:
        evidence = contrast.evidence
        difference = {
            "title": evidence.title,
            "operation": evidence.operation,
            "rule": evidence.rule,
            "at": contrast.at,
            **{
                name.lower(): {"value": value, "breaks": broken, "curl": curl.splitlines()}
                for name, value, broken, curl in zip(
                    SIDES, (evidence.expected, evidence.actual), contrast.departs, contrast.curls, strict=True
                )
            },
        }
    return {
        "vendor": pack.vendor,
        "targets": {name.lower(): run.label for name, run in zip(SIDES, runs, strict=True)},
        "scope": runs[0].scope,
        "seed": seed,
        "sequences": comparison.sequences,
        "calls": comparison.calls,
        "taken": comparison.taken,
        "note": comparison.note,
        "difference": difference,
    }
