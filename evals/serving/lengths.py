"""How long inputs and outputs are: all alike, spread evenly, or with a long tail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.errors import InvalidSubmissionError

_FORMS = "256, or 128:512 (evenly from 128 to 512), or lognormal:256:0.8:4096 (median, sigma of the logarithm, most)"
_TAIL = 32
"""How many medians long a lognormal length is at most, where its most is not said."""


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """Draw lengths in tokens from low to high; with a sigma lognormal around the median, else evenly."""

    low: int
    high: int
    median: int | None = None
    sigma: float | None = None

    def draw(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return this many lengths."""
        if self.sigma is None or self.median is None:
            return rng.integers(self.low, self.high, count, endpoint=True)
        drawn = self.median * np.exp(self.sigma * rng.standard_normal(count))
        lengths: NDArray[np.int64] = np.clip(np.rint(drawn), self.low, self.high).astype(np.int64)
        return lengths


def fixed(length: int) -> Lengths:
    """Return lengths that are all alike."""
    return Lengths(low=length, high=length)


def parse_lengths(text: str) -> Lengths:
    """Read lengths from a command line; raises InvalidSubmissionError that shows the forms there are."""
    try:
        lengths = _parsed(text)
    except ValueError:
        lengths = None
    if lengths is None or not 1 <= lengths.low <= lengths.high:
        raise InvalidSubmissionError(f"{text!r} is no length in tokens", remedy=f"write it as {_FORMS}")
    return lengths


def _parsed(text: str) -> Lengths | None:
    kind, *rest = text.split(":")
    if kind == "lognormal" and len(rest) in (2, 3):
        median, sigma = int(rest[0]), float(rest[1])
        if median < 1 or not 0 < sigma < 10:
            return None
        return Lengths(low=1, high=int(rest[2]) if rest[2:] else _TAIL * median, median=median, sigma=sigma)
    if len(rest) > 1:
        return None
    return Lengths(low=int(kind), high=int(rest[0]) if rest else int(kind))
