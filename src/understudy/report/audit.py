"""What an audit says: progress and a table on the terminal, JSON, and one page without script."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import groupby

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from understudy.contract.audit import TECHNIQUES, Judged
from understudy.model.deviation import Deviation
from understudy.report.console import default_console, wide_console
from understudy.report.html import template
from understudy.report.text import one_line
from understudy.values import Json

LINE = 25
"""After how many deviations there is a line, where nobody sees a bar move."""


@dataclass(frozen=True, slots=True)
class Score:
    """Of one vendor: deviations judged, killed, let be, and killed by each technique alone."""

    vendor: str
    judged: int
    killed: int
    accepted: int
    by: dict[str, int]

    @property
    def percent(self) -> str:
        """The share killed, rounded down: 100 means all."""
        return f"{100 * self.killed // self.judged}%" if self.judged else "-"


def scores(results: Sequence[Judged]) -> list[Score]:
    """Return the score of each vendor, in the order of the results."""
    found = []
    for vendor, group in groupby(results, key=lambda each: each.vendor):
        judged = list(group)
        by = {name: sum(name in each.by for each in judged) for name in TECHNIQUES}
        killed = sum(each.killed for each in judged)
        accepted = sum(bool(each.accepted) for each in judged)
        found.append(Score(vendor, len(judged), killed, accepted, by))
    return found


def outcome(judged: Judged) -> str:
    """Return what became of a deviation, in a word."""
    return "killed" if judged.killed else "accepted" if judged.accepted else "survived"


def dumps(results: Sequence[Judged], seed: int) -> str:
    """Return the results as JSON text; times are in seconds."""
    value: dict[str, Json] = {
        "seed": seed,
        "scores": [asdict(score) for score in scores(results)],
        "deviations": [
            {**asdict(each), "by": list(each.by), "named": list(each.named), "outcome": outcome(each)}
            for each in results
        ],
    }
    return json.dumps(value, indent=2, ensure_ascii=True) + "\n"


def page(results: Sequence[Judged], seed: int, *, first: bool = False) -> str:
    """Return the page: scores first, then survivors, then every deviation; `first` as in `printed`."""
    ranked = sorted(results, key=lambda each: ("survived", "accepted", "killed").index(outcome(each)))
    return template("audit.html.j2").render(
        scores=scores(results), results=ranked, seed=seed, techniques=TECHNIQUES, outcome=outcome, how=_how(first)
    )


@contextmanager
def progress(total: int) -> Iterator[Callable[[Judged], Judged]]:
    """Show how far an audit is: on a terminal all the time, elsewhere by a line now and then.

    Each deviation that is not killed has a line of its own.
    """
    console = default_console()
    columns = (BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_interactive) as bar:
        task = bar.add_task("", total=total)

        count = 0

        def done(judged: Judged) -> Judged:
            nonlocal count
            count += 1
            bar.update(task, advance=1, description=f"{judged.vendor} {judged.deviation}")
            if not judged.killed:
                console.print(Text(f"not killed: {judged.vendor} {judged.deviation}"))
            if count % LINE == 0 and not console.is_interactive:
                console.print(Text(f"{count} of {total} judged"))
            return judged

        yield done


def listed(vendor: str, deviations: Sequence[Deviation]) -> None:
    """Print the deviations of a vendor."""
    rows = [(each.name, each.rule, each.text) for each in deviations]
    wide_console().print(_table(f"{vendor}: deviation", "breaks", "does", rows=rows))


def _how(first: bool) -> str:
    return "first" if first else "alone"


def printed(results: Sequence[Judged], stale: Sequence[str], seed: int, *, first: bool = False) -> None:
    """Print what was not killed and why, the table of scores, and last a line that says it all.

    With `first` the others were spared what one technique had found: it was the first, and no more is known.
    """
    console = wide_console()
    for each in results:
        if not each.killed:
            console.print(Text(one_line(_told(each))))
    for line in stale:
        console.print(Text(f"accepted.yaml: {one_line(line)}"))
    heads = ("vendor", "deviations", "killed", "accepted", *(f"{name} {_how(first)}" for name in TECHNIQUES))
    rows = []
    for score in scores(results):
        alone = [str(score.by[name]) for name in TECHNIQUES]
        rows.append((score.vendor, str(score.judged), f"{score.killed} ({score.percent})", str(score.accepted), *alone))
    console.print(_table(*heads, rows=rows))
    survived = sum(outcome(each) == "survived" for each in results)
    killed = sum(each.killed for each in results)
    console.print(Text(f"audit: {killed} of {len(results)} killed, {survived} survived; seed {seed}"))


def _told(judged: Judged) -> str:
    """Return what there is to say of a deviation that was not killed."""
    found = judged.error or (f"findings named {', '.join(judged.named)}" if judged.named else "nothing was found")
    end = judged.accepted or f"fingerprint {judged.fingerprint}"
    breaks = judged.rule or "no rule"
    return f"{outcome(judged)}: {judged.vendor} {judged.deviation} ({breaks}): {judged.text} ({found}) {end}"


def _table(*heads: str, rows: Sequence[tuple[str, ...]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))
    return table
