"""Ids that depend on a seed, the number of the call and a purpose alone, so that a run can be repeated to the byte."""

from collections.abc import Callable
from hashlib import blake2b
from uuid import UUID


class Ids:
    """The ids of one session; every call gets a source of its own."""

    __slots__ = ("_calls", "_key")

    def __init__(self, seed: int | str) -> None:
        self._key = blake2b(str(seed).encode(), digest_size=32).digest()
        self._calls = 0

    def for_call(self) -> Callable[[str], str]:
        """Return the source of ids for the next call: equal purposes give equal UUIDs (version 4 in form)."""
        self._calls += 1
        number, key = self._calls, self._key

        def fresh(purpose: str) -> str:
            digest = blake2b(f"{number} {purpose}".encode(), key=key, digest_size=16).digest()
            return str(UUID(bytes=digest, version=4))

        return fresh
