"""How far the jobs of a run are, as a table."""

from __future__ import annotations

from evals.formatting import percent
from evals.render.escape import code, plain
from evals.render.pull_request.views import JobProgress, RunView
from evals.render.tables import table


def progress_table(run: RunView) -> str:
    """Return a table with one row for each job; "" without jobs."""
    if not run.jobs:
        return ""
    header = ("job", "engine", "state", "done", "right so far")
    return table(header, (_row(job) for job in run.jobs), numbers_from=3)


def _row(job: JobProgress) -> tuple[str, ...]:
    state = plain(job.state, 40) + (f": {plain(job.phase, 40)}" if job.phase else "")
    done = f"{job.done:,}" if job.total is None else f"{job.done:,} of {job.total:,}"
    right = "–" if job.right is None else percent(job.right)
    return plain(job.role, 20), code(job.engine, 60), state, f"{done} {plain(job.noun, 20)}", right
