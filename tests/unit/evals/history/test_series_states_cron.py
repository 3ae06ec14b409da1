"""What a change means, which transitions are legal, and when a cron expression is due."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest

from evals.cron import next_due
from evals.errors import InvalidSubmissionError
from evals.history.series import changes_in
from evals.history.states import TRANSITIONS, ChangeAction, ChangeState, IllegalChangeError, after
from evals.metrics import Direction
from tests.unit.evals.history_examples import nights


@pytest.mark.parametrize(("direction", "worse"), [(Direction.LOWER, True), (Direction.HIGHER, False)])
def test_a_rise_is_worse_for_a_latency_and_better_for_a_rate(direction: Direction, worse: bool) -> None:
    (found,) = changes_in(nights([50.0] * 20 + [60.0] * 10, wobble=1.0), relative=True, direction=direction)
    assert found.worse is worse
    assert (found.last_before.run_id, found.first_after.run_id) == ("r019", "r020")
    assert found.first_after.code == f"{20:040x}"


def test_noise_above_the_metrics_own_step_hides_a_smaller_change() -> None:
    from evals.history.noise import NoiseFloor

    points = nights([0.80] * 20 + [0.78] * 20)
    asked = {"relative": False, "direction": Direction.HIGHER}
    assert len(changes_in(points, **asked)) == 1  # type: ignore[arg-type]  # by name
    loud = NoiseFloor(deviation=0.03, repeats=20, relative=False)
    assert changes_in(points, **asked, noise=loud) == ()  # type: ignore[arg-type]  # by name


def test_only_the_stated_transitions_are_legal() -> None:
    legal = {
        (ChangeState.OPEN, ChangeAction.ACKNOWLEDGE): ChangeState.ACKNOWLEDGED,
        (ChangeState.REOPENED, ChangeAction.ACKNOWLEDGE): ChangeState.ACKNOWLEDGED,
        (ChangeState.ACKNOWLEDGED, ChangeAction.FIX): ChangeState.FIXED,
        (ChangeState.FIXED, ChangeAction.REOPEN): ChangeState.REOPENED,
    }
    for state, action in product(ChangeState, TRANSITIONS):
        if (state, action) in legal:
            assert after(state, action) is legal[state, action]
        else:
            with pytest.raises(IllegalChangeError) as caught:
                after(state, action)
            assert caught.value.remedy


@pytest.mark.parametrize(
    ("cron", "expected"),
    [("0 2 * * *", (1, 2, 2, 0)), ("*/15 * * * *", (1, 1, 2, 15)), ("30 1 * * MON", (1, 5, 1, 30))],
)
def test_an_expression_is_next_due(cron: str, expected: tuple[int, ...]) -> None:
    after = datetime(2026, 1, 1, 2, 0, 30, tzinfo=UTC)
    assert next_due(cron, after) == datetime(2026, *expected, tzinfo=UTC)


@pytest.mark.parametrize("cron", ["", "nightly", "0 2 * *", "0 0 2 * * *", "61 * * * *", "0 0 30 2 *"])
def test_an_expression_that_says_nothing_is_refused(cron: str) -> None:
    with pytest.raises(InvalidSubmissionError) as caught:
        next_due(cron, datetime(2026, 1, 1, tzinfo=UTC))
    assert caught.value.details["field"] == "cron"
