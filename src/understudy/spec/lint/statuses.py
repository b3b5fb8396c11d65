"""Which statuses a text says that an operation answers with. Only what can be nothing else counts."""

import re
from collections.abc import Iterator
from http import HTTPStatus

FENCE = re.compile(
    r"^(?P<margin>[ >\t]*)(?P<fence>```+|~~~+)[ \t]*(?P<label>[^\n`]*)\n(?P<body>.*?)^[ >\t]*(?P=fence)", re.M | re.S
)
"""A fenced block of Markdown; what stands in one is no sentence."""

_KNOWN = frozenset(str(status.value) for status in HTTPStatus)
_OTHER_PHRASES = (  # HTTP has changed its mind on these, and Python follows it in different versions
    *("Payload Too Large", "Content Too Large", "Request Entity Too Large", "URI Too Long", "Request-URI Too Long"),
    *("Unprocessable Entity", "Unprocessable Content", "Range Not Satisfiable", "Requested Range Not Satisfiable"),
)
_PHRASES = "|".join(
    re.escape(phrase).replace(r"\ ", r"[ -]")
    for phrase in (*(status.phrase for status in HTTPStatus if status >= 200), *_OTHER_PHRASES)
)
_MARK = r"(?:[*`'\"]|</?(?:b|code|em|i|strong|tt)>){0,4}"
_NUMBER = r"[2-5]\d\d"
_ALONE = r"(?<![\w./:#$-])"
_ANSWERS = "returns?|answers?(?: with)?|responds? with|fails? with|rejected with|results? in|throws?|error code"
_GOT = "get|receive"  # also pieces, points and miles: what is got is a status only where it is called one, or with "if"
_STATUS = re.compile(
    rf"{_ALONE}{_MARK}({_NUMBER}){_MARK}\s*[(:|-]?\s*{_MARK}(?:{_PHRASES})\b"
    r"|\b(?:HTTP(?:/\d(?:\.\d)?)?(?: status)?(?: code)?|(?:status|response) code(?: of| is)?|with (?:an? )?status)"
    rf"[ :=]+{_MARK}({_NUMBER})\b(?![\w.]*\w)"
    rf"|\b(?P<verb>{_ANSWERS})(?: an?| the| either)?(?: HTTP)? {_MARK}({_NUMBER}){_MARK}"
    r"(?= (?:status|error|response|code)\b|[.;]?\s*$|[.;,:] | \(| (?:if|when|where|unless|in case|on conflict)\b"
    rf"|,? (?:or|and) {_MARK}{_NUMBER}\b)"
    rf"|\b(?:{_GOT})(?: an?)?(?: HTTP)? {_MARK}({_NUMBER})\b{_MARK}(?= (?:status|error|response|code|if|unless)\b)"
    rf"|{_ALONE}error {_MARK}({_NUMBER})\b{_MARK} means\b"
    rf"|{_ALONE}{_MARK}({_NUMBER}){_MARK} (?:is|are|will be) (?:returned|sent|answered|given|thrown|raised)\b"
    rf"|{_ALONE}{_MARK}({_NUMBER}){_MARK} (?:status|error|response)\b"
    r"(?! (?:limit|per|messages|points|credits|rows|records|items|lines|entries|units)\b)",
    re.I,
)
_MORE = re.compile(rf"(?:,? (?:or|and) |, |/){_MARK}({_NUMBER})\b{_MARK}(?![\w./]*\w| (?!(?:or|and) {_NUMBER}\b)\w)")
"""A further number of a list, at whose end nothing is counted."""
_DENIED = re.compile(
    r"\b(?:not|never|no longer|instead of|rather than|without|cannot|neither|nor|no (?:case|circumstances))\b|n't\b"
    r"|\bno\s*$",
    re.I,
)
_DENIED_AFTER = re.compile(r"\b(?:not|never|no longer|cannot)\b|n't\b", re.I)
_ELSEWHERE = re.compile(
    r"\b(?:previously|formerly|used to|your|unlike|webhook|callback|upstream|proxy|gateway)\b"
    r"|\bother (?:operations?|endpoints?|methods?)|\b(?:GET|PUT|POST|PATCH|DELETE|HEAD) `?/",
    re.I,
)
_CONDITION = re.compile(r"\b(?:if|when|whenever|unless|where|because|since|while|once|until|after)\b[^,;:()]*", re.I)
"""Why an answer is given: "does not exist" in there denies nothing."""
_APART = re.compile(r"[(:;]|, (?:not|never|but|rather|instead)\b|\b(?:that|which|who|whose)\b", re.I)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`*>-])|\n\s*\n|\n(?=\s*[-*|>#])")
_SUBJECT = 4
"""Words between "if" and "returns 404" that make it somebody else who does: "if the image's server returns 404"."""

_NEAR = 400
"""Characters on either side that are read: a text of one endless sentence takes no endless time."""


def statuses(prose: str) -> list[str]:
    """Return the statuses that a text says an operation answers with, each once.

    That is a number beside its phrase, beside `HTTP` or `status code`, or after a verb such as `returns`. What is
    denied is left out, and what a sentence says of somebody else's answer.
    """
    found: dict[str, None] = {}
    for sentence in _SENTENCE.split(FENCE.sub("", prose)):
        rest = _STATUS.sub(lambda each: " " * len(each.group()), sentence)  # "404 Not Found" denies nothing
        for match in _STATUS.finditer(sentence):
            if _meant(rest, match):
                found |= dict.fromkeys(number for number in _numbers(sentence, match) if number in _KNOWN)
    return list(found)


def _numbers(sentence: str, match: re.Match[str]) -> Iterator[str]:
    yield next(group for group in match.groups() if group and group.isdecimal())
    more = _MORE.match(sentence, match.end())
    while more is not None:
        yield more[1]
        more = _MORE.match(sentence, more.end())


def _meant(rest: str, match: re.Match[str]) -> bool:
    """Whether the rest of the sentence lets the number be the status of this very answer."""
    before, after = rest[max(match.start() - _NEAR, 0) : match.start()], rest[match.end() : match.end() + _NEAR]
    asked = [each for each in _CONDITION.finditer(before) if each.end() == len(before)]
    if asked and match["verb"] and len(asked[0].group().split()) - 1 <= _SUBJECT:
        return False
    foreign = _CONDITION.sub(lambda each: each.group() if each.end() == len(before) else "", before)
    if _ELSEWHERE.search(foreign) or _ELSEWHERE.search(_CONDITION.sub("", after)):
        return False
    near = re.split("[:;]", _CONDITION.sub("", before))[-1]
    return not (_DENIED.search(near) or _DENIED_AFTER.search(_CONDITION.sub("", _APART.split(after)[0])))
