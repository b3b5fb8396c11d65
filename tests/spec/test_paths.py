"""Which template a path matches."""

import pytest

from understudy.spec.paths import Paths

PATHS = Paths(["/a/{id}", "/a/b", "/a/{id}/c", "/{x}/{y}.json", "/{first}-{last}", "/", "/å", "/p{q}r"])


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/a/b", ("/a/b", {})),
        ("/a/%62", ("/a/b", {})),
        ("/a/x", ("/a/{id}", {"id": "x"})),
        ("/a/x%2Fy", ("/a/{id}", {"id": "x/y"})),
        ("/a/%C3%A5%0A", ("/a/{id}", {"id": "å\n"})),
        ("/a/{id}", ("/a/{id}", {"id": "{id}"})),
        ("/a/x/c", ("/a/{id}/c", {"id": "x"})),
        ("/b/c.json", ("/{x}/{y}.json", {"x": "b", "y": "c"})),
        ("/b/cjson", None),
        ("/a-b-c", ("/{first}-{last}", {"first": "a-b", "last": "c"})),
        ("/", ("/", {})),
        ("/%C3%A5", ("/å", {})),
        ("/pxr", ("/p{q}r", {"q": "x"})),
        ("/pr", None),
        ("/a/", None),
        ("/a/b/", None),
        ("/a/x/d", None),
        ("", None),
    ],
)
def test_a_path_matches_its_template(path: str, found: object) -> None:
    """Segment by segment, decoded; literal ones win; no segment of an expression is empty."""
    assert PATHS.match(path) == found


def test_no_template_matches_nothing() -> None:
    """A document without paths has no routes."""
    assert Paths([]).match("/") is None
