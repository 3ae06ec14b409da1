"""What a comment shows of the engine's own checks."""

from __future__ import annotations

from collections.abc import Sequence

from evals.formatting import measured
from evals.render.escape import plain
from evals.render.signs import verdict_cell
from evals.render.tables import table
from evals.result import Comparison


def checks_table(comparisons: Sequence[Comparison]) -> str:
    """Return the table of engine checks; "" without any."""
    if not comparisons:
        return ""
    return table(("the engine's own check", "passed", "n", "verdict"), (_row(comparison) for comparison in comparisons))


def _row(comparison: Comparison) -> tuple[str, ...]:
    return (
        plain(comparison.workload, 60),
        measured(comparison.candidate),
        f"{comparison.candidate.n:,}" if comparison.candidate else "–",
        verdict_cell(comparison.verdict),
    )
