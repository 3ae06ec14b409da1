"""The tasks of history on a real Postgres: steps are found after a report, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from db.regressions import list_changes
from db.runs import finish_run, request_cancel
from db.schedules import get_schedule
from db.session import transaction
from db.tables_history import StoredPoint
from tests.integration.db.builders import new_run, submission
from tests.integration.db.history_world import START, add_nights
from tests.integration.workers.schedules_world import schedule
from workers import history, tasks
from workers.queue import app

pytestmark = pytest.mark.usefixtures("database", "redis_url")


def test_a_nights_task_finds_the_step_and_the_safety_net_opens_no_second_one() -> None:
    run_ids = add_nights([100.0] * 20 + [120.0] * 5)
    history.analyse_recent_history()  # these nights were long ago
    with transaction() as session:
        assert list_changes(session) == []
        shift = datetime.now(UTC) - START - timedelta(days=25)
        session.execute(update(StoredPoint).values(finished_at=StoredPoint.finished_at + shift))
    history.analyse_recent_history()
    history.analyse_history(run_ids[-1])
    with transaction() as session:
        (change,) = list_changes(session)
    assert change.first_run_id == run_ids[20]


def test_two_analyses_at_once_open_one_regression() -> None:
    run_ids = add_nights([100.0] * 20 + [120.0] * 5)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(history.analyse_history, [run_ids[-1]] * 4))
    with transaction() as session:
        assert len(list_changes(session)) == 1


def test_a_pull_requests_run_is_not_analysed() -> None:
    add_nights([100.0] * 20 + [120.0] * 5)
    (other,) = add_nights([100.0], first=30, kind="other")
    history.analyse_history(other)
    with transaction() as session:
        assert list_changes(session) == []


def test_a_saved_report_asks_for_the_analysis(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(tasks, "enqueue_analysis", asked.append)
    run, jobs = new_run()
    with transaction() as session:
        request_cancel(session, run.id)
        assert finish_run(session, run.id)
    tasks.write_report(run.id)
    tasks.write_report(run.id)
    assert asked == [run.id]
    assert len(jobs) == 2


@pytest.mark.parametrize(
    ("tags", "kept"),
    [((), ("nightly",)), (("weekly",), ("weekly", "nightly")), (("main",), ("main",)), (("nightly",), ("nightly",))],
)
def test_what_a_schedule_submits_is_read_by_the_analysis(tags: tuple[str, ...], kept: tuple[str, ...]) -> None:
    schedule(replace(submission(), tags=tags))
    with transaction() as session:
        assert get_schedule(session, "n").submission.tags == kept


def test_the_beat_knows_the_tasks() -> None:
    planned = app.conf.beat_schedule
    assert planned["schedules"]["schedule"] == 60.0
    assert planned["history"]["schedule"] == 3600.0
    app.loader.import_default_modules()
    assert {one["task"] for one in planned.values()} <= set(app.tasks)
    assert timedelta(seconds=planned["schedules"]["options"]["expires"]) <= timedelta(minutes=1)
