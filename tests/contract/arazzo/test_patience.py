"""What waits told of a target, and how long further ones may be."""

import pytest

from understudy.contract.arazzo import Patience
from understudy.contract.arazzo.patience import PROMPT


def test_a_wait_in_vain_shortens_the_next_ones() -> None:
    """What helped once may take three times as long again."""
    patience = Patience(4.0, 1.0)
    assert (patience.left(0.0), patience.left(3.0)) == (4.0, 1.0)
    patience.learn(0.5, helped=False)
    assert patience.left(0.0) == 1.0
    patience.learn(0.5, helped=True)
    assert patience.left(0.0) == 1.5


def test_reads_that_are_right_at_once_leave_no_doubt() -> None:
    """Unless one of them was late."""
    patience = Patience()
    for _ in range(PROMPT):
        assert patience.doubtful
        patience.learn(0.0, helped=True)
    assert not patience.doubtful
    patience.learn(0.5, helped=True)
    assert patience.doubtful


@pytest.mark.parametrize(("lags", "doubtful", "enough"), [(None, True, 4.0), (True, True, 1.0), (False, False, 4.0)])
def test_what_was_proved_counts(lags: bool | None, doubtful: bool, enough: float) -> None:
    """A target that lags is waited for twice as long as has helped; another one as long as a first try would."""
    patience = Patience(4.0, 1.0)
    patience.learn(0.5, helped=True)
    patience.lags = lags
    assert (patience.doubtful, patience.enough) == (doubtful, enough)
