"""What is made of a secret, a shell makes of it too: the same text, in each writing, and the line shows neither."""

import json
import shlex
import subprocess
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode

import pytest

from tests.contract.test_shell import SECRETS
from understudy.contract.derived import Derived, added, nearly
from understudy.contract.shell import Source, expanded
from understudy.contract.target import Secrets

LONG = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxIn0Az" * 8 + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXw"


def made(secret: str) -> Iterator[Derived]:
    """Yield what is made of a secret, and each as HTTP Basic has it."""
    for each in (*nearly(secret, "it"), *(added(secret, form, "more") for form in ("&x", "& ", " &", "&&", "&:x"))):
        yield each
        yield each.basic('it\'s 100% "me"')
    yield Derived(secret).basic("the-client")


@pytest.mark.parametrize("secret", [*SECRETS, "Ünïcode-Ä-secret", "abc", LONG])
def test_a_shell_makes_the_text(secret: str) -> None:
    """Of a variable that holds the secret: as it is, in a form and in JSON."""
    env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "UNDERSTUDY_MINE": secret}
    for each in made(secret):
        sent = {"client_secret": each.text}
        lines = [f"printf '%s\\n' {shlex.quote(line)}" for line in (each.text, urlencode(sent), json.dumps(sent))]
        told = expanded("\n".join(lines), {each.text: Source("UNDERSTUDY_MINE", each.filters)})
        assert Secrets([secret, each.text]).hide(told) == told, each.what
        ran = subprocess.run(["sh", "-c", told], capture_output=True, env=env, check=True, text=True)
        plain, form, written = ran.stdout.splitlines()
        assert (plain, parse_qs(form)["client_secret"], json.loads(written)) == (each.text, [each.text], sent), told


def test_nothing_that_is_made_is_the_secret() -> None:
    """Nor twice the same, however short it is."""
    for secret in ("x", "1", "xyxyxyxyx", "ABC"):
        texts = [each.text for each in nearly(secret, "it")]
        assert secret not in texts
        assert len(set(texts)) == len(texts)
