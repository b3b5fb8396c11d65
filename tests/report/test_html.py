"""report.html, as a reader and as a browser meets it."""

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from understudy.contract.verdict import Lapsed, Report, Verdict
from understudy.errors import Where
from understudy.report import html

VOID = {"meta", "input", "br", "path", "circle"}


class Page(HTMLParser):
    """A page's elements, text and ids; raises where an element is closed that is not open."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise ValueError(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    def values(self, name: str) -> list[str]:
        return [value for attribute, value in self.attributes if attribute == name]


@pytest.mark.parametrize("verdict", Verdict)
def test_verdict_is_the_heading(sample: Callable[..., Report], verdict: Verdict) -> None:
    """The verdict stands in the heading as a word, whatever it is."""
    source = html.render(sample(verdict=verdict, reason="since the seed said so"))
    heading = re.search(r"<h1>.*?<span>(\w+)</span></h1>", source, re.DOTALL)
    assert heading is not None
    assert heading[1] == verdict.value.capitalize()
    assert "since the seed said so" in source


def test_page_says_what_a_reader_asks(sample: Callable[..., Report]) -> None:
    """Target, document, run, findings with place and curl, rules with reasons, statuses and items are all there."""
    text = " ".join(Page(html.render(sample())).text.split())
    for words in (
        "https://api.example.com",
        "Consent & Preferences 1.0",
        "sha256 9f86d081884c",
        "2026-03-02 14:05:11 UTC",
        "12.3 s, 1,234 requests",
        "core, 42",
        "OT-LINK-3",
        "seen 3 times",
        "Linking an identifier that another data subject owns is refused with 409.",
        "409 with a body that says which identifier is taken",
        "specs/onetrust/openapi.json:431",
        "-H 'Content-Type: application/json'",
        "A 429 came without Retry-After",
        "needs a restricted credential; give --restricted-token",
        "409 never",
        "2, undocumented",
        "links.arazzo.yaml::link-taken",
    ):
        assert words in text, words


def test_page_is_well_formed_and_needs_nothing_else(sample: Callable[..., Report]) -> None:
    """Every element is closed, no id is there twice, no link leads nowhere, and nothing is loaded or run."""
    source = html.render(sample())
    page = Page(source)
    assert page.open == []
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {href.removeprefix("#") for href in page.values("href")} <= set(ids)
    assert set(page.tags) & {"script", "link", "img", "iframe", "object", "form", "base"} == set()
    assert "url(" not in source
    assert "default-src 'none'" in source


def test_tables_have_captions_and_headers(sample: Callable[..., Report]) -> None:
    """A screen reader finds a caption and scoped headers in every table."""
    page = Page(html.render(sample()))
    assert page.tags.count("table") == page.tags.count("caption") == 3
    assert page.tags.count("th") == len(page.values("scope"))


def test_what_does_not_count_is_not_red(sample: Callable[..., Report]) -> None:
    """An accepted or known finding stands in a section of its own, says so and why, without the colour of failure."""
    (finding,) = sample().findings
    accepted = replace(finding, accepted=True, reason="The vendor's `own`.")
    known = replace(finding, fingerprint="1" * 16, known=True)
    source = html.render(sample(verdict=Verdict.CONFORMS, findings=(accepted, known)))
    assert source.count('<article class="finding card not-exercised"') == 2
    assert 'card failed" id' not in source
    text = " ".join(Page(source).text.split())
    assert "Nothing was found broken that is not accepted, or known from the baseline." in text
    assert "Accepted or known 2" in text
    assert "accepted" in re.findall(r'<span class="chip">([^<]*)</span>', source)
    assert "known, in the baseline" in re.findall(r'<span class="chip">([^<]*)</span>', source)
    assert "Accepted: The vendor's own." in text


def test_one_fault_that_many_checks_see_is_one_card(sample: Callable[..., Report]) -> None:
    """The others are listed in it with their fingerprints, by which each can be accepted."""
    (finding,) = sample().findings
    findings = tuple(replace(finding, title=f"way {number}", fingerprint=f"{number:016x}") for number in range(25))
    source = html.render(sample(findings=findings))
    assert source.count("<article ") == 1
    text = " ".join(Page(source).text.split())
    assert "seen 75 times" in text
    assert "and 24 more that break it in the same way" in text
    assert "way 24 0000000000000018" in text
    assert Page(source).open == []


def test_what_changed_is_listed(sample: Callable[..., Report]) -> None:
    """What is fixed since the baseline, and entries of accepted.yaml that do not hold, with their place."""
    report = sample(
        fixed=sample().findings, lapsed=(Lapsed("0" * 16, "it is <stale>", Where("a.yaml", 2), error=True),)
    )
    page = Page(html.render(report))
    text = " ".join(page.text.split())
    assert "Fixed OT-LINK-3 An identifier that another data subject owns was linked 3f0c9d1b2a4e5f60" in text
    assert "a.yaml:2 0000000000000000: it is <stale>" in text
    assert page.open == []


def test_empty_report_is_a_page(sample: Callable[..., Report]) -> None:
    """A run that saw nothing has a page that says so."""
    source = html.render(sample(findings=(), remarks=(), rules=(), operations=(), items=(), document={}))
    assert Page(source).open == []
    assert "Nothing was found" in source


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "</pre></style></title><img src=x onerror=alert(1)>",
        "\"><b onmouseover='alert(1)'>",
        "`<i>`{{ 7 * 7 }}{% raw %}`",
        "\x1b[31m\u202e\x00\ud800\u2028",
        "é" * 100_000,
    ],
)
def test_hostile_text_stays_text(hostile: Callable[[str], Report], text: str) -> None:
    """Whatever a target or a document says adds no element, no attribute and no unseen character to the page."""
    source = html.render(hostile(text))
    tame = Page(html.render(hostile("tame")))
    page = Page(source)
    assert [tag for tag in page.tags if tag != "code"] == [tag for tag in tame.tags if tag != "code"]
    assert {name for name, _ in page.attributes} == {name for name, _ in tame.attributes}
    assert re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\ud800-\udfff]", source) is None
    assert "49" not in re.findall(r"<h3[^>]*>(.*?)</h3>", source)[0]


def test_very_long_answer_is_cut(sample: Callable[..., Report]) -> None:
    """A megabyte of answer does not make a page that no browser opens; the note says where all of it is."""
    report = sample()
    source = html.render(replace(report, findings=(replace(report.findings[0], actual="x" * 1_000_000),)))
    assert len(source) < 100_000
    assert "20,000 of 1,000,000 characters; report.json has them all" in source


def test_backticks_become_code(sample: Callable[..., Report]) -> None:
    """Rules and titles are written with backticks; the page shows what is between them as code."""
    assert "A 429 carries <code>Retry-After</code> in seconds." in html.render(sample())
