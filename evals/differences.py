"""The difference of one metric over its pairs: shares by Tango's interval, other values by Student's t.

Where the items come in groups, the groups' own interval stands beside it, and the wider of the two decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import stdev

from evals.measure import is_binary, is_bounded
from evals.metrics import Direction, Metric
from evals.result import Flip, Pairs, Score
from evals.spec import Role
from evals.statistics.clusters import clustered_mean
from evals.statistics.evidence import Evidence, of_groups, of_means, of_shares, weaker
from evals.statistics.interval import CONFIDENCE, POWER, Interval
from evals.statistics.means import mean
from evals.statistics.paired import mcnemar_exact_p
from evals.statistics.power import detectable_drop, detectable_mean_drop, items_needed, items_needed_for_mean

ScorePairs = Sequence[tuple[Score, Score]]

FEWEST_GROUPS = 5
"""From how many on a benchmark's tasks are groups, as MMLU's subjects are. Fewer are its parts: what is said holds for
these very tasks, because two or three can hardly tell how much others would differ."""


NOTABLE = 1.05
"""From how much widening on groups are spoken of; then more items of the same groups would not decide."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Hold candidate minus baseline with its interval, and what it takes to decide about it.

    gain: the same interval, turned so that more is better. p_pass, p_fail: see `evals.statistics.evidence`. groups: how
    many the items come in; None when they count as independent. widening: how much wider the interval is for that.
    needed: items that would decide if the observed difference were the true one; None if no number would. paired: not
    against a value alone, whose own error no number of items makes smaller.
    """

    value: float
    gain: Interval | None
    interval: Interval | None
    p_pass: float | None
    p_fail: float | None
    detectable_drop: float | None
    needed: int | None = None
    groups: int | None = None
    widening: float = 1.0
    pairs: Pairs | None = None
    mcnemar_p: float | None = None
    flips: tuple[Flip, ...] = ()
    paired: bool = True


def difference_of(
    pairs: ScorePairs,
    metric: Metric,
    margin: float,
    *,
    confidence: float = CONFIDENCE,
    fewest_groups: int = FEWEST_GROUPS,
) -> Difference:
    """Compare at least one pair of scores of one metric; `margin` in the metric's unit, 0 for none.

    The items' groups are the scores' tasks, from `fewest_groups` on.
    """
    right = 1 if metric.direction is Direction.HIGHER else 0
    sign = 1.0 if right else -1.0
    scores = [score for pair in pairs for score in pair]
    table = _count(pairs, right=right) if is_binary(scores) else None
    span = 1.0 if is_bounded(scores) else None
    gains = [sign * (ours.value - theirs.value) for ours, theirs in pairs]
    tasks = [ours.task for ours, _ in pairs]
    groups = len(set(tasks)) if len(set(tasks)) >= max(2, fewest_groups) else None
    items = _of_items(gains, table, margin, span, confidence)
    evidence = weaker(items, of_groups(gains, tasks, margin, confidence=confidence)) if groups else items
    gain = evidence.interval if evidence else None
    widening = max(1.0, gain.width / items.interval.width) if gain and items else 1.0
    drop, needed = _reach(gains, table, margin, span, confidence)
    if groups and widening >= NOTABLE:
        drop, needed = _reach_of_groups(gains, tasks, margin, drop, confidence), None
    return Difference(
        value=mean([ours.value - theirs.value for ours, theirs in pairs]),
        gain=gain,
        interval=gain if right or gain is None else gain.mirrored(),
        p_pass=evidence.p_pass if evidence else None,
        p_fail=evidence.p_fail if evidence else None,
        groups=groups,
        widening=widening,
        pairs=table,
        mcnemar_p=mcnemar_exact_p(table.only_candidate, table.only_baseline) if table else None,
        detectable_drop=drop,
        needed=needed,
        flips=_flips(pairs, right=right) if table else (),
    )


def _of_items(
    gains: Sequence[float], table: Pairs | None, margin: float, span: float | None, confidence: float
) -> Evidence | None:
    if table is None:
        return of_means(gains, margin, span=span, confidence=confidence)
    return of_shares(table.only_candidate, table.only_baseline, table.n, margin, confidence=confidence)


def _reach(
    gains: Sequence[float], table: Pairs | None, margin: float, span: float | None, confidence: float
) -> tuple[float | None, int | None]:
    """Return the detectable drop and the items needed, of independent items."""
    n, gained = len(gains), mean(gains)
    if table is not None:
        discordance = (table.only_candidate + table.only_baseline) / table.n
        drop = detectable_drop(n, discordance, margin=margin, confidence=confidence)
        return drop, items_needed(margin, discordance, difference=gained, confidence=confidence)
    deviation = stdev(gains) if n > 1 else 0.0
    if not deviation and span is None:
        return None, None
    drop = detectable_mean_drop(n, deviation, margin=margin, span=span, confidence=confidence)
    return drop, items_needed_for_mean(margin, deviation, difference=gained, span=span, confidence=confidence)


def _reach_of_groups(
    gains: Sequence[float], groups: Sequence[str], margin: float, drop: float | None, confidence: float
) -> float | None:
    """Return the drop that the groups can detect, by their own error; never less than independent items can.

    Normal approximation with Student's quantiles: margin + (t_a + t_b) error.
    """
    found = clustered_mean(gains, groups)
    if found is None or drop is None:
        return drop
    from scipy.special import stdtrit

    t_a, t_b = (float(stdtrit(found.degrees, share)) for share in (0.5 + confidence / 2, POWER))
    return max(drop, margin + (t_a + t_b) * found.error)


def _count(pairs: ScorePairs, *, right: int) -> Pairs:
    outcomes = [(ours.value == right, theirs.value == right) for ours, theirs in pairs]
    return Pairs(
        both_right=outcomes.count((True, True)),
        only_candidate=outcomes.count((True, False)),
        only_baseline=outcomes.count((False, True)),
        neither=outcomes.count((False, False)),
    )


def _flips(pairs: ScorePairs, *, right: int) -> tuple[Flip, ...]:
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
