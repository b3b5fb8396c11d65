"""`--exec -- CMD` of commands that serve: they do while another command runs, for tests in any language."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from errno import ENOENT
from functools import partial
from pathlib import Path
from typing import Any

import click
from starlette.types import ASGIApp

from understudy.credentials import CLIENT, FULL, READ, SECRET
from understudy.errors import UsageError
from understudy.serving import listening, serve, url_of


class Serving(click.Command):
    """A command that serves, and keeps what stands after `--` for `--exec`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the command out of the arguments; raises UsageError where `--exec` is given without one that is there.

        What is mistyped is told before anything is made for it.
        """
        if "--exec" in args:
            end = args.index("--") if "--" in args else len(args)
            ctx.meta[COMMAND] = args[end + 1 :]
            if not args[end + 1 :] or "--exec" not in args[:end]:
                raise UsageError("--exec: there is no command", todo=f"give it after --: {ctx.info_name} --exec -- CMD")
            program = args[end + 1]
            if shutil.which(program) is None and not Path(program).exists():
                raise _not_run(program, os.strerror(ENOENT))
            args = args[:end]
        return super().parse_args(ctx, args)


COMMAND = "understudy.exec"
"""The key under which a context has the command's words."""


def addresses(url: str, base_urls: Mapping[str, str]) -> dict[str, str]:
    """Return where a command finds the server and the base URL of each vendor, by names of environment variables."""
    names = {vendor: f"UNDERSTUDY_{vendor.upper().replace('-', '_').replace('.', '_')}_URL" for vendor in base_urls}
    return {"UNDERSTUDY_URL": url, **{names[vendor]: base_url for vendor, base_url in base_urls.items()}}


def credentials(admin_token: str | None) -> dict[str, str]:
    """Return by what a command may call the mocks, by the names of environment variables."""
    return {
        "UNDERSTUDY_TOKEN": FULL,
        "UNDERSTUDY_RESTRICTED_TOKEN": READ,
        "UNDERSTUDY_API_KEY": FULL,
        "UNDERSTUDY_CLIENT_ID": CLIENT,
        "UNDERSTUDY_CLIENT_SECRET": SECRET,
        **({"UNDERSTUDY_ADMIN_TOKEN": admin_token} if admin_token else {}),
    }


class _StoppedError(Exception):
    """A signal of that number tells this process to stop."""

    def __init__(self, number: int, frame: object) -> None:
        super().__init__(number)
        self.number = number


def _stop(number: int, frame: object) -> None:
    raise _StoppedError(number, frame)


def execute(command: Sequence[str], variables: dict[str, str]) -> int:
    """Run a command to its end with further variables; return its exit code, 128 and more where a signal ended it.

    Where SIGTERM or SIGINT tells this process to stop, the command is stopped, and it is that signal. Raises UsageError
    where the command cannot be run.
    """
    known = {number: signal.signal(number, _stop) for number in (signal.SIGTERM, signal.SIGINT)}
    process: subprocess.Popen[bytes] | None = None
    try:
        process = subprocess.Popen(command, env=os.environ | variables)  # noqa: S603 (the user's own command)
        code = process.wait()
    except (OSError, ValueError) as error:
        raise _not_run(command[0], getattr(error, "strerror", None) or str(error)) from error
    except _StoppedError as stopped:
        code = -stopped.number
    finally:
        for number, handler in known.items():
            signal.signal(number, handler)
    if process is not None and process.returncode is None:
        process.terminate()
        process.wait()
    return code if code >= 0 else 128 - code


def serve_while(
    app: ASGIApp,
    sock: socket.socket,
    command: Sequence[str] | None,
    variables: Callable[[str], dict[str, str]],
    ready: Callable[[str], None],
    stop: Callable[[int, Any], None],
    **options: bool,
) -> int:
    """Serve an ASGI application while a command runs, and return its exit code; without one until SIGTERM or SIGINT.

    The command has the `variables` that are made of the server's URL; else `ready` is told that URL, and `stop` handles
    the signal, which comes once more when the server has drained. `options` are those of `listening` and `serve`.
    """
    if command is not None:
        with listening(app, sock, **options) as url:
            return execute(command, variables(url))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    serve(app, sock, partial(ready, url_of(sock)), **options)
    return 0


def _not_run(program: str, reason: str) -> UsageError:
    return UsageError(f"--exec: cannot run {program!r}: {reason}", todo="name a program")
