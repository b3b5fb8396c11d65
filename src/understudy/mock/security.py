"""Who calls, and what they may: handlers for Connexion's `security_map`, one class a scheme type.

Connexion's own handlers inspect signatures on each request; ours are plain functions made at start.
"""

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Any

from connexion.lifecycle import ConnexionRequest
from connexion.security import NO_VALUE
from starlette.types import Scope

from understudy.mock.visit import KEY, RefusedError, Visit, refuse
from understudy.spec.rules import Part

CHALLENGE = (("WWW-Authenticate", 'Bearer realm="understudy"'),)


class BearerHandler:
    """Opens an operation to a bearer token that has all scopes required (RFC 6750)."""

    def get_fn(
        self, scheme: dict[str, Any], required_scopes: list[str]
    ) -> Callable[[ConnexionRequest], Awaitable[object]]:
        """Return the check of one security requirement, as Connexion asks for it."""
        required = frozenset(required_scopes)

        async def check(request: ConnexionRequest) -> object:
            scope = request.scope
            visit: Visit = scope[KEY]
            kind, _, token = authorization(scope).partition(" ")
            if kind.lower() != "bearer":
                return NO_VALUE
            session = visit.session
            scopes = session.keyring.scopes(token.strip(), session.clock.now().timestamp())
            if scopes is None:
                raise unauthorized(visit, "the bearer token is not valid, or has expired")
            if not required <= scopes:
                raise forbidden(visit, f"the token has not the scope {' '.join(sorted(required - scopes))}")
            visit.scopes = scopes
            return {}

        return check


SECURITY_MAP = {"oauth2": BearerHandler, "bearer": BearerHandler}


def unauthorized(visit: Visit, detail: str) -> RefusedError:
    """Make the 401 of an operation, with its challenge (RFC 9110, section 15.5.2)."""
    return refuse(visit.session.pack.rules, visit.operation, 401, detail, where="Authorization", headers=CHALLENGE)


def forbidden(visit: Visit, detail: str) -> RefusedError:
    """Make the 403 of an operation, which also names the rules on the scopes that the caller has."""
    rules = visit.session.pack.rules
    assert visit.operation is not None
    broken = [(Part.SECURITY, f"{visit.operation.pointer}/security")]
    return refuse(rules, visit.operation, 403, detail, where="Authorization", broken=broken)


def authorization(scope: Scope) -> str:
    """Return the value of the Authorization header, or ''."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == b"authorization"), "")


def basic(scope: Scope) -> tuple[str, str] | None:
    """Return user and password of HTTP Basic (RFC 7617), or None where there are none."""
    kind, _, encoded = authorization(scope).partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (user, password) if colon else None
