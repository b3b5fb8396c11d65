"""What a finding rests on: the calls of its check before it that wrote the same records, as lines for a shell."""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

from understudy.contract.exchange import LONGEST_WORD, Exchange, Request, repeated
from understudy.contract.made import named, shown_near_root
from understudy.contract.shell import Source, expanded, kept
from understudy.spec.document import Operation
from understudy.values import SAFE_METHODS

LONGEST = 30
"""How many groups of calls are told before the one that is asked for: the first, which is likely to have made the
record, and the last."""
GRANTED = "UNDERSTUDY_GRANTED"
"""What the names of variables begin with that keep a token from the line that is granted it to those that send it."""
_IN_JSON = re.compile(rb'"access_token" *: *"([!#-\[\]-~]+)"')
"""A token as `kept` reads it: of the signs that one has (RFC 6749, appendix A.12), none that JSON escapes."""
_KEPT, _READ = 500, 65536
"""How many groups of calls are remembered, and the bytes of an answer up to which it is read for identifiers."""


@dataclass(frozen=True, slots=True)
class _Call:
    request: Request
    operation_id: str | None
    status: int
    body: bytes


_Group: TypeAlias = tuple[_Call, ...]
"""Calls that were sent at the same moment; mostly there is one."""


class Trail:
    """The calls of one check, in their order.

    A call rests on an earlier one that may have changed something, and named a record that the later one names: by an
    identifier of the run, which begins with its prefix, by one that an operation's parameters or body have, or by one
    that the target has chosen and shown. Credentials, which may begin like that as well, name no record. With `whole` a
    call rests on all that came before, reads and refused calls as well.
    """

    def __init__(self, prefix: str, operations: Mapping[str, Operation], *, whole: bool = False) -> None:
        self._own = re.compile(re.escape(prefix.encode().lower()) + rb"[\w.@+-]+") if prefix else None
        self._operations = operations
        self._whole = whole
        self._steps: deque[_Group | float] = deque(maxlen=_KEPT)

    def note(self, *exchanges: Exchange) -> None:
        """Take note of a call, or of several that were sent at the same moment."""
        self._steps.append(tuple(_noted(each) for each in exchanges))

    def waited(self, seconds: float) -> None:
        """Take note of a wait on which what follows rests; of several, one after the other, as of one."""
        last = self._steps[-1] if self._steps else None
        if isinstance(last, float):
            self._steps[-1] = last + seconds
        else:
            self._steps.append(float(seconds))

    def told(self, exchange: Exchange) -> str:
        """Return what repeats a call that was noted: lines for a POSIX shell, those that it rests on first."""
        before = list(self._steps)
        while before and not _holds(before[-1], exchange.request):
            before.pop()
        if not before:  # forgotten, or never noted
            return exchange.request.curl()
        last = before.pop()
        if self._whole:
            return _with_tokens([*before, last])
        rested = self._rested_on(before, last)
        shown = _short(rested if len(rested) <= LONGEST else [*rested[:1], *rested[1 - LONGEST :]], _length(last))
        if len(shown) == len(rested):
            return _with_tokens([*rested, last])
        words = f"# here were {len(rested) - len(shown)} more that wrote the same records"
        return "\n".join([*_lines(shown[:1]), words, *_lines([*shown[1:], last])])

    def all(self) -> str:
        """Return what repeats all calls that were noted, also the last one, which may have no answer."""
        return _with_tokens([*self._steps])

    def _rested_on(self, before: list[_Group | float], last: _Group | float) -> list[_Group | float]:
        """Return the groups that the last one rests on, and those that these rest on."""
        names, found = self._names(last), list[_Group | float]()
        for group in reversed(before):
            if not isinstance(group, float) and any(_wrote(each) for each in group):
                given = self._names(group)
                if not names.isdisjoint(given | {text for each in group for text in shown_near_root(each.body)}):
                    names |= given
                    found.append(group)
        return found[::-1]

    def _names(self, group: _Group | float) -> set[str]:
        """Return the identifiers that calls name."""
        return {name for call in group for name in self._named(call)} if not isinstance(group, float) else set()

    def _named(self, call: _Call) -> Iterator[str]:
        request, operation = call.request, self._operations.get(call.operation_id or "")
        if operation is not None:
            yield from named(operation, request)
        if self._own is not None:
            target = unquote_to_bytes(request.url.partition("://")[2].partition("/")[2])
            shown = (value for name, value in request.headers if name.lower() not in request.secret_headers)
            headers = (value.encode("latin-1") for value in shown)
            for sent in (target, *headers, request.body or b""):
                yield from (each.decode("latin-1") for each in self._own.findall(sent.lower()))


def _noted(exchange: Exchange) -> _Call:
    answer = exchange.response
    return _Call(
        exchange.request, exchange.operation_id, answer.status, answer.body if len(answer.body) <= _READ else b""
    )


def _length(group: _Group | float) -> int:
    return sum(len(call.request.curl().encode()) for call in group) if not isinstance(group, float) else 0


def _short(groups: list[_Group | float], length: int) -> list[_Group | float]:
    """Return groups without the longest of them, so that with a line of that length they are a word of a command.

    Where that line is too long itself, all stay.
    """
    if length > LONGEST_WORD:
        return groups
    lengths = {number: _length(group) for number, group in enumerate(groups)}
    while lengths and sum(lengths.values()) + length > LONGEST_WORD:
        del lengths[max(lengths, key=lambda number: lengths[number])]
    return [groups[number] for number in lengths]


def _holds(step: _Group | float, request: Request) -> bool:
    return not isinstance(step, float) and any(each.request is request for each in step)


def _wrote(call: _Call) -> bool:
    """Whether a call may have changed something; of one that broke down, or had no answer, nobody knows."""
    return call.request.method.upper() not in SAFE_METHODS and not 400 <= call.status < 500


def _with_tokens(steps: list[_Group | float]) -> str:
    """Return the lines of calls, in which a token that one of them is granted is handed on to those that send it."""
    names: dict[str, str] = {}
    for number, step in enumerate(steps):
        token = _granted(step)
        later = (call for each in steps[number + 1 :] if not isinstance(each, float) for call in each)
        if token and token not in names and any(token in call.request.curl() for call in later):
            names[token] = f"{GRANTED}_{len(names) + 1}"
    return expanded("\n".join(_lines(steps, names)), {token: Source(name) for token, name in names.items()})


def _granted(step: _Group | float) -> str:
    """Return the token that a call alone was granted (RFC 6749, section 5.1), as the line reads it; '' if none."""
    if isinstance(step, float) or len(step) != 1 or step[0].status != 200:
        return ""
    found = _IN_JSON.search(step[0].body)
    return found[1].decode() if found else ""


def _lines(steps: list[_Group | float], names: Mapping[str, str] | None = None) -> Iterator[str]:
    """Yield lines for a POSIX shell; calls at the same moment are sent in the background, and waited for.

    `names` are the variables that keep tokens which calls are granted.
    """
    alone: list[Request] = []
    for step in steps:
        name = (names or {}).get(_granted(step))
        if name and not isinstance(step, float):
            yield from filter(None, [repeated(alone)])
            alone.clear()
            yield kept(name, f"{step[0].request.curl()} | tee /dev/stderr")
            continue
        if not isinstance(step, float) and len(step) == 1:
            alone.append(step[0].request)
            continue
        yield from filter(None, [repeated(alone)])
        alone.clear()
        if isinstance(step, float):
            yield f"sleep {step:g}"
        else:
            yield from (f"{call.request.curl()} &" for call in step)
            yield "wait"
    yield from filter(None, [repeated(alone)])
