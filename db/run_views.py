"""Runs as a pull request's comment shows them, out of what the database says now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from sqlalchemy.orm import Session

from db.cost import gpu_minutes
from db.jobs import JobRecord, jobs_of, workloads_in
from db.reports import latest_report
from db.runs import RunRecord, get_run
from db.sample_pairs import SampleQuery, sample_pairs
from db.side_jobs import side_jobs
from db.states import JobState, RunState
from db.timeline import total_progress
from evals.explain import Divergence, divergence, tokens_of
from evals.lineage_results import why_partial
from evals.render.pull_request.steps import FLIPS_SHOWN, lost_flips
from evals.render.pull_request.views import Cost, JobProgress, Place, RunView
from evals.result import Report
from evals.spec import Role
from evals.workload_kinds import has_items


def run_view(
    session: Session, run_id: str, *, url: str | None, plots_url: str | None = None, asked_by: str = "", why: str = ""
) -> RunView:
    """Return a run as it is now; url: of its page. Raises UnknownRunError."""
    run, jobs = get_run(session, run_id), jobs_of(session, run_id)
    report = latest_report(session, run_id) if run.state == RunState.FINISHED else None
    return RunView(
        run_id=run.id,
        suite=run.submission.suite,
        model=run.submission.model.path,
        state=run.state.value,
        is_cancelled=run.cancel_requested,
        report=report,
        jobs=tuple(_progress(job) for job in jobs),
        partial=next(filter(None, map(why_partial, workloads_in(jobs).values())), None),
        partings=_partings(session, run, jobs, report) if report else {},
        cost=Cost(gpu_minutes=gpu_minutes(jobs) if report else None),
        url=url,
        plots_url=plots_url,
        asked_by=asked_by,
        why=why,
    )


def _progress(job: JobRecord) -> JobProgress:
    progress = total_progress(job.progress)
    judged = any(has_items(workload.benchmark) for workload in job.spec.workloads)
    return JobProgress(
        role=job.role.value,
        engine=job.spec.engine.kind if job.spec.opponent is None else _both(job),
        state=job.state.value,
        phase=job.phase.value if job.phase and job.state == JobState.RUNNING else "",
        done=progress.done,
        total=progress.total,
        noun="passes" if job.role is Role.DUEL else "answers" if judged else "prompts",
        right=progress.accuracy if judged else None,
    )


def _both(job: JobRecord) -> str:
    return f"{job.spec.engine.kind} against {job.spec.opponent.kind if job.spec.opponent else 'nothing'}"


def _partings(
    session: Session, run: RunRecord, jobs: Sequence[JobRecord], report: Report
) -> Mapping[Place, Divergence]:
    """Return where both texts of the flips that the comment names part."""
    workloads, tokens, found = workloads_in(jobs), tokens_of(run.submission.model.path), {}
    for comparison, flip in islice(lost_flips(report), FLIPS_SHOWN):
        if comparison.workload not in workloads:
            continue
        ours, theirs = side_jobs(run.submission, jobs, comparison.workload)
        query = SampleQuery(
            candidate_job=ours,
            baseline_job=theirs,
            workload=comparison.workload,
            metric=workloads[comparison.workload].metric,
            item=(flip.task, flip.doc_id),
        )
        for pair in sample_pairs(session, query):
            if pair.candidate.text is None or pair.baseline.text is None:
                continue
            parted = divergence(pair.candidate.text, pair.baseline.text, tokens=tokens)
            if parted is not None:
                found[comparison.workload, flip.task, flip.doc_id] = parted
    return found
