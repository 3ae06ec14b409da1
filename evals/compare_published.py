"""Compare one workload with a published value: unpaired, and said so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from statistics import NormalDist

from evals.baseline import PublishedValue, published_words
from evals.compare import compare_workload, not_blind
from evals.deciding import reasons_for, verdict_on
from evals.differences import Difference
from evals.measure import is_binary, is_bounded
from evals.metrics import METRICS, Direction, Metric
from evals.repeats import by_item
from evals.result import Comparison, Measurement, Score
from evals.spec import Workload
from evals.statistics.interval import CONFIDENCE, POWER, Interval, two_sided_z
from evals.statistics.means import mean
from evals.statistics.unpaired import Estimate, of_share, of_values, unpaired_evidence, with_error


def compare_with_published(
    *,
    workload: Workload,
    candidate: Sequence[Score],
    published: PublishedValue,
    directions: Mapping[str, Direction] | None = None,
) -> tuple[Comparison, ...]:
    """Return one comparison for each "metric,filter" of the candidate; the workload's own is held against the value.

    Of the others nothing was published. Nobody knows on which items and prompts the value was measured, so that
    nothing can be paired: the interval is that of two independent samples. Where the items were the same after all it
    is too wide, never too narrow.
    """
    rows = compare_workload(workload=workload, candidate=candidate, baseline=(), directions=directions)
    own = [score for score in by_item(candidate) if score.metric == workload.metric]
    known = directions or {}
    return tuple(_judged(row, published, own, known) if row.decides else _alone(row) for row in rows)


def _alone(row: Comparison) -> Comparison:
    return replace(row, reasons=("nothing was published of this metric",))


def _judged(
    row: Comparison, published: PublishedValue, scores: Sequence[Score], directions: Mapping[str, Direction]
) -> Comparison:
    known = row.metric.name in METRICS or row.metric.name in directions
    if not scores or not known or not all(isfinite(score.value) for score in scores):
        return row
    margin, theirs = row.margin or 0.0, _of_published(published)
    found = _difference(scores, row.metric, theirs, margin)
    verdict = verdict_on(found, margin)
    heard = any(score.parsed for score in scores)
    interval = found.interval
    said = f"unpaired: the baseline is {published_words(published)}, whose items and prompts nobody has held to these"
    judged = replace(
        row,
        verdict=verdict,
        baseline=_measured(row, published, theirs),
        difference=found.value,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        p_pass=found.p_pass,
        p_fail=found.p_fail,
        detectable_drop=found.detectable_drop,
        only_in_candidate=0,
        reasons=(*reasons_for(verdict, found, row.metric, margin, len(scores)), said),
    )
    return not_blind(judged, silent=not heard)


def _measured(row: Comparison, published: PublishedValue, estimate: Estimate) -> Measurement:
    interval = estimate[1](CONFIDENCE)
    return Measurement(
        metric=row.metric,
        filter=row.filter,
        value=published.value,
        n=published.n or 0,
        low=interval.low,
        high=interval.high,
    )


def _of_published(published: PublishedValue) -> Estimate:
    """Return the estimate by its standard error, or else by n; an error of zero, as at 100 %, says less than n."""
    if published.stderr or published.n is None:
        return with_error(published.value, published.stderr or 0.0)
    return of_share(published.value * published.n, published.n)


def _difference(scores: Sequence[Score], metric: Metric, baseline: Estimate, margin: float) -> Difference:
    values = [score.value for score in scores]
    candidate = None if is_binary(scores) else of_values(values)
    if candidate is None and is_bounded(scores):
        candidate = of_share(sum(values), len(values))
    higher = metric.direction is Direction.HIGHER
    evidence = unpaired_evidence(candidate, baseline, margin, higher_is_better=higher) if candidate else None
    gain = evidence.interval if evidence else None
    return Difference(
        value=mean(values) - baseline[0],
        gain=gain,
        interval=gain if higher or gain is None else gain.mirrored(),
        p_pass=evidence.p_pass if evidence else None,
        p_fail=evidence.p_fail if evidence else None,
        detectable_drop=margin + _reach(gain) if gain else None,
        paired=False,
    )


def _reach(gain: Interval) -> float:
    """Return how far beyond the margin a true drop must lie to be failed with 80 % power (normal approximation)."""
    return gain.width / 2 * (1 + NormalDist().inv_cdf(POWER) / two_sided_z())
