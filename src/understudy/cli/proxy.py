"""`understudy proxy`: traffic judged, and recorded, on its way to the target."""

import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from understudy import pack as packs
from understudy.cli.executing import COMMAND, Serving, addresses, serve_while
from understudy.cli.judging import Hearing, Order, judging
from understudy.cli.options import Duration, base_url_of
from understudy.cli.verify import SEVERITY
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.verdict import weigh
from understudy.errors import UsageError, shown
from understudy.har import Recorded
from understudy.pack import Pack
from understudy.proxy.forwarder import Forwarder
from understudy.proxy.listener import Listener
from understudy.proxy.mark import mark
from understudy.proxy.recording import Recording
from understudy.redaction import Redaction
from understudy.serving import listen
from understudy.spec.rules import Rule


@click.command(cls=Serving)
@click.argument("vendor")
@click.option("--to", metavar="URL", help="The target; it ends before the paths of the document.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8081, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes a free one."
)
@click.option(
    "--record", type=click.Path(path_type=Path), metavar="FILE.har", help="Writes each call there, without secrets."
)
@click.option("--mark", "marking", is_flag=True, help="Says in each answer's Understudy-Outcome what was found in it.")
@click.option("--timeout", type=Duration(), default="60s", help="How long the target may take to begin an answer.")
@judging
@click.option("--exec", "executing", is_flag=True, help="Runs the command after -- with the proxy's URL, and ends.")
@click.pass_context
def proxy(
    ctx: click.Context,
    /,
    vendor: str,
    to: str | None,
    host: str,
    port: int,
    record: Path | None,
    marking: bool,
    timeout: float,
    executing: bool,
    **options: Any,
) -> None:
    """Hand calls on to a target of VENDOR's, unchanged, and judge them, until SIGTERM or Ctrl-C.

    Each answer is held against the documents and, as far as the traffic shows, against the model. A finding is told
    when it is first seen; the report comes at the end. What nobody calls is not judged: the best verdict is `partial`.

    Exit codes: 0 nothing found, 1 violates, 2 wrong usage, 3 no call of the vendor's in scope. With --exec, that of the
    command after --, which finds the proxy in UNDERSTUDY_URL, unless it is 0.
    """
    order = Order(**options)
    pack = packs.load(vendor)
    address = _target(order, pack, to)
    hearing = Hearing(pack, order, address, address)
    sock = ctx.with_resource(listen(host, port))
    if _is_own(address, sock):
        raise UsageError(f"--to {address} is the proxy itself", todo="name the target, or choose another --port")
    recorder = _Recorder(record) if record is not None else None
    listener, forwarder = _between(hearing, address, recorder, order, timeout=timeout, marking=marking)
    failed = serve_while(
        forwarder,
        sock,
        ctx.meta[COMMAND] if executing else None,
        lambda url: addresses(url, {vendor: url}),
        partial(_ready, vendor, forwarder.to, record),
        _stop,
        date=False,
        lifespan=True,
    )
    code = _ended(listener, hearing, forwarder, recorder)
    ctx.exit(failed or code)


def _between(
    hearing: Hearing, address: str, recorder: "_Recorder | None", order: Order, *, timeout: float, marking: bool
) -> tuple[Listener, Forwarder]:
    """Return what judges calls, and what hands them on."""
    judge = hearing.history.judge
    rules = judge.rules.by_id
    listener = Listener(hearing.history, _Voice(rules, strict=order.strict))
    forwarder = Forwarder(
        address,
        listener,
        Redaction(judge.pack.key_names),
        timeout=timeout,
        record=recorder,
        mark=partial(mark, rules=rules, strict=order.strict) if marking else None,
    )
    return listener, forwarder


def _ended(listener: Listener, hearing: Hearing, forwarder: Forwarder, recorder: "_Recorder | None") -> int:
    """Report, and return the exit code; whatever became of the judge, what was found is told, and recorded whole."""
    try:
        listener.close()
    finally:
        recorded = recorder.end() if recorder is not None else 0
        code = hearing.end(f"{listener.passed} calls that passed")
        _tell_of_the_rest(forwarder)
    return max(code, recorded, key=SEVERITY.index)


def _target(order: Order, pack: Pack, to: str | None) -> str:
    """Return the base URL that calls are handed on to."""
    configured = order.configured(pack)
    if configured is not None and to is not None:
        raise UsageError("both --target and --to are given", todo="give one of them")
    if configured is None and to is None:
        raise UsageError("there is nowhere to hand calls on to", todo="give --to URL, or --target NAME")
    return base_url_of("--to", configured.base_url if configured is not None else to or "")


def _tell_of_the_rest(forwarder: Forwarder) -> None:
    """Say how many calls were not judged, and why."""
    if forwarder.unanswered:
        click.echo(f"understudy: {forwarder.unanswered} calls got no answer from {forwarder.to}", err=True)
    if forwarder.left:
        click.echo(f"understudy: {forwarder.left} callers left before their answer was whole", err=True)
    if forwarder.unread:
        what = "calls had a body that is too long, or cannot be decoded: they were neither judged nor recorded"
        click.echo(f"understudy: {forwarder.unread} {what}", err=True)


def _ready(vendor: str, target: str, record: Path | None, url: str) -> None:
    """Say what is served, and what is done with what passes."""
    click.echo(f"understudy: {url} hands calls of {vendor} on to {target}")
    if record is not None:
        click.echo(f"  records to     {shown(record)}")


def _is_own(address: str, sock: socket.socket) -> bool:
    """Whether a target's address is where the proxy itself listens."""
    parts, (own, port) = urlsplit(address), sock.getsockname()[:2]
    if (parts.port or (443 if parts.scheme == "https" else 80)) != port:
        return False
    try:
        found = {ip_address(each[4][0]) for each in socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError, ValueError):
        return False  # calls will tell of it
    listens = ip_address(own)
    return listens in found or (listens.is_unspecified and any(each.is_loopback for each in found))


def _stop(number: int, frame: object) -> None:
    """Go on to the report; the server has drained."""


class _Voice:
    """Tells each finding when it is first seen."""

    def __init__(self, rules: Mapping[str, Rule], *, strict: bool) -> None:
        self._rules = rules
        self._strict = strict
        self._told: set[str] = set()

    def __call__(self, evidence: Iterable[Evidence]) -> None:
        """Say what of the evidence fails, and was not said before."""
        for piece in evidence:
            failed = weigh(piece, self._rules.get(piece.rule or ""), strict=self._strict) is Outcome.FAILED
            if failed and piece.fingerprint not in self._told:
                self._told.add(piece.fingerprint)
                with suppress(OSError):  # nobody reads any more; the report will tell
                    click.echo(f"  {piece.rule or 'no rule'}  {piece.operation}: {piece.title}")


class _Recorder:
    """Writes calls to an archive; where that fails, it says so at once and the exit code tells it too."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._recording = Recording(path)
        self._code = 0

    def __call__(self, call: Recorded) -> None:
        """Write a call."""
        try:
            self._recording.add(call)
        except OSError as error:
            if not self._code:
                self._code = UsageError.exit_code
                what = f"calls are missing in the recording: {error.strerror}"
                click.echo(f"understudy: {shown(self._path)}: {what}; make room, and record anew", err=True)

    def end(self) -> int:
        """Close the archive; return the exit code that it is worth."""
        self._recording.close()
        return self._code
