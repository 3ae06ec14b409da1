"""What stands behind a serving workload's ratios, as tables for comments, pages and terminals; nothing is escaped."""

from __future__ import annotations

from evals.duel.results import ServingResult
from evals.formatting import one_line
from evals.parity.judging.words import filled_columns
from evals.render.serving.client import cross_check_grid, echo_grid
from evals.render.serving.grid import LEVEL, Grid, command_lines
from evals.render.serving.passes import GPU_HEADS, answer_rows, gpu_rows, round_rows, warmup_rows
from evals.render.serving.words import (
    confidence_words,
    deciding_names,
    figure_words,
    head_words,
    is_known,
    level_words,
    metric_of,
    place_of,
    ratio_words,
)


def grids_of(result: ServingResult) -> list[Grid]:
    """Return the tables of a result that have something in them, the most telling first."""
    grids = [
        _others(result),
        _answers(result),
        *(cross_check_grid(check) for check in result.cross_checks),
        echo_grid(result.echoes),
        _gpus(result),
        _rounds(result),
        _warmups(result),
        load_grid(result),
    ]
    return [grid for grid in grids if grid.rows or grid.notes or grid.command]


def load_grid(result: ServingResult) -> Grid:
    """Return how the load was made, why no further round was run, and how to measure it again."""
    facts = [(one_line(name, 80), one_line(value, 400)) for name, value in result.facts.items()]
    if result.stopped:
        facts.append(("why it stopped", one_line(result.stopped, 400)))
    return Grid(
        title="how the load was made, and why it stopped",
        heads=("", "of both sides"),
        rows=tuple(facts),
        command=command_lines(result.reproduce),
        command_title="To measure one pass of this load again:",
        numbers_from=2,
        brief=True,
    )


def _others(result: ServingResult) -> Grid:
    rest = [ratio for ratio in result.ratios if not ratio.decides]
    rows = [
        (
            level_words(ratio.level),
            metric_of(ratio.name).title,
            figure_words(ratio.candidate, ratio.name),
            figure_words(ratio.baseline, ratio.name),
            ratio_words(ratio),
        )
        for ratio in sorted(rest, key=lambda one: (one.level, place_of(one.name)))
        if is_known(ratio.candidate) or is_known(ratio.baseline)
    ]
    heads = (LEVEL, "figure", "candidate", "baseline", f"ratio [{confidence_words(rest)}]")
    note = "Each side's figure is its median over rounds. These figures are reported and decide nothing."
    return Grid(title="all other figures", heads=heads, rows=tuple(rows), about=note, numbers_from=2, brief=True)


def _answers(result: ServingResult) -> Grid:
    rows, faulty = answer_rows(result.passes)
    heads = (
        LEVEL, "side", "asked", "whole", "faults", "sent again", "shorter", "longer", "input tokens", "output tokens",
        "from a cache",
    )  # fmt: skip
    note = "Of all measured passes together, those that do not count among them."
    kept, cells = filled_columns(heads, rows)
    return Grid(
        title="what became of the requests", heads=kept, rows=tuple(cells), about=note,
        numbers_from=2, open=faulty,
    )  # fmt: skip


def _rounds(result: ServingResult) -> Grid:
    names = deciding_names(result)
    measured = [f"{head_words(name)}, {side}" for name in names for side in ("candidate", "baseline")]
    heads, rows = filled_columns(
        (LEVEL, "round", "first", *measured, "does not count"), round_rows(result.passes, names)
    )
    return Grid(title="every round", heads=heads, rows=tuple(rows), numbers_from=1)


def _warmups(result: ServingResult) -> Grid:
    names = deciding_names(result)
    heads = (LEVEL, "side", "passes", *(head_words(name) for name in names))
    rows = tuple(warmup_rows(result.passes, names))
    note = "Passes with prompts of their own until two in a row agree; they count for nothing."
    return Grid(title="warm-up", heads=heads, rows=rows, about=note, numbers_from=2)


def _gpus(result: ServingResult) -> Grid:
    heads, rows = filled_columns(GPU_HEADS, list(gpu_rows(result.passes)))
    flagged = any(gpu.throttled or gpu.strangers for one in result.passes for gpu in one.gpus)
    return Grid(title="GPUs beside the rounds", heads=heads, rows=tuple(rows), numbers_from=3, open=flagged)
