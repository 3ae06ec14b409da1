"""The Celery tasks: thin, idempotent, and told by an id alone what to do."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable

from sqlalchemy.exc import OperationalError

from db.claims import Claim, claim_job, end_job, requeue_job
from db.github_posting import pull_of_run
from db.reconcile import end_cancelled, lost_jobs, stuck_runs, waiting_jobs
from db.reports import save_report, save_rescored
from db.runs import finish_run, lock_run
from db.session import transaction
from db.settings import Settings, settings
from db.states import TERMINAL, JobState
from evals.errors import CancelledError, InternalError, LeaseLostError, PlumblineError
from workers.devices import chooser
from workers.identity import HOST, forget_dead_workers, worker_name
from workers.job import execute
from workers.queue import app, enqueue_analysis, enqueue_job, enqueue_posting, enqueue_report
from workers.reporting import broken_report, report_of
from workers.rescoring import not_rescored, rescore_run

log = logging.getLogger(__name__)

_SILENT_S = 30.0
"""A queued job or an unwritten report whose last message is older than this gets another one."""


@app.task(name="plumbline.run_job")
def run_job(job_id: str) -> None:
    """Claim a job and do it; a message for a job that nobody waits for does nothing."""
    claim = _claim(job_id, settings())
    if claim is None:
        return
    try:
        execute(claim, settings())
    except LeaseLostError:
        log.warning("job %s went to another worker", job_id)
    except CancelledError as error:
        _end(claim, JobState.CANCELLED, error)
    except PlumblineError as error:
        _fail(claim, error)
    except Exception:
        log.exception("job %s met an error of our own", job_id)
        _fail(claim, _internal_error())
    else:
        _end(claim, JobState.SUCCEEDED, None)


@app.task(name="plumbline.write_report")
def write_report(run_id: str) -> None:
    """Compare a run's two sides and save the report; the second writer changes nothing.

    An error of our own becomes the report, so that no run waits for ever; while Postgres is away, the message fails
    and reconcile sends it again.
    """
    try:
        _save_report(run_id, None)
    except OperationalError:
        raise
    except Exception as error:
        log.exception("the report of run %s cannot be written", run_id)
        _save_report(run_id, f"{type(error).__name__}: {error}")


def _save_report(run_id: str, trouble: str | None) -> None:
    with transaction() as session:
        report = report_of(session, run_id) if trouble is None else broken_report(session, run_id, trouble)
        saved = save_report(session, report)
        pull_id = pull_of_run(session, run_id) if saved else None
    if saved:
        log.info("run %s: %s, %s", run_id, report.verdict, report.headline)
        enqueue_analysis(run_id)
    if pull_id is not None:
        enqueue_posting(pull_id)


@app.task(name="plumbline.rescore")
def rescore(run_id: str, scorer: str) -> None:
    """Judge a run's stored answers by another scorer; what keeps it from that becomes the report."""
    try:
        report = rescore_run(run_id, scorer, settings())
    except PlumblineError as error:
        log.warning("run %s is not rescored: %s", run_id, error)
        _save_not_rescored(run_id, scorer, error)
    except OperationalError:
        raise
    except Exception:
        log.exception("run %s cannot be rescored", run_id)
        _save_not_rescored(run_id, scorer, _internal_error())
    else:
        log.info("run %s rescored with %s: %s", run_id, scorer, report.verdict)


def _save_not_rescored(run_id: str, scorer: str, error: PlumblineError) -> None:
    with transaction() as session:
        save_rescored(session, not_rescored(session, run_id, scorer, error))


@app.task(name="plumbline.reconcile")
def reconcile() -> None:
    """Find what was lost (a worker, a message, a report) and set it going again."""
    with transaction() as session:
        forget_dead_workers(session)
        lost = lost_jobs(session)
        cancelled = end_cancelled(session)
        waiting = waiting_jobs(session, silent_s=_SILENT_S)
        ended, unreported = stuck_runs(session, silent_s=_SILENT_S)
    for job in lost:
        log.warning("job %s lost its worker %s and is %s", job.id, job.worker, job.state)
        if job.state == JobState.QUEUED:
            enqueue_job(job.id, job.queue)
    for job_id, queue in waiting:
        enqueue_job(job_id, queue)
    _finish({*ended, *cancelled, *(job.run_id for job in lost if job.state in TERMINAL)})
    for run_id in unreported:
        enqueue_report(run_id)


def _claim(job_id: str, configured: Settings) -> Claim | None:
    with transaction() as session:
        return claim_job(
            session,
            job_id,
            worker=worker_name(),
            host=HOST,
            lease_s=configured.lease_s,
            choose=chooser(configured),
            queues=frozenset(app.amqp.queues.consume_from),
        )


def _fail(claim: Claim, error: PlumblineError) -> None:
    """Put the job back for another try if one can help and is left; otherwise the error is final."""
    if not error.retryable or claim.job.failures + 1 >= settings().max_attempts:
        _end(claim, JobState.FAILED, error)
        return
    with transaction() as session:
        if lock_run(session, claim.job.run_id).cancel_requested:
            requeued = False
        else:
            requeued = requeue_job(session, claim.lease, error=error.as_dict(), count_failure=True)
    if requeued:
        enqueue_job(claim.job.id, claim.job.queue)
    else:
        _end(claim, JobState.CANCELLED, error)  # or the lease is lost, and this changes nothing


def _end(claim: Claim, state: JobState, error: PlumblineError | None) -> None:
    with transaction() as session:
        lock_run(session, claim.job.run_id)
        ended = end_job(session, claim.lease, state, error=error.as_dict() if error else None)
        last = ended and finish_run(session, claim.job.run_id)
    if last:
        enqueue_report(claim.job.run_id)
    _wake_next()


def _finish(run_ids: Iterable[str]) -> None:
    for run_id in sorted(run_ids):
        with transaction() as session:
            finished = finish_run(session, run_id)
        if finished:
            enqueue_report(run_id)


def _wake_next() -> None:
    """A device is free now: wake the jobs that have waited longest instead of letting them wait for reconcile."""
    with transaction() as session:
        waiting = waiting_jobs(session, silent_s=0.0, limit=4)
    for job_id, queue in waiting:
        enqueue_job(job_id, queue)


def _internal_error() -> InternalError:
    return InternalError(
        "Plumbline itself failed while it ran this job",
        remedy="report the traceback in the details; a retry may help if the cause has passed",
        traceback=traceback.format_exc(),
    )
