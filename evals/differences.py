"""The difference of one metric over its pairs: shares by Tango's interval, other values by Student's t."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import stdev

from evals.measure import is_binary, is_bounded
from evals.metrics import Direction, Metric
from evals.result import Flip, Pairs, Score
from evals.spec import Role
from evals.statistics.interval import Interval
from evals.statistics.means import mean, paired_mean_interval
from evals.statistics.paired import mcnemar_exact_p, tango_interval
from evals.statistics.power import detectable_drop, detectable_mean_drop, items_needed, items_needed_for_mean

ScorePairs = Sequence[tuple[Score, Score]]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Hold candidate minus baseline with its interval, and what it takes to decide about it.

    needed: items that would decide if the observed difference were the true one; None if no number would.
    """

    value: float
    interval: Interval | None
    pairs: Pairs | None
    mcnemar_p: float | None
    detectable_drop: float | None
    needed: int | None
    flips: tuple[Flip, ...]


def difference_of(pairs: ScorePairs, metric: Metric, margin: float) -> Difference:
    """Compare at least one pair of scores of one metric; `margin` in the metric's unit, 0 for none."""
    scores = [score for pair in pairs for score in pair]
    if is_binary(scores):
        return _of_shares(pairs, metric, margin)
    return _of_means(pairs, metric, margin, span=1.0 if is_bounded(scores) else None)


def _of_shares(pairs: ScorePairs, metric: Metric, margin: float) -> Difference:
    right = 1 if metric.direction is Direction.HIGHER else 0
    table = _count(pairs, right)
    gain = tango_interval(table.only_candidate, table.only_baseline, table.n)
    gained = (table.only_candidate - table.only_baseline) / table.n
    discordance = (table.only_candidate + table.only_baseline) / table.n
    return Difference(
        value=gained if right else -gained,
        interval=gain if right else gain.mirrored(),
        pairs=table,
        mcnemar_p=mcnemar_exact_p(table.only_candidate, table.only_baseline),
        detectable_drop=detectable_drop(table.n, discordance, margin=margin),
        needed=items_needed(margin, discordance, difference=gained),
        flips=_flips(pairs, right),
    )


def _of_means(pairs: ScorePairs, metric: Metric, margin: float, *, span: float | None) -> Difference:
    differences = [ours.value - theirs.value for ours, theirs in pairs]
    value = mean(differences)
    gained = value if metric.direction is Direction.HIGHER else -value
    deviation = stdev(differences) if len(differences) > 1 else None
    return Difference(
        value=value,
        interval=paired_mean_interval(differences, span=span),
        pairs=None,
        mcnemar_p=None,
        detectable_drop=detectable_mean_drop(len(pairs), deviation, margin=margin) if deviation else None,
        needed=items_needed_for_mean(margin, deviation, difference=gained) if deviation else None,
        flips=(),
    )


def _count(pairs: ScorePairs, right: int) -> Pairs:
    outcomes = [(ours.value == right, theirs.value == right) for ours, theirs in pairs]
    return Pairs(
        both_right=outcomes.count((True, True)),
        only_candidate=outcomes.count((True, False)),
        only_baseline=outcomes.count((False, True)),
        neither=outcomes.count((False, False)),
    )


def _flips(pairs: ScorePairs, right: int) -> tuple[Flip, ...]:
    return tuple(
        Flip(
            task=ours.task,
            doc_id=ours.doc_id,
            right=Role.CANDIDATE if ours.value == right else Role.BASELINE,
            candidate_extracted=ours.extracted,
            baseline_extracted=theirs.extracted,
            gold=ours.gold,
        )
        for ours, theirs in pairs
        if ours.value != theirs.value
    )
