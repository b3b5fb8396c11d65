"""`understudy check`: recorded traffic judged."""

from pathlib import Path
from typing import Any

import click

from understudy import har
from understudy import pack as packs
from understudy.cli.judging import Hearing, Order, judging


@click.command()
@click.argument("vendor")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.har")
@judging
@click.pass_context
def check(ctx: click.Context, /, vendor: str, file: Path, **options: Any) -> None:
    """Judge the calls of VENDOR that an HTTP Archive has recorded, of whichever endpoint.

    Each answer is held against the documents and, as far as the recorded history allows, against the model. What was
    not recorded is not judged: the best verdict is `partial`.

    Exit codes: 0 nothing found, 1 violates, 2 wrong usage or file, 3 no call of the vendor's in scope.
    """
    order = Order(**options)
    hearing = Hearing(packs.load(vendor), order, str(file), file.name)
    calls = har.read(file)
    hearing.history.hear(calls)
    ctx.exit(hearing.end(f"{len(calls)} recorded calls"))
