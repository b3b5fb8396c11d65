"""Plays surveys, which packs draw, and sequences, which Hypothesis draws, until they show broken rules."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from random import Random

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from understudy.contract.client import Client
from understudy.contract.stateful.course import CHECK, Course
from understudy.contract.stateful.failures import BrokenError, Failure
from understudy.contract.stateful.plans import Plan, Plans
from understudy.contract.stateful.sequence import Sequence
from understudy.model.oracle import Asked, Survey

STEPS = 8
"""The most calls in a sequence, not counting those that read the state back at its end."""
SEQUENCES = 200
"""The most sequences between two findings."""
FURTHER = 250
"""The most sequences that are played between two findings with the time that all other checks have left."""
APART = 2**40
"""What the seeds of further sequences are apart from those of the others."""
SURVEYS = 6
"""The long sequences that a pack draws and that are played before those of Hypothesis's."""
CROWDED, SURVEYED = 0.2, 0.6
"""The shares of the time by which a survey of many records ends, and by which the others do."""
PACED = 2
"""Before so many of a crowd's first calls it is asked whether there is time for all; after them it is played."""


def explore(client: Client, seconds: float, *, further: bool = False) -> str:
    """Play sequences for at most so many seconds, and add what they show; return a note on how it ended.

    `further` are other ones than those that are played without it, looking for what those have not found.
    Raises TargetError where the target stops answering, OverError where a 429 cannot be waited for.
    """
    pack = client.judge.pack
    oracle = pack.oracle
    if oracle is None:
        return "not-exercised"
    judged = client.judge.judged.operations
    operation_ids = [each for each in oracle.comparisons if each in judged]
    exact = client.judge.rules.by_id.get(oracle.exact)
    plans = Plans(pack.effective, oracle, operation_ids, case=exact is not None and exact.binding)
    course = Course(client, time.monotonic() + seconds, label="further" if further else CHECK, known=client.shown)
    first, most = (client.run.seed + APART, FURTHER) if further else (client.run.seed, SEQUENCES)
    if oracle.survey is not None:
        _survey(course, oracle.survey, oracle.crowd, first)
    while not course.over:
        failure = _search(course, plans, first, most)
        if failure is None:
            break
        course.tell(failure)
    if course.ended is not None:
        raise course.ended
    return ""


def _survey(course: Course, survey: Survey, crowd: Survey | None, first: int) -> None:
    """Play surveys, and tell what they show; the one of a crowd comes first, where the target is quick."""
    now = time.monotonic()
    crowded, surveyed = (now + (course.until - now) * share for share in (CROWDED, SURVEYED))
    if crowd is not None:
        _surveyed(course, _in_time(course, [*crowd(Random(first))], crowded), crowded)  # noqa: S311 (no secret is made)
    for number in range(SURVEYS):
        _surveyed(course, survey(Random(f"{first} {number}")), surveyed)  # noqa: S311 (likewise)


def _in_time(course: Course, calls: list[Asked], until: float) -> Iterator[Asked]:
    """Yield calls if all can be expected to be done by then; where no pace is known yet, the first one shows it."""
    there = [each for each in calls if each.operation_id in course.client.judge.judged.operations]
    for number, asked in enumerate(there):
        if number < PACED and time.monotonic() + course.client.apart * (len(there) - number) >= until:
            return
        yield asked


def _surveyed(course: Course, calls: Iterable[Asked], until: float) -> None:
    """Play one survey, as far as it comes by then."""
    operations, sequence = course.client.judge.judged.operations, Sequence(course)
    try:
        for asked in calls:
            if asked.operation_id in operations and time.monotonic() < until:
                media_type = next(iter(operations[asked.operation_id].bodies), None)
                sequence.play(
                    Plan(
                        asked.operation_id,
                        asked.parameters,
                        asked.body,
                        media_type,
                        credential=asked.credential,
                        leeway=asked.leeway,
                    )
                )
    except BrokenError as broken:
        course.tell(broken.failure)


def _search(course: Course, plans: Plans, first: int, most: int) -> Failure | None:
    """Play sequences until one breaks a rule that is not known; return what it shows."""
    found: list[Failure] = []

    @contextmanager
    def noted() -> Iterator[None]:
        try:
            yield
        except BrokenError as broken:
            found.append(broken.failure)
            raise

    class Machine(RuleBasedStateMachine):
        @initialize(plan=plans.first)
        def begin(self, plan: Plan) -> None:
            self.sequence = Sequence(course)
            self.play(plan)

        @rule(plan=plans.all)
        def call(self, plan: Plan) -> None:
            self.play(plan)

        def play(self, plan: Plan) -> None:
            with noted():
                self.sequence.play(plan)

        def teardown(self) -> None:
            if hasattr(self, "sequence"):
                with noted():
                    self.sequence.read_back()

    with suppress(BrokenError, Flaky):  # what is played once more is drawn anew, and shows something else
        run_state_machine_as_test(seed(first + len(course.known))(Machine), settings=_limits(most))
    return found[0] if found else None


def _limits(most: int) -> settings:
    return settings(
        max_examples=most,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
        report_multiple_bugs=False,
    )
