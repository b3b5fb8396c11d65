"""Simple conditions of Arazzo 1.0.1 (section "Criterion Object"): their grammar, a parser, their truth in a context.

or = and *( "||" and )    and = comparison *( "&&" comparison )    comparison = operand [ operator operand ]
operand = "!" operand / "(" or ")" / literal / expression *( "." name / "[" index "]" )
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from understudy.contract.arazzo.expressions import Context, Expression, Unresolved, parse, resolve
from understudy.values import Json

_TOKEN = re.compile(
    r"""\s*(?:(?P<expression>\$[^\s()\[\]<>=!&|',]+)
        |(?P<string>'(?:[^']|'')*')
        |(?P<number>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?)
        |(?P<word>true|false|null)\b
        |(?P<property>\.[^\s()\[\]<>=!&|',.]+)
        |(?P<sign><=|>=|==|!=|&&|\|\||[<>!()\[\]]))""",
    re.VERBOSE,
)
_BODY = re.compile(r"(\$(?:request|response)\.body)((?:\.[^.#]+)+)")
_NUMBER = re.compile(r"\s*-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?\s*")
_WORDS: dict[str, Json] = {"true": True, "false": False, "null": None}
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


@dataclass(frozen=True, slots=True)
class Literal:
    """A boolean, null, number or string."""

    value: Json


@dataclass(frozen=True, slots=True)
class Reference:
    """A runtime expression with the properties and indexes that follow it."""

    expression: Expression
    path: tuple[str | int, ...] = ()

    @property
    def text(self) -> str:
        """The reference as it is written."""
        return self.expression.text + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.path)

    def value(self, context: Context) -> Json:
        """Return what it stands for; raises Unresolved."""
        value = resolve(self.expression, context, dotted=True)
        for key in self.path:
            inside = len(value) > key if isinstance(key, int) and isinstance(value, list) else False
            if not inside and not (isinstance(value, dict) and key in value):
                raise Unresolved(self.text, f"there is nothing at {key}")
            value = value[key]
        return value


@dataclass(frozen=True, slots=True)
class Not:
    """`!operand`."""

    operand: "Node"


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`: a comparison, `&&` or `||`."""

    operator: str
    left: "Node"
    right: "Node"


Node: TypeAlias = Literal | Reference | Not | Binary


@lru_cache(1024)
def parse_condition(text: str) -> Node:
    """Return a simple condition's tree; raises ValueError that names the place where it is wrong."""
    parser = _Parser(text)
    node = parser.either()
    if parser.kind:
        raise parser.error()
    return node


def references(node: Node) -> Iterator[Reference]:
    """Yield the runtime expressions of a condition, from left to right."""
    match node:
        case Reference():
            yield node
        case Not(operand):
            yield from references(operand)
        case Binary(_, left, right):
            yield from references(left)
            yield from references(right)


def truth(node: Node, context: Context) -> bool:
    """Tell whether a condition holds; raises Unresolved where it hangs on an expression that stands for nothing.

    null, false, 0 and the empty string are false, all else is true.
    """
    match node:
        case Binary("&&", left, right):
            return truth(left, context) and truth(right, context)
        case Binary("||", left, right):
            try:
                return truth(left, context) or truth(right, context)
            except Unresolved:
                if truth(right, context):
                    return True
                raise
    value = _value(node, context)
    return value not in (None, "") and value is not False and (value != 0 or isinstance(value, bool))


def _value(node: Node, context: Context) -> Json:
    match node:
        case Literal(value):
            return value
        case Reference():
            return node.value(context)
        case Not(operand):
            return not truth(operand, context)
        case Binary("&&" | "||"):
            return truth(node, context)
        case Binary(operator, left, right):
            return _compare(operator, _value(left, context), _value(right, context))


def _compare(operator: str, left: Json, right: Json) -> bool:
    left, right = _loose(left, right), _loose(right, left)
    if operator in ("==", "!="):
        return _same(left, right) is (operator == "==")
    if isinstance(left, str) and isinstance(right, str):
        left, right = left.casefold(), right.casefold()
    elif not (_is_number(left) and _is_number(right)):
        return False
    return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator])


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _loose(value: Json, other: Json) -> Json:
    """Take a string for a number where a number stands on the other side: headers and parameters are strings."""
    if isinstance(value, str) and _is_number(other) and _NUMBER.fullmatch(value):
        return float(value) if any(char in value for char in ".eE") else int(value)
    return value


def _same(left: Json, right: Json) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left.casefold() == right.casefold()
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if _is_number(left) and _is_number(right):
        return bool(left == right)
    return type(left) is type(right) and bool(left == right)


class _Parser:
    """A recursive-descent parser that looks one token ahead; `kind` is empty at the end."""

    def __init__(self, text: str) -> None:
        self.source = text
        self.start = self.end = 0
        self.kind = self.token = ""
        self.advance()

    def error(self) -> ValueError:
        rest = self.source[self.start :].strip()
        return ValueError(
            f"the condition {self.source!r} is wrong at {rest!r}"
            if rest
            else f"the condition {self.source!r} ends too early"
        )

    def advance(self) -> str:
        token, self.start = self.token, self.end
        match = _TOKEN.match(self.source, self.end)
        if match:
            self.kind, self.token, self.end = match.lastgroup or "", match[match.lastgroup or 0], match.end()
        elif self.source[self.end :].strip():
            raise self.error()
        else:
            self.kind = self.token = ""
        return token

    def take(self, sign: str) -> bool:
        found = self.kind == "sign" and self.token == sign
        if found:
            self.advance()
        return found

    def expect(self, sign: str) -> None:
        if not self.take(sign):
            raise self.error()

    def either(self) -> Node:
        node = self.both()
        while self.take("||"):
            node = Binary("||", node, self.both())
        return node

    def both(self) -> Node:
        node = self.comparison()
        while self.take("&&"):
            node = Binary("&&", node, self.comparison())
        return node

    def comparison(self) -> Node:
        node = self.operand()
        if self.kind == "sign" and self.token in _COMPARISONS:
            return Binary(self.advance(), node, self.operand())
        return node

    def operand(self) -> Node:
        if self.take("!"):
            return Not(self.operand())
        if self.take("("):
            node = self.either()
            self.expect(")")
            return node
        match self.kind:
            case "expression":
                return self.reference()
            case "string":
                return Literal(self.string())
            case "number":
                token = self.advance()
                return Literal(float(token) if any(char in token for char in ".eE") else int(token))
            case "word":
                return Literal(_WORDS[self.advance()])
        raise self.error()

    def string(self) -> str:
        value = self.advance()[1:-1].replace("''", "'")
        if "{$" in value:
            raise ValueError(f"compare with the expression itself, not with a string around it: {value!r}")
        return value

    def reference(self) -> Reference:
        text = self.advance()
        body = _BODY.fullmatch(text)
        expression = parse(body[1] if body else text)
        path: list[str | int] = list(body[2][1:].split(".")) if body else []
        while True:
            if self.kind == "property" and path:
                path.append(self.advance()[1:])
            elif self.take("["):
                if self.kind != "number" or not self.token.isdecimal():
                    raise self.error()
                path.append(int(self.advance()))
                self.expect("]")
            else:
                return Reference(expression, tuple(path))
