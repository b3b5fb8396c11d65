"""`--exec -- CMD` of commands that serve: they do while another command runs, for tests in any language."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence

import click

from understudy.credentials import CLIENT, FULL, READ, SECRET
from understudy.errors import UsageError


class Serving(click.Command):
    """A command that serves, and keeps what stands after `--` for `--exec`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the command out of the arguments; raises UsageError where `--exec` is given without one."""
        if "--exec" in args:
            end = args.index("--") if "--" in args else len(args)
            ctx.meta[COMMAND] = args[end + 1 :]
            if not args[end + 1 :] or "--exec" not in args[:end]:
                raise UsageError("--exec: there is no command", todo=f"give it after --: {ctx.info_name} --exec -- CMD")
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


def execute(command: Sequence[str], variables: dict[str, str]) -> int:
    """Run a command to its end with further variables; return its exit code, 128 and more where a signal ended it.

    Raises UsageError where it cannot be run. It is stopped where this process is told to stop.
    """
    try:
        process = subprocess.Popen(command, env=os.environ | variables)  # noqa: S603 (the user's own command)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"--exec: cannot run {command[0]!r}: {reason}", todo="name a program") from error
    try:
        code = process.wait()
    except BaseException:
        process.send_signal(signal.SIGTERM)
        process.wait()
        raise
    return code if code >= 0 else 128 - code
