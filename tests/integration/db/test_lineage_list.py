"""Lists of lineages and of changes, and the points around a change, on a real Postgres."""

from __future__ import annotations

from datetime import timedelta

import pytest

from db.change_points import around, blamed_commits, changed_series
from db.history import UnknownLineageError, points_in, points_to_read
from db.lineage_list import known_models, metrics_in, newest_values, open_changes
from db.regressions import acknowledge, assign, list_changes
from db.session import transaction
from evals.history.points import RunKind
from evals.history.states import IllegalChangeError
from evals.lineage import Lineage, lineage_from
from tests.integration.db.history_world import LINEAGE, METRIC, START, add_nights, add_point, analyse

pytestmark = pytest.mark.usefixtures("database")
OTHER = Lineage(model="/models/tiny_", workload="gsm8k@1", engine="hf", hardware="2 cores")


def add_other(value: float, night: int, **changed: object) -> str:
    names = {"lineage": OTHER.key, "model": OTHER.model, "workload_key": OTHER.workload, "engine": OTHER.engine}
    shown = {"metric": "acc,none", "unit": "share", "direction": "higher", "low": None, "high": None}
    return add_point(value, night, **(names | shown | changed))


def test_the_newest_value_is_the_candidates_and_its_trail_leaves_parts_and_pull_requests_out() -> None:
    add_nights([100.0] * 40)
    add_point(50, 10, kind="pull_request")
    add_point(40, 41, partial="half of it")
    add_point(30, 41, side="baseline")
    add_other(0.5, 1)
    with transaction() as session:
        found = newest_values(session, [LINEAGE.key, OTHER.key])
        assert newest_values(session, []) == {}
        assert known_models(session) == ["/models/tiny", "/models/tiny_"]
    newest = found[LINEAGE.key]
    assert (newest.value, newest.partial, newest.metrics) == (40, "half of it", 1)
    assert len(newest.trail) == 28  # of the 30 newest, one is a part and one a baseline's
    assert min(newest.trail) > 90
    assert (found[OTHER.key].low, found[OTHER.key].trail) == (None, (0.5,))


def test_points_are_chosen_by_kind_and_day_and_an_empty_choice_is_no_unknown_lineage() -> None:
    add_nights([100.0] * 5)
    add_point(90, 2, kind="pull_request", metric="other")
    with transaction() as session:
        assert metrics_in(session, LINEAGE.key) == ["other", METRIC]
        kinds = points_in(session, LINEAGE.key, kinds=[RunKind.PULL_REQUEST])
        days = points_in(session, LINEAGE.key, since=START + timedelta(days=1), until=START + timedelta(days=2))
        none = points_in(session, LINEAGE.key, setup="another")
        with pytest.raises(UnknownLineageError):
            points_in(session, LINEAGE.key, metric="nothing", setup="s")
    assert [one.point.value for one in kinds] == [90]
    assert [one.finished_at for one in days] == [START + timedelta(days=day) for day in (1, 2, 2)]
    assert none == []


def test_changes_that_wait_come_first_and_are_chosen_by_model_and_metric() -> None:
    add_nights([100.0] * 20 + [120.0] * 5)
    (first,) = analyse()
    add_nights([140.0] * 8, first=25)
    (second,) = analyse()
    with transaction() as session:
        acknowledge(session, second.id, actor="a", reason="known")
    with transaction() as session:
        assert [one.id for one in list_changes(session)] == [second.id, first.id]
        assert [one.id for one in list_changes(session, open_first=True)] == [first.id, second.id]
        assert len(list_changes(session, model="/models/tiny", metric=METRIC)) == 2
        assert list_changes(session, model="/models/tin") == []
        assert list_changes(session, model="/models/tin_") == []  # no wildcard
        assert list_changes(session, metric="other") == []
        assert changed_series(session) == [(LINEAGE.key, METRIC)]
        assert open_changes(session, [LINEAGE.key])[LINEAGE.key] == {"open": 1, "acknowledged": 1}


def test_the_points_beside_a_change_are_the_analysed_ones() -> None:
    add_nights([100.0] * 20 + [120.0] * 4)
    (change,) = analyse()
    add_point(500, 19, kind="pull_request")
    with transaction() as session:
        before, after = around(points_to_read(session, LINEAGE.key), change)
    assert (len(before), len(after)) == (5, 4)
    assert after[0].run_id == change.first_run_id
    assert before[-1].run_id == change.last_run_id


def test_the_commit_that_was_blamed_last_counts_and_the_state_stays() -> None:
    add_nights([100.0] * 20 + [120.0] * 5)
    (change,) = analyse()
    with transaction() as session:
        assert blamed_commits(session, [change]) == {}
        for commit in ("a" * 40, "b" * 40):
            found = assign(session, change.id, actor="me", commit=commit)
    assert (found.state.value, found.events[-1].action.value) == ("open", "assign")
    with transaction() as session:
        assert blamed_commits(session, [change]) == {change.id: "b" * 40}


def test_an_improvement_is_assigned_to_nobody() -> None:
    add_nights([100.0] * 20 + [80.0] * 5)
    assert analyse() == []
    with transaction() as session:
        (better,) = list_changes(session, worse=False)
        with pytest.raises(IllegalChangeError, match="cannot be assigned"):
            assign(session, better.id, actor="me", commit="a" * 40)


def test_a_key_gives_its_lineage_back() -> None:
    odd = Lineage(model="a | b", workload="w@1", engine="hf", hardware="2 x A, 3 GiB")
    assert lineage_from(odd.key) == odd
