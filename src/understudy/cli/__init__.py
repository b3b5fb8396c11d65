"""The command line: each command reads its options and calls the function that does the work."""

import errno
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, NoReturn, cast

import click

from understudy import __version__
from understudy.errors import TargetError, UnderstudyError, UsageError, told

_COMMANDS = ("serve", "verify", "check", "proxy", "compare", "rules", "switches", "audit", "lint", "spec", "vendor")
_MODULES = {"vendor": "spec"}  # of those that do not stand in a module of their own name


INTERRUPTED = 128 + signal.SIGINT
"""The exit code of a command that Ctrl-C has ended before it came to anything: none of those that say something."""
UNREAD = 128 + signal.SIGPIPE
"""The exit code of a command whose output nobody reads to its end, as in `understudy lint | head -1`."""


_SYSTEMS = frozenset(
    getattr(errno, name)
    for name in (
        *("EACCES", "EBUSY", "EEXIST", "EISDIR", "ELOOP", "ENAMETOOLONG", "ENODEV", "ENOENT", "ENOTDIR", "ENXIO"),
        *("EPERM", "EROFS", "ESTALE", "ETXTBSY"),
        *("EDQUOT", "EFBIG", "EIO", "EMFILE", "ENFILE", "ENOMEM", "ENOSPC"),
    )
)
"""What a system has against a name, or lacks, of the errors that reach the end of a command."""


class _WrongUsage(click.ClickException):
    """What click has against the words of a command, in one line as every other error."""

    exit_code = UsageError.exit_code

    def __init__(self, error: click.UsageError) -> None:
        text = " ".join(error.format_message().split()).rstrip(".")
        command = error.ctx.command_path if error.ctx else "understudy"
        super().__init__(f"{text[:1].lower()}{text[1:]}; see {command} --help")

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"understudy: {self.message}", file=file, err=True)


@contextmanager
def _in_a_line() -> Iterator[None]:
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        raise _WrongUsage(error) from error


def _check_place() -> None:
    """Raise UsageError in a directory that is gone: Python 3.13.0 cannot even import there."""
    try:
        Path.cwd()
    except OSError as error:
        what = f"the directory this is called in cannot be used: {error.strerror}"
        raise UsageError(what, todo="change to one that exists") from error


def _write_all() -> None:
    """Have what a terminal's encoding lacks escaped: not all that documents and targets say can be shown anywhere."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _defect() -> NoReturn:
    """Tell the exception that is handled as what none may be: with a traceback, and no verdict."""
    traceback.print_exc()
    click.echo("understudy: this is a defect of understudy; please report it with the lines above", err=True)
    sys.exit(TargetError.exit_code)


class _Group(click.Group):
    """Imports the command that is called alone; turns our errors into a line on standard error and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        with warnings.catch_warnings():
            # Connexion's import warns of Starlette's renamings, which is not the user's business.
            warnings.simplefilter("ignore")
            module = import_module(f"understudy.cli.{_MODULES.get(cmd_name, cmd_name)}")
        return cast(click.Command, getattr(module, cmd_name))

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        try:
            _check_place()
        except UsageError as error:
            click.echo(f"understudy: {error}", err=True)
            sys.exit(error.exit_code)
        _write_all()
        with _in_a_line():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> object:
        try:
            with _in_a_line():
                return super().invoke(ctx)
        except UnderstudyError as error:
            click.echo(f"understudy: {error}", err=True)
            sys.exit(error.exit_code)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:  # whoever reads what is printed has gone
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still to be flushed
            sys.exit(UNREAD)
        except OSError as error:  # of the system: no such directory any more, a name too long, a disk that is full
            if error.errno not in _SYSTEMS:
                _defect()
            named = f": {error.filename}" if error.filename else ""
            todo = "correct the name, or free what is used up"
            click.echo(f"understudy: {error.strerror or told(error)}{named}; {todo}", err=True)
            sys.exit(UsageError.exit_code)
        except KeyboardInterrupt:
            click.echo("understudy: interrupted", err=True)
            sys.exit(INTERRUPTED)
        except Exception:  # noqa: BLE001 (a defect of ours must not look like a verdict: 1 says that a target violates)
            _defect()


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="understudy")
def main() -> None:
    """Play a vendor's HTTP API from its own document, and judge any endpoint against that document.

    Exit codes: 0 conforms, 1 violates, 2 wrong usage or configuration, 3 the target cannot be judged.
    """
