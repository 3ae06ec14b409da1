"""Arithmetic on spans of time."""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[float, float]


def covered_s(spans: Iterable[Span]) -> float:
    """Return how many seconds lie in at least one of the spans."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        if end > reached:
            total += end - max(start, reached)
            reached = end
    return total
