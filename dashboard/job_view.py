"""A job as the page shows it; pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from dashboard.words import duration, seconds_between
from db.jobs import JobRecord
from db.states import TERMINAL
from db.timeline import phase_seconds, phase_started_at, total_progress
from evals.code_sources import INSTALLED
from evals.formatting import percent
from evals.spec import EngineSpec, Role
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
class ErrorView:
    """Why a job failed, what to do, and the log's telling lines."""

    code: str
    message: str
    remedy: str
    details: str


@dataclass(frozen=True, kw_only=True)
class JobView:
    """One job in words; total is None until it is known.

    noun: what its counts count; judged: whether answers are. opponent: a duel's other engine, else empty.
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
    rate: str
    elapsed: str
    phases: tuple[PhaseBar, ...]
    facts: tuple[tuple[str, str], ...]
    error: ErrorView | None
    has_log: bool


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
        counts=f"{progress.done:,} of {progress.total:,}" if progress.total is not None else f"{progress.done:,}",
        accuracy=percent(progress.accuracy) if progress.scored else "–",
        rate=_rate(job, progress.done, seconds),
        elapsed=duration(seconds_between(job.started_at, ended) if ended else sum(seconds.values()) or None),
        phases=_bars(seconds),
        facts=tuple((name, _text(value)) for name, value in sorted(job.facts.items())),
        error=_error(job.error),
        has_log=job.log_path is not None,
    )


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


def _error(error: dict[str, Any] | None) -> ErrorView | None:
    if error is None:
        return None
    details = error.get("details") or {}
    return ErrorView(
        code=str(error.get("code", "error")),
        message=str(error.get("message", "no message was recorded")),
        remedy=str(error.get("remedy") or ""),
        details="\n".join(f"{name}: {_text(value)}" for name, value in details.items()),
    )


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
