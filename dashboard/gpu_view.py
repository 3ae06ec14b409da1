"""What the GPUs did during a run, or why nothing is known of them; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from markupsafe import Markup

from db.jobs import JobRecord
from evals.duel.results import GpuUse, Pass, ServingResult
from evals.formatting import one_line
from evals.render.plots.gpus import gpu_plots
from evals.spec import Role


@dataclass(frozen=True, kw_only=True)
class GpuRow:
    """One GPU during one pass, in words; missing figures are dashes."""

    name: str
    side: str
    passes: str
    use: str
    clock: str
    power: str
    memory: str
    temperature: str
    notes: str


@dataclass(frozen=True, kw_only=True)
class GpuView:
    """Pictures and rows about the GPUs; note: why there are none."""

    pictures: tuple[Markup, ...]
    rows: tuple[GpuRow, ...]
    note: str


def gpu_view(jobs: Sequence[JobRecord], served: Sequence[ServingResult], passes: Sequence[Pass]) -> GpuView:
    """Return what is known of a run's GPUs: out of its report, before that out of the passes so far."""
    measured = [(one.workload, one.passes) for one in served] or [("serving", tuple(passes))]
    pictures = [Markup(plot.svg) for workload, found in measured for plot in gpu_plots(workload, found)]
    rows = [row for _, found in measured for row in _rows(found)]
    return GpuView(pictures=tuple(pictures), rows=tuple(rows), note="" if pictures else _why_none(jobs))


def _why_none(jobs: Sequence[JobRecord]) -> str:
    engines = [engine for job in jobs for engine in (job.spec.engine, job.spec.opponent) if engine is not None]
    if not any(engine.gpus for engine in engines):
        remote = any(engine.kind == "remote" for engine in engines)
        return "Nobody sees the GPUs of a remote engine." if remote else "No GPU was used: the engines run on the CPU."
    if any(job.role is Role.DUEL for job in jobs):
        return "No pass with a GPU is over yet, or the driver told nothing."
    return "Not measured: GPUs are watched during the passes of serving workloads."


def _rows(passes: Sequence[Pass]) -> list[GpuRow]:
    """Return a row for each GPU and side, over its passes."""
    found: dict[tuple[str, str], list[GpuUse]] = {}
    for one in passes:
        for use in one.gpus:
            found.setdefault((use.uuid, one.side), []).append(use)
    return [_row(side, uses) for (_, side), uses in found.items()]


def _row(side: str, uses: Sequence[GpuUse]) -> GpuRow:
    slowed = sorted({reason for use in uses for reason in use.throttled})
    shared = any(use.strangers for use in uses)
    notes = [f"slowed down: {', '.join(slowed)}"] if slowed else []
    return GpuRow(
        name=one_line(f"{uses[0].name} {uses[0].uuid[:12]}", 80),
        side=side,
        passes=f"{len(uses):,}",
        use=_span([100 * use.utilisation for use in uses]),
        clock=_span([use.sm_clock_mhz[1] for use in uses]),
        power=_span([use.power_w[0] for use in uses]),
        memory=_span([use.memory_mib for use in uses]),
        temperature=_span([use.temperature_c for use in uses]),
        notes="; ".join([*notes, *(["other processes were on it"] if shared else [])]) or "–",
    )


def _span(values: Sequence[float]) -> str:
    known = [value for value in values if isfinite(value)]
    if not known:
        return "–"
    low, high = f"{min(known):,.0f}", f"{max(known):,.0f}"
    return low if low == high else f"{low} to {high}"
