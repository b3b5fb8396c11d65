"""Where two targets differ: how answers are held against each other, and what is told of a difference."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from understudy.contract.comparison.normal import NOTHING, Normal, first_difference
from understudy.contract.demands import parse_json
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.exchange import NO_ANSWER, Exchange
from understudy.contract.stateful.scenario import Taking
from understudy.spec.wire import text
from understudy.values import Json

CHECK = "compare"
_INDEX = re.compile(r"/\d+")

_DEEP = "<nested too deep to be compared>"
Ignored: TypeAlias = Callable[[Json], Json]
"""Takes out of a body what is not to be compared; raises RecursionError where that nests too deep."""
Difference: TypeAlias = tuple[str, Json, Json]
"""Where answers differ, and what is there in the one and in the other."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """Where two targets differ, and the sequence that shows it.

    `expected` and `actual` of the evidence are what the one and the other answer, `at` says where; `departs` tells for
    each of them the rule that it breaks, by the documents or the model, None where it breaks none.
    """

    evidence: Evidence
    taking: Taking
    at: str
    departs: tuple[str | None, str | None]
    curls: tuple[str, str]

    def hidden(self, hide: Callable[[str], str]) -> "Contrast":
        """Return it without secrets, which targets echo."""
        evidence = replace(self.evidence, expected=hide(self.evidence.expected), actual=hide(self.evidence.actual))
        return replace(self, evidence=evidence, curls=(hide(self.curls[0]), hide(self.curls[1])))


@dataclass(slots=True)
class Tally:
    """How many calls both targets took, and how many were kept from one of them by its limits.

    Those by the full credential count as taken, of the operations `wanting` one: others show nothing of it. `missing`
    are the operations that were not called by themselves, for want of a request that could be made for both; `deep`
    counts the calls whose answers both nest too deep to be looked through.
    """

    wanting: Collection[str]
    taken: int = 0
    skipped: int = 0
    missing: list[str] = field(default_factory=list)
    deep: int = 0

    def compared(self, exchanges: Sequence[Exchange]) -> bool:
        """Count a call that both were sent; return whether its answers can be held against each other."""
        statuses = [exchange.response.status for exchange in exchanges]
        self.skipped += 429 in statuses
        told = exchanges[0].credential == "full" and exchanges[0].operation_id in self.wanting
        self.taken += int(told and max(statuses) < 400)
        return 429 not in statuses

    def difference(
        self, normals: Sequence[Normal], exchanges: Sequence[Exchange], ignored: Ignored, *, bodies: bool = True
    ) -> Difference | None:
        """Return where two answers differ, as `difference` has it; count those that cannot be looked through."""
        try:
            return difference(normals, exchanges, ignored, bodies=bodies)
        except RecursionError:
            self.deep += 1
            return None

    def left_out(self) -> str:
        """Return what could not be compared though all was asked for; '' where everything was."""
        told = []
        if self.missing:
            told.append(
                f"no request could be made for both, for want of a record (--existing), to {', '.join(self.missing)}"
            )
        if self.skipped:
            told.append(f"{self.skipped} calls were kept from one of them by its limits")
        if self.deep:
            told.append(f"of {self.deep} calls the answers nest too deep to be compared")
        return "; ".join(told)


class DifferentError(Exception):
    """The targets differ."""

    def __init__(self, contrast: Contrast) -> None:
        super().__init__(contrast.evidence.title)
        self.contrast = contrast


def difference(
    normals: Sequence[Normal], exchanges: Sequence[Exchange], ignored: Ignored, *, bodies: bool = True
) -> Difference | None:
    """Return where two answers differ; of refusals, and without `bodies`, what they say is not compared.

    Raises RecursionError where both bodies nest too deep to be looked through: as texts they would differ in what each
    target chooses itself.
    """
    for normal, exchange in zip(normals, exchanges, strict=True):
        normal.sending(_sent(exchange))
    one, other = (each.response for each in exchanges)
    if one.status != other.status:
        mine, theirs = (each.said if each.status == NO_ANSWER else each.status for each in (one, other))
        return "status", mine, theirs
    if one.status >= 400:
        return None
    if one.media_type != other.media_type:
        return "media type", one.media_type or NOTHING, other.media_type or NOTHING
    if not bodies:
        return None
    forms = [_form(*each, ignored) for each in zip(normals, exchanges, strict=True)]
    if forms == [_DEEP, _DEEP]:
        raise RecursionError
    return first_difference(*forms)


def _form(normal: Normal, exchange: Exchange, ignored: Ignored) -> Json:
    try:
        return normal.form(ignored(_body(exchange)))
    except RecursionError:
        return _DEEP


def contrasted(
    found: Difference,
    operation_id: str | None,
    rule: str | None,
    departs: Sequence[str | None],
    taking: Taking,
    curls: Sequence[str],
) -> Contrast:
    """Return what is told of a difference; `rule` is the one that it touches where neither target breaks one."""
    at, one, other = found
    place = f"the body at {_INDEX.sub('/*', at)}" if at.startswith("/") else f"the {at or 'body'}"
    broken = next((each for each in departs if each is not None), None)
    title = f"The answers differ in {place}"
    evidence = Evidence(CHECK, Outcome.FAILED, broken or rule, operation_id, title, text(one), text(other))
    return Contrast(evidence, taking, at, (departs[0], departs[1]), (curls[0], curls[1]))


def _sent(exchange: Exchange) -> Json:
    """Return all that a request says, for the values in it; those of the path have no names."""
    request = exchange.request
    try:
        body = parse_json(request.body) if request.body else None
    except (ValueError, RecursionError):
        body = None
    url = urlsplit(request.url)
    named = [{name: value} for name, value in (*parse_qsl(url.query), *request.headers)]
    return [*map(unquote, url.path.split("/")), *named, body]


def _body(exchange: Exchange) -> Json:
    """Return an answer's body as JSON, or as text where it is none."""
    body = exchange.response.body
    try:
        return parse_json(body) if body else None
    except ValueError:
        return body.decode("utf-8", "replace")
