"""Compare a workload whose jobs could stop early: over the items, in their order, that both sides have answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import takewhile

from evals.compare import compare_workload
from evals.compare_early import Early, compare_early
from evals.metrics import Direction
from evals.outcome import Verdict
from evals.pairing import Item
from evals.result import Comparison, Score
from evals.spec import Workload


def compare_gate(
    *,
    workload: Workload,
    candidate: Sequence[Score],
    baseline: Sequence[Score],
    order: Sequence[Item],
    tests: int = 1,
    differing_settings: Sequence[str] = (),
    directions: Mapping[str, Direction] | None = None,
) -> tuple[Comparison, ...]:
    """Return what `compare_early` says of the beginning of the order to which both sides have all answers.

    order: of all items, as it was drawn before any was asked; what lies beyond the first gap is left out, because
    answers that are still to come are no random sample. Without a decision such a beginning decides nothing: where it
    ended depended on answers.
    """
    both = _items(candidate, workload) & _items(baseline, workload)
    taken = tuple(takewhile(both.__contains__, order))
    if not taken:
        return compare_workload(
            workload=workload,
            candidate=candidate,
            baseline=baseline,
            differing_settings=differing_settings,
            directions=directions,
        )
    kept = set(taken)
    first, *others = compare_early(
        workload=workload,
        candidate=[score for score in candidate if (score.task, score.doc_id) in kept],
        baseline=[score for score in baseline if (score.task, score.doc_id) in kept],
        early=Early(order=taken, tests=tests, items=len(order)),
        differing_settings=differing_settings,
        directions=directions,
    )
    if len(taken) < len(order) and first.decided_after is None and first.verdict is not Verdict.INCOMPARABLE:
        first = _undecided(first, len(taken), len(order))
    if len(taken) < len(order) or first.decided_after is not None:
        others = [_without_fixed_n(row) for row in others]
    return (first, *others)


def _items(scores: Sequence[Score], workload: Workload) -> set[Item]:
    """Return the items to which there are all answers."""
    answers: dict[Item, set[int]] = defaultdict(set)
    for score in scores:
        answers[(score.task, score.doc_id)].add(score.repeat)
    return {item for item, repeats in answers.items() if len(repeats) >= workload.repeats}


def _undecided(row: Comparison, taken: int, items: int) -> Comparison:
    reason = (
        f"both sides stopped early, after {taken:,} of {items:,} items, and those do not decide under this metric, or "
        "hold no result: submit it without early stopping"
    )
    return replace(_without_fixed_n(row), verdict=Verdict.INCONCLUSIVE, reasons=(reason,))


def _without_fixed_n(row: Comparison) -> Comparison:
    """Take away what holds of a number of items that was fixed beforehand, and of no other."""
    return replace(row, low=None, high=None, p_pass=None, p_fail=None, detectable_drop=None, mcnemar_p=None)
