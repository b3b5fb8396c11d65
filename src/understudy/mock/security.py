"""Who calls, and what they may: handlers for Connexion's `security_map`, one class a scheme type.

Connexion's own handlers inspect signatures on each request; ours are plain functions made at start.
"""

import base64
from collections.abc import Callable, Iterator
from http.cookies import CookieError, SimpleCookie
from typing import Any, Protocol
from urllib.parse import parse_qs

from connexion.security import NO_VALUE
from starlette.types import Scope

from understudy.mock.visit import KEY, RefusedError, Visit, refuse
from understudy.spec.document import Operation
from understudy.spec.extensions import KEY_USER
from understudy.spec.rules import Part
from understudy.values import dereference, join

CHALLENGE = (("WWW-Authenticate", 'Bearer realm="understudy"'),)
CALLER: dict[str, object] = {}
"""What Connexion is told of a caller that may call: nothing; the visit knows."""


class Request(Protocol):
    """What a check is given."""

    @property
    def scope(self) -> Scope:
        """The ASGI scope."""


Check = Callable[[Request], object]


class BearerHandler:
    """Opens an operation to a bearer token that has all scopes required (RFC 6750)."""

    def get_fn(self, scheme: dict[str, Any], required_scopes: list[str]) -> Check:
        """Return the check of one security requirement, as Connexion asks for it."""
        required = frozenset(required_scopes)

        def check(request: Request) -> object:
            visit: Visit = request.scope[KEY]
            kind, _, token = authorization(request.scope).partition(" ")
            if kind.lower() != "bearer":
                return NO_VALUE
            session = visit.session
            scopes = session.keyring.scopes(token.strip(), session.clock)
            if scopes is None:
                raise unauthorized(visit, "the bearer token is not valid, or has expired")
            return _admitted(visit, scopes, required)

        return check


class ApiKeyHandler:
    """Opens an operation to a ready-made key, in the header, query parameter or cookie that the scheme names."""

    def get_fn(self, scheme: dict[str, Any], required_scopes: list[str]) -> Check:
        """Return the check of one security requirement, as Connexion asks for it."""
        place, name = scheme["in"], scheme["name"]
        required = frozenset(required_scopes)

        def check(request: Request) -> object:
            visit: Visit = request.scope[KEY]
            key = _key(request.scope, place, name)
            if key is None:
                return NO_VALUE
            scopes = visit.session.keyring.ready.get(key)
            if scopes is None:
                raise unauthorized(visit, "the API key is not known", name)
            return _admitted(visit, scopes, required)

        return check


class BasicHandler:
    """Opens an operation to a client that the mock knows, by HTTP Basic (RFC 7617).

    Where the scheme has a `x-understudy-key-user`, to the user of that name with an API key for a password.
    """

    def get_fn(self, scheme: dict[str, Any], required_scopes: list[str]) -> Check:
        """Return the check of one security requirement, as Connexion asks for it."""
        required, key_user = frozenset(required_scopes), scheme.get(KEY_USER)

        def check(request: Request) -> object:
            visit: Visit = request.scope[KEY]
            sent = basic(request.scope)
            if sent is None:
                return NO_VALUE
            keyring = visit.session.keyring
            wrong = "the user is unknown or the password is wrong"
            if key_user is not None:
                known = sent[0] == key_user
                scopes = keyring.ready.get(sent[1]) if known else None
                wrong = "the password is no API key" if known else f"the user is not {key_user}"
            else:
                client = keyring.clients.get(sent[0])
                scopes = frozenset(client.scopes) if client is not None and client.secret == sent[1] else None
            if scopes is None:
                raise unauthorized(visit, wrong)
            return _admitted(visit, scopes, required)

        return check


def _admitted(visit: Visit, scopes: frozenset[str], required: frozenset[str]) -> object:
    """Note what the caller may do; raises RefusedError where that is less than required.

    For schemes other than OAuth 2.0, what is required are role names (OpenAPI 3.1.0, section 4.8.30).
    """
    visit.scopes = scopes
    if not required <= scopes:
        raise forbidden(visit, scopes, required - scopes)
    return CALLER


SECURITY_MAP = {
    "oauth2": BearerHandler,
    "openIdConnect": BearerHandler,
    "bearer": BearerHandler,
    "basic": BasicHandler,
    "apiKey": ApiKeyHandler,
}


def unauthorized(visit: Visit, detail: str, where: str = "") -> RefusedError:
    """Make the 401 of an operation, with its challenge (RFC 9110, section 15.5.2).

    Where no rule is on the status, those on the operation's security are named.
    """
    operation, rules = visit.operation, visit.session.pack.rules
    broken = []
    if operation is not None and not rules.inside(Part, f"{operation.pointer}/responses/401"):
        broken = [(Part.SECURITY, f"{operation.pointer}/security")]
    return refuse(rules, operation, 401, detail, where=where or _place(operation), headers=CHALLENGE, broken=broken)


def _place(operation: Operation | None) -> str:
    """Return the name of what carries the credential of the operation's first scheme."""
    names = [name for requirement in operation.security for name in requirement] if operation is not None else []
    if operation is None or not names:
        return "Authorization"
    scheme = dereference(operation.document.value, join("components", "securitySchemes", names[0]))[1]
    return str(scheme.get("name", "Authorization"))


def forbidden(visit: Visit, held: frozenset[str], missing: frozenset[str]) -> RefusedError:
    """Make the 403 of an operation, which also names the rules on its scopes and on those that the caller has."""
    rules, operation = visit.session.pack.rules, visit.operation
    detail = f"the credential has not the scope or role {' '.join(sorted(missing))}"
    pointers: list[str] = []
    if operation is not None:
        pointers = [f"{operation.pointer}/security", *_scopes(operation, held)]
    broken = [(Part.SECURITY, pointer) for pointer in pointers]
    return refuse(rules, operation, 403, detail, where="Authorization", broken=broken)


def _scopes(operation: Operation, held: frozenset[str]) -> Iterator[str]:
    """Yield where the document describes the scopes that the caller has, in the schemes of the operation."""
    for name in dict.fromkeys(name for requirement in operation.security for name in requirement):
        pointer, scheme = dereference(operation.document.value, join("components", "securitySchemes", name))
        for flow, described in scheme.get("flows", {}).items():
            for scope in described.get("scopes", {}):
                if scope in held:
                    yield pointer + join("flows", flow, "scopes", scope)


def authorization(scope: Scope) -> str:
    """Return the value of the Authorization header, or ''."""
    for key, value in scope["headers"]:
        if key == b"authorization":
            return str(value, "latin-1")
    return ""


def basic(scope: Scope) -> tuple[str, str] | None:
    """Return user and password of HTTP Basic (RFC 7617), or None where there are none."""
    kind, _, encoded = authorization(scope).partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:  # neither Base64, nor ASCII, nor UTF-8 inside
        return None
    return (user, password) if colon else None


def _key(scope: Scope, place: str, name: str) -> str | None:
    if place == "query":
        keys = parse_qs(scope["query_string"].decode("latin-1")).get(name)
        return keys[0] if keys else None
    wanted = b"cookie" if place == "cookie" else name.lower().encode()
    text = next((value.decode("latin-1").strip() for key, value in scope["headers"] if key == wanted), None)
    if place != "cookie" or text is None:
        return text
    try:
        cookies = SimpleCookie(text)
    except CookieError:
        return None
    return cookies[name].value if name in cookies else None
