"""The parts of a run's page that change while it lasts, each as the piece of the page that takes its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboard.gpu_view import GpuView
from dashboard.job_view import BAR_WIDTH, JobView
from dashboard.log_view import LogView, log_views
from dashboard.render import page
from dashboard.words import standing
from db.jobs import JobRecord
from db.runs import RunRecord
from db.states import RunState


@dataclass(frozen=True, kw_only=True)
class LiveView:
    """What a run does now. logs: of its running jobs."""

    id: str
    word: str
    style: str
    headline: str
    live: bool
    jobs: tuple[JobView, ...]
    logs: tuple[LogView, ...]
    gpu: GpuView
    reasons: tuple[str, ...] = ()


def live_view(
    run: RunRecord,
    jobs: Sequence[JobRecord],
    views: Sequence[JobView],
    logs: Mapping[str, str | None],
    gpu: GpuView,
) -> LiveView:
    """Return what a run does now; logs: by job the end of its log, None where it is not on this host."""
    word, style = standing(run)
    return LiveView(
        id=run.id,
        word=word,
        style=style,
        headline=run.headline or "",
        live=run.state is not RunState.FINISHED,
        jobs=tuple(views),
        logs=log_views(jobs, views, logs),
        gpu=gpu,
    )


def fragments(view: LiveView) -> dict[str, str]:
    """Return the pieces of the page by the id of the element that holds each."""
    pieces = {"live-head": page("run_head.html", None, run=view)}
    for job in view.jobs:
        pieces[f"job-{job.id}"] = page("run_job.html", None, job=job, run_id=view.id, bar_width=BAR_WIDTH)
    pieces["live-logs"] = page("run_logs.html", None, logs=view.logs)
    pieces["live-gpus"] = page("run_gpus.html", None, gpu=view.gpu)
    return pieces
