"""The Celery tasks on a real Postgres: what becomes of a job by the way its work ends. The work itself is scripted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text

from db.claims import Claim
from db.reports import latest_report
from db.runs import get_run, request_cancel
from db.session import transaction
from db.states import JobState, RunState
from db.tables import DeviceHold, StoredReport
from evals.errors import CancelledError, EngineArgumentError, EngineDiedError, LeaseLostError
from evals.result import Verdict
from tests.integration.db.builders import new_run
from tests.integration.workers.tasks_world import Messages, job, run_all, work
from workers import tasks

pytestmark = pytest.mark.usefixtures("database", "redis_url")


def test_two_good_jobs_end_in_one_report(monkeypatch: pytest.MonkeyPatch, messages: Messages) -> None:
    run, jobs = new_run()
    work(monkeypatch)
    run_all(jobs)
    assert messages == [("job", jobs[1].id), ("report", run.id)]  # the freed device wakes who waits
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: tasks.write_report(run.id), range(4)))
    with transaction() as session:
        assert latest_report(session, run.id).verdict is Verdict.PASS
        assert session.scalar(select(func.count()).select_from(StoredReport)) == 1
        finished = get_run(session, run.id)
        assert (finished.state, finished.verdict) == (RunState.FINISHED, Verdict.PASS)
        assert session.scalar(select(func.count()).select_from(DeviceHold)) == 0


def test_a_worse_candidate_fails(monkeypatch: pytest.MonkeyPatch, messages: Messages) -> None:
    run, jobs = new_run()
    work(monkeypatch, value=0.0)
    tasks.run_job(jobs[0].id)
    work(monkeypatch, value=1.0)
    tasks.run_job(jobs[1].id)
    tasks.write_report(run.id)
    with transaction() as session:
        report = latest_report(session, run.id)
    assert report.verdict is Verdict.FAIL
    assert len(report.comparisons[0].flips) == 30


def test_answers_to_another_model_are_never_compared(monkeypatch: pytest.MonkeyPatch, messages: Messages) -> None:
    run, jobs = new_run()
    work(monkeypatch)
    run_all(jobs)
    with transaction() as session:
        changed = 'UPDATE jobs SET facts = facts || \'{"model_files": "other"}\' WHERE id = :id'
        session.execute(text(changed), {"id": jobs[0].id})
    tasks.write_report(run.id)
    with transaction() as session:
        report = latest_report(session, run.id)
    assert report.verdict is Verdict.INCOMPARABLE
    assert "weights differ: other for the candidate, m for the baseline" in " ".join(report.reasons)


def test_a_side_without_files_to_see_can_still_be_compared(monkeypatch: pytest.MonkeyPatch, messages: Messages) -> None:
    run, jobs = new_run()
    work(monkeypatch)
    run_all(jobs)
    with transaction() as session:
        session.execute(text("UPDATE jobs SET facts = facts - 'model_files' WHERE id = :id"), {"id": jobs[0].id})
    tasks.write_report(run.id)
    with transaction() as session:
        assert latest_report(session, run.id).verdict is Verdict.PASS


def test_an_error_that_a_retry_may_mend_is_tried_three_times(
    monkeypatch: pytest.MonkeyPatch, messages: Messages
) -> None:
    _, jobs = new_run()
    work(monkeypatch, raises=EngineDiedError("it died", remedy="look"))
    states = []
    for _ in range(3):
        tasks.run_job(jobs[0].id)
        states.append(job(jobs[0].id).state)
    assert states == [JobState.QUEUED, JobState.QUEUED, JobState.FAILED]
    error = job(jobs[0].id).error
    assert error is not None
    assert (error["code"], error["remedy"]) == ("engine_died", "look")
    assert messages[:2] == [("job", jobs[0].id)] * 2


def test_an_error_that_no_retry_can_mend_is_final_at_once(monkeypatch: pytest.MonkeyPatch, messages: Messages) -> None:
    _, jobs = new_run()
    work(monkeypatch, raises=EngineArgumentError("no such argument", remedy="leave it out"))
    tasks.run_job(jobs[0].id)
    assert job(jobs[0].id).state == JobState.FAILED
    assert job(jobs[0].id).attempt == 1


def test_an_error_of_our_own_is_kept_with_its_traceback(monkeypatch: pytest.MonkeyPatch, messages: Messages) -> None:
    _, jobs = new_run()
    work(monkeypatch, raises=ZeroDivisionError("ours"))
    tasks.run_job(jobs[0].id)
    error = job(jobs[0].id).error
    assert error is not None
    assert error["code"] == "internal"
    assert "ZeroDivisionError: ours" in error["details"]["traceback"]


def test_a_cancelled_job_ends_as_cancelled(monkeypatch: pytest.MonkeyPatch, messages: Messages) -> None:
    _, jobs = new_run()
    work(monkeypatch, raises=CancelledError("cancelled", remedy="submit again"))
    tasks.run_job(jobs[0].id)
    assert job(jobs[0].id).state == JobState.CANCELLED


def test_a_worker_that_lost_its_job_leaves_it_alone(monkeypatch: pytest.MonkeyPatch, messages: Messages) -> None:
    _, jobs = new_run()
    work(monkeypatch, raises=LeaseLostError("gone", remedy="nothing"))
    tasks.run_job(jobs[0].id)
    assert job(jobs[0].id).state == JobState.RUNNING
    assert messages == []


def test_a_failed_side_makes_the_run_an_error_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, messages: Messages
) -> None:
    run, jobs = new_run()
    work(monkeypatch)
    tasks.run_job(jobs[0].id)
    work(monkeypatch, raises=EngineArgumentError("no such argument", remedy="leave it out"))
    tasks.run_job(jobs[1].id)
    tasks.write_report(run.id)
    with transaction() as session:
        report = latest_report(session, run.id)
    assert report.verdict is Verdict.ERROR
    assert "no such argument" in report.headline
    assert report.comparisons == ()


def test_a_job_that_fails_while_it_is_being_cancelled_ends_as_cancelled(
    monkeypatch: pytest.MonkeyPatch, messages: Messages
) -> None:
    run, jobs = new_run()

    def cancel_and_die(held: Claim, settings: object) -> None:
        with transaction() as session:
            request_cancel(session, run.id)
        raise EngineDiedError("it died", remedy="look")

    monkeypatch.setattr(tasks, "execute", cancel_and_die)
    tasks.run_job(jobs[0].id)
    assert job(jobs[0].id).state == JobState.CANCELLED
    assert messages == [("report", run.id)]


def test_an_error_that_quotes_what_postgres_cannot_hold_is_final_all_the_same(
    monkeypatch: pytest.MonkeyPatch, messages: Messages
) -> None:
    _, jobs = new_run()
    work(monkeypatch, raises=EngineArgumentError("bad \x00 byte", remedy="none", lines=["a\x00b \ud800"]))
    tasks.run_job(jobs[0].id)
    error = job(jobs[0].id).error
    assert error is not None
    assert (error["message"], error["details"]["lines"]) == ("bad \ufffd byte", ["a\ufffdb \ufffd"])
