"""One side's scores under one metric, as a measurement with its interval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import fsum, isfinite

from evals.metrics import METRICS, Direction, Kind, Metric
from evals.repeats import MAJORITY, PASS_AT_ALL
from evals.result import Measurement, Score
from evals.statistics.means import mean, t_interval
from evals.statistics.proportions import wilson_interval


def split_metric(name: str) -> tuple[str, str | None]:
    """Split lm-eval's "metric,filter"; the filter is None where there is none."""
    metric, _, filter_ = name.partition(",")
    return metric, filter_ or None


def metric_of(name: str, scores: Iterable[Score] = (), *, direction: Direction | None = None) -> Metric:
    """Return the known metric of this name, or else a stand-in to report it under.

    The stand-in claims to be a share when all values lie in [0, 1]. direction: what the harness says of it; without
    that, higher is a guess, by which nothing may be judged.
    """
    for suffix in ("", PASS_AT_ALL, MAJORITY):
        base = METRICS.get(name.removesuffix(suffix)) if name.endswith(suffix) else None
        if base is not None:
            return base if not suffix else replace(base, name=name, title=base.title + suffix.replace("_", " "))
    unit = "share" if all(0 <= score.value <= 1 for score in scores) else ""
    return Metric(
        name=name,
        title=name.replace("_", " "),
        unit=unit,
        direction=direction or Direction.HIGHER,
        kind=Kind.ACCURACY,
    )


def is_binary(scores: Iterable[Score]) -> bool:
    """Tell whether every value is a plain wrong (0) or right (1)."""
    return all(score.value in (0, 1) for score in scores)


def is_bounded(scores: Iterable[Score]) -> bool:
    """Tell whether every value lies in [0, 1]."""
    return all(0 <= score.value <= 1 for score in scores)


def measure(scores: Sequence[Score], metric: Metric, filter_: str | None) -> Measurement | None:
    """Return the mean of the scores' values with its 95 % interval; None when there is none to measure.

    Wilson's interval for shares, Student's t for other values, and Wilson's again where those are bounded but
    too few or too equal for t.
    """
    values = [score.value for score in scores if isfinite(score.value)]
    if not values:
        return None
    interval = None if is_binary(scores) else t_interval(values)
    if interval is None and is_bounded(scores):
        interval = wilson_interval(fsum(values), len(values))
    return Measurement(
        metric=metric,
        filter=filter_,
        value=mean(values),
        n=len(values),
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        unparsed=sum(not score.parsed for score in scores),
    )
