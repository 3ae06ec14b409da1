"""The task of schedules: once a minute, make the runs that are due."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from sqlalchemy.exc import OperationalError

from db.jobs import JobRecord
from db.schedules import due_schedules, put_off, submit_if_due
from db.session import transaction
from db.settings import settings
from workers.queue import app, enqueue_job

log = logging.getLogger(__name__)


@app.task(name="plumbline.submit_due")
def submit_due() -> None:
    """Make the runs of all schedules that are due now."""
    submit_due_at(datetime.now(UTC))


def submit_due_at(now: datetime) -> list[str]:
    """Make the runs of all schedules that are due at a time; return the runs' ids. Each is a transaction of its own."""
    with transaction() as session:
        names = due_schedules(session, now)
    made = []
    for name in names:
        jobs = _submitted(name, now)
        for job in jobs:
            enqueue_job(job.id, job.queue)
        if jobs:
            log.info("schedule %s: run %s", name, jobs[0].run_id)
            made.append(jobs[0].run_id)
    return made


def _submitted(name: str, now: datetime) -> list[JobRecord]:
    """Make one schedule's run; whatever goes wrong with it stops no other schedule."""
    try:
        with transaction() as session:
            return submit_if_due(session, name, settings=settings(), now=now)
    except OperationalError:
        log.exception("schedule %s stays due: the database did not take its run", name)
    except Exception as error:
        log.exception("schedule %s made no run", name)
        with transaction() as session:
            put_off(session, name, now=now, why=f"Plumbline failed at it ({type(error).__name__}: {error})")
    return []
