"""Spans of time, overlapping or not."""

from __future__ import annotations

import pytest

from benchmarks.spans import Span, covered_s


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], 0.0),
        ([(0, 2), (5, 6)], 3.0),
        ([(0, 3), (2, 5)], 5.0),
        ([(0, 10), (2, 3)], 10.0),
        ([(5, 6), (0, 1), (0.5, 5.5)], 6.0),
    ],
)
def test_time_that_is_covered_twice_counts_once(spans: list[Span], expected: float) -> None:
    assert covered_s(spans) == pytest.approx(expected)
