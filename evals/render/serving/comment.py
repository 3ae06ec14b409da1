"""What a comment shows of serving workloads: a row for each level, and folds with all that explains it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evals.duel.results import ServingResult
from evals.render.escape import block, plain
from evals.render.plots import Plot, plots_of
from evals.render.serving.grid import Grid
from evals.render.serving.grids import grids_of
from evals.render.serving.rows import DecidingFigure, LevelRow, level_heads, level_rows
from evals.render.serving.words import limits_line, reason_lines
from evals.render.signs import SIGNS, verdict_cell
from evals.render.tables import bullets, fold, table

ROWS_SHOWN = 60
PLOTS_SHOWN = 12
LINES_SHOWN = 40


def serving_tables(results: Sequence[ServingResult]) -> Iterator[str]:
    """Yield what decides of each workload: its verdict, a table by level, and what the ratios must keep."""
    for result in results:
        yield f"**{plain(result.workload, 60)}**, {verdict_cell(result.verdict)}: {plain(result.headline, 600)}"
        yield from level_table(result)


def level_table(result: ServingResult, sides: tuple[str, str] = ("candidate", "baseline")) -> Iterator[str]:
    """Yield a workload's table by level and the line under it; nothing where nothing decides."""
    rows = level_rows(result)
    if rows:
        yield table([plain(head, 80) for head in level_heads(result, sides)], (_row(row) for row in rows))
        yield plain(limits_line(result), 600)


def serving_folds(results: Sequence[ServingResult], plots_url: str | None = None) -> Iterator[str]:
    """Yield the folds of each workload; plots_url: the folder of the run's plots where everybody may see them."""
    for place, result in enumerate(results, start=1):
        name = plain(result.workload, 60)
        lines = [plain(line, 600) for line in (*reason_lines(result), *result.notes)]
        if lines:
            yield fold(f"{name}: what to know", _first(lines))
        yield from _plots(name, plots_of(result), f"{plots_url}/{place}" if plots_url else None)
        for grid in grids_of(result):
            yield fold(f"{name}: {plain(grid.title, 120)}", _grid(grid))


def command_block(result: ServingResult) -> str:
    """Return the command that measures one pass of a workload's load; "" where none is known."""
    return block(result.reproduce, 4000) if result.reproduce else ""


def _row(row: LevelRow) -> tuple[str, ...]:
    cells = [row.level]
    for figure in row.figures:
        cells += [figure.candidate, figure.baseline, _signed(figure)]
    return tuple(plain(cell, 80) for cell in cells)


def _signed(figure: DecidingFigure) -> str:
    return figure.ratio if figure.verdict is None else f"{SIGNS[figure.verdict]} {figure.ratio}"


def _plots(name: str, plots: Sequence[Plot], folder: str | None) -> Iterator[str]:
    if folder is None or not plots:
        return
    ordered = sorted(plots, key=lambda plot: plot.kind == "latency" and not plot.name.startswith("ttft"))
    images = [f"![{_alternative(plot)}]({folder}/{plot.name}.svg)" for plot in ordered[:PLOTS_SHOWN]]
    more = len(plots) - PLOTS_SHOWN
    text = "\n\n".join(images) + (f"\n\n…and {more:,} more on the page of the run." if more > 0 else "")
    yield fold(f"{name}: plots", text)


def _alternative(plot: Plot) -> str:
    # A bracket without its partner would end the words for those who do not see the picture.
    return plain(plot.title, 120).replace("[", "&#91;").replace("]", "&#93;")


def _grid(grid: Grid) -> str:
    parts = [_table(grid), plain(grid.about, 600), _first([plain(note, 600) for note in grid.notes])]
    if grid.command:
        parts.append(f"{grid.command_title}\n\n{block(grid.command, 4000)}")
    return "\n\n".join(part for part in parts if part)


def _table(grid: Grid) -> str:
    if not grid.rows:
        return ""
    rows = ([plain(cell, 400) for cell in row] for row in grid.rows[:ROWS_SHOWN])
    text = table([plain(head, 80) for head in grid.heads], rows, numbers_from=grid.numbers_from)
    more = len(grid.rows) - ROWS_SHOWN
    return f"{text}\n\n…and {more:,} more rows on the page of the run." if more > 0 else text


def _first(lines: Sequence[str]) -> str:
    more = len(lines) - LINES_SHOWN
    return bullets([*lines[:LINES_SHOWN], *([f"…and {more:,} more."] if more > 0 else [])]) if lines else ""
