"""`understudy verify --dry-run`: what a run would send, found out on the embedded mock in the target's place."""

from collections.abc import Iterable
from dataclasses import replace

import click

from understudy.contract.client import Client
from understudy.contract.embedded import stand_in
from understudy.contract.judge import Judge
from understudy.contract.records import creator
from understudy.contract.samples import on_the_wire, sample
from understudy.contract.target import Credentials, Run
from understudy.contract.trial import Sent, rehearse
from understudy.pack import Pack
from understudy.report.text import one_line

DRAWN = {
    "model": "sequences of calls drawn from the seed, on records of their own",
    "fuzz": "requests made up by Schemathesis from the seed",
}
"""Checks of which nobody can say beforehand what they send: each answer decides what is next."""


class _Silent:
    """Hears of a dry run's progress and says nothing."""

    def started(self, vendor: str, target: str, scope: str, seed: int, items: int) -> None:
        """Hear that the checks are collected."""

    def progressed(self, name: str, outcome: str, requests: int) -> None:
        """Hear that a check has ended."""


def dry_run(pack: Pack, run: Run, words: Iterable[str]) -> None:
    """Print what the run would send, as curl lines; secrets stand as shell variables. Raises TargetError."""
    with stand_in(pack, run.seed) as (url, credentials):
        rehearsal = replace(
            run, base_url=url, credentials=_same(run.credentials, credentials), embedded=False, rps=None, dry=True
        )
        _put_existing(pack, rehearsal)
        sent = rehearse(pack, rehearsal, _Silent(), words)
    click.echo(f"# dry run: what would be sent to {one_line(run.base_url)}, and nothing is")
    click.echo(
        "# what depends on answers is as the mock answers; secrets stand as shell variables, a client as the mock's"
    )
    for each in sent:
        _show(each, url, run.base_url)
    fixed = sum(each.requests for each in sent if each.kind not in DRAWN)
    click.echo(f"# {fixed} requests; those of model and fuzz come on top, as many as limits and answers allow")


def _show(sent: Sent, url: str, base_url: str) -> None:
    heading = f"# {sent.kind} {sent.name}" if sent.kind not in sent.name else f"# {sent.name}"
    if sent.kind in DRAWN and sent.curls:
        heading += f": {DRAWN[sent.kind]}; answers, --budget and --max-requests decide how many, for example"
    click.echo(heading if sent.curls else f"{heading}: nothing; {sent.reason or 'it needs what is not given'}")
    for curl in sent.curls:
        click.echo(one_line(curl.replace(url, base_url)))


def _same(given: Credentials, known: Credentials) -> Credentials:
    """Return the mock's credentials as far as the target's are given."""
    client = bool(given.client_id and given.client_secret)
    return Credentials(
        known.token if given.token or not client else None,
        known.restricted if given.restricted else None,
        known.client_id if client else None,
        known.client_secret if client else None,
    )


def _put_existing(pack: Pack, run: Run) -> None:
    """Create the records that the user says are there on what stands in for the target."""
    client = Client(replace(run, dry=False), Judge(pack, "full"))
    operation = creator(pack.effective, pack.effective)
    for identifier in run.existing if operation is not None else ():
        made = sample(operation, run, identifier, identifier) if operation is not None else None
        if made is not None:
            request = on_the_wire(made, run, secret=client.secret("full"))
            client.send(request, operation.operation_id if operation else None, "existing")
    client.close()
