"""Output throughput of both sides against the number of requests in flight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from evals.duel.results import BASELINE, CANDIDATE, Ratio, ServingResult
from evals.formatting import one_line
from evals.render.plots.axis import Axis, axis_over
from evals.render.plots.drawing import (
    BOTTOM,
    COLOURS,
    LEFT,
    OWN_NAMES,
    RIGHT,
    TOP,
    Plot,
    frame,
    legend,
    marker,
    plot_of,
    side_line,
)
from evals.render.plots.svg import straight
from evals.render.serving.words import figure_words, is_known

FIGURE = "output_tokens_per_s"
_APART = {CANDIDATE: -3.0, BASELINE: 3.0}
_LABEL_WIDTH = 34.0
"""How many pixels a mark's number needs on the horizontal axis."""


def throughput_plots(result: ServingResult, names: Mapping[str, str] = OWN_NAMES) -> Iterator[Plot]:
    """Yield the plot, where any side has a throughput at any level; names: what the sides are called."""
    ratios = sorted((one for one in result.ratios if one.name == FIGURE and one.level > 0), key=lambda one: one.level)
    sides = {side: _known(ratios, side) for side in (CANDIDATE, BASELINE)}
    levels = sorted({level for points in sides.values() for level in points})
    if levels:
        yield _plot(result, levels, sides, names)


def _plot(
    result: ServingResult, levels: Sequence[int], sides: Mapping[str, Mapping[int, float]], names: Mapping[str, str]
) -> Plot:
    spans = {side: _spans(result, side, levels) for side in sides}
    tops = [value for side in sides for value in (*sides[side].values(), *(high for _, high in spans[side].values()))]
    across = axis_over(levels, LEFT + 16, RIGHT - 16)
    up = axis_over(tops, BOTTOM, TOP, zero=True)
    scale = ", logarithmic" if across.log else ""
    parts = frame(
        across, up, x_name=f"requests in flight{scale}", y_name="output tokens/s", marks=_marks(across, levels)
    )
    for side in sides:
        parts += _span_lines(side, spans[side], across, up)
        points = [(across.place(level) + _APART[side], up.place(value)) for level, value in sides[side].items()]
        parts += [side_line(side, points), *(marker(side, at) for at in points)]
    told = [(side, f"{names[side]}, median and range of rounds") for side in sides if sides[side]]
    return plot_of(
        workload=result.workload,
        name="throughput",
        kind="throughput",
        level=0,
        title=f"{one_line(result.workload, 24)}: output throughput against requests in flight",
        description=_told(levels, {names[side]: found for side, found in sides.items()}),
        parts=[*parts, *legend(told)],
    )


def _span_lines(side: str, spans: Mapping[int, tuple[float, float]], across: Axis, up: Axis) -> Iterator[str]:
    for level, (low, high) in spans.items():
        x = across.place(level) + _APART[side]
        ends = (x, up.place(low)), (x, up.place(high))
        yield straight(*ends, class_=f"span {side}", stroke=COLOURS[side], stroke_width=1.5)


def _known(ratios: Sequence[Ratio], side: str) -> dict[int, float]:
    values = {one.level: one.candidate if side == CANDIDATE else one.baseline for one in ratios}
    return {level: value for level, value in values.items() if value is not None and is_known(value)}


def _spans(result: ServingResult, side: str, levels: Sequence[int]) -> dict[int, tuple[float, float]]:
    """Return the least and the most over the rounds that count, by level."""
    found: dict[int, list[float]] = {}
    for one in result.passes:
        value = one.values.get(FIGURE)
        if one.round >= 0 and not one.spoiled and one.side == side and value is not None and is_known(value):
            found.setdefault(one.level, []).append(value)
    return {level: (min(found[level]), max(found[level])) for level in levels if level in found}


def _marks(across: Axis, levels: Sequence[int]) -> list[float]:
    """Return the levels that can be written at the axis without touching each other; the last one always."""
    kept: list[float] = []
    for level in reversed(levels):
        if not kept or across.place(kept[-1]) - across.place(level) >= _LABEL_WIDTH:
            kept.append(float(level))
    return kept


def _told(levels: Sequence[int], sides: Mapping[str, Mapping[int, float]]) -> str:
    def at(level: int) -> str:
        both = (f"{side} {figure_words(found.get(level), FIGURE)}" for side, found in sides.items())
        return f"at {level:,} in flight {', '.join(both)}"

    return "Median over rounds: " + "; ".join(at(level) for level in levels) + "."
