"""A job as the page shows it; pure."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.error_view import ErrorView, error_view, fact_text
from dashboard.words import duration, seconds_between
from db.jobs import JobRecord
from db.states import TERMINAL, JobState
from db.timeline import Progress, phase_seconds, phase_started_at, total_progress
from evals.code_sources import INSTALLED
from evals.formatting import percent
from evals.spec import EngineSpec, Role
from evals.statistics.proportions import wilson_interval
from evals.workload_kinds import has_items

BAR_WIDTH = 1000.0
"""The width of the timeline's drawing, in its own units."""


@dataclass(frozen=True, kw_only=True)
class PhaseBar:
    """A phase's piece of the timeline, in units of BAR_WIDTH."""

    name: str
    seconds: str
    x: float
    width: float


@dataclass(frozen=True, kw_only=True)
class WorkloadLine:
    """How far one of several workloads of a job has come."""

    name: str
    counts: str


@dataclass(frozen=True, kw_only=True)
class JobView:
    """One job in words; total is None until it is known.

    noun: what its counts count; judged: whether answers are. interval: of the share of right answers so far; so_far:
    of how many of how many it is the share, while the job runs. opponent: a duel's other engine, else empty. workloads:
    where there are several. live: whether its engine may write to its log.
    """

    id: str
    role: str
    engine: str
    device: str
    settings: str
    noun: str
    judged: bool
    opponent: str
    state: str
    phase: str
    attempt: int
    done: int
    total: int | None
    counts: str
    accuracy: str
    interval: str
    so_far: str
    rate: str
    elapsed: str
    phases: tuple[PhaseBar, ...]
    facts: tuple[tuple[str, str], ...]
    error: ErrorView | None
    has_log: bool
    workloads: tuple[WorkloadLine, ...] = ()
    live: bool = False


def job_view(job: JobRecord, *, now: float) -> JobView:
    """Return a job as the page shows it; now: Unix seconds."""
    engine, progress = job.spec.engine, total_progress(job.progress)
    ended = job.finished_at if job.state in TERMINAL else None
    seconds = phase_seconds(job.timeline, ended_at=ended.timestamp() if ended else now if job.phase else None)
    return JobView(
        id=job.id,
        role=job.role.value,
        engine=engine.kind,
        device=f"{engine.device} × {engine.gpus}" if engine.gpus else engine.device,
        settings=_settings(job),
        noun=_noun(job),
        judged=_judged(job),
        opponent=job.spec.opponent.kind if job.spec.opponent else "",
        state=job.state.value,
        phase=job.phase.value if job.phase else "",
        attempt=job.attempt,
        done=progress.done,
        total=progress.total,
        counts=_counts(progress),
        accuracy=percent(progress.accuracy) if progress.scored else "–",
        interval=_interval(progress),
        so_far=_so_far(progress) if job.state not in TERMINAL else "",
        rate=_rate(job, progress.done, seconds),
        elapsed=duration(seconds_between(job.started_at, ended) if ended else sum(seconds.values()) or None),
        phases=_bars(seconds),
        facts=tuple((name, fact_text(value)) for name, value in sorted(job.facts.items())),
        error=error_view(job.error),
        has_log=job.log_path is not None,
        workloads=_workload_lines(job),
        live=job.state is JobState.RUNNING,
    )


def _interval(progress: Progress) -> str:
    """Return the 95 % interval of the share of right answers so far, as far as it is one."""
    if not progress.scored or progress.right > progress.scored:
        return ""
    found = wilson_interval(progress.right, progress.scored)
    return f"[{100 * found.low:.1f}, {100 * found.high:.1f}]"


def _so_far(progress: Progress) -> str:
    if not progress.scored:
        return ""
    of = f" of {progress.total:,}" if progress.total is not None else ""
    return f"so far, {progress.scored:,}{of} judged; no verdict"


def _workload_lines(job: JobRecord) -> tuple[WorkloadLine, ...]:
    if len(job.progress) < 2:
        return ()
    return tuple(
        WorkloadLine(name=name, counts=_counts(total_progress({name: one}))) for name, one in job.progress.items()
    )


def _counts(progress: Progress) -> str:
    return f"{progress.done:,} of {progress.total:,}" if progress.total is not None else f"{progress.done:,}"


def _judged(job: JobRecord) -> bool:
    return not job.spec.workloads or any(has_items(workload.benchmark) for workload in job.spec.workloads)


def _noun(job: JobRecord) -> str:
    if job.role is Role.DUEL:
        return "passes"
    return "samples" if _judged(job) else "prompts"


def _settings(job: JobRecord) -> str:
    sides = (job.spec.engine, job.spec.opponent)
    return " against ".join(_engine_settings(engine) for engine in sides if engine is not None)


def _engine_settings(engine: EngineSpec) -> str:
    parts = [f"dtype {engine.dtype}"]
    parts += [f"--{name}" if value is True else f"--{name}={value}" for name, value in engine.args.items()]
    if engine.source != INSTALLED:
        parts.append(f"source {engine.source}")
    if engine.external_package:
        parts.append(f"external package {engine.external_package}")
    if engine.architectures:
        parts.append(f"architectures {', '.join(engine.architectures)}")
    if engine.base_url:
        parts.append(engine.base_url)
    return " · ".join(parts)


def _rate(job: JobRecord, done: int, seconds: dict[str, float]) -> str:
    evaluating = seconds.get("evaluating")
    # Responses of an earlier attempt are kept, so only a first attempt's count belongs to this time.
    if not evaluating or not done or job.attempt > 1 or phase_started_at(job.timeline, "evaluating") is None:
        return "–"
    return f"{done / evaluating:.1f} {_noun(job)}/s"


def _bars(seconds: dict[str, float]) -> tuple[PhaseBar, ...]:
    whole = sum(seconds.values())
    bars, x = [], 0.0
    for name, value in seconds.items():
        width = BAR_WIDTH * value / whole if whole else 0.0
        bars.append(PhaseBar(name=name, seconds=duration(value), x=round(x, 1), width=round(width, 1)))
        x += width
    return tuple(bars)
