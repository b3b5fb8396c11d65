"""Deviations: named departures from one rule each. The mock plays them; the judge must find every one.

A pack's are in `contracts/<vendor>/deviations.py`, which makes one `Deviations`, calls it `deviations`, and adds
functions to it; the engine derives more from rules and document (`understudy.model.derived`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from understudy.model.behaviour import Operation, Refusal
from understudy.model.call import Call, Reply
from understudy.model.state import Transaction

Play: TypeAlias = Callable[[Call, Transaction, Operation], Reply]
"""Plays a call in the model's place; the operation given plays it as documented."""
Refuse: TypeAlias = Callable[[Refusal, str | None], Refusal | None]
"""Is given what the pipeline refuses, and the operation's id: returns what is refused instead, or None to take it."""
Send: TypeAlias = Callable[[Reply, str | None], Reply]
"""Is given every reply on its way out, refusals too; returns what is sent. A body of bytes is sent as it is."""
Function = TypeVar("Function", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Deviation:
    """One departure from one rule; `beside` are rules that cannot but break with it, so that naming one is right too.

    `operations` limits it to some operations; none means all of them.
    """

    name: str
    rule: str
    text: str
    beside: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    play: Play | None = None
    refuse: Refuse | None = None
    send: Send | None = None

    def concerns(self, operation_id: str | None) -> bool:
        """Whether calls of the operation deviate."""
        return not self.operations or operation_id in self.operations

    def played(self, call: Call, state: Transaction, operation: Operation) -> Reply:
        """Return the reply to a call that the pipeline has taken."""
        if self.play is None or not self.concerns(call.operation_id):
            return operation(call, state)
        return self.play(call, state, operation)

    def refused(self, refusal: Refusal, operation_id: str | None) -> Refusal | None:
        """Return what is refused, or None where the request is taken all the same."""
        if self.refuse is None or not self.concerns(operation_id):
            return refusal
        return self.refuse(refusal, operation_id)

    def sent(self, reply: Reply, operation_id: str | None) -> Reply:
        """Return what is sent."""
        if self.send is None or not self.concerns(operation_id):
            return reply
        return self.send(reply, operation_id)


class Deviations:
    """The deviations of a pack. A function's name, with hyphens, is the deviation's; its docstring says what it does.

    `unbreakable` says of documented rules that none of the deviations breaks why no client could tell.
    """

    def __init__(self, unbreakable: Mapping[str, str] | None = None) -> None:
        self.unbreakable: Mapping[str, str] = unbreakable or {}
        self.by_name: dict[str, Deviation] = {}

    def __iter__(self) -> Iterator[Deviation]:
        return iter(self.by_name.values())

    def __len__(self) -> int:
        return len(self.by_name)

    def add(self, deviation: Deviation) -> None:
        """Take one in; raises ValueError where the name is taken or nothing is said of it."""
        if deviation.name in self.by_name:
            raise ValueError(f"two deviations are called {deviation.name}")
        if not deviation.text:
            raise ValueError(f"the deviation {deviation.name} has no docstring that says what it does")
        self.by_name[deviation.name] = deviation

    def play(self, rule: str, *operations: str, beside: tuple[str, ...] = ()) -> Callable[[Function], Function]:
        """Register a function `(call, state, play) -> reply` that stands in for the model."""
        return self._registrar("play", rule, operations, beside)

    def refuse(self, rule: str, *operations: str, beside: tuple[str, ...] = ()) -> Callable[[Function], Function]:
        """Register a function `(refusal, operation_id) -> refusal | None` on what the pipeline refuses."""
        return self._registrar("refuse", rule, operations, beside)

    def send(self, rule: str, *operations: str, beside: tuple[str, ...] = ()) -> Callable[[Function], Function]:
        """Register a function `(reply, operation_id) -> reply` on everything that is sent."""
        return self._registrar("send", rule, operations, beside)

    def _registrar(
        self, hook: str, rule: str, operations: tuple[str, ...], beside: tuple[str, ...]
    ) -> Callable[[Function], Function]:
        def register(function: Function) -> Function:
            name = function.__name__.strip("_").replace("_", "-")
            text = " ".join((function.__doc__ or "").split())
            self.add(Deviation(name, rule, text, beside, operations, **{hook: function}))  # type: ignore[arg-type]
            return function

        return register
