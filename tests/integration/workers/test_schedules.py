"""The tasks of schedules on a real Postgres: what is due is submitted exactly once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select, update

from db.runs import get_run
from db.schedules import create_schedule, get_schedule, set_enabled, submit_if_due, submit_now
from db.session import transaction
from db.settings import settings
from db.states import RunState
from db.tables import Run
from db.tables_history import StoredSchedule
from tests.integration.db.builders import submission
from tests.integration.workers.schedules_world import NOW, schedule
from workers import schedules

pytestmark = pytest.mark.usefixtures("database", "redis_url")


def at(day: int, hour: int = 2, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def runs() -> int:
    with transaction() as session:
        return session.scalar(select(func.count()).select_from(Run)) or 0


def end_all_runs() -> None:
    with transaction() as session:
        session.execute(update(Run).values(state=RunState.FINISHED))


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
