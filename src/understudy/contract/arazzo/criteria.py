"""Criteria of Arazzo 1.0.1: simple conditions, regular expressions and JSONPath, checked once and evaluated often.

Who acts on the answer is `runner`. XPath is not supported.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import jsonpath_rfc9535
from jsonpath_rfc9535.filter_expressions import (
    ComparisonExpression,
    FilterContext,
    FilterExpression,
    FunctionExtension,
    LogicalExpression,
    PrefixExpression,
    RelativeFilterQuery,
    RootFilterQuery,
)
from jsonpath_rfc9535.filter_expressions import Expression as Operand
from jsonpath_rfc9535.segments import JSONPathChildSegment, JSONPathSegment
from jsonpath_rfc9535.selectors import FilterSelector, NameSelector

from understudy.contract.arazzo.conditions import (
    Binary,
    Literal,
    Node,
    Not,
    Reference,
    parse_condition,
    references,
    truth,
)
from understudy.contract.arazzo.expressions import Context, Expression, Unresolved, as_text, parse, resolve
from understudy.values import Json

TYPES = ("simple", "regex", "jsonpath")
_SHOWN = 300
_ENVIRONMENT = jsonpath_rfc9535.JSONPathEnvironment()


@dataclass(frozen=True, slots=True)
class Criterion:
    """One condition of a step or an action; `rules` are those that stand on it alone."""

    condition: str
    context: str | None = None
    type: str = "simple"
    version: str | None = None
    rules: tuple[str, ...] = ()
    pointer: str = ""


class Judgement(NamedTuple):
    """What became of a criterion: whether it held, and for people what was expected and what was there."""

    held: bool
    expected: str
    actual: str


def check(criterion: Criterion) -> Iterator[Expression]:
    """Yield the criterion's expressions; raises ValueError where its type, condition or context is wrong."""
    if criterion.type == "xpath":
        raise ValueError("criteria of type xpath are not supported")
    if criterion.type not in TYPES:
        raise ValueError(f"{criterion.type!r} is not a type of criterion")
    if criterion.version not in (None, "rfc9535"):
        raise ValueError(f"JSONPath version {criterion.version!r} is not supported, only rfc9535")
    if criterion.context is not None:
        yield parse(criterion.context)
    elif criterion.type != "simple":
        raise ValueError(f"a criterion of type {criterion.type} needs a context")
    if criterion.type == "simple":
        try:
            named = list(references(parse_condition(criterion.condition)))
        except RecursionError as error:
            raise ValueError("the condition is nested too deep, or too long") from error
        yield from (reference.expression for reference in named)
    elif criterion.type == "regex":
        _pattern(criterion.condition)
    else:
        _query(criterion.condition)


def expected(criterion: Criterion) -> str:
    """Return in words what the criterion asks for; nothing in it changes from run to run."""
    condition = " ".join(criterion.condition.split())
    return condition if criterion.type == "simple" else f"{criterion.context} matches {condition}"


def evaluate(criterion: Criterion, context: Context) -> Judgement:
    """Judge a criterion that `check` has passed; one that names what is not there does not hold."""
    try:
        held = _holds(criterion, context)
    except Unresolved as error:
        return Judgement(False, expected(criterion), str(error))
    if criterion.type == "simple":
        return Judgement(held, expected(criterion), _values(parse_condition(criterion.condition), context))
    subject = parse(criterion.context or "")
    return Judgement(
        held, expected(criterion), f"{subject.text} is {_shown(subject, resolve(subject, context), context)}"
    )


def _holds(criterion: Criterion, context: Context) -> bool:
    """Whether a criterion holds; raises Unresolved where what it names is not there."""
    if criterion.type == "simple":
        return truth(parse_condition(criterion.condition), context)
    return _matches(criterion, resolve(parse(criterion.context or ""), context))


def tells(criteria: Iterable[Criterion], context: Context) -> bool:
    """Whether an answer that meets a step's criteria shows what these are after.

    They are after the lowest class of statuses that they take, success before refusal before breakdown, and after each
    status that they name: "not 400" holds as well for a 404 to all that is asked, and "from 400 on" for a breakdown.
    """
    exchange, given = context.exchange, [*criteria]
    if exchange is None or exchange.response.status < 300:
        return True
    status = exchange.response.status
    if any(each.type == "simple" and _names(parse_condition(each.condition), status) for each in given):
        return True
    asked = [each for each in given if _STATUS in (each.condition if each.type == "simple" else each.context or "")]
    if not asked:
        return bool(given) and status // 100 == 4

    def taken(other: int) -> bool:
        there = replace(context, exchange=replace(exchange, response=replace(exchange.response, status=other)))
        try:
            return all(_holds(each, there) for each in asked)
        except Unresolved:
            return False

    return status < 600 and not any(map(taken, _turning(asked, status // 100 * 100)))


_STATUS = "$statusCode"


def _turning(criteria: Iterable[Criterion], end: int) -> Iterable[int]:
    """Return the statuses from 200 up to `end` at which criteria can begin or cease to hold.

    Those are next to the numbers that a status is compared with; any can be where it is told by something else.
    """
    turns = {turn for each in criteria for turn in _turns(each)}
    if None in turns:
        return range(200, end)
    beside = {turn + step for turn in turns if turn is not None for step in (-1, 0, 1)}
    return sorted({200, *(each for each in beside if 200 <= each < end)})


@lru_cache(1024)
def _turns(criterion: Criterion) -> frozenset[int | None]:
    """Return the whole numbers that a criterion compares the status with; None stands for all else it is told by."""
    return frozenset(_compared(parse_condition(criterion.condition)) if criterion.type == "simple" else [None])


def _compared(node: Node) -> Iterator[int | None]:
    match node:
        case Binary("&&" | "||", left, right):
            yield from _compared(left)
            yield from _compared(right)
        case Not(operand):
            yield from _compared(operand)
        # A truth value is an int to Python, and stands for the same at any status.
        case Binary(_, Reference() as one, Literal(int(value))) | Binary(_, Literal(int(value)), Reference() as one):
            if one.text == _STATUS:
                yield value
        case _:
            yield from (None for each in references(node) if each.text == _STATUS)


def _names(node: Node, status: int) -> bool:
    """Whether a condition says that the status is that one."""
    if not isinstance(node, Binary):
        return False
    sides = (node.left, node.right)
    if node.operator == "==":
        reference = any(isinstance(each, Reference) and each.text == _STATUS for each in sides)
        return reference and any(isinstance(each, Literal) and each.value == status for each in sides)
    return any(_names(each, status) for each in sides)


def _matches(criterion: Criterion, value: Json) -> bool:
    if criterion.type == "regex":
        return _pattern(criterion.condition).search(as_text(value)) is not None
    # The specification's `$[?count(@.pets) > 0]` filters the context itself: so the context is the root's one element.
    query = _query(criterion.condition)
    try:
        if not any(_misled(each, query.segments[0], value) for each in query.segments[0].selectors):
            return bool(query.find([value]))
    except jsonpath_rfc9535.JSONPathRecursionError as error:
        raise Unresolved(criterion.context or "", "it nests too deep to be looked through") from error
    reason = "the filter asks an array for names, and it has none; for its items write $[?count(@[?...]) > 0]"
    raise Unresolved(criterion.context or "", reason)


def _misled(selector: object, segment: JSONPathSegment, value: Json) -> bool:
    """Whether that arrays have no names, not what is in them, decides what a filter finds in its context.

    One over all that is below finds arrays and scalars besides: it is met by each of them if it holds of what has no
    names.
    """
    if isinstance(segment, JSONPathChildSegment):
        return isinstance(value, list) and _asks(selector, value)
    return _asks(selector, []) and _met(selector, [])


def _asks(part: object, array: list[Json]) -> bool:
    """Whether names in an array, which has none, decide whether it meets a filter; those in its items may."""
    match part:
        case PrefixExpression(right=LogicalExpression(left=left, operator="||", right=right)):  # as && of what is not
            return _asks(left, array) or _asks(right, array)
        case FilterSelector(expression=inner) | FilterExpression(expression=inner) | PrefixExpression(right=inner):
            return _asks(inner, array)
        case LogicalExpression(left=left, operator="||", right=right):  # one that holds of no array is for another form
            asking = [each for each in (left, right) if _asks(each, array)]
            return len(asking) == 2 or any(_met(each, array) for each in asking)
        case ComparisonExpression(left=left, right=right) | LogicalExpression(left=left, right=right):
            return _asks(left, array) or _asks(right, array)
        case FunctionExtension(args=args):
            return any(_asks(each, array) for each in args)
        case RelativeFilterQuery(query=query) if query.segments:
            first = query.segments[0]
            named = any(isinstance(each, NameSelector) for each in first.selectors)
            return named and isinstance(first, JSONPathChildSegment)
    return False


def _rooted(part: object) -> bool:
    """Whether a filter asks the root, which is no answer but the list that the context stands in: no name is in it."""
    match part:
        case RootFilterQuery():
            return True
        case FilterSelector(expression=inner) | FilterExpression(expression=inner) | PrefixExpression(right=inner):
            return _rooted(inner)
        case ComparisonExpression(left=left, right=right) | LogicalExpression(left=left, right=right):
            return _rooted(left) or _rooted(right)
        case FunctionExtension(args=args):
            return any(map(_rooted, args))
        case RelativeFilterQuery(query=query):
            return any(_rooted(each) for segment in query.segments for each in segment.selectors)
    return False


def _met(part: object, array: list[Json]) -> bool:
    """Whether an expression, or that of a filter, holds of an array: `!@.name` does, and `@.name != 'x'`."""
    expression = part.expression if isinstance(part, FilterSelector) else part
    context = FilterContext(env=_ENVIRONMENT, current=array, root=[array])
    return isinstance(expression, Operand) and FilterExpression(expression.token, expression).evaluate(context)


def _pattern(condition: str) -> re.Pattern[str]:
    try:
        return re.compile(condition)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{condition!r} is not a regular expression: {error}") from error


@lru_cache(1024)
def _query(condition: str) -> jsonpath_rfc9535.JSONPathQuery:
    try:
        query = jsonpath_rfc9535.compile(condition)
    except (jsonpath_rfc9535.JSONPathError, RecursionError, ValueError, OverflowError) as error:
        raise ValueError(f"{condition!r} is not a JSONPath of RFC 9535: {error}") from error
    if any(map(_rooted, (each for segment in query.segments for each in segment.selectors))):
        raise ValueError(f"{condition!r} asks the root in a filter, where the context is @; write @ for $")
    first = query.segments[0] if query.segments else None
    if first is None or (
        isinstance(first, JSONPathChildSegment) and all(isinstance(s, NameSelector) for s in first.selectors)
    ):
        raise ValueError(f"{condition!r} is not a filter over the context, such as $[?@.name == 'x']")
    return query


def _values(condition: Node, context: Context) -> str:
    """Say what each expression of the condition stands for, each once."""
    said: dict[str, None] = {}
    for reference in references(condition):
        try:
            said[f"{reference.text} is {_shown(reference.expression, reference.value(context), context)}"] = None
        except Unresolved as error:
            said[str(error)] = None
    return ", ".join(said)


def _shown(expression: Expression, value: Json, context: Context) -> str:
    request = context.exchange.request if context.exchange else None
    secret = request is not None and expression.part == "header" and expression.name.lower() in request.secret_headers
    text = "a secret" if secret else as_text(value) if not isinstance(value, str) else f"'{value}'"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
