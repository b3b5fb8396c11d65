"""What traffic that was heard amounts to: a report as of a run, narrowed to what others have sent."""

from datetime import datetime

from understudy.contract.allowance import Allowance
from understudy.contract.evidence import Outcome
from understudy.contract.history import MODEL, SINGLE, History
from understudy.contract.summary import Gathered, summarise
from understudy.contract.target import Run
from understudy.contract.verdict import ItemResult, Report, weigh


def summarised(
    history: History, run: Run, started: datetime, seconds: float, allowance: Allowance, silence: str
) -> Report:
    """Return the report on what a history has heard; `silence` is said where that is nothing."""
    gathered = Gathered(
        evidence=list(history.collector), requests=history.statuses.total(), statuses=history.statuses, traffic=True
    )
    rules = history.judge.rules.by_id
    for kind in (SINGLE, MODEL):
        failures = frozenset(
            piece.fingerprint
            for piece, _ in gathered.evidence
            if piece.check == kind and weigh(piece, rules.get(piece.rule or ""), strict=run.strict) is Outcome.FAILED
        )
        outcome = "failed" if failures else "passed"
        gathered.items.append(ItemResult(kind, kind, outcome, seconds, failures=failures))
    if not gathered.requests:
        gathered.fatal = silence
    return summarise(history.judge.pack, run, gathered, started, seconds, allowance)
