"""What a pack tells the oracle besides its model: which fields of an answer a rule fixes, and which values collide.

The engine generates the calls, runs them on the model and on the target, and asks the pack's comparisons what differs.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeAlias

from understudy.model.call import Call, Reply
from understudy.model.slots import Slot
from understudy.values import Json


@dataclass(frozen=True, slots=True)
class Difference:
    """What an answer shows otherwise than a rule has it; `title` is one sentence without values that change.

    `asked` says that it is what was asked for that is understood otherwise, so that nothing else is held than thought.
    """

    rule: str
    title: str
    expected: Json
    actual: Json
    asked: bool = False


class Bindings:
    """Values that the server chooses: each is taken as it is on first sight, and is the same ever after.

    `memory` is the pack's own: what its comparisons remember from call to call.
    """

    def __init__(self) -> None:
        self.memory: dict[tuple[str, Json], Any] = {}
        self._theirs: dict[tuple[str, Json], Json] = {}
        self._mine: dict[tuple[str, Json], Json] = {}

    def kept(self, kind: str, mine: Json, theirs: Json) -> bool:
        """Whether the target's value stands where it stood before for the model's value of that kind."""
        return bool(self._theirs.setdefault((kind, mine), theirs) == theirs)

    def unique(self, kind: str, mine: Json, theirs: Json) -> bool:
        """Whether no other of the model's values of that kind has met the same value of the target's."""
        return bool(self._mine.setdefault((kind, theirs), mine) == mine)

    def theirs(self, kind: str, mine: Json) -> Json:
        """Return what the target has in place of the model's value, or that value where nothing was seen."""
        return self._theirs.get((kind, mine), mine)


Comparison: TypeAlias = Callable[[Call, Reply, Json, Bindings], Iterator[Difference]]
"""Given the call, the model's reply, the body of the target's answer (same status) and the bindings."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that a pack draws: parameters by location and name, and a body, in both `Slot`s for identifiers.

    `leeway` is `refuse` where a target may refuse it though the model does not; `credential` is the caller's.
    """

    operation_id: str
    parameters: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    body: Json = None
    leeway: str = ""
    credential: str = "full"


Survey: TypeAlias = Callable[[Random], Iterator[Asked]]
"""Draws a sequence of calls that no schema leads to: long histories, or many questions about the same records."""


@dataclass(frozen=True, slots=True)
class Listing:
    """An operation that lists records; `alone` makes the query that lists one alone, which reads a sequence back."""

    operation_id: str
    alone: Callable[[Slot], Mapping[str, Json]]


@dataclass
class Oracle:
    """A pack's part of model-based judging, made in `contracts/<vendor>/oracle.py` under the name `oracle`.

    `pools` are values, by the name of a parameter or property, that calls choose from, so that they meet again and
    collide. `shared` names properties whose strings may also be the identifiers of records, `left_out` properties of
    bodies that are never sent, since the documents do not say what becomes of them. `reading` is an operation
    with a body that changes nothing, by which the state can be read back where no read is in scope; `exact` the rule by
    which identifiers that differ in case are different ones. `generated` says where in an answer an operation shows the
    identifier that the server chose: pointers, of which the first that leads to text counts. `listing` shows the
    records once more, as lists do it that are kept apart from them. `survey` is played some times beside the sequences
    that are drawn, `crowd`, of many records, once where the target is quick. `refusable` says of a body that the
    documents leave open whether it is taken.
    """

    pools: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    shared: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    reading: tuple[str, Json] | None = None
    exact: str = ""
    generated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    comparisons: dict[str, Comparison] = field(default_factory=dict)
    surveyed: dict[str, Comparison] = field(default_factory=dict)
    """What compares the answers of operations that nothing but surveys and the listing call."""
    listing: Listing | None = None
    survey: Survey | None = None
    crowd: Survey | None = None
    refusable: Callable[[Json], bool] = lambda body: False

    def compares(self, *operation_ids: str, drawn: bool = True) -> Callable[[Comparison], Comparison]:
        """Register what compares the answers of operations; those that are not `drawn` are called by surveys alone."""

        def register(comparison: Comparison) -> Comparison:
            for operation_id in operation_ids:
                (self.comparisons if drawn else self.surveyed)[operation_id] = comparison
            return comparison

        return register

    def surveys(self, survey: Survey) -> Survey:
        """Register what draws the long sequences that are played beside those of drawn calls."""
        self.survey = survey
        return survey

    def crowds(self, crowd: Survey) -> Survey:
        """Register what draws the one of many records."""
        self.crowd = crowd
        return crowd

    def comparison(self, operation_id: str) -> Comparison:
        """Return what compares the answers of an operation; raises KeyError where nothing does."""
        return self.comparisons.get(operation_id) or self.surveyed[operation_id]
