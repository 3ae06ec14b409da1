"""The fold that shows how far a score depends on the scorer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evals.formatting import difference, measured, metric_name, points
from evals.render.escape import plain
from evals.render.tables import fold, table
from evals.result import Comparison


def scorer_fold(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Yield the deciding metric under every scorer or filter, where there is more than one."""
    rows = [row for comparison in comparisons if comparison.decides for row in _rows(comparison, comparisons)]
    if not rows:
        return
    header = ("workload: metric", "candidate", "baseline", "difference [95 %]", "spread of the candidate")
    note = (
        "The same answers under each scorer. The spread is the difference between this scorer and the deciding one: "
        "what the choice of a scorer alone changes. An official accuracy counts an unparsed answer as the chance that "
        "the official evaluator, which guesses there, is right."
    )
    yield fold("How far the scores depend on the scorer", f"{table(header, rows)}\n\n{note}")


def _rows(deciding: Comparison, comparisons: Sequence[Comparison]) -> list[tuple[str, ...]]:
    name = deciding.metric.name
    related = [
        comparison
        for comparison in comparisons
        if comparison.workload == deciding.workload and comparison.metric.name in (name, f"{name}_official")
    ]
    return [_row(deciding, comparison) for comparison in related] if len(related) > 1 else []


def _row(deciding: Comparison, comparison: Comparison) -> tuple[str, ...]:
    name = metric_name(comparison.metric.name, comparison.filter)
    return (
        f"{plain(comparison.workload, 60)}: {plain(name, 80)}{' (decides)' if comparison.decides else ''}",
        measured(comparison.candidate),
        measured(comparison.baseline),
        difference(comparison),
        _spread(deciding, comparison),
    )


def _spread(deciding: Comparison, comparison: Comparison) -> str:
    if comparison.decides or deciding.candidate is None or comparison.candidate is None:
        return "–"
    return points(comparison.candidate.value - deciding.candidate.value)
