"""Where packs are found: folders of the current directory come first, then those that understudy has itself."""

from collections.abc import Iterator
from pathlib import Path


def roots() -> Iterator[Path]:
    """Yield the folders that may hold packs: the current directory, then the built-in one."""
    yield Path.cwd()
    here = Path(__file__).parent
    yield here / "builtin" if (here / "builtin").is_dir() else here.parent.parent


def names() -> list[str]:
    """Return the vendors that there is a pack of, sorted."""
    return sorted({path.parent.name for root in roots() for path in (root / "specs").glob("*/provenance.yaml")})
