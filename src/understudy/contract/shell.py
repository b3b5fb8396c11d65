"""Lines for a POSIX shell: bytes that no terminal shows, and variables in the place of what must not be shown."""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_plus

_FORMAT = r"printf '(?P<format>(?:[A-Za-z0-9]|\\[0-7]{3})*)'"
"""Bytes as `octal` writes them, in the command that prints them."""
_PRINTED = re.compile(_FORMAT)
_VARIABLE = r"\$\{?UNDERSTUDY_\w+"
"""A variable that stands there already, whose name is no secret."""
_ENCODED = ("od -An -v -tx1 | tr -d ' \\n'", "sed 's/../%&/g'")
"""What writes a text as URLs and forms do, every byte of it encoded; no more than POSIX is needed."""
_IN_JSON = ("sed 's/[\"\\\\\"]/\\\\&/g'",)
"""What writes it as a JSON string does. The second quote is for `_open_quote`, which wants them even."""
_ON_ONE_LINE = "tr -d '\\n'"
_READ_OUT = r's/.*"access_token" *: *"\([^"]*\)".*/\1/p'
_OTHERWISE = {"'": "'\"'\"'", " ": "+", "/": r"\/", '"': r"\"", "\\": r"\\"}
"""How a shell's single quotes, forms, and JSON write signs of their own."""
_ENDING = 8
"""How many letters at its end tell whether a text may be there; many tokens begin alike."""
_WORDS = {"'": "'\"{}\"'", '"': "{}", "": '"{}"'}
"""An expansion where that quote is open."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a shell has a text from: what a variable holds, piped through `filters`, commands that any system has.

    These show no letter of the text. A double quote in them is followed by another.
    """

    variable: str
    filters: tuple[str, ...] = ()

    def expansion(self, writing: tuple[str, ...] = ()) -> str:
        """Return what a shell makes that text of, by further filters in another writing."""
        made = (*self.filters, _ON_ONE_LINE) if self.filters else ()
        piped = "".join(f" | {each}" for each in (*made, *writing))
        return f'$(printf %s "${{{self.variable}}}"{piped})' if piped else f"${{{self.variable}}}"


def kept(variable: str, line: str) -> str:
    """Return the line that keeps the token (RFC 6749, section 5.1) which a curl line is granted, in a variable."""
    return f"{variable}=$({line} | sed -n '{_READ_OUT}')"


def octal(raw: bytes) -> str:
    """Return bytes as a format of POSIX's printf, without a quote or a percent sign."""
    return "".join(chr(byte) if chr(byte).isalnum() and byte < 128 else f"\\{byte:03o}" for byte in raw)


def expanded(lines: str, sources: Mapping[str, Source]) -> str:
    """Return curl lines with expansions of the shell in the place of texts, in whatever quotes these stand.

    `sources` say by the texts where the shell has each from. A text is found as it is, and as forms, URLs, JSON
    and printf's formats write it: the line sends the same value, perhaps in another writing of it.
    """
    known = {text: source for text, source in sources.items() if text and _may_be(text, lines)}
    if not known:
        return lines
    pattern, alone = _patterns(frozenset(known))

    def word(found: re.Match[str]) -> str:
        if (given := found["format"]) is not None:
            return _printed(given, alone, known)
        expansion = _expansion(found[0], known)
        return _WORDS[_open_quote(lines[: found.start()])].format(expansion) if expansion else found[0]

    return pattern.sub(word, lines)


def _may_be(text: str, lines: str) -> bool:
    """Whether a text may be in curl lines, for its last letters are: a pattern of all of it takes longer to make."""
    end = _ending(text[-_ENDING:])
    formats = (_bytes(found["format"]).decode("utf-8", "surrogateescape") for found in _PRINTED.finditer(lines))
    return end.search(lines) is not None or any(end.search(printed) for printed in formats)


@lru_cache(maxsize=1024)
def _ending(letters: str) -> re.Pattern[str]:
    return re.compile(_written(letters))


@lru_cache(maxsize=16)
def _patterns(texts: frozenset[str]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what finds texts, and what is to be undone first, in curl lines; and what finds the texts alone."""
    values = "|".join(f"({_written(text)})" for text in sorted(texts, key=lambda text: (-len(text), text)))
    return re.compile(f"{_FORMAT}|{_VARIABLE}|{values}"), re.compile(values)


def _written(text: str) -> str:
    """Return a pattern of the ways to write a text: plain, quoted for a shell, percent-encoded, in JSON."""
    return "".join(f"(?:{'|'.join(_ways(char))})" for char in text)


def _ways(char: str) -> list[str]:
    percent = "".join(f"%{byte:02x}" for byte in char.encode("utf-8", "surrogatepass"))
    ways = [re.escape(char), f"(?i:{percent})", rf"\\u(?i:{ord(char):04x})"]
    if char in _OTHERWISE:
        ways.insert(0, re.escape(_OTHERWISE[char]))
    return ways


def _expansion(written: str, sources: Mapping[str, Source]) -> str:
    """Return what the shell makes that text of, in that writing; '' if it is none of the texts."""
    plain = written.replace("'\"'\"'", "'")
    for text, writing in ((plain, ()), (unquote_plus(plain), _ENCODED), (_out_of_json(plain), _IN_JSON)):
        if text in sources:
            return sources[text].expansion(writing)
    return ""


def _out_of_json(written: str) -> str:
    with suppress(ValueError):
        return str(json.loads(f'"{written}"'))
    return ""


def _printed(given: str, values: re.Pattern[str], sources: Mapping[str, Source]) -> str:
    """Return the command that prints a format's bytes, with expansions as its arguments."""
    raw = _bytes(given)
    text, shown, arguments, position = raw.decode("utf-8", "surrogateescape"), "", list[str](), 0
    for found in values.finditer(text):
        if expansion := _expansion(found[0], sources):
            shown += octal(text[position : found.start()].encode("utf-8", "surrogateescape")) + "%s"
            arguments.append(f'"{expansion}"')
            position = found.end()
    shown += octal(text[position:].encode("utf-8", "surrogateescape"))
    return " ".join((f"printf '{shown}'", *arguments))


def _bytes(given: str) -> bytes:
    """Return the bytes that a format stands for."""
    return re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), given.encode())


def _open_quote(lines: str) -> str:
    """Return the quote that is open at the end of curl lines, '' if none is."""
    found = ""
    for char in lines.rpartition("\n")[2]:
        if char in "'\"" and found in ("", char):
            found = "" if found else char
    return found
