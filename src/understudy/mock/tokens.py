"""Bearer tokens: the two ready-made ones, and signed JWTs (RFC 7519) that expire by the session's clock."""

from collections.abc import Mapping
from hashlib import sha256

import jwt

from understudy.credentials import CLIENT, CLIENT_READ, FULL, READ, SECRET
from understudy.model.behaviour import Behaviour
from understudy.model.call import Client
from understudy.model.clock import Clock
from understudy.values import Json

_REMEMBERED = 4096


class Keyring:
    """The credentials of one session; the signing key comes from its seed."""

    def __init__(self, behaviour: Behaviour, seed: int) -> None:
        self._key = sha256(f"understudy token key {seed}".encode()).digest()
        self.ready = {FULL: frozenset(behaviour.full), READ: frozenset(behaviour.restricted)}
        self._revoked: set[str] = set()
        self._seen: dict[str, tuple[float, frozenset[str]]] = {}
        self.clients = {
            CLIENT: Client(CLIENT, SECRET, behaviour.full),
            CLIENT_READ: Client(CLIENT_READ, SECRET, behaviour.restricted),
        }

    def mint(self, claims: Mapping[str, Json]) -> str:
        """Return a signed token with these claims; `scopes` is a list, `exp` in seconds since 1970."""
        return jwt.encode(dict(claims), self._key, algorithm="HS256")

    def scopes(self, token: str, clock: Clock) -> frozenset[str] | None:
        """Return what the token allows at the clock's time, or None where it is not valid, or no longer."""
        ready = self.ready.get(token)
        if ready is not None:
            return ready
        if token in self._revoked:
            return None
        seen = self._seen.get(token) or self._decode(token)
        return seen[1] if seen and clock.now().timestamp() < seen[0] else None

    def revoke(self, token: str, *, ready: bool = False) -> None:
        """Have a granted token be worth nothing; a ready-made one stays unless `ready` says that it goes, too."""
        if token in self.ready:
            if ready:
                del self.ready[token]
        elif self._decode(token) is not None:
            self._revoked.add(token)

    def _decode(self, token: str) -> tuple[float, frozenset[str]] | None:
        try:
            claims = jwt.decode(
                token, self._key, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False}
            )
            if jwt.encode(claims, self._key, algorithm="HS256") != token:  # base64 has other writings of the same bytes
                return None
            seen = float(claims["exp"]), frozenset(claims["scopes"])
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError):
            return None
        if len(self._seen) >= _REMEMBERED:
            self._seen.clear()
        self._seen[token] = seen
        return seen
