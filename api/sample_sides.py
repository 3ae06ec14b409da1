"""Whose answers a page of items shows: two jobs that answered one workload, of one run or of two."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from api.routes.samples import workload_of
from api.run_reading import report_of
from db.jobs import JobRecord, jobs_of, workloads_in
from db.runs import RunRecord, get_run
from db.side_jobs import side_jobs
from db.states import RunState
from evals.formatting import metric_name
from evals.result import Report
from evals.spec import Api, ModelSpec, Submission, Workload
from evals.workload_kinds import has_items


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Two jobs with what their pages need.

    run_id: empty where they are of two runs. path: of the table of items, below which each item has its page. kept:
    what every address carries on. back: where the whole stands, with its name. workloads, metrics: all that there are.
    """

    path: str
    candidate_job: str
    baseline_job: str
    workload: Workload
    metric: str
    model: ModelSpec
    names: tuple[str, str]
    title: str
    back: tuple[str, str]
    workloads: tuple[str, ...]
    metrics: tuple[str, ...]
    note: str = ""
    run_id: str = ""
    kept: dict[str, str] = field(default_factory=dict)

    @property
    def chat(self) -> bool:
        """Tell whether prompts are lists of messages."""
        return self.workload.api is Api.CHAT

    @property
    def known_job(self) -> str:
        """Return the job whose tasks are listed: a side may have none."""
        return self.candidate_job or self.baseline_job


def sides_of_run(session: Session, run_id: str, workload: str | None, metric: str | None) -> Sides:
    """Return a run's two sides under a workload, by default its first with items; raise HttpError without any."""
    run, jobs = get_run(session, run_id), jobs_of(session, run_id)
    chosen = workload_of(run_id, run.submission, workload)
    asked = workloads_in(jobs).get(chosen.name, chosen)
    ours, theirs = side_jobs(run.submission, jobs, asked.name)
    return Sides(
        path=f"/runs/{run_id}/samples",
        candidate_job=ours,
        baseline_job=theirs,
        workload=asked,
        metric=metric or asked.metric,
        model=run.submission.model,
        names=side_names(run.submission),
        title=f"{run.submission.candidate.kind} against {run.submission.baseline_words}",
        back=(f"/runs/{run_id}", f"Run {run_id}"),
        workloads=tuple(name for name, one in workloads_in(jobs).items() if has_items(one.benchmark)),
        metrics=metrics_known(report_of(session, run), asked),
        note=_note(run, jobs, asked),
        run_id=run_id,
    )


def side_names(submission: Submission) -> tuple[str, str]:
    """Return what the sides are called above their answers."""
    return f"Candidate ({submission.candidate.kind})", f"Baseline ({submission.baseline_words})"


def metrics_known(report: Report | None, workload: Workload) -> tuple[str, ...]:
    """Return the metrics under which a workload's items were judged, the deciding one first."""
    rows = [one for one in report.comparisons if one.workload == workload.name] if report else []
    found = [metric_name(one.metric.name, one.filter) for one in rows]
    return tuple(dict.fromkeys([workload.metric, *found]))


def _note(run: RunRecord, jobs: list[JobRecord], workload: Workload) -> str:
    if run.state is RunState.FINISHED:
        return ""
    done = [f"{job.role} {job.progress.get(workload.name, {}).get('done') or 0:,}" for job in jobs]
    return f"The run is not finished: answers so far: {', '.join(done)}. Each side's items appear once it is judged."
