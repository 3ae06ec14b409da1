"""A run with its report as the page shows it; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dashboard.flip_view import FlipView, flip_view
from dashboard.job_view import JobView, job_view
from dashboard.parity_view import ParityView, parity_view
from dashboard.serving_view import ServingView, serving_view
from dashboard.words import duration, moment, seconds_between, standing, verdict_word
from db.jobs import JobRecord
from db.runs import RunRecord
from db.sample_pairs import SamplePair
from db.states import RunState
from evals.formatting import amount, difference, margin, measured, metric_name, p_value, sizes
from evals.metrics import Kind
from evals.result import Comparison, Pairs, Report, SideSummary


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
class FactRow:
    """A fact of both sides; a dash where one was not recorded."""

    name: str
    candidate: str
    baseline: str
    differs: bool


@dataclass(frozen=True, kw_only=True)
class CompanionRow:
    """A further job that parity asked for; error is empty when it did what it should."""

    role: str
    engine: str
    dtype: str
    state: str
    launch: str
    error: str


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
    jobs: tuple[JobView, ...]
    flips: tuple[FlipView, ...]
    flips_in_all: int
    versions: tuple[FactRow, ...]
    companions: tuple[CompanionRow, ...] = ()


def run_view(
    run: RunRecord, jobs: Sequence[JobRecord], report: Report | None, flips: Sequence[SamplePair], *, now: float
) -> RunView:
    """Return the page's content; report is None until it is written, now is in Unix seconds."""
    word, style = standing(run)
    asked, wanted = run.submission, run.submission.pull_request
    live = run.state != RunState.FINISHED
    return RunView(
        id=run.id,
        word=word,
        style=style,
        headline=run.headline or "",
        live=live,
        has_report=report is not None and not live,
        model=asked.model.path + (f"@{asked.model.revision}" if asked.model.revision else ""),
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
        jobs=tuple(job_view(job, now=now) for job in jobs),
        flips=tuple(flip_view(pair, asked.model.path) for pair in flips),
        flips_in_all=sum(len(item.flips) for item in report.comparisons if item.decides) if report else 0,
        versions=fact_rows(report.candidate, report.baseline) if report else (),
        companions=tuple(companion_row(side) for side in report.companions) if report else (),
    )


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


def companion_row(side: SideSummary) -> CompanionRow:
    """Return a companion in words."""
    return CompanionRow(
        role=side.role,
        engine=side.engine,
        dtype=str(side.settings.get("dtype", "–")),
        state=side.state,
        launch=str(side.settings.get("command") or "–"),
        error=str(side.error.get("message", "no message was recorded")) if side.error else "",
    )


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


def fact_rows(candidate: SideSummary, baseline: SideSummary) -> tuple[FactRow, ...]:
    """Return versions, hardware and settings of both sides, one row for each name."""
    ours, theirs = _facts(candidate), _facts(baseline)
    return tuple(
        FactRow(
            name=name,
            candidate=ours.get(name, "–"),
            baseline=theirs.get(name, "–"),
            differs=name in ours and name in theirs and ours[name] != theirs[name],
        )
        for name in dict.fromkeys([*ours, *theirs])
    )


def _facts(side: SideSummary) -> dict[str, str]:
    facts = {"engine": side.engine, "model": side.model}
    if side.origin:
        facts["measured"] = side.origin
    if side.hardware:
        facts["hardware"] = side.hardware
    if side.reused:
        facts["reused answers"] = f"{sum(side.reused.values()):,} from {', '.join(sorted(side.reused))}"
    facts |= dict(sorted(side.versions.items()))
    return facts | {name: str(value) for name, value in sorted(side.settings.items())}
