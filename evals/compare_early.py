"""Compare one workload item by item, and end as soon as pass or fail is certain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evals.compare import compare_workload
from evals.differences import FEWEST_GROUPS
from evals.formatting import margin_of
from evals.measure import is_bounded
from evals.metrics import Direction
from evals.outcome import Verdict
from evals.pairing import Item
from evals.repeats import by_item
from evals.result import Comparison, Score
from evals.spec import Workload
from evals.statistics.sequential import EARLY_CONFIDENCE, SequentialDecision, decide_sequentially


@dataclass(frozen=True, kw_only=True)
class Early:
    """Say how a comparison may end early.

    order: the items in the order in which they are taken. It must have been drawn at random before any score was seen
    (`evals.statistics.ordering`): in the order of a dataset, which goes by subject, the guarantee does not hold.
    look_every: after how many further items the sequence is looked at. tests: how many workloads of the run decide.
    items: how many there are in all, where the order is only their beginning.
    """

    order: Sequence[Item]
    look_every: int = 1
    tests: int = 1
    items: int | None = None


def compare_early(
    *,
    workload: Workload,
    candidate: Sequence[Score],
    baseline: Sequence[Score],
    early: Early,
    differing_settings: Sequence[str] = (),
    directions: Mapping[str, Direction] | None = None,
    fewest_groups: int = FEWEST_GROUPS,
) -> tuple[Comparison, ...]:
    """Return what `compare_workload` does, of no more items than the deciding metric took.

    Half of the error belongs to the sequence, half to the judgement of all items, which follows when the sequence
    decided nothing: wrong passes and fails are no more frequent than without looking. The sequence speaks of the
    benchmark's own subjects; that these could have been others is in the judgement of all items alone. p values are
    twice their own for the same reason. Scores outside [0, 1] are incomparable, because no bet on them is bounded.
    """
    kept: dict[str, Any] = {
        "workload": workload,
        "differing_settings": differing_settings,
        "directions": directions,
        "fewest_groups": fewest_groups,
    }
    first, *others = compare_workload(candidate=candidate, baseline=baseline, confidence=EARLY_CONFIDENCE, **kept)
    if first.verdict is Verdict.INCOMPARABLE:
        return (first, *others)
    ours, theirs = (_deciding(side, beside, workload.metric) for side, beside in _both(candidate, baseline))
    if not is_bounded([*ours.values(), *theirs.values()]):
        reason = "scores outside 0 to 1 cannot be judged on the way: compare them without early stopping"
        return (replace(first, verdict=Verdict.INCOMPARABLE, reasons=(reason,)), *others)
    decision = _decision(early, ours, theirs, workload.margin, first.metric.direction)
    if decision.decided_at is None:
        return (_at_the_end(first), *others)
    taken = set(early.order[: decision.n])
    groups = first.groups
    own, other = ([one for one in side if (one.task, one.doc_id) in taken] for side in (candidate, baseline))
    first, *others = compare_workload(candidate=own, baseline=other, **kept)
    return (_on_the_way(first, decision, early.items or len(early.order), groups), *others)


def _decision(
    early: Early, ours: Mapping[Item, Score], theirs: Mapping[Item, Score], margin: float, direction: Direction
) -> SequentialDecision:
    if len(set(early.order)) != len(early.order) or set(early.order) != ours.keys():
        raise ValueError("the order does not name each item once")
    sign = 1.0 if direction is Direction.HIGHER else -1.0
    # Equal silence is no pass: nothing is decided before something was found in an answer.
    heard = (place for place, item in enumerate(early.order, 1) if ours[item].parsed or theirs[item].parsed)
    return decide_sequentially(
        [sign * (ours[item].value - theirs[item].value) for item in early.order],
        margin,
        look_every=early.look_every,
        start=next(heard, len(early.order) + 1),
        confidence=EARLY_CONFIDENCE,
        tests=early.tests,
    )


def _both(one: Sequence[Score], other: Sequence[Score]) -> tuple[tuple[Sequence[Score], Sequence[Score]], ...]:
    return (one, other), (other, one)


def _deciding(scores: Sequence[Score], beside: Sequence[Score], metric: str) -> dict[Item, Score]:
    return {(score.task, score.doc_id): score for score in by_item(scores, beside=beside) if score.metric == metric}


def _at_the_end(row: Comparison) -> Comparison:
    reason = (
        "the items did not decide on the way, and all of them together are judged at 97.5 %, because half of the error "
        "was spent on looking"
    )
    return replace(row, reasons=(*row.reasons, reason), p_pass=_doubled(row.p_pass), p_fail=_doubled(row.p_fail))


def _doubled(p: float | None) -> float | None:
    return None if p is None else min(1.0, 2 * p)


def _on_the_way(row: Comparison, decision: SequentialDecision, items: int, groups: int | None) -> Comparison:
    """Give a comparison of the items taken what the sequence says; p values and reach of fixed numbers are void."""
    higher = row.metric.direction is Direction.HIGHER
    interval = decision.interval if higher else decision.interval.mirrored()
    allowed = margin_of(row.margin, row.metric)
    reason = (
        f"decided after {decision.decided_at:,} of {items:,} items: the sequence's interval, which holds at whatever "
        f"time one looks, is wholly {'better' if decision.verdict is Verdict.PASS else 'worse'} than the margin of "
        f"{allowed}"
    )
    return replace(
        row,
        verdict=decision.verdict,
        low=interval.low,
        high=interval.high,
        mcnemar_p=None,
        p_pass=_doubled(decision.p_pass),
        p_fail=_doubled(decision.p_fail),
        groups=None,
        detectable_drop=None,
        decided_after=decision.decided_at,
        reasons=(reason, *_these_alone(groups)),
    )


def _these_alone(groups: int | None) -> tuple[str, ...]:
    if groups is None:
        return ()
    return (
        f"the decision speaks of these {groups:,} subjects alone: that they differ among themselves, and others from "
        "them, is not counted",
    )
