"""`understudy serve`: the mock in the foreground."""

import json
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from pathlib import Path

import click

from understudy import config
from understudy import pack as packs
from understudy.cli.executing import COMMAND, Serving, addresses, credentials, serve_while
from understudy.cli.options import Duration
from understudy.cli.settings import clock_at, deviating, recorded, seed_data, templates
from understudy.credentials import CLIENT, CLIENT_READ, FULL, READ, SECRET
from understudy.errors import UsageError, shown
from understudy.mock.app import MockApp
from understudy.mock.control.plane import control_plane
from understudy.mock.journal import Entry
from understudy.mock.server import has_date
from understudy.mock.sessions import DEFAULT, Sessions
from understudy.mock.settings import MEBIBYTE, Settings, parse_switches
from understudy.model.clock import Clock
from understudy.pack import Pack
from understudy.serving import listen

LOOK = 0.5
"""Seconds between two looks whether a process is still there."""


@click.command(cls=Serving)
@click.argument("vendors", nargs=-1, metavar="[VENDOR]...")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes a free one."
)
@click.option("--seed", type=int, help="Makes ids, keys and tokens the same in every run. Random unless given.")
@click.option("--clock", metavar="TIME", help="Stands still at this RFC 3339 time, such as 2026-01-31T09:30:00Z.")
@click.option("--max-body", default=MEBIBYTE, show_default=True, type=click.IntRange(1), help="Largest body, in bytes.")
@click.option("--set", "switches", multiple=True, metavar="VENDOR.SWITCH=VALUE", help="Sets a switch of a pack.")
@click.option(
    "--strict", is_flag=True, help="Takes the profile `documented`: nothing that a document forbids is taken."
)
@click.option(
    "--seed-data",
    "seed_files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What the mock of the FILE's vendor holds at start, instead of the pack's own seed data.",
)
@click.option(
    "--seed-from",
    "archives",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE.har",
    help="Holds at start what recorded traffic shows, instead of the packs' own seed data.",
)
@click.option(
    "--deviate",
    "deviations",
    multiple=True,
    metavar="[VENDOR.]NAME",
    help="Plays a departure from one rule, to test how a client takes it; see `understudy audit --list`.",
)
@click.option(
    "--journal", type=click.Path(path_type=Path), metavar="FILE", help="Appends a line of JSON there for each call."
)
@click.option(
    "--max-sessions", default=2000, show_default=True, type=click.IntRange(1), help="How many sessions there may be."
)
@click.option(
    "--session-idle", default="1h", show_default=True, type=Duration(), help="After how long one is forgotten."
)
@click.option(
    "--pid", type=click.IntRange(1, 2**31 - 1), metavar="PID", help="Ends when that process has ended, however it did."
)
@click.option("--admin-token", envvar="UNDERSTUDY_ADMIN_TOKEN", metavar="TOKEN", help="Closes /_understudy/ to others.")
@click.option(
    "--exec",
    "executing",
    is_flag=True,
    help="Runs the command after -- with what it needs to call the mocks, and ends.",
)
@click.pass_context
def serve(
    context: click.Context,
    vendors: tuple[str, ...],
    host: str,
    port: int,
    seed: int | None,
    clock: str | None,
    max_body: int,
    switches: tuple[str, ...],
    strict: bool,
    seed_files: tuple[Path, ...],
    archives: tuple[Path, ...],
    deviations: tuple[str, ...],
    journal: Path | None,
    max_sessions: int,
    session_idle: float,
    pid: int | None,
    admin_token: str | None,
    executing: bool,
) -> None:
    """Serve the mocks of VENDORs (all, if none is named) until SIGTERM or Ctrl-C.

    Base URLs are URL/VENDOR, and URL itself where there is one vendor only. With --exec, the exit code is that of the
    command after --, which finds the URLs and credentials in its environment, as UNDERSTUDY_URL, UNDERSTUDY_TOKEN, ...
    """
    _check_open(host, admin_token)
    if pid is not None and not _runs(pid):
        raise UsageError(f"--pid {pid}: there is no such process", todo="give that of one that runs")
    chosen = {vendor: packs.load(vendor) for vendor in vendors or packs.names()}
    configured = config.load(Path.cwd())
    settings = Settings(
        seed=secrets.randbits(32) if seed is None else seed,
        clock=clock_at(clock, "--clock") if clock else Clock(),
        max_body=max_body,
        switches=parse_switches(chosen, switches, configured),
        strict=strict,
        seed_data=seed_data(chosen, seed_files),
        deviations=deviating(chosen, deviations, "--deviate"),
    )
    settings = recorded(chosen, settings, archives)
    sessions = {DEFAULT: settings, **templates(chosen, settings, configured)}
    listener = _JournalFile(journal) if journal is not None else None
    universes = Sessions(chosen, sessions, listener, most=max_sessions, idle=session_idle)
    app = MockApp(chosen, universes, control_plane(universes, admin_token))
    sock, date = listen(host, port), has_date(sessions)
    if pid is not None:
        threading.Thread(target=_end_with, args=(pid,), daemon=True).start()
    code = serve_while(
        app,
        sock,
        context.meta[COMMAND] if executing else None,
        lambda url: addresses(url, {vendor: f"{url}/{vendor}" for vendor in chosen}) | credentials(admin_token),
        partial(_ready, chosen, settings),
        _stop,
        date=date,
    )
    context.exit(code)


def _ready(chosen: Mapping[str, Pack], settings: Settings, url: str) -> None:
    """Say what is served and where, and what a client needs to call it."""
    click.echo(f"understudy: serving {', '.join(chosen)} on {url}")
    click.echo(f"  tokens, keys   {FULL}, {READ} (read-only)")
    if any(_grants(pack) for pack in chosen.values()):
        click.echo(f"  OAuth 2.0      clients {CLIENT}, {CLIENT_READ} (read-only), secret {SECRET}")
    click.echo(f"  seed           {settings.seed}")
    for deviation in settings.deviations.values():
        click.echo(f"  deviates       {deviation.name}: {deviation.text}")


def _check_open(host: str, admin_token: str | None) -> None:
    """Raise UsageError where anybody could use the control plane."""
    if admin_token == "":
        raise UsageError("--admin-token is empty, and would be anybody's", todo="give one, or leave it out")
    if admin_token is None and not _loopback(host):
        what = f"{host} is not this machine alone, and the control plane would be open to anybody"
        raise UsageError(what, todo="give --admin-token, or UNDERSTUDY_ADMIN_TOKEN")


def _loopback(host: str) -> bool:
    """Whether a host's address can be reached from this machine alone."""
    try:
        address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0][4][0]
    except (OSError, UnicodeError):
        return True  # which `listen` tells of
    return ip_address(str(address).partition("%")[0]).is_loopback


def _grants(pack: Pack) -> bool:
    """Whether the document has a flow by which a client gets a token."""
    schemes = pack.effective.value.get("components", {}).get("securitySchemes", {}).values()
    return any("clientCredentials" in scheme.get("flows", {}) for scheme in schemes)


def _end_with(pid: int) -> None:
    """Wait for the end of a process, and have this one end then as SIGTERM has it."""
    while _runs(pid):
        time.sleep(LOOK)
    os.kill(os.getpid(), signal.SIGTERM)


def _runs(pid: int) -> bool:
    """Whether there is such a process; one that has ended, and nobody has asked how, is none."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # it is another user's
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):  # no such system, or it ends just now
        return True


def _stop(number: int, frame: object) -> None:
    sys.exit(0)


class _JournalFile:
    """Appends entries to a file, a line each; where that fails it says so once, and calls are answered all the same."""

    def __init__(self, path: Path) -> None:
        """Raise UsageError where the file cannot be written."""
        self._path, self._told = path, False
        try:
            self._file = path.open("ab", buffering=0)  # open until the process ends
        except OSError as error:
            todo = "name a file that can be written"
            raise UsageError(f"cannot write the journal: {error.strerror}", where=shown(path), todo=todo) from error
        self._broken = self._cut()

    def _cut(self) -> bool:
        """Whether the last line has no end; of what is no file, or may not be read, nobody knows."""
        with suppress(OSError):
            if self._path.is_file() and self._path.stat().st_size:
                with self._path.open("rb") as file:  # the one to write would hold a pipe open that nobody reads
                    file.seek(-1, os.SEEK_END)
                    return file.read(1) != b"\n"
        return False

    def __call__(self, entry: Entry) -> None:
        """Append an entry, on a line of its own though the one before was cut."""
        line = json.dumps(entry.as_json(), ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        whole = rest = b"\n" + line if self._broken else line
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self._broken = self._broken or rest != whole
            if not self._told:
                self._told = True
                what = f"calls are missing in the journal: {error.strerror}"
                click.echo(f"understudy: {shown(self._path)}: {what}; make room, and serve anew", err=True)
            return
        self._broken = False
