"""`understudy verify`: a target judged."""

import secrets
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from understudy import config
from understudy import pack as packs
from understudy.cli.dry_run import dry_run
from understudy.cli.options import Duration, Prefix, Rate, Workers, base_url_of
from understudy.cli.settings import check_switches, check_vendor
from understudy.cli.side_by_side import verify_all
from understudy.cli.telling import told
from understudy.contract.allowance import Allowance
from understudy.contract.embedded import embedded_mock
from understudy.contract.target import EMBEDDED, PREFIX, Credentials, Run
from understudy.contract.trial import hold
from understudy.errors import UsageError, shown
from understudy.pack import Pack
from understudy.report.console import ConsoleWriter
from understudy.report.write import check_file, check_writable


@click.command()
@click.argument("vendors", nargs=-1, metavar="[VENDOR]...")
@click.option("--target", metavar="NAME", help="The endpoint to judge, by its name in understudy.toml.")
@click.option("--base-url", metavar="URL", help="The endpoint to judge; it ends before the paths of the document.")
@click.option(
    "--token",
    "--api-key",
    "token",
    envvar=["UNDERSTUDY_TOKEN", "UNDERSTUDY_API_KEY"],
    help="Bearer token or API key that may do everything.",
)
@click.option(
    "--restricted-token",
    "--restricted-api-key",
    "restricted_token",
    envvar=["UNDERSTUDY_RESTRICTED_TOKEN", "UNDERSTUDY_RESTRICTED_API_KEY"],
    help="Bearer token or API key that may not write.",
)
@click.option("--client-id", envvar="UNDERSTUDY_CLIENT_ID", help="OAuth 2.0 client that gets the full token.")
@click.option("--client-secret", envvar="UNDERSTUDY_CLIENT_SECRET", help="Its secret.")
@click.option(
    "--scope",
    type=click.Choice(packs.SCOPES),
    help="core: the vendored document alone. [default: core; full for the mock]",
)
@click.option("--existing", multiple=True, metavar="ID", help="A record that is there, for what needs one.")
@click.option("--budget", type=Duration(), help="The longest that a run may take.  [default: 30s]")
@click.option("--rps", type=Rate(), metavar="N", help="The most requests in a second.")
@click.option("--max-requests", type=click.IntRange(1), metavar="N", help="The most requests in all.")
@click.option(
    "--prefix", type=Prefix(), metavar="TEXT", help=f"What identifiers of ours begin with.  [default: {PREFIX}]"
)
@click.option("--dry-run", is_flag=True, help="Prints what would be sent, and sends nothing to the target.")
@click.option("--seed", type=int, help="Repeats a run.")
@click.option("--strict", is_flag=True, help="Rules of observed or inferred basis fail too.")
@click.option(
    "--report",
    "directory",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Writes report.json, report.html, junit.xml, report.sarif, failing/*.arazzo.yaml.",
)
@click.option(
    "--scenario",
    "scenarios",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="Only this Arazzo file, such as one of DIR/failing/; repeatable.",
)
@click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="Writes JUnit XML there too.")
@click.option("--sarif", type=click.Path(path_type=Path), metavar="FILE", help="Writes SARIF 2.1.0 there too.")
@click.option(
    "--accepted",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What is accepted at this target, beside the pack's own accepted.yaml.",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A report.json; what it has is known, and does not count. [several vendors: a DIR of --report]",
)
@click.option("-v", "--verbose", is_flag=True, help="Shows every check and every rule.")
@click.option("-k", "keyword", metavar="EXPRESSION", help="Only checks whose names match, as in pytest.")
@click.option("-n", "workers", type=Workers(), metavar="N", help="Worker processes, as in pytest-xdist.")
@click.option("--lf", "last_failed", is_flag=True, help="Only what failed last time, as in pytest.")
@click.pass_context
def verify(ctx: click.Context, /, vendors: tuple[str, ...], **options: Any) -> None:
    """Judge a target against the documents of VENDORs (all, if none is named).

    Without --base-url the embedded mocks are judged. Ends with a line that starts with `verdict:`.
    What is accepted or known does not count.

    Exit codes: 0 conforms, 1 violates, 2 wrong usage or configuration (an entry of --accepted that accepts nothing,
    too), 3 unreachable, refused, or nothing checked.
    """
    order = Order(**options)
    given = [ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in ("token", "client_id")]
    client = given == [False, True]
    if client:
        order = replace(order, token=None)  # which the environment has
    if order.target is not None:
        target = config.load(Path.cwd()).target(order.target)
        vendors, order = vendors or (target.vendor,), order.at(target, token=not client)
        for vendor in vendors:
            check_vendor(vendor, target)
        check_switches(packs.load(target.vendor), target)
    chosen = [packs.load(vendor) for vendor in dict.fromkeys(vendors or packs.names())]
    if order.base_url is not None and len(chosen) != 1:
        raise UsageError("--base-url is one vendor's", todo="name the vendor: understudy verify VENDOR --base-url URL")
    if order.scenarios and len(chosen) != 1:
        raise UsageError("--scenario is one vendor's", todo="name the vendor: understudy verify VENDOR --scenario FILE")
    if order.base_url is None:
        _refuse_unread(ctx)
    if order.accepted is not None and len(chosen) != 1:
        raise UsageError("--accepted is one vendor's", todo="name the vendor; a pack has its own accepted.yaml")
    if order.baseline is not None and len(chosen) != 1 and not order.baseline.is_dir():
        todo = "name the vendor, or give the directory that --report wrote"
        raise UsageError("--baseline is one vendor's", where=shown(order.baseline), todo=todo)
    order.check_places()
    if len(chosen) == 1:
        ctx.exit(_judge(chosen[0], order))
    codes = verify_all({pack.vendor: order.words_for(pack.vendor) for pack in chosen}, order.files())
    ctx.exit(max(codes, key=SEVERITY.index))


BUDGET = 30.0
"""Seconds that a run may take unless another budget is given."""
SERVED = "127.0.0.1:8080"
"""Where `understudy serve` serves, unless told otherwise."""
SEVERITY = (0, 3, 1, 2)
"""Exit codes of several runs: the last of them that occurs is that of the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The options of one call."""

    target: str | None
    base_url: str | None
    existing: tuple[str, ...]
    token: str | None = field(repr=False)
    restricted_token: str | None = field(repr=False)
    client_id: str | None
    client_secret: str | None = field(repr=False)
    scope: str | None
    budget: float | None
    rps: float | None
    max_requests: int | None
    prefix: str | None
    dry_run: bool
    switches: Mapping[str, str] = field(default_factory=dict)
    seed: int | None
    strict: bool
    directory: Path | None
    scenarios: tuple[Path, ...]
    junit: Path | None
    sarif: Path | None
    accepted: Path | None
    baseline: Path | None
    verbose: bool
    keyword: str | None
    workers: str | None
    last_failed: bool

    def at(self, target: config.Target, *, token: bool) -> "Order":
        """Return the order for a configured target; what the command line says goes first.

        Without `token` the target's own is not asked for, since a client is to get one.
        """
        if self.base_url is not None:
            raise UsageError("both --target and --base-url are given", todo="give one of them")
        return replace(
            self,
            base_url=target.base_url,
            existing=self.existing or target.existing,
            scope=self.scope or target.scope,
            budget=self.budget or _seconds(target),
            rps=self.rps or target.rps,
            max_requests=self.max_requests or target.max_requests,
            prefix=self.prefix or target.prefix,
            switches=target.switches,
            token=self.token or (self._secret(target, "token") if token else None),
            restricted_token=self.restricted_token or self._secret(target, "restricted_token"),
            client_id=self.client_id or self._secret(target, "client_id"),
            client_secret=self.client_secret or self._secret(target, "client_secret"),
        )

    def _secret(self, target: config.Target, name: str) -> str | None:
        """Return a secret of the target's; a dry run needs to know no more than that there is one."""
        return f"the {name}" if self.dry_run and name in target.secrets else target.secret(name)

    def check_places(self) -> None:
        """Raise UsageError where a report cannot be written, before anything is sent."""
        if self.dry_run and (self.directory or self.files()):
            raise UsageError("a dry run writes no report", todo="leave out --report, --junit and --sarif")
        if self.directory is not None:
            check_writable(self.directory)
        for option, file in self.files().items():
            check_file(option, file)

    def files(self) -> dict[str, Path]:
        """Return the files that are written beside the report, by their options."""
        named = {"--junit": self.junit, "--sarif": self.sarif}
        return {option: file for option, file in named.items() if file is not None}

    def words_for(self, vendor: str) -> list[str]:
        """Return the words of the order for one vendor of several: its report goes into a folder of its own."""
        directory = self.directory / vendor if self.directory is not None else None
        named = {
            "--scope": self.scope,
            "--budget": f"{self.budget}s" if self.budget else None,
            "--rps": self.rps,
            "--max-requests": self.max_requests,
            "--prefix": self.prefix,
            "--seed": self.seed,
            "--report": directory,
            "--baseline": self.baseline / vendor / "report.json" if self.baseline is not None else None,
        }
        flags = {"--strict": self.strict, "--verbose": self.verbose, "--dry-run": self.dry_run}
        words = [word for name, value in named.items() if value is not None for word in (name, str(value))]
        return [*words, *(name for name, given in flags.items() if given), *self.words()]

    def words(self) -> list[str]:
        """Return what is meant for pytest."""
        named = (("-k", self.keyword), ("-n", self.workers))
        return [word for name, value in named if value for word in (name, value)] + (
            ["--lf"] if self.last_failed else []
        )

    def credentials(self) -> Credentials:
        """Return the credentials given."""
        return Credentials(self.token, self.restricted_token, self.client_id, self.client_secret)


def _seconds(target: config.Target) -> float | None:
    try:
        return Duration().convert(target.budget, None, None) if target.budget else None
    except click.BadParameter as error:
        raise UsageError(f"target {target.name}: the budget {error.message}", todo="1s to 24 hours") from error


def _judge(pack: Pack, order: Order) -> int:
    if order.dry_run:
        with ExitStack() as stack:
            dry_run(pack, _run(pack, order, stack), order.words())
        return 0
    allowance = Allowance.load(pack, order.accepted, order.baseline)
    writer = ConsoleWriter(verbose=order.verbose, brief=bool(order.keyword or order.last_failed or order.scenarios))
    try:
        with ExitStack() as stack:
            report = hold(pack, _run(pack, order, stack), writer, order.words(), allowance=allowance)
    finally:
        writer.close()
    return told(report, writer, order.directory, order.files())


def _run(pack: Pack, order: Order, stack: ExitStack) -> Run:
    seed = secrets.randbits(32) if order.seed is None else order.seed
    credentials = order.credentials()
    budget = order.budget or BUDGET
    sessions: dict[str, str] = {}
    embedded = order.base_url is None
    if order.base_url is None and order.dry_run:
        base_url = f"http://{SERVED}/{pack.vendor}"
        credentials = Credentials("full", "restricted", "client", "secret")
    elif order.base_url is None:
        base_url, sessions, credentials = stack.enter_context(embedded_mock(pack, seed))
    else:
        base_url = base_url_of("--base-url", order.base_url)
        if not order.dry_run:
            _check(credentials)
    return Run(
        vendor=pack.vendor,
        base_url=base_url,
        label=EMBEDDED if embedded else base_url,
        scope=order.scope or ("full" if embedded else "core"),
        seed=seed,
        run_id=f"{seed:x}" if embedded else secrets.token_hex(8),  # a target keeps the records of earlier runs
        deadline=time.time() + budget,
        budget=budget,
        embedded=embedded,
        sessions=sessions,
        existing=order.existing,
        prefix=order.prefix or PREFIX,
        rps=order.rps,
        max_requests=order.max_requests,
        switches=order.switches,
        strict=order.strict,
        scenarios=tuple(str(path.resolve()) for path in order.scenarios),
        credentials=credentials,
    )


def _refuse_unread(ctx: click.Context) -> None:
    """Raise UsageError for what only a target can use: forgetting its URL must not end in a verdict on the mock."""
    for name in ("token", "restricted_token", "client_id", "client_secret", "existing"):
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = "--" + name.replace("_", "-")
            raise UsageError(f"{option} is for a target, and none is given", todo="add --base-url or --target")


def _check(credentials: Credentials) -> None:
    credentials.check()
    if not credentials.token and bool(credentials.client_id) is not bool(credentials.client_secret):
        given, missing = ("id", "secret") if credentials.client_id else ("secret", "id")
        raise UsageError(f"--client-{given} comes without --client-{missing}", todo=f"give --client-{missing} as well")
    if not credentials.token and not (credentials.client_id and credentials.client_secret):
        raise UsageError("no full credentials", todo="give --token (or --api-key), or --client-id and --client-secret")
    if credentials.restricted is not None and credentials.restricted == credentials.token:
        raise UsageError("the restricted token is the full one", todo="give one that may not write, or leave it out")
