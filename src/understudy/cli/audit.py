"""`understudy audit`: how many of the deviations the judge finds, and by which technique."""

import os
import random
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from understudy import pack as packs
from understudy.cli.options import Duration
from understudy.contract import accepted as acceptances
from understudy.contract import audit as auditing
from understudy.contract.audit import Judged, fingerprint
from understudy.errors import UsageError
from understudy.pack import Pack
from understudy.report import audit as writer
from understudy.report.write import check_file, put


@click.command()
@click.argument("vendors", nargs=-1, metavar="[VENDOR]...")
@click.option("--only", multiple=True, metavar="NAME", help="Audits the deviations of that name (repeatable).")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Audits N of each vendor, chosen by the seed.")
@click.option("--first", is_flag=True, help="Goes on to the next as soon as one check has found it: no score apart.")
@click.option("--list", "listing", is_flag=True, help="Lists the deviations, and judges none.")
@click.option("--seed", type=int, help="Makes the choice and every run repeatable. Random unless given.")
@click.option("--budget", type=Duration(), default="30s", show_default=True, help="A ceiling for each deviation.")
@click.option("--workers", type=click.IntRange(1), help="Processes at once.  [default: as many as cores]")
@click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Writes all results there.")
@click.option("--html", "html_file", type=click.Path(path_type=Path), metavar="FILE", help="Writes a page there.")
@click.pass_context
def audit(
    ctx: click.Context,
    vendors: tuple[str, ...],
    only: tuple[str, ...],
    sample: int | None,
    first: bool,
    listing: bool,
    seed: int | None,
    budget: float,
    workers: int | None,
    json_file: Path | None,
    html_file: Path | None,
) -> None:
    """Play each deviation of VENDORs (all, if none is named), judge it, and tell which ones no check finds.

    A deviation is killed if a finding names the rule that it breaks. Exit codes: 0 all are killed, or accepted in
    accepted.yaml with a reason why no client can tell; 1 some survive, or an acceptance is stale; 2 wrong usage.
    """
    chosen = [packs.load(vendor) for vendor in dict.fromkeys(vendors or packs.names())]
    seed = secrets.randbits(32) if seed is None else seed
    names = [(pack.vendor, name) for pack in chosen for name in _names(pack, only, sample, seed)]
    _check_only(chosen, only)
    if listing:
        for pack in chosen:
            named = [name for vendor, name in names if vendor == pack.vendor]
            writer.listed(pack.vendor, [pack.deviations.by_name[name] for name in named])
        return
    for option, path in (("--json", json_file), ("--html", html_file)):
        if path is not None:
            check_file(option, path)
    with writer.progress(len(names)) as done:
        judged = auditing.audit(names, seed, budget, workers or os.cpu_count() or 1, first=first)
        found = {(each.vendor, each.deviation): done(each) for each in judged}
    results = [found[name] for name in names]
    results, stale = _accepted(chosen, results, whole=not only and sample is None)
    writer.printed(results, stale, seed, first=first)
    for path, render in ((json_file, writer.dumps), (html_file, partial(writer.page, first=first))):
        if path is not None:
            put(path, render(results, seed).encode())
    ctx.exit(1 if stale or any(not each.killed and not each.accepted for each in results) else 0)


def _names(pack: Pack, only: tuple[str, ...], sample: int | None, seed: int) -> list[str]:
    names = [each.name for each in pack.deviations if not only or each.name in only]
    if sample is None or sample >= len(names):
        return names
    chosen = set(random.Random(f"{seed} {pack.vendor}").sample(names, sample))  # noqa: S311 (a choice, no secret)
    return [name for name in names if name in chosen]


def _check_only(chosen: Sequence[Pack], only: tuple[str, ...]) -> None:
    known = {each.name for pack in chosen for each in pack.deviations}
    for name in only:
        if name not in known:
            vendors = " ".join(pack.vendor for pack in chosen)
            raise UsageError(f"no deviation is called {name!r}", todo=f"see: understudy audit {vendors} --list")


def _accepted(chosen: Iterable[Pack], results: Sequence[Judged], *, whole: bool) -> tuple[list[Judged], list[str]]:
    """Note which survivors are let be; of a whole audit, tell which entries let nothing be any more."""
    reasons: dict[str, str] = {}
    stale: list[str] = []
    for pack in chosen:
        survivors = [each.fingerprint for each in results if each.vendor == pack.vendor and not each.killed]
        match = acceptances.match(
            acceptances.load(pack.contracts / "accepted.yaml", "audit"), survivors, datetime.now(UTC).date()
        )
        reasons |= {key: entry.reason for key, entry in match.accepted.items()}
        known = {fingerprint(pack.vendor, each.name) for each in pack.deviations}
        stale += [
            f"{entry.where}: {why}"
            for entries, why in ((match.expired, "the acceptance has expired"), (match.stale, "accepts no survivor"))
            for entry in entries
            if whole or entry.fingerprint not in known
        ]
    return [replace(each, accepted=reasons.get(each.fingerprint, "")) for each in results], stale
