"""What is left out of recorded calls."""

import pytest

from understudy.redaction import HIDDEN, Redaction
from understudy.values import Json

NAMES = ("access_token", "accessToken", "Access-Token", "CLIENT_SECRET", "apiKey", "X-OwnKey")


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_is_hidden_however_its_name_is_spelt(name: str) -> None:
    """In JSON, in forms and in queries; what stands beside it stays."""
    redaction = Redaction(["X-Own-Key"])
    assert redaction.value({name: "hush", "city": "Oslo"}) == {name: "***", "city": "Oslo"}
    assert redaction.query(f"{name}=hush&city=Oslo") == f"{name}=***&city=Oslo"
    assert redaction.body(f"{name}=hush&city=Oslo".encode()) == f"{name}=***&city=Oslo".encode()


@pytest.mark.parametrize(
    ("value", "blank"),
    [(None, None), (True, True), (7, 0), ("x", "***"), (["x"], ["***"]), ({"pin": 1}, {"pin": 0})],
)
def test_what_is_hidden_keeps_its_form(value: Json, blank: Json) -> None:
    """A body that was right stays right."""
    assert Redaction().value({"password": value}) == {"password": blank}


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b'{"access_token": "hush", "city": "Oslo"', b'{"access_token": "***", "city": "Oslo"'),
        (b'{"city": "Oslo", "accessToken": "hu', b'{"city": "Oslo", "accessToken": "***"'),
        (b'{"city": "Oslo"}\n{"password": 4711}\n', b'{"city": "Oslo"}\n{"password": "***"}\n'),
        (b'{"pass\\u0077ord": "hush", ', b'{"pass\\u0077ord": "***", '),
        (b'{"city": {"password": "hu\\"sh"}, ', b'{"city": {"password": "***"}, '),
        (b'{"city": "Oslo", "password": {"pin": ["hush"', b'{"city": "Oslo", "password": "***"'),
        (b'{"city": "Oslo", ["hush"', b'{"city": "Oslo", ["hush"'),
    ],
)
def test_a_secret_is_hidden_in_broken_json(raw: bytes, told: bytes) -> None:
    """JSON that was cut, or that comes in lines; what is not secret stays to the byte."""
    assert Redaction().body(raw) == told


def test_a_secret_is_hidden_in_a_form_of_parts() -> None:
    """Whatever its field is called, whatever lines it has; other fields and files stay to the byte."""
    part = '--b\r\nContent-Disposition: form-data; name="{}"\r\nContent-Type: text/plain\r\n\r\n{}\r\n'
    sent = part.format("api-key", "hush\r\nhush") + part.format("city", "Oslo\r\n") + part.format("password", "hush")
    told = sent.replace("hush\r\nhush", "***").replace("hush", "***")
    assert Redaction().body(f"{sent}--b--\r\n".encode()) == f"{told}--b--\r\n".encode()


@pytest.mark.parametrize("name", ["Location", "Content-Location", "Referer"])
@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://a.test/x?access_token=hush&city=Oslo#top", "https://a.test/x?access_token=***&city=Oslo#top"),
        ("/callback#id_token=hush", "/callback#id_token=***"),
        ("https://ann:hush@a.test:81/", "https://***@a.test:81/"),
        ("https://[hush/?access_token=hush", "***"),
        ("/people/7?city=Oslo%20", "/people/7?city=Oslo%20"),
    ],
)
def test_a_secret_is_hidden_in_an_address(name: str, address: str, told: str) -> None:
    """In its query, its fragment, before its host; one that nobody can read is left out, one without stays."""
    assert Redaction().headers([(name, address)]) == [(name, told)]


def test_what_is_too_deep_to_be_looked_through_is_hidden_whole() -> None:
    """However the name of a secret in it is written."""
    deep: Json = "x"
    for _ in range(5000):
        deep = [deep]
    assert Redaction().value({"password": "s3cret", "a": deep}) == HIDDEN
    body = b'{"pass\\u0077ord": "s3cret", "a": ' + b"[" * 5000 + b"]" * 5000 + b"}"
    assert b"s3cret" not in Redaction().body(body)
