"""A run with its report as the page shows it; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from dashboard.flips_view import FlipsView, flips_views
from dashboard.gpu_view import GpuView, gpu_view
from dashboard.job_view import JobView, job_view
from dashboard.log_view import LogView, log_views
from dashboard.parity_view import ParityView, parity_view
from dashboard.provenance_view import CommandRow, FileRow, FingerprintRow, commands, files, fingerprint_rows
from dashboard.serving_view import ServingView, serving_view
from dashboard.sides_view import CompanionRow, FactRow, companion_row, fact_rows
from dashboard.words import duration, moment, seconds_between, standing, verdict_word
from db.jobs import JobRecord, workloads_in
from db.runs import RunRecord
from db.states import RunState
from evals.duel.results import Pass
from evals.fingerprinting import model_name
from evals.formatting import amount, difference, margin, measured, metric_name, p_value, sizes
from evals.metrics import Kind
from evals.result import Comparison, Pairs, Report
from evals.workload_kinds import has_items


class Value(NamedTuple):
    """A number in words, and its interval, empty when it has none."""

    text: str
    interval: str


@dataclass(frozen=True, kw_only=True)
class ComparisonRow:
    """One metric of one workload in words."""

    workload: str
    metric: str
    decides: bool
    n: str
    candidate: Value
    baseline: Value
    difference: Value
    margin: str
    p: str
    detectable: str
    verdict: str
    style: str
    pairs: Pairs | None
    unparsed: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RunView:
    """A whole page about a run; live says that it will change."""

    id: str
    word: str
    style: str
    headline: str
    live: bool
    has_report: bool
    model: str
    suite: str
    engines: str
    created: str
    took: str
    tags: tuple[str, ...]
    pull_request: str | None
    reasons: tuple[str, ...]
    comparisons: tuple[ComparisonRow, ...]
    parity: tuple[ParityView, ...]
    serving: tuple[ServingView, ...]
    has_pairs: bool
    has_items: bool
    partial: str
    jobs: tuple[JobView, ...]
    logs: tuple[LogView, ...]
    flips: tuple[FlipsView, ...]
    versions: tuple[FactRow, ...]
    commands: tuple[CommandRow, ...]
    files: tuple[FileRow, ...]
    fingerprints: tuple[FingerprintRow, ...] = ()
    companions: tuple[CompanionRow, ...] = ()
    gpu: GpuView | None = None


def run_view(
    run: RunRecord,
    jobs: Sequence[JobRecord],
    report: Report | None,
    *,
    now: float,
    logs: Mapping[str, str | None] = MappingProxyType({}),
    passes: Sequence[Pass] = (),
) -> RunView:
    """Return the page's content; report is None until it is written, now is in Unix seconds.

    logs: the ends of running jobs' logs. passes: what a duel has measured so far.
    """
    word, style = standing(run)
    asked, wanted = run.submission, run.submission.pull_request
    live = run.state != RunState.FINISHED
    views = tuple(job_view(job, now=now) for job in jobs)
    items = any(has_items(workload.benchmark) for workload in workloads_in(jobs).values())
    return RunView(
        id=run.id,
        word=word,
        style=style,
        headline=run.headline or "",
        live=live,
        has_report=report is not None and not live,
        model=model_name(asked.model),
        suite=asked.suite + (f", first {asked.limit:,} items" if asked.limit is not None else ""),
        engines=f"{asked.candidate.kind} against {asked.baseline_words}",
        created=moment(run.created_at),
        took=duration(seconds_between(run.created_at, run.finished_at)),
        tags=asked.tags,
        pull_request=f"{wanted.repository}#{wanted.number}" if wanted else None,
        reasons=report.reasons if report else (),
        comparisons=tuple(comparison_row(item) for item in _with_margins(report)),
        parity=tuple(parity_view(result, report.comparisons) for result in report.parity) if report else (),
        serving=tuple(serving_view(result) for result in report.serving) if report else (),
        has_pairs=_has_pairs(report),
        has_items=items,
        partial=partial_words(run, report),
        jobs=views,
        logs=log_views(jobs, views, logs),
        flips=flips_views(run.id, report.comparisons) if report else (),
        versions=fact_rows(report.candidate, report.baseline) if report else (),
        commands=commands(run, report),
        files=files(run, jobs, report, items=items),
        fingerprints=fingerprint_rows(report.fingerprints) if report else (),
        gpu=gpu_view(jobs, report.serving if report else (), passes),
        companions=tuple(companion_row(side) for side in report.companions) if report else (),
    )


def partial_words(run: RunRecord, report: Report | None) -> str:
    """Return why a run is only a part of what its workloads ask; "" for a whole one."""
    if run.submission.asked_limit is not None:
        return f"only the first {run.submission.asked_limit:,} items of each task were asked"
    early = [one.decided_after for one in report.comparisons if one.decided_after is not None] if report else []
    return f"it stopped early, after {min(early):,} items" if early else ""


def _with_margins(report: Report | None) -> list[Comparison]:
    """Return the comparisons that are not shown as checks of parity or as ratios of a duel."""
    if report is None:
        return []
    shown = {result.workload for result in report.parity} | {result.workload for result in report.serving}
    return [item for item in report.comparisons if item.workload not in shown]


def _has_pairs(report: Report | None) -> bool:
    """Tell whether a report compares answers to items, of which there may be flips."""
    kinds = {comparison.metric.kind for comparison in report.comparisons} if report else set()
    return Kind.ACCURACY in kinds


def comparison_row(comparison: Comparison) -> ComparisonRow:
    """Return a comparison in words."""
    lost = [side.unparsed if side else 0 for side in (comparison.candidate, comparison.baseline)]
    return ComparisonRow(
        workload=comparison.workload,
        metric=metric_name(comparison.metric.name, comparison.filter),
        decides=comparison.decides,
        n=sizes(comparison),
        candidate=_value(measured(comparison.candidate, interval=True)),
        baseline=_value(measured(comparison.baseline, interval=True)),
        difference=_value(difference(comparison)),
        margin=margin(comparison),
        p=p_value(comparison.mcnemar_p),
        detectable=amount(comparison.detectable_drop, comparison.metric),
        verdict=verdict_word(comparison.verdict) if comparison.decides else "reported only",
        style=comparison.verdict.value if comparison.decides and comparison.verdict else "neutral",
        pairs=comparison.pairs,
        unparsed=f"{lost[0]:,} / {lost[1]:,}" if any(lost) else "",
        reasons=comparison.reasons,
    )


def _value(text: str) -> Value:
    value, bracket, interval = text.partition("[")
    return Value(value.rstrip(), bracket + interval)
