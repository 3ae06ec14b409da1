"""Latency distributions: of both sides at one level, which share had at most which latency."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

from evals.duel.results import BASELINE, CANDIDATE, ServingResult
from evals.formatting import one_line
from evals.render.plots.axis import Axis, axis_over
from evals.render.plots.drawing import (
    BOTTOM,
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
from evals.render.plots.svg import Point
from evals.render.serving.words import CURVE_TITLES, at_level, number_words

_MARKED = (0.5, 0.9, 0.99)
_OF = {"itl_ms": "gaps between tokens"}


def latency_plots(result: ServingResult, names: Mapping[str, str] = OWN_NAMES) -> Iterator[Plot]:
    """Yield a plot for each latency and level of which there is a distribution; names: what the sides are called."""
    found: dict[tuple[str, int], dict[str, tuple[float, ...]]] = {}
    for curve in result.curves:
        values = tuple(value for value in curve.values if isfinite(value))
        if values and curve.side in (CANDIDATE, BASELINE):
            found.setdefault((curve.name, curve.level), {})[curve.side] = values
    known = list(CURVE_TITLES)
    for (name, level), sides in sorted(found.items(), key=lambda item: (item[0][1], _place(item[0][0], known))):
        yield _plot(result.workload, name, level, sides, names)


def _plot(workload: str, name: str, level: int, sides: dict[str, tuple[float, ...]], names: Mapping[str, str]) -> Plot:
    across = axis_over([value for values in sides.values() for value in values], LEFT, RIGHT)
    up = Axis(low=0.0, high=100.0, begin=BOTTOM, end=TOP)
    title = CURVE_TITLES.get(name, one_line(name, 30))
    scale = ", logarithmic" if across.log else ""
    parts = frame(across, up, x_name=f"{title}, ms{scale}", y_name=f"% of {_OF.get(name, 'requests')}")
    ordered = [side for side in (CANDIDATE, BASELINE) if side in sides]
    for side in ordered:
        points = [(across.place(value), up.place(100 * share)) for share, value in _shares(sides[side])]
        parts += [side_line(side, points), *(marker(side, at) for at in _marks(points))]
    told = [(side, f"{names[side]}: {_quantiles(sides[side], (0.5, 0.99))}") for side in ordered]
    spoken = "; ".join(f"{names[side]}: {_quantiles(sides[side], _MARKED)}" for side in ordered)
    return plot_of(
        workload=workload,
        name=f"{_slug(name)}-{level}",
        kind="latency",
        level=level,
        title=f"{one_line(workload, 24)}: {title} {at_level(level)}",
        description=f"Share at or below each latency, median over rounds. {spoken}.",
        parts=[*parts, *legend(told)],
    )


def _shares(values: Sequence[float]) -> list[tuple[float, float]]:
    """Return (share at or below, value) in rising order; a single value is where all of them are."""
    if len(values) == 1:
        return [(1.0, values[0])]
    return [(place / (len(values) - 1), value) for place, value in enumerate(values)]


def _marks(points: Sequence[Point]) -> list[Point]:
    return [points[_nearest(len(points), share)] for share in _MARKED] if len(points) > 1 else list(points)


def _quantiles(values: Sequence[float], shares: Sequence[float]) -> str:
    if len(values) == 1:
        return f"{number_words(values[0])} ms"
    found = (f"p{100 * share:.0f} {number_words(values[_nearest(len(values), share)])}" for share in shares)
    return ", ".join(found) + " ms"


def _nearest(count: int, share: float) -> int:
    return round(share * (count - 1))


def _place(name: str, known: Sequence[str]) -> tuple[int, str]:
    return (known.index(name) if name in known else len(known), name)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", name.lower())[:40] or "latency"
