"""Print serving workloads in a terminal: ratios by level, and the tables that explain them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from cli.table import STYLES, new_table
from evals.duel.results import ServingResult
from evals.formatting import one_line
from evals.outcome import Verdict
from evals.render.serving.grid import Grid
from evals.render.serving.grids import grids_of
from evals.render.serving.words import (
    confidence_words,
    head_words,
    level_words,
    limit_words,
    place_of,
    ratio_words,
    reason_lines,
    value_words,
)
from evals.result import Report
from evals.verdict import WORDS

ROWS_SHOWN = 24


def serving_tables(results: Sequence[ServingResult]) -> Iterator[Table]:
    """Yield of each workload the table by level, then what stands behind it."""
    for result in results:
        yield _levels(result)
        for grid in _shown(result):
            yield _grid(f"{one_line(result.workload, 60)}: {grid.title}", grid)


def serving_notes(report: Report) -> Iterator[str]:
    """Yield what is to be said of each workload in sentences: reasons, notes, and how to repeat a pass."""
    for result in report.serving:
        name = one_line(result.workload, 60)
        told = [result.headline] if result.headline != report.headline else []
        told += [*reason_lines(result), *result.notes]
        told += [f"{grid.title}: {note}" for grid in _shown(result) for note in grid.notes]
        if result.reproduce:
            told.append(f"one pass of this load again: {result.reproduce}")
        yield from (f"{name}: {one_line(line, 600)}" for line in told)


def _levels(result: ServingResult) -> Table:
    deciding = [ratio for ratio in result.ratios if ratio.decides]
    heads = ("figure", "candidate", "baseline", f"ratio [{confidence_words(deciding)}]", "limit", "verdict")
    title = f"{one_line(result.workload, 60)}: {WORDS[result.verdict].lower()}"
    table = new_table(title, "in flight", *heads)
    table.columns[1].justify = "left"
    for ratio in sorted(deciding, key=lambda one: (one.level, place_of(one.name))):
        verdict = ratio.verdict or Verdict.ERROR
        table.add_row(
            level_words(ratio.level),
            Text(head_words(ratio.name)),
            Text(value_words(ratio.candidate, ratio.name)),
            Text(value_words(ratio.baseline, ratio.name)),
            Text(ratio_words(ratio)),
            Text(limit_words(ratio)),
            Text(WORDS[verdict].lower(), style=STYLES[verdict]),
        )
    return table


def _shown(result: ServingResult) -> list[Grid]:
    """Return the tables that a terminal shows; the page of the run has all of them."""
    return [grid for grid in grids_of(result) if grid.brief or grid.open]


def _grid(title: str, grid: Grid) -> Table:
    hidden = len(grid.rows) - ROWS_SHOWN
    shown = f"{title} (the first {ROWS_SHOWN}, {hidden:,} more)" if hidden > 0 else title
    table = new_table(shown, *(grid.heads or ("",)))
    for column in table.columns[: grid.numbers_from]:
        column.justify = "left"
    for row in grid.rows[:ROWS_SHOWN]:
        table.add_row(*(Text(one_line(cell, 120)) for cell in row))
    return table
