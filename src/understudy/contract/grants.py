"""Who is granted a token: the client, and nobody whose id or secret is nearly the client's, in any form of asking."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from understudy.contract.authentication import BASIC
from understudy.contract.derived import Derived, added, nearly
from understudy.contract.evidence import Outcome
from understudy.contract.exchange import Exchange, Request
from understudy.contract.forms import multipart, urlencoded
from understudy.contract.tokens import GRANT, asking
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
    request, sent = asking(url, urlencoded(GRANT)), Derived(secret).basic(client_id).text
    return replace(request, headers=(*request.headers, ("Authorization", BASIC + sent)))


ASKINGS = (
    Asking("a URL-encoded form", lambda url, client_id, secret: asking(url, urlencoded(_fields(client_id, secret)))),
    Asking("a multipart form", lambda url, client_id, secret: asking(url, multipart(_fields(client_id, secret)))),
    Asking("the query", _query),
    Asking("HTTP Basic", _basic),
)


def forgeries(client_id: str, secret: str) -> Iterator[tuple[str, Derived]]:
    """Yield what is nearly the client and is none: an id, and a secret that says in which way.

    Both are compared exactly: what OAuth says nothing else of is case-sensitive (RFC 6749, section 1.2).
    """
    for forged in nearly(secret, "the secret"):
        yield client_id, forged
    yield client_id, added(secret, "& ", "the secret with a blank behind it")
    yield client_id, added(secret, " &", "the secret with a blank before it")
    yield client_id, added(secret, "&&", "the secret twice")
    yield client_id, Derived("", "an empty secret")
    yield f"{client_id}x", Derived(secret, "the id with a letter behind it")
    if client_id.swapcase() != client_id:
        yield client_id.swapcase(), Derived(secret, "the id in other case")


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

        One form is asked in every way, each other one in a single way, and the client itself in between: who counts
        wrong secrets may shut it out.
        """
        known = self.client.run.credentials
        if not known.client_id or not known.client_secret:
            return
        forged = [*forgeries(known.client_id, known.client_secret)]
        for form in ASKINGS:
            if self._send(form, known.client_id, known.client_secret).response.status != 200:
                continue
            for client_id, secret in forged:
                for made in (secret, secret.basic(client_id)) if secret.text else ():
                    self.client.secrets.derive(known.client_secret, made)
                self._judge(self._send(form, client_id, secret.text), f"{secret.what}, in {form.what}")
                if 400 <= self._send(form, known.client_id, known.client_secret).response.status < 500:
                    return  # who counts wrong secrets has shut the client out
            forged = forged[:1]

    def _send(self, form: Asking, client_id: str, secret: str) -> Exchange:
        url = self.client.run.base_url + self.operation.path
        return self.client.send(form.made(url, client_id, secret), self.operation.operation_id, "access", "garbage")

    def _judge(self, exchange: Exchange, what: str) -> None:
        status = exchange.response.status
        if status == 401:
            self.prober.add("access", Outcome.PASSED, self.rules, exchange)
        elif status < 300:
            self.prober.failed("access", self.rules, self.operation, exchange, GRANTED, "401", f"{status} to {what}")
