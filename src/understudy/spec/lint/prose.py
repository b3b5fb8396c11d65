"""Checks of what descriptions say against what the document declares: JSON blocks, and statuses named in sentences."""

import json
import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from html import unescape

from understudy.spec.lint.finding import Check, Fault, LintLevel
from understudy.spec.lint.nodes import Kind, Node
from understudy.spec.lint.schemas import family, types
from understudy.spec.lint.statuses import FENCE, statuses
from understudy.spec.lint.validation import Conflict, Use
from understudy.spec.lint.view import View
from understudy.spec.wire import is_json
from understudy.values import Json, at

_INDENTED = re.compile(r"(?:\A|\n[ \t]*\n)(?P<body>(?:(?: {4}|\t)[^\n]*(?:\n[ \t]*(?=\n))*(?:\n|\Z))+)")
"""Markdown's other way to set off a block."""
_TAG = re.compile(r"</?(?:pre|code)\b[^<>]*>", re.I)
_STRING_OR_COMMENT = re.compile(r'("(?:[^"\\\n]|\\.)*")|//[^\n]*|/\*.*?\*/', re.S)
_TRAILING = re.compile(r'("(?:[^"\\\n]|\\.)*")|,(?=\s*[}\]])')
_LEFT_OUT = re.compile(r"\.\.\.|…|<[^<>\n]*>|\{\{")
_PLACEHOLDER = re.compile(r"[A-Z0-9_ \-/:]+|string|[<{\[].*[>}\]]|.*(?:\.\.\.|…|xxx|XXX).*", re.S)
_TEXT_KEYWORDS = frozenset({"format", "pattern", "enum", "const", "minLength", "maxLength"})


@dataclass(frozen=True, slots=True)
class _Block:
    """A block of a description: its label, if it is a fenced one, its text, and its number there, from 1."""

    number: int
    label: str
    body: str

    @property
    def language(self) -> str:
        """The first word of the label, in lower case."""
        return self.label.split()[0].lower() if self.label.split() else ""

    @property
    def title(self) -> str:
        """How messages call the block."""
        return f"JSON block {self.number}" + (f" ({self.label})" if self.label else "")

    @property
    def plain(self) -> str:
        """The text without comments and trailing commas."""
        return _TRAILING.sub(
            lambda match: match[1] or "", _STRING_OR_COMMENT.sub(lambda match: match[1] or "", self.body)
        )


def _blocks(description: str) -> Iterator[_Block]:
    """Yield the blocks that are JSON by their label or, where they have none, by their first character."""
    for number, (label, body) in enumerate(_set_off(description), 1):
        block = _Block(number, label, body)
        if block.language in ("json", "jsonc", "json5") or (not block.language and body.lstrip()[:1] in ("{", "[")):
            yield block


def _set_off(description: str) -> Iterator[tuple[str, str]]:
    """Yield label and text of each block: the fenced ones, then the others, which have no label."""
    description = description.replace("\r\n", "\n")
    if "```" in description or "~~~" in description:
        for match in FENCE.finditer(description):
            margin, body = match["margin"], match["body"]
            if margin:
                body = "\n".join(line.removeprefix(margin) for line in body.splitlines())
            yield match["label"].strip(), body
        description = FENCE.sub("", description)
    for body in _preformatted(description):
        yield "", body
    if "    " in description or "\t" in description:
        for match in _INDENTED.finditer(description):
            yield "", match["body"]


def _preformatted(description: str) -> Iterator[str]:
    """Yield what stands in `<pre>`; each character is looked at once."""
    lower, end = description.lower(), 0
    while (start := lower.find("<pre", end)) >= 0 and (end := lower.find("</pre>", start)) >= 0:
        yield unescape(_TAG.sub("", description[start:end]))


def _parsed(block: _Block) -> tuple[bool, Json]:
    try:
        return True, json.loads(block.plain)
    except (ValueError, RecursionError):
        return False, None


def _described(view: View) -> Iterator[tuple[Node, str]]:
    """Yield each description with its object."""
    for node in view.nodes:
        description = node.value.get("description")
        if isinstance(description, str) and not (node.reference is not None and view.version == "3.0"):
            yield node, description


def _against_schema(view: View) -> Iterator[Fault]:
    for node, description in _described(view):
        for block in _blocks(description):
            good, value = _parsed(block)
            for conflict in _conflicts(view, node, value) if good else ():
                yield Fault(
                    node.pointer + "/description",
                    f"{block.title} breaks the schema at {conflict.instance or 'its top'}: {conflict.message}",
                    "correct the block, or the schema",
                    f"{block.number}{conflict.instance} {conflict.keyword}",
                )


def _conflicts(view: View, node: Node, value: Json) -> list[Conflict]:
    """Return what the schemas that the block is an excerpt of have against it; nothing if one of them has nothing."""
    found: list[Conflict] | None = None
    for schema in _candidates(view, node):
        if _claims(view, schema, value, alone=node.kind is Kind.SCHEMA):
            conflicts = [
                each for each in view.validation.conflicts(value, schema, Use.EXCERPT) if not _stand_in(value, each)
            ]
            if not conflicts:
                return []
            found = found or conflicts
    return found or []


def _candidates(view: View, node: Node) -> Iterator[Node]:
    """Yield the schemas that a block in the object's description may be an excerpt of."""
    if node.kind is Kind.SCHEMA:
        yield node
    elif node.kind in (Kind.REQUEST_BODY, Kind.RESPONSE):
        for media_type, media in view.children(node, "content"):
            schema = view.node(media.pointer + "/schema")
            if schema is not None and is_json(media_type.partition(";")[0].strip().lower()):
                yield schema
    elif node.kind in (Kind.PARAMETER, Kind.HEADER):
        schemas = [
            view.child(node, "schema"),
            *(view.child(each, "schema") for _, each in view.children(node, "content")),
        ]
        yield from (each for each in schemas if each is not None)
    elif node.kind is Kind.OPERATION:
        holders = [view.child(node, "requestBody"), *(each for _, each in view.children(node, "responses"))]
        for holder in holders:
            if holder is not None:
                yield from _candidates(view, holder)


def _claims(view: View, schema: Node, value: Json, *, alone: bool) -> bool:
    """Whether the value can only be meant for the schema: an object all of whose names it knows.

    In a schema's own description, where no other is spoken of, three of four will do.
    """
    if isinstance(value, list):
        items = view.child(schema, "items") if schema.reference is None else None
        return items is not None and bool(value) and all(_claims(view, items, each, alone=alone) for each in value)
    if not isinstance(value, dict) or not value or "object" not in types(view, schema):
        return False
    known = value.keys() & family(view, schema).properties()
    return len(value) - len(known) <= (len(known) / 3 if alone else 0)


def _stand_in(value: Json, conflict: Conflict) -> bool:
    """Whether a keyword complains of a text that stands for another, such as `YOUR_ID` or `string`."""
    part = at(value, conflict.instance)
    if conflict.keyword in ("oneOf", "anyOf"):
        return any(isinstance(each, str) and _PLACEHOLDER.fullmatch(each) for each in _leaves(part))
    return conflict.keyword in _TEXT_KEYWORDS and isinstance(part, str) and bool(_PLACEHOLDER.fullmatch(part))


def _leaves(value: Json) -> Iterator[Json]:
    if isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _leaves(member)
    else:
        yield value


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _not_json(view: View) -> Iterator[Fault]:
    for pointer, description in _prose(view):
        for block in _blocks(description):
            if block.language != "json" or _is_json(block.body):
                continue
            if _parsed(block)[0]:
                what = f"{block.title} has comments or trailing commas, which JSON has not"
                yield Fault(pointer, what, "remove them, or call the block jsonc", str(block.number))
            elif not _LEFT_OUT.search(block.body) and not all(map(_is_json, block.body.strip().splitlines())):
                yield Fault(pointer, f"{block.title} is not JSON", "correct it, or its label", str(block.number))


def _prose(view: View) -> Iterator[tuple[str, str]]:
    described = view.value.get("info")
    if isinstance(described, dict) and isinstance(described.get("description"), str):
        yield "/info/description", described["description"]
    tags = view.value.get("tags")
    for index, tag in enumerate(tags if isinstance(tags, list) else ()):
        if isinstance(tag, dict) and isinstance(tag.get("description"), str):
            yield f"/tags/{index}/description", tag["description"]
    for node, description in _described(view):
        yield node.pointer + "/description", description


def _undeclared(view: View) -> Iterator[Fault]:
    for operation in view.operations:
        if operation.path:
            texts = [(operation.node, "summary"), (operation.node, "description")]
            own = (node for node in view.responses(operation).values() if node.parent is operation.node)
            texts += [(node, "description") for node in own]
            yield from _spoken(texts, [view.responses(operation).keys()], operation.title)
    for item in view.of(Kind.PATH_ITEM):
        beneath = [each for each in view.operations if each.node.parent is item and each.path]
        if beneath:
            declared = [view.responses(each).keys() for each in beneath]
            yield from _spoken([(item, "summary"), (item, "description")], declared, beneath[0].path)


def _spoken(texts: list[tuple[Node, str]], declared: Sequence[Set[str]], title: str) -> Iterator[Fault]:
    """Yield the statuses of texts that none of those whom they are about declares."""
    if any("default" in each or not each for each in declared):
        return
    for node, field in texts:
        prose = node.value.get(field)
        for status in statuses(prose) if isinstance(prose, str) else ():
            if not any(status in each or f"{status[0]}XX" in each for each in declared):
                what = f"the prose of {title} speaks of the status {status}, which is not declared"
                yield Fault(node.pointer + f"/{field}", what, "declare it, or correct the prose", status)


CHECKS = (
    Check("prose-against-schema", LintLevel.ERROR, "A JSON block of a description breaks the schema.", _against_schema),
    Check("prose-not-json", LintLevel.WARNING, "A block that is called JSON is not JSON.", _not_json),
    Check(
        "prose-status-undeclared", LintLevel.WARNING, "The prose speaks of a status that is not declared.", _undeclared
    ),
)
