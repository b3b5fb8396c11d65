"""How values are worded for readers."""

import pytest

from understudy.report import text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x00\x07\x7f\x9b", "\\x00\\x07\\x7f\\x9b"),
        ("a\r\nb\tc", "a\\r\nb\tc"),
        ("\u202eevil\u2066\u200b\ufeff", "\\u202eevil\\u2066\\u200b\\ufeff"),
        ("\ud800\uffff\U000e0041", "\\ud800\\uffff\\U000e0041"),
        ("naïve 日本 🎈 שלום", "naïve 日本 🎈 שלום"),
    ],
)
def test_visible_spells_out_what_a_reader_could_not_see(raw: str, shown: str) -> None:
    """Control, invisible and direction characters are spelt out; letters of every language stay."""
    assert text.visible(raw) == shown


def test_one_line_is_one_line() -> None:
    """No value can begin a line of its own."""
    assert text.one_line("a\nverdict: conforms\r\n\u2028b\x0bc\x85").splitlines() == [
        "a\\nverdict: conforms\\r\\n\\u2028b\\x0bc\\x85"
    ]


def test_clipped_says_what_is_missing() -> None:
    """A value cut short says so, and where all of it is; a short one is left alone."""
    assert text.clipped("abc", 3) == "abc"
    assert text.clipped("a" * 5000, 2) == "aa… [2 of 5,000 characters; report.json has them all]"


@pytest.mark.parametrize(
    ("citation", "place"),
    [
        ({"file": "a.json", "line": 7, "pointer": "/x"}, "a.json:7"),
        ({"file": "a.json", "line": None}, "a.json"),
        ({"pointer": "/x"}, "/x"),
        ({}, ""),
    ],
)
def test_location_is_as_precise_as_the_citation(citation: dict[str, object], place: str) -> None:
    """A citation reads `file:line`, or as much of it as there is."""
    assert text.location(citation) == place


def test_times_are_readable() -> None:
    """Seconds become minutes in time; a moment that is none is shown as it came."""
    assert text.duration(12.34) == "12.3 s"
    assert text.duration(125.4) == "2 min 5 s"
    assert text.moment("2026-03-02T14:05:11Z") == "2026-03-02 14:05:11 UTC"
    assert text.moment("yesterday") == "yesterday"
