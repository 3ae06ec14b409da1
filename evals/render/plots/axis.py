"""Where a value lies on an axis, and at which values the axis is marked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, log10

LOG_BEYOND = 8.0
"""An axis is logarithmic when its largest value is more than this many times its smallest."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Map values from low to high onto pixels from begin to end."""

    low: float
    high: float
    begin: float
    end: float
    log: bool = False

    def place(self, value: float) -> float:
        """Return a value's pixel; what lies beyond an end is drawn at it."""
        value = min(max(value, self.low), self.high)
        share = (
            log10(value / self.low) / log10(self.high / self.low)
            if self.log
            else (value - self.low) / (self.high - self.low)
        )
        return self.begin + share * (self.end - self.begin)

    def ticks(self) -> list[float]:
        """Return the values to be marked, from two to nine."""
        return _log_ticks(self.low, self.high) if self.log else _linear_ticks(self.low, self.high)


def axis_over(values: Iterable[float], begin: float, end: float, *, zero: bool = False) -> Axis:
    """Return an axis over at least one finite value with room at both ends; zero: it begins at 0.

    It is logarithmic where the values spread far, unless it holds 0 or less.
    """
    known = list(values)
    low, high = min(known), max(known)
    if not zero and low > 0 and high > LOG_BEYOND * low:
        room = (high / low) ** 0.04
        return Axis(low=low / room, high=high * room, begin=begin, end=end, log=True)
    low = min(low, 0.0) if zero else low
    # Values that are all but equal would leave no length to divide by.
    room = 0.06 * (high - low) if high - low > 1e-9 * abs(high) else 0.1 * abs(high) or 1.0
    return Axis(low=low if zero else low - room, high=high + room, begin=begin, end=end)


def tick_words(value: float) -> str:
    """Return a mark's number: "20", "12,500", "0.95", "2e+9"."""
    if abs(value) >= 1e7 or 0 < abs(value) < 1e-4:
        return f"{value:.2g}"
    return f"{value:,.0f}" if value == round(value) else f"{value:.6g}"


def _linear_ticks(low: float, high: float) -> list[float]:
    rough = (high - low) / 5
    size = 10.0 ** floor(log10(rough))
    step = next(factor * size for factor in (1, 2, 5, 10) if factor * size >= rough)
    first, last = ceil(low / step), floor(high / step)
    return [float(f"{number * step:.10g}") for number in range(first, last + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    decades = range(floor(log10(low)), ceil(log10(high)) + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        marks = [factor * 10.0**decade for decade in decades for factor in factors]
        inside = [float(f"{mark:.10g}") for mark in marks if low <= mark <= high]
        if len(inside) <= 9:
            return inside
    return inside[:: ceil(len(inside) / 9)]
