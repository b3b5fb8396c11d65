"""What a run's findings are held against once they are found: entries of accepted.yaml, and an earlier report.

A finding that is accepted, or known from the baseline, is shown and does not count. No check looks here.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

from understudy.contract import accepted, baseline
from understudy.contract.accepted import Acceptance, match
from understudy.contract.baseline import Baseline
from understudy.contract.verdict import Finding, Lapsed, RuleOutcome
from understudy.errors import UsageError, shown
from understudy.pack import Pack


def _today() -> date:
    return datetime.now(UTC).date()


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a run lets be. `pack` are the entries of the pack, for whatever target; `own` the user's, for this one."""

    pack: tuple[Acceptance, ...] = ()
    own: tuple[Acceptance, ...] = ()
    baseline: Baseline | None = None
    today: date = field(default_factory=_today)

    @classmethod
    def load(cls, pack: Pack, own: Path | None = None, earlier: Path | None = None) -> "Allowance":
        """Read the pack's accepted.yaml, and the user's file and baseline if there are such.

        Raises ContentError with the line for what is wrong in a file, UsageError for a file that is not there.
        """
        for option, path in (("--accepted", own), ("--baseline", earlier)):
            if path is not None and path.is_dir():
                raise UsageError(f"{option} names a directory", where=shown(path), todo="name the file in it")
            if path is not None and not path.exists():
                raise UsageError("there is no such file", where=shown(path), todo=f"correct the path of {option}")
        return cls(
            accepted.load(pack.contracts / "accepted.yaml", "verify"),
            accepted.load(own, "verify") if own is not None else (),
            baseline.load(earlier, pack.vendor) if earlier is not None else None,
        )

    def marked(self, findings: Iterable[Finding], *, remarks: bool = False) -> tuple[Finding, ...]:
        """Return findings, or remarks, each with whether it is accepted, why, and whether the baseline has it."""
        rows = tuple(findings)
        fingerprints = [row.fingerprint for row in rows]
        reasons = {
            fingerprint: entry.reason
            for entries in (self.pack, self.own)
            for fingerprint, entry in match(entries, fingerprints, self.today).accepted.items()
        }
        known = self.baseline.fingerprints if self.baseline is not None else frozenset[str]()
        if remarks and self.baseline is not None:
            known |= self.baseline.remarks
        return tuple(
            replace(
                row,
                accepted=row.fingerprint in reasons,
                reason=reasons.get(row.fingerprint, ""),
                known=row.fingerprint in known,
            )
            for row in rows
        )

    def lapsed(self, fingerprints: Collection[str], *, whole: bool) -> tuple[Lapsed, ...]:
        """Return the entries that do not hold: expired ones and, in a whole run, those that accept nothing.

        A pack's entry that accepts nothing is no error: this target may be better than others of its kind.
        """
        found: list[Lapsed] = []
        for entries, own in ((self.pack, False), (self.own, True)):
            held = match(entries, fingerprints, self.today)
            found += [Lapsed(entry.fingerprint, _expired(entry), entry.where) for entry in held.expired]
            if whole:
                found += [Lapsed(entry.fingerprint, _stale(own=own), entry.where, own) for entry in held.stale]
        return tuple(found)

    def fixed(self, fingerprints: Collection[str], rules: Iterable[RuleOutcome]) -> tuple[Finding, ...]:
        """Return the baseline's findings that are gone, of the rules that this whole run has exercised."""
        return tuple(self._fixed(fingerprints, {rule.id for rule in rules if rule.exercised}))

    def _fixed(self, fingerprints: Collection[str], exercised: Collection[str]) -> Iterator[Finding]:
        for finding in self.baseline.findings if self.baseline is not None else ():
            if finding.fingerprint not in fingerprints and (finding.rule is None or finding.rule in exercised):
                yield finding


def _expired(entry: Acceptance) -> str:
    return f"the acceptance expired on {entry.expires}; look at the finding again"


def _stale(*, own: bool) -> str:
    if own:
        return "what this entry accepts no longer occurs; remove the entry"
    return "what this entry accepts does not occur at this target"
