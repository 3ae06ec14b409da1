"""Serving workloads as the page shows them: ratios by level, plots, and the tables behind them; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from dashboard.words import verdict_word
from evals.duel.results import ServingResult
from evals.formatting import one_line
from evals.render.plots import Plot, plots_of
from evals.render.serving.grid import Grid
from evals.render.serving.grids import grids_of
from evals.render.serving.rows import DecidingFigure, level_heads, level_rows
from evals.render.serving.words import at_level, limits_line, reason_lines

OPEN_LEVELS = 3
"""Of so many levels the plots are shown at once; those of the others are behind a click."""


@dataclass(frozen=True, kw_only=True)
class CellView:
    """A cell of the table by level; style is empty for what is not judged."""

    text: str
    interval: str = ""
    style: str = ""
    word: str = ""


@dataclass(frozen=True, kw_only=True)
class PlotsView:
    """The plots of one level, as SVG that needs no escaping."""

    title: str
    open: bool
    pictures: tuple[Markup, ...]


@dataclass(frozen=True, kw_only=True)
class ServingView:
    """One serving workload."""

    workload: str
    word: str
    style: str
    headline: str
    heads: tuple[str, ...]
    rows: tuple[tuple[CellView, ...], ...]
    limits: str
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    plots: tuple[PlotsView, ...]
    grids: tuple[Grid, ...]


def serving_view(result: ServingResult) -> ServingView:
    """Return a serving workload's result as the page shows it."""
    rows = level_rows(result)
    return ServingView(
        workload=one_line(result.workload, 80),
        word=verdict_word(result.verdict),
        style=result.verdict.value,
        headline=one_line(result.headline, 600),
        heads=level_heads(result),
        rows=tuple(
            (CellView(text=row.level), *(cell for figure in row.figures for cell in _cells(figure))) for row in rows
        ),
        limits=limits_line(result),
        reasons=tuple(reason_lines(result)),
        notes=tuple(one_line(note, 600) for note in result.notes),
        plots=tuple(_plots(plots_of(result))),
        grids=tuple(grids_of(result)),
    )


def _cells(figure: DecidingFigure) -> tuple[CellView, ...]:
    value, bracket, interval = figure.ratio.partition("[")
    ratio = CellView(
        text=value.rstrip(),
        interval=bracket + interval,
        style=figure.verdict.value if figure.verdict else "",
        word=verdict_word(figure.verdict) if figure.verdict else "",
    )
    return CellView(text=figure.candidate), CellView(text=figure.baseline), ratio


def _plots(plots: Sequence[Plot]) -> list[PlotsView]:
    whole = [plot for plot in plots if plot.kind == "throughput"]
    rest = [plot for plot in plots if plot.kind != "throughput"]
    levels = sorted({plot.level for plot in rest})
    groups = [("Throughput", whole)] if whole else []
    groups += [(at_level(level).capitalize(), [plot for plot in rest if plot.level == level]) for level in levels]
    return [
        # The drawing has escaped all foreign text in it.
        PlotsView(title=title, open=place <= OPEN_LEVELS, pictures=tuple(Markup(plot.svg) for plot in found))
        for place, (title, found) in enumerate(groups)
    ]
