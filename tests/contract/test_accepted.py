"""accepted.yaml: what it may say, and how its entries are held against findings."""

from datetime import date
from pathlib import Path

import pytest

from understudy.contract.accepted import load, match
from understudy.errors import ContentError

ONE, TWO, THREE = "0123456789abcdef", "1" * 16, "a" * 16
TODAY = date(2026, 3, 2)
FILE = f"""# what we know of
lint:
  - fingerprint: {ONE}
    reason: The vendor's own,
      and known.
  - {{fingerprint: '{TWO}', reason: Until the next version., expires: '2026-03-02'}}
verify:
  - {{fingerprint: '{THREE}', reason: For verify alone.}}
"""


def written(folder: Path, text: str = FILE) -> Path:
    """Write a file of acceptances."""
    path = folder / "accepted.yaml"
    path.write_text(text)
    return path


def test_an_entry_says_what_why_and_until_when(tmp_path: Path) -> None:
    """Each command has a list of its own."""
    first, second = load(written(tmp_path), "lint")
    assert (first.fingerprint, first.reason, first.expires) == (ONE, "The vendor's own, and known.", None)
    assert (second.fingerprint, second.expires, second.where.line) == (TWO, TODAY, 6)
    assert [entry.fingerprint for entry in load(tmp_path / "accepted.yaml", "verify")] == [THREE]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "lint: []\n", "verify: []\n"])
def test_nothing_may_be_accepted(text: str, tmp_path: Path) -> None:
    """In a file, or without one."""
    assert load(written(tmp_path, text), "lint") == ()
    assert load(tmp_path / "none.yaml", "lint") == ()


def test_an_entry_holds_to_the_end_of_its_day(tmp_path: Path) -> None:
    """After that it accepts nothing, and is told."""
    entries = load(written(tmp_path), "lint")
    held = match(entries, [ONE, TWO], TODAY)
    assert (set(held.accepted), held.expired, held.stale) == ({ONE, TWO}, (), ())
    late = match(entries, [ONE, TWO], date(2026, 3, 3))
    assert (set(late.accepted), late.expired, late.stale) == ({ONE}, (entries[1],), ())


def test_an_entry_that_accepts_nothing_is_told(tmp_path: Path) -> None:
    """Expired or not, for either way it has to go."""
    entries = load(written(tmp_path), "lint")
    held = match(entries, ["f" * 16], date(2027, 1, 1))
    assert (dict(held.accepted), held.expired, held.stale) == ({}, (), entries)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lints: []", "accepted.yaml:1: Additional properties are not allowed ('lints' was unexpected)"),
        (f"lint:\n  - {{fingerprint: '{TWO}', reason: For ten letters., until: x}}", "accepted.yaml:2 (/lint/0)"),
        (f"lint:\n  - {{fingerprint: '{TWO}'}}", '"reason" is a required property'),
        (f"lint:\n  - {{fingerprint: '{TWO}', reason: No}}", "accepted.yaml:2 (/lint/0/reason)"),
        ("lint:\n  - {fingerprint: short, reason: For ten letters.}", "accepted.yaml:2 (/lint/0/fingerprint)"),
        (f"lint:\n  - {{fingerprint: {TWO}, reason: For ten letters.}}", 'is not of type "string"'),
        (f"lint:\n  - {{fingerprint: '{TWO}', reason: For ten letters., expires: soon}}", "/lint/0/expires"),
        ("lint:\n  - {fingerprint: x\n", "not YAML"),
        ("[]", 'is not of type "object"'),
        (
            f"lint:\n  - &a {{fingerprint: '{TWO}', reason: For ten letters.}}\n  - *a",
            f"{TWO} is accepted twice; remove one of them",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    text: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unknown keys are refused, and a reason is asked for."""
    monkeypatch.chdir(tmp_path)
    written(tmp_path, text)
    with pytest.raises(ContentError) as raised:
        load(Path("accepted.yaml"), "lint")
    assert told in str(raised.value)
