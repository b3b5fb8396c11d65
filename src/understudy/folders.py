"""Where packs are found, and where something may be kept from one call to the next.

Folders of the current directory come first, then those that understudy has itself.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


def roots() -> Iterator[Path]:
    """Yield the folders that may hold packs: the current directory, then the built-in one."""
    yield Path.cwd()
    here = Path(__file__).parent
    yield here / "builtin" if (here / "builtin").is_dir() else here.parent.parent


def cache() -> Path:
    """Return the folder for what can be found out again at any time; it need not be there, nor be writable.

    By the XDG Base Directory Specification, which has relative paths ignored; a user without a home has it among
    temporary files.
    """
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        return (named if named.is_absolute() else Path.home() / ".cache") / "understudy"
    except RuntimeError:
        return Path(tempfile.gettempdir()) / f"understudy-{os.getuid()}"


def names() -> list[str]:
    """Return the vendors that there is a pack of, sorted."""
    return sorted({path.parent.name for root in roots() for path in (root / "specs").glob("*/provenance.yaml")})
