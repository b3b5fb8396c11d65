"""What the profile `observed` takes although the document forbids it: what a vendor was seen not to insist on."""

from collections.abc import Iterable

from understudy.spec.document import Violation
from understudy.spec.rules import Part, Rules


def excused(rules: Rules, part: Part, violations: Iterable[Violation]) -> tuple[str, ...]:
    """Return the observed rules that excuse all of the violations; none where one of them is not excused."""
    found: dict[str, None] = {}
    for violation in violations:
        broken = rules.played_by({part}, violation.keyword)
        excuses = [rules.relaxed[rule.id].id for rule in broken if rule.id in rules.relaxed]
        if not broken or len(excuses) < len(broken):
            return ()
        found |= dict.fromkeys(excuses)
    return tuple(found)
