"""Secrets stand as variables in the lines that repeat a call, and a shell that runs these sends what was sent."""

import json
import shlex
import subprocess
from urllib.parse import parse_qs, quote, urlencode

import pytest

from tests.e2e.serving import Answer, Call, Served, running
from understudy.contract.exchange import LONGEST_WORD, Request
from understudy.contract.shell import Source, expanded, octal
from understudy.contract.target import Secrets

SECRETS = ["s3cret", 'se/c"ret+91d2', "it's a $secret`", "100%25 \\ä", "the-secret"]
"""With every sign that a form, JSON, a shell or printf writes in a way of its own."""


def printed(line: str, secret: str) -> str:
    """Run a line of the shell in which the secret is a variable; return what it prints."""
    told = expanded(line, {secret: Source("UNDERSTUDY_MINE")})
    assert secret not in told
    assert Secrets([secret]).hide(told) == told
    env = {"PATH": "/usr/bin:/bin", "UNDERSTUDY_MINE": secret}
    return subprocess.run(["sh", "-c", told], capture_output=True, env=env, check=True).stdout.decode()


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        ("printf %s 'client_secret=s3cret&x=1'", "client_secret=s3cret&x=1"),
        ("printf %s as3cretb", "as3cretb"),
        ('printf %s "a s3cret b"', "a s3cret b"),
        ("printf %s 'it'\"'\"'s s3cret, s3cret'", "it's s3cret, s3cret"),
        ("printf %s \"$(printf 's3cret\\055b')\"", "s3cret-b"),
    ],
)
def test_a_text_in_whatever_quotes_is_a_variable(line: str, sent: str) -> None:
    """Which puts it back when the line is run."""
    assert printed(line, "s3cret") == sent


@pytest.mark.parametrize("secret", SECRETS)
def test_a_text_is_put_back_as_it_was_written(secret: str) -> None:
    """Plain, in a form, in a URL, in JSON, and in each of these as bytes in octal: what is read is the same."""
    around = {"client_id": 'it\'s "mine"', "client_secret": secret, "scope": "a b"}
    for body, read in (
        (f"'{secret}' \"{secret}\"", lambda text: text),
        (urlencode(around), parse_qs),
        (urlencode(around, quote_via=quote), parse_qs),
        (json.dumps(around), json.loads),
        (json.dumps(around, ensure_ascii=False), json.loads),
    ):
        for line in (f"printf %s {shlex.quote(body)}", f"printf '{octal(body.encode())}'"):
            assert read(printed(line, secret)) == read(body), line


def test_of_texts_in_each_other_the_longest_is_put_back() -> None:
    """Each by its own variable, and names of variables are left alone."""
    names = {"secret": Source("UNDERSTUDY_A"), "secret-b": Source("UNDERSTUDY_secret")}
    found = expanded("-H \"a: $UNDERSTUDY_secret\" 'secret secret-b'", names)
    assert found == ("-H \"a: $UNDERSTUDY_secret\" ''\"${UNDERSTUDY_A}\"' '\"${UNDERSTUDY_secret}\"''")
    assert expanded("secret", {"": Source("UNDERSTUDY_A")}) == "secret"


class Taking(Served):
    """Takes whatever it is sent."""

    def respond(self, call: Call) -> Answer:
        """Say yes."""
        return Answer(200, {})


@pytest.mark.parametrize("secret", SECRETS)
def test_a_body_of_any_length_with_a_secret_is_sent_again(secret: str) -> None:
    """By curl, in its own process; the longest that is a word of the command, and one that comes by a pipe."""
    served = Taking()
    bodies = [json.dumps({"secret": secret, "text": "a" * length}).encode() for length in (1, LONGEST_WORD + 1)]
    with running(served) as url:
        for body in bodies:
            line = Request("POST", url, (("Content-Type", "application/json"),), body).curl()
            printed(line, secret)
    assert [json.loads(each.body) for each in served.seen] == [json.loads(each) for each in bodies]
