"""Small lines that show how a value went; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from evals.formatting import plural
from evals.history.words import amount

WIDTH, HEIGHT = 96, 26
_EDGE = 3


@dataclass(frozen=True, kw_only=True)
class Spark:
    """A line through values, left to right. points: as an SVG polyline takes them. x, y: of the newest value.

    level: the height of the value that it is held against; None without one, or where it lies outside. text: the same
    in words.
    """

    points: str
    x: float
    y: float
    level: float | None
    text: str


def spark(values: Sequence[float], unit: str, level: float | None = None) -> Spark | None:
    """Return the line of at least two finite values, oldest first, or None; level: a value to draw as a dashed line."""
    known = [value for value in values if isfinite(value)]
    if len(known) < 2:
        return None
    low, high = min(known), max(known)
    inside = level is not None and low - (high - low) <= level <= high + (high - low)
    if inside and level is not None:
        low, high = min(low, level), max(high, level)
    step = (WIDTH - 2 * _EDGE) / (len(known) - 1)
    bottom, scale = HEIGHT - _EDGE, (HEIGHT - 2 * _EDGE) / (high - low or 1.0)
    places = [f"{_EDGE + number * step:.1f},{bottom - scale * (value - low):.1f}" for number, value in enumerate(known)]
    return Spark(
        points=" ".join(places),
        x=WIDTH - _EDGE,
        y=_height(known[-1], low, high),
        level=_height(level, low, high) if inside and level is not None else None,
        text=f"{plural(len(known), 'result')}: {amount(known[0], unit)} first, {amount(min(known), unit)} lowest, "
        f"{amount(max(known), unit)} highest, {amount(known[-1], unit)} last",
    )


def _height(value: float, low: float, high: float) -> float:
    return round(HEIGHT - _EDGE - (value - low) / (high - low or 1.0) * (HEIGHT - 2 * _EDGE), 1)
