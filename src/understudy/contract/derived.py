"""Texts made of a secret, such as credentials that are nearly right, and how a shell makes them and shows neither."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase
from typing import Self

from understudy.contract.shell import octal

SHORTEST = 8
"""Letters of a secret of which one may be left out: of a shorter one, what is left may be another's."""
_SWAPPED = str.maketrans(ascii_lowercase + ascii_uppercase, ascii_uppercase + ascii_lowercase)


@dataclass(frozen=True, slots=True)
class Derived:
    """A text made of a secret, or that itself: `what` tells in which way, and `filters` do the same in a shell.

    It must not be shown: anybody could make the secret of it again.
    """

    text: str
    what: str = ""
    filters: tuple[str, ...] = ()

    def basic(self, user: str) -> Self:
        """Return the text as HTTP Basic sends it with a user (RFC 7617)."""
        name = f"{user}:".encode()
        encoded = base64.b64encode(name + self.text.encode()).decode()
        filters = (*self.filters, f"{{ printf '{octal(name)}'; tr -d '\\n'; }}", "base64")
        return type(self)(encoded, self.what, filters)


def nearly(secret: str, name: str) -> Iterator[Derived]:
    """Yield what is nearly a secret, which is called by that name, and is another.

    The letter that is changed is not the last one, of which base64 ignores some bits: a JWT would stay valid.
    """
    middle = len(secret) // 2
    before, after = secret[:middle], secret[middle + 1 :]
    changed = "x" if secret[middle] != "x" else "y"
    size, rest = len(before.encode()), len(secret.encode()) - len(after.encode()) + 1
    made = _bytes(f'substr($0, 1, {size}) "{changed}" substr($0, {rest})')
    yield Derived(before + changed + after, f"{name} with a letter changed", made)
    if len(secret) >= SHORTEST:
        made = _bytes(f"substr($0, 1, {len(secret[:-1].encode())})")
        yield Derived(secret[:-1], f"{name} without its last letter", made)
    if secret.translate(_SWAPPED) != secret:
        yield Derived(secret.translate(_SWAPPED), f"{name} in other case", ("LC_ALL=C tr 'a-zA-Z' 'A-Za-z'",))


def added(secret: str, form: str, what: str) -> Derived:
    """Return a text with the secret in it: in `form` an `&` stands for it, and nothing that sed reads otherwise."""
    return Derived(form.replace("&", secret), what, (f"sed 's/.*/{form}/'",))


def _bytes(expression: str) -> tuple[str, ...]:
    """Return the filter that prints an expression of awk, which counts bytes."""
    return (f"LC_ALL=C awk '{{ print {expression} }}'",)
