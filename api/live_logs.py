"""The ends of the logs of running jobs."""

from __future__ import annotations

from collections.abc import Sequence

from api.logs import find_log, read_tail
from dashboard.log_view import LOG_LINES
from db.jobs import JobRecord
from db.settings import settings
from db.states import JobState


def log_ends(jobs: Sequence[JobRecord]) -> dict[str, str | None]:
    """Return the last lines of each running job's log without secrets, None where the log is not on this host."""
    return {job.id: _end(job) for job in jobs if job.state is JobState.RUNNING}


def _end(job: JobRecord) -> str | None:
    path = find_log(job.log_path, settings().jobs_dir)
    if path is None:
        return None
    try:
        return read_tail(path, LOG_LINES).text
    except OSError:
        return None
