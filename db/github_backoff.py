"""How long to wait before GitHub is asked again."""

from __future__ import annotations

FIRST_S = 5.0
LONGEST_S = 600.0


def delay_s(tries: int) -> float:
    """Return the seconds to wait after so many tries before this one: 5, 10, 20 ... and at most ten minutes."""
    return float(min(FIRST_S * 2 ** min(tries, 20), LONGEST_S))
