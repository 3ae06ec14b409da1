"""What the tasks find and mend on a real Postgres: lost messages, dead workers, reports that never came."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest
from sqlalchemy import text

from db.reports import NoReportError, latest_report
from db.runs import get_run, request_cancel
from db.session import transaction
from db.states import JobState, RunState
from evals.result import Verdict
from tests.integration.db.builders import claim, new_run
from tests.integration.workers.tasks_world import Messages, job, run_all, work
from workers import tasks

pytestmark = pytest.mark.usefixtures("database", "redis_url")


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        ("UPDATE jobs SET enqueued_at = now() - interval '1 hour'", "job"),
        ("UPDATE jobs SET state = 'succeeded'", "report"),
        ("UPDATE runs SET state = 'reporting', reporting_since = now() - interval '1 hour'", "report"),
    ],
)
def test_reconcile_sends_again_what_was_lost(damage: str, expected: str, messages: Messages) -> None:
    new_run()
    tasks.reconcile()
    assert messages == []
    with transaction() as session:
        session.execute(text(damage))
    tasks.reconcile()
    assert {kind for kind, _ in messages} == {expected}


def test_reconcile_gives_a_dead_workers_job_to_the_next(messages: Messages) -> None:
    _, jobs = new_run()
    claim(jobs[0].id, lease_s=-1)
    tasks.reconcile()
    assert messages == [("job", jobs[0].id)]
    assert job(jobs[0].id).state == JobState.QUEUED


def test_reconcile_needs_no_lease_to_run_out_for_a_worker_that_died_here(
    messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, jobs = new_run()
    claim(jobs[0].id, host="elsewhere", lease_s=300)
    tasks.reconcile()
    assert messages == []
    dead: Callable[[str], bool] = lambda worker: worker.startswith("elsewhere/")  # noqa: E731 - one word, one use
    monkeypatch.setattr("workers.identity.is_dead", dead)
    tasks.reconcile()
    assert messages == [("job", jobs[0].id)]


def test_there_is_no_report_before_its_time() -> None:
    run, _ = new_run()
    with pytest.raises(NoReportError), transaction() as session:
        latest_report(session, run.id)


def test_a_job_that_slipped_back_into_the_queue_of_a_cancelled_run_is_ended(messages: Messages) -> None:
    run, jobs = new_run()
    with transaction() as session:
        request_cancel(session, run.id)
        session.execute(text("UPDATE jobs SET state = 'queued' WHERE id = :id"), {"id": jobs[0].id})
    tasks.reconcile()
    assert job(jobs[0].id).state == JobState.CANCELLED
    assert messages == [("report", run.id)]


def test_a_report_that_cannot_be_written_becomes_an_error_and_the_run_ends(
    monkeypatch: pytest.MonkeyPatch, messages: Messages
) -> None:
    run, jobs = new_run()
    work(monkeypatch)
    run_all(jobs)

    def break_down(session: object, run_id: str) -> None:
        raise ZeroDivisionError("in the comparison")

    monkeypatch.setattr(tasks, "report_of", break_down)
    tasks.write_report(run.id)
    with transaction() as session:
        report = latest_report(session, run.id)
        assert get_run(session, run.id).state == RunState.FINISHED
    assert report.verdict is Verdict.ERROR
    assert "ZeroDivisionError: in the comparison" in report.headline


def test_an_unwritten_report_gets_one_message_and_then_rests(messages: Messages) -> None:
    new_run()
    with transaction() as session:
        session.execute(text("UPDATE runs SET state = 'reporting', reporting_since = now() - interval '1 hour'"))
    tasks.reconcile()
    tasks.reconcile()
    assert len(messages) == 1


def test_a_worker_looks_for_duels_in_all_queues_that_it_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.app.amqp.queues, "_consume_from", None)
    tasks.app.amqp.queues.select(["jobs.cpu", "jobs.cuda", "control"])  # as -Q does
    seen: list[Collection[str]] = []
    monkeypatch.setattr(tasks, "claim_job", lambda *_, queues, **__: seen.append(queues))
    tasks.run_job("j_1")
    assert seen == [{"jobs.cpu", "jobs.cuda", "control"}]
