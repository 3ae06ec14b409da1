"""Regressions on a real Postgres: opened once, moved along legal arrows alone, reopened when they come back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from db.regressions import (
    ANALYSIS,
    ChangeRecord,
    UnknownRegressionError,
    acknowledge,
    fix,
    get_change,
    list_changes,
    reopen,
)
from db.session import transaction
from db.tables_history import StoredChange
from evals.history.states import ChangeAction, ChangeState, IllegalChangeError
from tests.integration.db.history_world import START, add_nights, analyse, commit

pytestmark = pytest.mark.usefixtures("database")


def all_changes() -> list[ChangeRecord]:
    with transaction() as session:
        return list_changes(session)


def opened() -> ChangeRecord:
    """Let a latency of 100 ms rise to 120 at night 20, and find it."""
    add_nights([100.0] * 20 + [120.0] * 5)
    (change,) = analyse()
    return change


def fixed(change: ChangeRecord, night: int) -> None:
    """Mend a change in the given night."""
    with transaction() as session:
        acknowledge(session, change.id, actor="ann", reason="known")
        fix(session, change.id, actor="ann", commit="f" * 40)
        moment = START + timedelta(days=night)
        session.execute(update(StoredChange).where(StoredChange.id == change.id).values(fixed_at=moment))


def test_a_regression_is_opened_with_its_figures_and_the_commits_between() -> None:
    change = opened()
    assert (change.state, change.worse) == (ChangeState.OPEN, True)
    assert (change.last_code, change.first_code) == (commit(19), commit(20))
    assert change.before == pytest.approx(100, abs=0.5)
    assert (change.size, change.n_before, change.n_after) == (pytest.approx(20, abs=0.5), 20, 5)
    assert change.low < change.size < change.high
    with transaction() as session:
        (event,) = get_change(session, change.id).events
    assert (event.action, event.actor) == (ChangeAction.OPEN, ANALYSIS)


def test_the_next_night_opens_no_second_one_and_brings_the_figures_up_to_date() -> None:
    change = opened()
    add_nights([120.0] * 3, first=25)
    assert analyse() == []
    assert analyse() == []
    (now,) = all_changes()
    assert (now.id, now.n_after) == (change.id, 8)
    assert now.seen_at > change.seen_at


@pytest.mark.parametrize(("by", "number"), [(1, 1), (-2, 1), (3, 2)])
def test_a_place_that_moves_by_one_or_two_points_is_the_same_change(by: int, number: int) -> None:
    change = opened()
    moved = change.first_at + timedelta(days=by)
    with transaction() as session:
        values = {"first_at": moved, "places": [moved.timestamp()]}
        session.execute(update(StoredChange).values(values))
    analyse()
    assert len(all_changes()) == number


def test_a_change_for_the_better_is_an_improvement_and_no_regression() -> None:
    add_nights([100.0] * 20 + [80.0] * 5)
    assert analyse() == []
    (change,) = all_changes()
    assert (change.state, change.worse) == (ChangeState.IMPROVEMENT, False)
    with transaction() as session:
        assert list_changes(session, worse=True) == []
        with pytest.raises(IllegalChangeError):
            acknowledge(session, change.id, actor="ann", reason="nice")


def test_every_step_is_legal_and_leaves_who_why_and_when() -> None:
    change = opened()
    with transaction() as session:
        with pytest.raises(IllegalChangeError, match="open cannot be fixed"):
            fix(session, change.id, actor="ann", commit="f" * 40)
        acknowledge(session, change.id, actor="ann", reason="a known cost\x00")
        assert fix(session, change.id, actor="bob", commit="f" * 40).fix_commit == "f" * 40
        with pytest.raises(IllegalChangeError):
            acknowledge(session, change.id, actor="ann", reason="again")
        record = reopen(session, change.id, actor="ann", reason="still slow")
    assert record.state is ChangeState.REOPENED
    assert [(one.action.value, one.actor) for one in record.events] == [
        ("open", ANALYSIS),
        ("acknowledge", "ann"),
        ("fix", "bob"),
        ("reopen", "ann"),
    ]
    assert [one.reason for one in record.events][1:] == ["a known cost\ufffd", "", "still slow"]
    assert record.events[2].commit == "f" * 40
    with transaction() as session, pytest.raises(UnknownRegressionError):
        acknowledge(session, "g0", actor="ann", reason="?")


def test_a_fixed_one_that_comes_back_is_reopened_and_stays_one() -> None:
    change = opened()
    fixed(change, night=24)
    add_nights([100.0] * 10, first=25)
    assert analyse() == []  # the recovery is an improvement
    add_nights([119.0] * 5, first=35)
    (back,) = analyse()
    assert (back.id, back.state, back.n_after) == (change.id, ChangeState.REOPENED, 5)
    assert back.first_code == commit(35)
    assert analyse() == []
    add_nights([119.0] * 2, first=40)
    assert analyse() == []
    changes = all_changes()
    assert sorted(one.state.value for one in changes) == ["improvement", "reopened"]
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(StoredChange)) == 2
        assert get_change(session, change.id).events[-1].actor == ANALYSIS


def test_another_regression_after_a_fix_is_a_new_one() -> None:
    change = opened()
    fixed(change, night=24)
    add_nights([100.0] * 10 + [150.0] * 5, first=25)
    (other,) = analyse()
    assert other.id != change.id
    assert other.state is ChangeState.OPEN


def test_a_fix_that_changes_nothing_is_reopened_after_three_points() -> None:
    change = opened()
    fixed(change, night=24)
    add_nights([120.0] * 2, first=25)
    assert analyse() == []
    add_nights([120.0], first=27)
    (again,) = analyse()
    assert (again.id, again.state) == (change.id, ChangeState.REOPENED)
    assert analyse() == []
