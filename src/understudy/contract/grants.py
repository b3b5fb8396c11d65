"""Who is granted a token: the client, and nobody whose id or secret is nearly the client's, in any form of asking."""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from understudy.contract.access import SHORTEST
from understudy.contract.authentication import BASIC
from understudy.contract.evidence import Outcome
from understudy.contract.exchange import Exchange, Request
from understudy.contract.tokens import GRANT, multipart, urlencoded
from understudy.spec.document import Operation

if TYPE_CHECKING:
    from understudy.contract.probes import Prober

GRANTED = "A token is granted to a client that is none"


@dataclass(frozen=True, slots=True)
class Asking:
    """A form of token request (RFC 6749, sections 2.3.1 and 4.4.2): `made` makes one of the URL, an id and a secret."""

    what: str
    made: Callable[[str, str, str], Request]


def _fields(client_id: str, secret: str) -> Mapping[str, str]:
    return {**GRANT, "client_id": client_id, "client_secret": secret}


def _query(url: str, client_id: str, secret: str) -> Request:
    return Request("POST", f"{url}?{urlencode(_fields(client_id, secret))}", ())


def _basic(url: str, client_id: str, secret: str) -> Request:
    form = urlencoded(url, GRANT)
    return Request("POST", url, (*form.headers, ("Authorization", BASIC + _user(client_id, secret))), form.body)


def _user(client_id: str, secret: str) -> str:
    """Return id and secret as HTTP Basic has them (RFC 7617)."""
    return base64.b64encode(f"{client_id}:{secret}".encode()).decode()


FORMS = (
    Asking("a URL-encoded form", lambda url, client_id, secret: urlencoded(url, _fields(client_id, secret))),
    Asking("a multipart form", lambda url, client_id, secret: multipart(url, _fields(client_id, secret))),
    Asking("the query", _query),
    Asking("HTTP Basic", _basic),
)


def forgeries(client_id: str, secret: str) -> Iterator[tuple[str, str, str]]:
    """Yield what is nearly the client and is none: in which way, id and secret.

    Both are compared exactly: what OAuth says nothing else of is case-sensitive (RFC 6749, section 1.2).
    """
    middle = len(secret) // 2
    changed = "x" if secret[middle] != "x" else "y"
    yield "the secret with a letter changed", client_id, f"{secret[:middle]}{changed}{secret[middle + 1 :]}"
    yield "the secret with a blank behind it", client_id, f"{secret} "
    yield "the secret with a blank before it", client_id, f" {secret}"
    yield "the secret twice", client_id, secret * 2
    yield "an empty secret", client_id, ""
    yield "the id with a letter behind it", f"{client_id}x", secret
    if len(secret) >= SHORTEST:
        yield "the secret without its last letter", client_id, secret[:-1]
    if secret.swapcase() != secret:
        yield "the secret in other case", client_id, secret.swapcase()
    if client_id.swapcase() != client_id:
        yield "the id in other case", client_id.swapcase(), secret


class Grants:
    """The check of a document's token endpoint, with the prober that sends."""

    def __init__(self, prober: "Prober", operation: Operation) -> None:
        self.prober = prober
        self.client = prober.client
        self.operation = operation
        refused = f"{operation.pointer}/responses/401"
        self.rules = [rule for rule in prober.judge.rules if rule.citation.pointer == refused]

    def probe(self) -> None:
        """Ask as the client in each form and, in those that are granted, as others, who are refused.

        One form is asked in every way, each other one in a single way: who counts wrong secrets may shut a client out.
        """
        known = self.client.run.credentials
        if not known.client_id or not known.client_secret:
            return
        forged = [*forgeries(known.client_id, known.client_secret)]
        for form in FORMS:
            if self._send(form, known.client_id, known.client_secret).response.status != 200:
                continue
            for what, client_id, secret in forged:
                if secret and secret != known.client_secret:
                    self.client.keep_secret(_user(client_id, secret))  # of which anybody could make the right one
                if secret and known.client_secret not in secret:
                    self.client.keep_secret(secret)
                self._judge(self._send(form, client_id, secret), f"{what}, in {form.what}")
            forged = forged[:1]

    def _send(self, form: Asking, client_id: str, secret: str) -> Exchange:
        url = self.client.run.base_url + self.operation.path
        return self.client.send(form.made(url, client_id, secret), self.operation.operation_id, "access", "garbage")

    def _judge(self, exchange: Exchange, what: str) -> None:
        status = exchange.response.status
        if status == 401:
            self.prober.add("access", Outcome.PASSED, self.rules, exchange)
        elif status < 400:
            self.prober.failed("access", self.rules, self.operation, exchange, GRANTED, "401", f"{status} to {what}")
