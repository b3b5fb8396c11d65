"""Runs travel by environment, and secrets are hidden in all the forms in which targets echo them."""

import html
import json
import os
from dataclasses import replace
from urllib.parse import quote, quote_plus

import pytest

from understudy.contract.target import RUN, Credentials, Run, Secrets
from understudy.errors import UsageError

TOKEN = 'tok/en"with+odd <chars> & more'


@pytest.mark.parametrize(
    "echo",
    [
        TOKEN,
        f"Bearer {TOKEN}!",
        json.dumps({"a": TOKEN}),
        f"/x?token={quote(TOKEN, safe='')}",
        f"token={quote_plus(TOKEN)}&b",
        f"<p>{html.escape(TOKEN)}</p>",
        TOKEN * 3,
    ],
)
def test_a_secret_is_hidden_in_every_form(echo: str) -> None:
    """Plain, in JSON, in a URL, in a form, in HTML, again and again."""
    hidden = Secrets([TOKEN]).hide(echo)
    assert "***" in hidden
    assert "odd" not in hidden


def test_a_secret_that_was_cut_is_hidden_too() -> None:
    """Excerpts end anywhere."""
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
    assert Secrets([token]).hide(f"sent: {token[:-3]}") == "sent: ***"


def test_other_text_is_left_as_it_is() -> None:
    """What only begins like a secret is none, and no secret hides nothing."""
    assert Secrets(["understudy-token-1234"]).hide("understudy-abc@example.com") == "understudy-abc@example.com"
    assert Secrets(["", "x" * 20]).hide("text") == "text"


def test_a_secret_within_another_hides_both() -> None:
    """The longer one goes first."""
    assert Secrets(["secret", "secret-and-more"]).hide("secret-and-more, secret") == "***, ***"


def test_a_run_comes_back_from_the_environment_as_it_was(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that pytest's workers have the same one."""
    monkeypatch.setenv(RUN, "")
    run.to_environment()
    assert Run.from_environment() == run
    assert RUN in os.environ


@pytest.mark.parametrize("char", ["\n", "\r", "\0", "\x1f", "\x7f"])
@pytest.mark.parametrize("name", ["token", "restricted", "client_id", "client_secret"])
def test_a_credential_that_no_header_can_carry_is_refused(name: str, char: str) -> None:
    """And not shown, as what fails to send it would."""
    with pytest.raises(UsageError, match="holds a line break or another control character") as caught:
        Credentials(**{name: f"s3cret{char}more"}).check()
    assert "s3cret" not in str(caught.value)
    Credentials("t \u00e9~", "r", "c", "s").check()


def test_no_secret_is_in_a_repr(run: Run) -> None:
    """Runs and credentials stand in tracebacks."""
    assert "token" not in repr(run.credentials)
    assert "secret" not in repr(Credentials(client_id="id", client_secret="secret"))
    assert "full-token" not in repr(run)


def test_what_identifiers_begin_with_is_no_secret(run: Run) -> None:
    """Hidden, it would leave no identifier in any line."""
    given = replace(run, credentials=Credentials("full-token", None, "understudy", "understudy"))
    assert "understudy" not in given.secrets()
    assert "full-token" in given.secrets()
