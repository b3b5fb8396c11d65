"""Rules files: what they may say, and how rules are found by what they cite."""

from pathlib import Path

import pytest

from understudy.errors import ContentError
from understudy.spec.rules import Basis, Level, Part, Rules, load

RULES = """
places: {get: /paths/~1x/get}
rules:
  - {id: T-A-1, text: A rule  of some
     words., basis: documented, level: must, operation: get, part: body, citation: {pointer: "{get}/responses/400"}}
  - {id: T-A-2, text: Another rule., basis: inferred, level: should, operation: get, part: security, note: "",
     citation: {pointer: /a}}
  - {id: T-A-3, text: One of a page., basis: documented, level: must, operation: get,
     note: " why ", citation: {pointer: /a/b, overlay: 10.yaml, action: 0, page: The page}}
"""


def written(path: Path, text: str = RULES) -> Path:
    """Write a rules file."""
    file = path / "rules.yaml"
    file.write_text(text)
    return file


@pytest.fixture
def rules(tmp_path: Path) -> Rules:
    return load(written(tmp_path))


def test_a_rule_says_what_how_sure_and_where(rules: Rules) -> None:
    """Blanks are folded, places spelled out."""
    rule = rules.by_id["T-A-1"]
    assert (rule.text, rule.basis, rule.level, rule.part) == (
        "A rule of some words.",
        Basis.DOCUMENTED,
        Level.MUST,
        Part.BODY,
    )
    assert (rule.citation.pointer, rule.pointer) == ("/paths/~1x/get/responses/400", "/rules/0")
    assert (len(rules), [each.id for each in rules]) == (3, ["T-A-1", "T-A-2", "T-A-3"])


def test_core_rules_cite_the_document_itself(rules: Rules) -> None:
    """Rules of other pages belong to the full scope; only a documented must binds."""
    assert [rule.scope for rule in rules] == ["core", "core", "full"]
    assert [rule.binding for rule in rules] == [True, False, True]
    assert rules.by_id["T-A-3"].note == "why"


def test_a_pointer_finds_the_rules_on_it_or_on_its_nearest_parent(rules: Rules) -> None:
    """Of the parts asked for alone."""
    found = rules.played_by({Part.BODY, Part.SECURITY}, "/paths/~1x/get/responses/400/description")
    assert [rule.id for rule in found] == ["T-A-1"]
    assert rules.played_by({Part.SECURITY}, "/paths/~1x/get/responses/400") == ()
    assert [rule.id for rule in rules.played_by({Part.SECURITY}, "/a/b/c")] == ["T-A-2"]


def test_citing_is_exact_and_inside_is_below(rules: Rules) -> None:
    """`/a/bc` is not inside `/a/b`."""
    assert [rule.id for rule in rules.citing(Part, ["/a", "/a/b"])] == ["T-A-2"]
    assert [rule.id for rule in rules.inside(Part, "/paths/~1x/get/responses")] == ["T-A-1"]
    assert rules.inside(Part, "/paths/~1x/get/responses/40") == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("id: T-A-1", "id: t1", 4, "does not match"),
        ("id: T-A-2", "id: T-A-1", 6, "rule T-A-1 is there twice; give it another id"),
        ("basis: inferred", "basis: guessed", 6, "guessed"),
        ("level: should", "level: could", 6, "could"),
        ("part: body", "part: nose", 5, "nose"),
        ("operation: get, part: body", "part: body", 4, "operation"),
        ('"{get}/responses/400"', '"{put}/x"', 5, "no place is called 'put'; use one of get"),
        ('"{get}/responses/400"', '""', 5, "does not match"),
        (", action: 0", "", 9, "action"),
        ("text: Another rule.", "text: Short", 6, "shorter than"),
        ('note: " why', 'notes: " why', 8, "notes"),
        ("rules:", "rules: 7 #", 3, "not"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, line: int, what: str) -> None:
    """File, line, pointer, and what to do."""
    text = RULES.replace(old, new, 1) if new != "rules: 7 #" else "places: {}\n\nrules: 7\n"
    with pytest.raises(ContentError, match=what) as caught:
        load(written(tmp_path, text))
    assert f"rules.yaml:{line} (/rules" in str(caught.value)


def test_a_missing_file_is_a_users_mistake(tmp_path: Path) -> None:
    """With its path."""
    with pytest.raises(ContentError, match=r"cannot read .*rules.yaml: No such file"):
        load(tmp_path / "rules.yaml")
