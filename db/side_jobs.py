"""Which jobs answered a workload for a run's two sides."""

from __future__ import annotations

from collections.abc import Sequence

from db.jobs import JobRecord
from evals.spec import Role, Submission

NO_JOB = ""
"""Stands for the job of a side that has none: a published value."""


def side_jobs(submission: Submission, jobs: Sequence[JobRecord], workload: str) -> tuple[str, str]:
    """Return the ids of the candidate's and of the baseline's job; a stored baseline's belongs to another run."""
    ids = {job.role: job.id for job in jobs}
    source = submission.baseline_from
    stored = source.result_of(workload) if source is not None else None
    return ids.get(Role.CANDIDATE, NO_JOB), stored.job_id if stored else ids.get(Role.BASELINE, NO_JOB)
