"""What Plumbline adds to the demo: the share of its wall-clock in which no engine starts and no answer is under way."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

from sqlalchemy import select

from benchmarks.spans import Span, covered_s
from db.jobs import JobRecord, jobs_of
from db.runs import get_run
from db.session import transaction
from db.tables import StoredResponse
from evals.accuracy.datasets import DEMO_DATA

DEMO_MODEL = DEMO_DATA.parent / "demo-llm"


def measure() -> dict[str, Any]:
    """Submit the demo to the service of PLUMBLINE_HOME (started when it is not running) and take its times apart."""
    started_here = _plumbline("up", "--detach").returncode == 0
    try:
        return _times_of(_run_demo())
    finally:
        if started_here:
            _plumbline("down")


def _run_demo() -> str:
    done = _plumbline("submit", "--model", str(DEMO_MODEL), "--suite", "demo", "--no-cache", "--wait")
    found = re.search(r"\br[0-9a-z]{16}\b", done.stdout)
    if found is None:
        raise RuntimeError(f"no run was accepted:\n{done.stdout}{done.stderr}")
    return found.group()


def _plumbline(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "cli.main", *words], capture_output=True, text=True, check=False)


def _times_of(run_id: str) -> dict[str, Any]:
    with transaction() as session:
        run = get_run(session, run_id)
        jobs = jobs_of(session, run_id)
        generation = {job.id: _generation(session, job.id) for job in jobs}
    if run.finished_at is None:
        raise RuntimeError(f"run {run_id} has not ended")
    total_s = (run.finished_at - run.created_at).total_seconds()
    engines_s = covered_s([span for job in jobs for span in (*_launches(job), *generation[job.id])])
    return {
        "run": run_id,
        "verdict": run.verdict,
        "wall_clock_s": round(total_s, 1),
        "engines_busy_s": round(engines_s, 1),
        "outside_s": round(total_s - engines_s, 1),
        "outside_share": round(1 - engines_s / total_s, 3),
        "by_job_s": {job.role: _parts(job, generation[job.id]) for job in jobs},
    }


def _generation(session: Any, job_id: str) -> list[Span]:
    rows = session.execute(
        select(StoredResponse.sent_at, StoredResponse.ended_at).where(StoredResponse.job_id == job_id)
    )
    return [(row.sent_at, row.ended_at) for row in rows]


def _launches(job: JobRecord) -> list[Span]:
    ends = [entry["at"] for entry in job.timeline[1:]]
    pairs = zip(job.timeline, ends, strict=False)
    return [(entry["at"], end) for entry, end in pairs if entry["phase"] == "launching"]


def _parts(job: JobRecord, generation: list[Span]) -> dict[str, float]:
    return {"launch": round(covered_s(_launches(job)), 1), "generation": round(covered_s(generation), 1)}
