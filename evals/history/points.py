"""The points that a report adds to its lineages: one value for each side, workload and metric that decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp, isfinite, log
from typing import NamedTuple

from evals.duel.results import Pass, ServingResult
from evals.duel.words import at_level
from evals.fingerprint import Fingerprint, Fingerprints
from evals.fingerprinting import lineage_of
from evals.formatting import metric_name
from evals.history.setups import setup_of, source_of, version_of
from evals.lineage import Lineage
from evals.lineage_results import why_partial
from evals.metrics import SERVING_METRICS, Kind
from evals.result import Comparison, Measurement, Report, SideSummary
from evals.spec import EngineSpec, Role, Submission, Workload
from evals.statistics.interval import Interval
from evals.statistics.means import t_interval
from evals.workload_kinds import has_items

_HAVE_LEVELS = frozenset({Kind.ACCURACY, Kind.PERFORMANCE})


class RunKind(StrEnum):
    """Why a run was made, as far as its submission tells."""

    NIGHTLY = "nightly"
    MAIN = "main"
    PULL_REQUEST = "pull_request"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Point:
    """Hold one side's value of one metric in one run.

    setup: a hash over what else must be equal in a series (arguments, weights, dataset ...). metric: "metric,filter",
    of serving workloads with the level. unit, direction: of the metric. low, high: its own 95 % interval, None where
    unknown. source: what names the code (see `evals.history.setups.source_of`). partial: why it is no point of the
    series; None when it is. reused: whether answers were taken from an earlier job, so that it measured nothing anew.
    """

    side: Role
    workload: str
    lineage: Lineage
    setup: str
    metric: str
    unit: str
    direction: str
    value: float
    low: float | None
    high: float | None
    n: int
    source: str | None
    version: str | None
    partial: str | None = None
    reused: bool = False

    @property
    def relative(self) -> bool:
        """Tell whether sizes of this metric are shares of its level; shares themselves differ in points."""
        return self.unit != "share"


class _Side(NamedTuple):
    role: Role
    engine: EngineSpec
    summary: SideSummary
    measured: Measurement | None
    fingerprint: Fingerprint | None


def kind_of(submission: Submission) -> RunKind:
    """Return why a run was made: a pull request's candidate is never a point of main, whatever its tags say."""
    if submission.pull_request is not None:
        return RunKind.PULL_REQUEST
    named = (kind for kind in (RunKind.NIGHTLY, RunKind.MAIN) if kind.value in submission.tags)
    return next(named, RunKind.OTHER)


def points_of(report: Report, submission: Submission, workloads: Mapping[str, Workload]) -> list[Point]:
    """Return the points of a report; none for parity and engine checks, which have no level of their own.

    workloads: by name, as the run's jobs were asked for them.
    """
    fingerprints = {held.workload: held for held in report.fingerprints}
    serving = {result.workload: result for result in report.serving}
    return [
        point
        for comparison in report.comparisons
        if comparison.decides and comparison.metric.kind in _HAVE_LEVELS and comparison.workload in workloads
        for point in _sides(
            report,
            submission,
            comparison,
            workloads[comparison.workload],
            fingerprints.get(comparison.workload),
            serving.get(comparison.workload),
        )
    ]


def _sides(
    report: Report,
    submission: Submission,
    comparison: Comparison,
    workload: Workload,
    held: Fingerprints | None,
    serving: ServingResult | None,
) -> Iterator[Point]:
    ours, theirs = (held.candidate, held.baseline) if held else (None, None)
    sides = [_Side(Role.CANDIDATE, submission.candidate, report.candidate, comparison.candidate, ours)]
    if submission.launches_baseline:
        sides.append(_Side(Role.BASELINE, submission.baseline, report.baseline, comparison.baseline, theirs))
    for side in sides:
        if side.measured is not None and isfinite(side.measured.value):
            yield _point(submission, comparison, workload, side, side.measured, serving)


def _point(
    submission: Submission,
    comparison: Comparison,
    workload: Workload,
    side: _Side,
    measured: Measurement,
    serving: ServingResult | None,
) -> Point:
    engine, summary, fingerprint = side.engine, side.summary, side.fingerprint
    interval = _interval(comparison, measured, side.role, serving)
    hardware = fingerprint.hardware if fingerprint else summary.hardware
    return Point(
        side=side.role,
        workload=workload.name,
        lineage=lineage_of(submission.model, workload, engine.kind, hardware),
        setup=setup_of(engine, fingerprint),
        metric=metric_name(comparison.metric.name, comparison.filter),
        unit=comparison.metric.unit,
        direction=comparison.metric.direction.value,
        value=measured.value,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        n=measured.n,
        source=source_of(engine, summary, fingerprint),
        version=version_of(engine, summary, fingerprint),
        partial=_why_partial(comparison, workload, side, measured),
        reused=bool(summary.reused) and has_items(workload.benchmark),
    )


def _why_partial(comparison: Comparison, workload: Workload, side: _Side, measured: Measurement) -> str | None:
    if comparison.decided_after is not None:
        return f"the run stopped early, after {comparison.decided_after:,} items"
    lacking = comparison.only_in_baseline if side.role is Role.CANDIDATE else comparison.only_in_candidate
    if lacking:
        return f"{lacking:,} items have no answer"
    told = side.fingerprint.items.get("items") if side.fingerprint and has_items(workload.benchmark) else None
    if told not in (None, str(measured.n)):
        return f"{measured.n:,} of {told} items have an answer"
    return why_partial(workload)


def _interval(
    comparison: Comparison, measured: Measurement, role: Role, serving: ServingResult | None
) -> Interval | None:
    if measured.low is not None and measured.high is not None:
        return Interval(low=measured.low, high=measured.high)
    if serving is None:
        return None
    counted = [one for one in serving.passes if _counts(one, comparison, role)]
    values = [value for one in counted if (value := one.values.get(comparison.metric.name)) is not None and value > 0]
    return _geometric(values)


def _counts(one: Pass, comparison: Comparison, role: Role) -> bool:
    named = comparison.metric.name in SERVING_METRICS and comparison.filter == at_level(one.level)
    return named and one.round >= 0 and one.side == role.value and not one.spoiled


def _geometric(values: Sequence[float]) -> Interval | None:
    interval = t_interval([log(value) for value in values])
    return Interval(low=exp(interval.low), high=exp(interval.high)) if interval else None
