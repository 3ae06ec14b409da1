"""How runs end, are found when nobody ended them, and are tried again, on a real Postgres."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from db.claims import end_job
from db.reconcile import stuck_runs, waiting_jobs
from db.runs import finish_run, get_run, lock_run, retry_run
from db.session import transaction
from db.states import JobState, RunState
from tests.integration.db.builders import claim, claimed, new_run, state_of

pytestmark = pytest.mark.usefixtures("database")


def test_exactly_one_caller_finishes_a_run() -> None:
    run, jobs = new_run()
    claims = [claim(job.id) for job in jobs]
    with transaction() as session:
        assert claims[0] is not None
        end_job(session, claims[0].lease, JobState.SUCCEEDED)
        assert finish_run(session, run.id) is False
    with transaction() as session:
        assert claims[1] is not None
        end_job(session, claims[1].lease, JobState.FAILED, error={"code": "x"})

    def finish(_: int) -> bool:
        with transaction() as session:
            return finish_run(session, run.id)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(finish, range(8))) == 1


def test_both_jobs_ending_at_the_same_moment_still_finish_the_run_once() -> None:
    for _round in range(5):
        run, jobs = new_run()
        claims = [claim(job.id) for job in jobs]

        def end(held: object, run_id: str = run.id) -> bool:
            with transaction() as session:
                lock_run(session, run_id)
                end_job(session, held.lease, JobState.SUCCEEDED)  # type: ignore[attr-defined]  # a Claim
                return finish_run(session, run_id)

        with ThreadPoolExecutor(2) as pool:
            assert sum(pool.map(end, claims)) == 1


def test_a_silent_queued_job_gets_one_more_message_and_then_rests() -> None:
    _, jobs = new_run()
    with transaction() as session:
        assert waiting_jobs(session, silent_s=30) == []
        session.execute(text("UPDATE jobs SET enqueued_at = now() - interval '1 minute'"))
        assert {job_id for job_id, _ in waiting_jobs(session, silent_s=30)} == {job.id for job in jobs}
        assert waiting_jobs(session, silent_s=30) == []


def test_runs_that_nobody_finished_and_reports_that_never_came_are_found() -> None:
    run, jobs = new_run()
    for job in jobs:
        held = claimed(job.id)
        with transaction() as session:
            end_job(session, held.lease, JobState.SUCCEEDED)
    with transaction() as session:
        assert stuck_runs(session, silent_s=30) == ([run.id], [])
        finish_run(session, run.id)
        session.execute(text("UPDATE runs SET reporting_since = now() - interval '1 minute'"))
        assert stuck_runs(session, silent_s=30) == ([], [run.id])


def test_a_retried_run_queues_only_what_did_not_succeed() -> None:
    run, jobs = new_run()
    for job, state in zip(jobs, (JobState.SUCCEEDED, JobState.FAILED), strict=True):
        held = claimed(job.id)
        with transaction() as session:
            end_job(session, held.lease, state, error={"code": "x"} if state == JobState.FAILED else None)
    with transaction() as session:
        finish_run(session, run.id)
        session.execute(text("UPDATE runs SET state = 'finished', verdict = 'error'"))
    with transaction() as session:
        assert retry_run(session, run.id) == [jobs[1].id]
    assert [state_of(job.id) for job in jobs] == [JobState.SUCCEEDED, JobState.QUEUED]
    with transaction() as session:
        assert get_run(session, run.id).state == RunState.QUEUED
