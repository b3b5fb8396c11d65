"""Where an operation wants a credential and how one is put there, by the security schemes of its document."""

from collections.abc import Iterator
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from understudy.contract.derived import Derived
from understudy.contract.exchange import Request
from understudy.spec.document import Document, Operation
from understudy.spec.extensions import KEY_USER
from understudy.values import dereference, join

BEARER, BASIC = "Bearer ", "Basic "


@dataclass(frozen=True, slots=True)
class Place:
    """Where a credential goes: `location` is header, query or cookie; `user` is HTTP Basic's, '' in other schemes.

    `scheme` is the name that the document gives to the security scheme.
    """

    location: str
    name: str
    prefix: str = ""
    user: str = ""
    scheme: str = ""

    def value(self, secret: str) -> str:
        """Return what stands there for a caller with that secret."""
        if self.prefix == BASIC:
            secret = Derived(secret).basic(self.user).text
        return self.prefix + secret

    def sent(self, request: Request) -> str | None:
        """Return what a request has there, or None."""
        if self.location == "query":
            return next(iter(parse_qs(urlsplit(request.url).query).get(self.name, ())), None)
        if self.location == "header":
            return request.header(self.name)
        try:
            cookie = SimpleCookie(request.header("cookie") or "").get(self.name)
        except CookieError:
            return None
        return cookie.value if cookie is not None else None


def wanting(document: Document) -> frozenset[str]:
    """Return the operations that tell whether a credential is let in: those that want one, all where none does."""
    found = {each for each, operation in document.operations.items() if operation.is_closed}
    return frozenset(found or document.operations)


def places(operation: Operation) -> Iterator[Place]:
    """Yield where the operation may be sent one, in the order of its alternatives; of several at once the first."""
    for requirement in operation.security:
        for name in list(requirement)[:1]:
            scheme = dereference(operation.document.value, join("components", "securitySchemes", name))[1]
            kind = scheme["type"]
            if kind == "apiKey":
                yield Place(scheme["in"], scheme["name"], scheme=name)
            elif kind == "http" and scheme["scheme"].lower() == "basic":
                yield Place("header", "Authorization", BASIC, scheme.get(KEY_USER, ""), name)
            else:
                yield Place("header", "Authorization", BEARER, scheme=name)
