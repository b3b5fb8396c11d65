"""How long the retries of steps are waited for, and what the waits told of the target. No waiting is done here."""

from typing import TypeAlias

Place: TypeAlias = tuple[str, str]
"""A step: its workflow's id, and its own."""
PROMPT = 10
"""How many steps that would be tried again are right at once at a target that does not lag."""


class Patience:
    """How long a step's retries are waited for: some seconds, three times what helped before, less after a vain wait.

    Shared by all runs on one target: whether what it was told shows later than it answers is a trait of the target, and
    a target that is wrong, not late, must not use up the time of every scenario.
    """

    def __init__(self, first: float = 4.0, later: float = 1.0) -> None:
        """`first` and `later` are seconds, before and after a wait that was in vain."""
        self.first = first
        self.lags: bool | None = None
        """Whether it was put to the proof that the target's reads lag behind its writes, and came out; None: not yet.

        A retry that helps does not tell: a read may be right for the time that passed, or for being the second one.
        """
        self._later = later
        self._prompt = 0
        self._helped = 0.0
        self._vain = False

    def left(self, waited: float) -> float:
        """Return how many seconds more are waited for a step that was waited for so long."""
        return max(self._later if self._vain else self.first, 3 * self._helped) - waited

    @property
    def doubtful(self) -> bool:
        """Whether what is wrong with an answer may be that it was read too early: the target lags, or nobody knows."""
        return self.lags or (self.lags is None and (self._prompt < PROMPT or self._helped > 0))

    @property
    def enough(self) -> float:
        """Seconds after which what was written is taken to show: twice what has helped, if the target lags."""
        return 2 * self._helped if self.lags and self._helped else self.first

    def learn(self, waited: float, *, helped: bool) -> None:
        """Take note of what a wait came to, of a step that would be tried again."""
        self._prompt += helped and not waited
        if helped:
            self._helped = max(self._helped, waited)
        elif waited:
            self._vain = True
