"""The tasks of history and schedules on a real Postgres: found after a report, submitted exactly once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from db.regressions import list_changes
from db.runs import finish_run, get_run, request_cancel
from db.schedules import create_schedule, get_schedule, set_enabled, submit_if_due, submit_now
from db.session import transaction
from db.settings import settings
from db.states import RunState
from db.tables import Run
from db.tables_history import StoredPoint, StoredSchedule
from evals.spec import Submission
from tests.integration.db.builders import new_run, submission
from tests.integration.db.history_world import START, add_nights
from workers import history, schedules, tasks
from workers.queue import app

pytestmark = pytest.mark.usefixtures("database", "redis_url")

NOW = datetime(2026, 3, 1, 1, 30, tzinfo=UTC)


def at(day: int, hour: int = 2, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def schedule(asked: Submission | None = None) -> None:
    with transaction() as session:
        create_schedule(
            session, name="n", cron="0 2 * * *", body={}, submission=asked or submission(), created_by="ann", now=NOW
        )


def runs() -> int:
    with transaction() as session:
        return session.scalar(select(func.count()).select_from(Run)) or 0


def end_all_runs() -> None:
    with transaction() as session:
        session.execute(update(Run).values(state=RunState.FINISHED))


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


def test_what_is_due_is_submitted_once_however_many_ask() -> None:
    schedule()
    assert schedules.submit_due_at(at(1, 1, 59)) == []
    with ThreadPoolExecutor(4) as pool:
        made = [one for some in pool.map(schedules.submit_due_at, [at(1)] * 4) for one in some]
    assert len(made) == runs() == 1
    with transaction() as session:
        assert submit_if_due(session, "n", settings=settings(), now=at(1)) == []  # by one who saw it due before
    with transaction() as session:
        kept, run = get_schedule(session, "n"), get_run(session, made[0])
    assert (kept.last_run_id, kept.last_due_at, kept.next_due_at) == (made[0], at(1), at(2))
    assert kept.last_error is None
    assert run.submission.tags == ("nightly",)
    assert run.submission == replace(submission(), tags=("nightly",))


def test_times_missed_while_the_service_was_down_are_one_run() -> None:
    schedule()
    assert len(schedules.submit_due_at(at(9, 14))) == 1
    assert schedules.submit_due_at(at(9, 14, 1)) == []
    with transaction() as session:
        assert get_schedule(session, "n").next_due_at == at(10)


def test_a_run_that_is_not_over_is_not_overlapped_and_that_is_noted() -> None:
    schedule()
    (first,) = schedules.submit_due_at(at(1))
    assert schedules.submit_due_at(at(2)) == []
    with transaction() as session:
        kept = get_schedule(session, "n")
    assert first in str(kept.last_error)
    assert (kept.last_run_id, kept.last_due_at) == (first, at(2))
    end_all_runs()
    assert len(schedules.submit_due_at(at(3))) == 1
    with transaction() as session:
        assert get_schedule(session, "n").last_error is None


def test_a_submission_that_the_rules_refuse_by_now_is_noted_and_stops_no_other() -> None:
    wheel = replace(submission().candidate, source="wheel:/nowhere/x.whl")
    schedule(replace(submission(), candidate=wheel, tags=("main",)))
    with transaction() as session:
        create_schedule(
            session, name="z", cron="0 2 * * *", body={}, submission=submission(), created_by="ann", now=NOW
        )
    assert len(schedules.submit_due_at(at(1))) == 1
    with transaction() as session:
        kept = get_schedule(session, "n")
    assert kept.last_run_id is None
    assert "/nowhere/x.whl lies in no folder" in str(kept.last_error)
    assert kept.submission.tags == ("main",)
    assert kept.next_due_at == at(2)


@pytest.mark.parametrize(
    ("broken", "said", "next_due"),
    [
        ({"submission": {"of": "the past"}}, "cannot read what the schedule", at(2)),
        ({"cron": "whenever"}, "'whenever' cannot be used", None),
    ],
)
def test_a_broken_schedule_is_put_off_says_why_and_stops_no_other(
    broken: dict[str, Any], said: str, next_due: datetime | None
) -> None:
    schedule()
    with transaction() as session:
        session.execute(update(StoredSchedule).values(**broken, next_due_at=at(1, 1, 59)))
        create_schedule(
            session, name="z", cron="0 2 * * *", body={}, submission=submission(), created_by="ann", now=NOW
        )
    assert len(schedules.submit_due_at(at(1))) == 1
    with transaction() as session:
        kept = get_schedule(session, "n")
        row = session.scalars(select(StoredSchedule).where(StoredSchedule.name == "n")).one()
        assert said in str(row.last_error)
    assert (kept.last_run_id, kept.last_due_at, kept.next_due_at) == (None, at(1, 1, 59), next_due)
    assert said in str(kept.last_error)


def test_a_resting_schedule_makes_up_for_nothing_and_can_still_run_at_once() -> None:
    schedule()
    with transaction() as session:
        assert set_enabled(session, "n", False, now=NOW).next_due_at is None
    assert schedules.submit_due_at(at(5)) == []
    with transaction() as session:
        assert set_enabled(session, "n", True, now=at(5)).next_due_at == at(6)
        run_id, jobs = submit_now(session, "n", settings=settings())
        assert {job.run_id for job in jobs} == {run_id}
        assert get_schedule(session, "n").last_run_id == run_id


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
