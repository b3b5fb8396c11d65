"""`understudy compare`: one sequence of calls on two targets, and the first difference between their answers."""

import json
import secrets
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click
import jsonpath_rfc9535
from jsonpath_rfc9535.exceptions import JSONPathError, JSONPathRecursionError

from understudy import config
from understudy import pack as packs
from understudy.cli.options import Duration, Prefix, base_url_of
from understudy.cli.settings import check_switches, check_vendor
from understudy.contract.cleaning import clean
from understudy.contract.client import Client
from understudy.contract.comparison.compare import Comparison
from understudy.contract.comparison.compare import compare as compared
from understudy.contract.comparison.contrast import CHECK
from understudy.contract.embedded import stand_in
from understudy.contract.judge import Judge
from understudy.contract.records import held
from understudy.contract.samples import on_the_wire
from understudy.contract.target import PREFIX, Credentials, Run
from understudy.errors import TargetError, UsageError
from understudy.pack import Pack
from understudy.report import comparison as reporting
from understudy.report.comparison import SIDES
from understudy.report.write import check_file, put
from understudy.values import Json

MOCK = "mock"
"""What stands for the embedded mock."""


@click.command()
@click.argument("vendor")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option("--scope", type=click.Choice(packs.SCOPES), help="[default: core; full for two mocks]")
@click.option("--token", "--api-key", "token", envvar=["UNDERSTUDY_TOKEN", "UNDERSTUDY_API_KEY"], help="For URLs.")
@click.option("--client-id", envvar="UNDERSTUDY_CLIENT_ID", help="OAuth 2.0 client, for URLs.")
@click.option("--client-secret", envvar="UNDERSTUDY_CLIENT_SECRET", help="Its secret.")
@click.option("--existing", metavar="ID", help="A record that is there, at URLs, for what needs one.")
@click.option("--ignore", "ignored", multiple=True, metavar="JSONPATH", help="What of answers is not compared.")
@click.option("--sequences", default=50, show_default=True, type=click.IntRange(1), help="The most that are played.")
@click.option("--budget", type=Duration(), default="60s", show_default=True, help="The longest that it may take.")
@click.option("--prefix", type=Prefix(), default=PREFIX, show_default=True, help="What identifiers of ours begin with.")
@click.option("--seed", type=int, help="Repeats the calls.")
@click.option("--json", "file", type=click.Path(path_type=Path), metavar="FILE", help="Writes what was found there.")
@click.pass_context
def compare(ctx: click.Context, /, vendor: str, a: str, b: str, **options: Any) -> None:
    """Send the same calls to A and B, of VENDOR's, until their answers differ.

    A and B are names of understudy.toml, URLs, or `mock` for the embedded one. Times, and identifiers that a target
    chooses, may differ; so may what refusals say. The sequence before the first difference is made short, and told with
    the rule that it touches.

    Exit codes: 0 no difference, 1 a difference, 2 wrong usage, 3 a target cannot be reached, or takes no call.
    """
    order = Order(**options)
    pack = packs.load(vendor)
    ignored = ignoring(order.ignored)
    if order.file is not None:
        check_file("--json", order.file)
    seed = secrets.randbits(32) if order.seed is None else order.seed
    with ExitStack() as stack:
        sides = [_side(pack, word, order, seed, stack) for word in (a, b)]
        runs = _runs(pack, sides, order, seed)
        names = ", ".join(f"{name} {run.label}" for name, run in zip(SIDES, runs, strict=True))
        click.echo(f"understudy: comparing {vendor} at {names} (scope {runs[0].scope}, seed {seed})")
        clients = [Client(run, Judge(pack, run.scope)) for run in runs]
        for client in clients:
            stack.callback(client.close)
            _prepare(client)
        try:
            comparison = compared((clients[0], clients[1]), order.sequences, ignored)
        finally:
            _clean(clients)
    if order.file is not None:
        put(order.file, json.dumps(reporting.as_json(pack, comparison, runs, seed), indent=2).encode())
    ctx.exit(_tell(pack, comparison, seed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The options of one call."""

    scope: str | None
    token: str | None = field(repr=False)
    client_id: str | None
    client_secret: str | None = field(repr=False)
    existing: str | None
    ignored: tuple[str, ...]
    sequences: int
    budget: float
    prefix: str
    seed: int | None
    file: Path | None


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the targets."""

    label: str
    base_url: str
    credentials: Credentials
    existing: tuple[str, ...] = ()
    rps: float | None = None
    max_requests: int | None = None
    switches: dict[str, str] = field(default_factory=dict)

    @property
    def embedded(self) -> bool:
        return self.label == MOCK


def _side(pack: Pack, word: str, order: Order, seed: int, stack: ExitStack) -> _Side:
    """Return the target that a word stands for; raises UsageError where it stands for none."""
    if word == MOCK:
        base_url, credentials = stack.enter_context(stand_in(pack, seed))
        return _Side(MOCK, base_url, credentials)
    if "://" in word:
        credentials = Credentials(order.token, None, order.client_id, order.client_secret)
        if not credentials.token and not (credentials.client_id and credentials.client_secret):
            todo = "give --token (or --api-key), or --client-id and --client-secret"
            raise UsageError(f"no credentials for {word}", todo=todo)
        credentials.check()
        base_url = base_url_of("the target", word)
        return _Side(base_url, base_url, credentials, (order.existing,) if order.existing else ())
    target = config.load(Path.cwd()).target(word)
    check_vendor(pack.vendor, target)
    check_switches(pack, target)
    credentials = Credentials(
        *(target.secret(name) for name in ("token", "restricted_token", "client_id", "client_secret"))
    )
    credentials.check()
    return _Side(
        word,
        base_url_of(f"{config.NAME}: targets.{word}.base_url", target.base_url),
        credentials,
        target.existing,
        target.rps,
        target.max_requests,
        dict(target.switches),
    )


def _runs(pack: Pack, sides: list[_Side], order: Order, seed: int) -> list[Run]:
    """Return a run for each target; what both of them are sent is the same."""
    scope = order.scope or ("full" if all(side.embedded for side in sides) else "core")
    restricted = all(side.credentials.restricted for side in sides)
    existing = next((side.existing for side in sides if side.existing), ())
    common = Run(
        vendor=pack.vendor,
        base_url="",
        label="",
        scope=scope,
        seed=seed,
        run_id=secrets.token_hex(8),  # a target keeps the records of earlier runs
        deadline=time.time() + order.budget,
        budget=order.budget,
        prefix=order.prefix,
    )
    return [
        replace(
            common,
            base_url=side.base_url,
            label=side.label,
            existing=side.existing or (existing if side.embedded else ()),
            embedded=side.embedded,
            rps=side.rps,
            max_requests=side.max_requests,
            switches=side.switches,
            credentials=side.credentials if restricted else replace(side.credentials, restricted=None),
        )
        for side in sides
    ]


def _prepare(client: Client) -> None:
    """Have the mock hold the record that the other target is said to hold."""
    made = held(client.run, client.judge.judged, client.judge.pack.effective) if client.run.embedded else None
    if made is not None:
        client.send(on_the_wire(made, client.run, secret=client.secret("full")), made.operation.operation_id, CHECK)


def ignoring(paths: Iterable[str]) -> Callable[[Json], Json]:
    """Return what takes the places of RFC 9535 paths out of a body; raises UsageError for what is no path.

    What is returned raises RecursionError for a body that a path with `..` cannot be followed in.
    """
    queries = []
    for path in paths:
        try:
            queries.append(jsonpath_rfc9535.compile(path))
        except (JSONPathError, RecursionError, ValueError, OverflowError) as error:
            todo = "give one such as $.elements[*].lastSeen"
            raise UsageError(f"--ignore {path[:100]!r} is no JSONPath: {error}", todo=todo) from error

    def without(body: Json) -> Json:
        body = deepcopy(body) if queries else body
        for query in queries:
            try:
                found = query.find(body)
            except JSONPathRecursionError as error:  # which is none of Python's
                raise RecursionError from error
            for node in reversed(found):
                holder = body
                for token in node.location[:-1]:
                    holder = holder[token]
                if node.location:
                    del holder[node.location[-1]]
        return body

    return without


def _clean(clients: list[Client]) -> None:
    """Delete what was made at the targets, whatever has ended the comparison, and say what could not be."""
    for name, client in zip(SIDES, clients, strict=True):
        if count := clean(client):
            click.echo(f"left behind at {name}: {count} records that begin with {client.run.prefix}")


def _tell(pack: Pack, comparison: Comparison, seed: int) -> int:
    """Say what was found; return the exit code."""
    code = {"different": 1, "inconclusive": TargetError.exit_code}.get(reporting.verdict(comparison), 0)
    if code == TargetError.exit_code:
        what = "no call that tells whether the credentials are let in was taken by both targets"
        why = f" ({comparison.note})" if comparison.note else ""
        todo = "check the credentials, give an --existing ID that both hold, or --scope full"
        click.echo(f"understudy: {what}{why}; {todo}", err=True)
    for line in reporting.lines(pack, comparison, seed):
        click.echo(line)
    return code
