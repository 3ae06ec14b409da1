"""Paired differences judged while they arrive: a confidence sequence that holds at any time one may stop.

Who looks at an ordinary interval again and again until it decides is wrong far more often than it admits. Here, for
each value m that the mean difference may have, a gambler bets on the differences lying above m and another on their
lying below. If m is the mean, no gambler can expect to gain, and the chance of ever multiplying the stake by 1/a is at
most a (Ville 1939). The sequence is what neither gambler refutes, each at half of the error.
Source: Waudby-Smith and Ramdas (2024), JRSS-B 86:1-27, whose capital with stakes spread over a grid this is.

**Why the bets are fixed.** Items come in a stratified order (`evals.statistics.ordering`), so that the expected
difference changes from item to item with the subject; only its mean over the subjects is judged. With a fixed bet b
and independent items, the capital divided by C_n, the product of 1 + b (mu_s - m) over the items taken so far, is a
martingale that starts at 1. When the mean of the mu_s taken is m or less, C_n <= (1 + b (mean - m))^n <= 1, as a
geometric mean is at most the arithmetic one. So at every look at which the subjects stand in proportion the bound
holds exactly, whatever the subjects' own differences; in between each is ahead or behind by less than one item, and the
bound is inflated by at most exp(b sum of |mu_subject - mean|), which nothing that was simulated came near
(`benchmarks/operating_characteristics.py`). Bets that learn from past differences would lean with the order of the
subjects and have no such bound. A mixture of fixed bets inherits it, and is up to the logarithm of a weight as good as
its best bet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, log
from typing import Any

from evals.outcome import Verdict
from evals.statistics.interval import CONFIDENCE, Interval, bisect

_LARGEST, _RATIO, _BETS = 0.98, 2**-0.5, 16
EARLY_CONFIDENCE = 1 - (1 - CONFIDENCE) / 2
"""What a sequence takes that is followed by a judgement of all items together: each has half of the error, and wrong
verdicts are no more frequent than without looking on the way (Bonferroni)."""

STAKES = tuple(_LARGEST * _RATIO**step for step in range(_BETS))
"""Shares of what may be staked without ever losing all, from 0.98 down to 0.005."""

WEIGHTS = tuple(stake**0.5 / sum(other**0.5 for other in STAKES) for stake in STAKES)
"""How the first stake is spread over them: more on the larger ones, which decide early, and never nothing."""


@dataclass(frozen=True, kw_only=True)
class SequentialDecision:
    """Say what a sequence of differences decided.

    decided_at: how many differences that took; None when all n were not enough (verdict inconclusive). interval: the
    confidence sequence after `n` differences, those looked at when the decision fell. p_pass, p_fail: the p values of
    `PairedSequence.p_values` then.
    """

    verdict: Verdict
    decided_at: int | None
    interval: Interval
    n: int
    p_pass: float
    p_fail: float


class PairedSequence:
    """Collect differences in [-1, 1], of which more is better, and judge their mean at any time.

    What it says depends on which values came, not on their order (but for rounding). A decision stands when it falls:
    whoever goes on after it may see the sequence become undecided again, which takes nothing back.

    tests: how many deciding workloads the run has. It fails by any of them, so that each fail needs that much more
    (Bonferroni); it passes by all of them together, so that a pass does not (see `evals.family`).
    """

    def __init__(self, *, confidence: float = CONFIDENCE, tests: int = 1) -> None:
        self._values: Counter[float] = Counter()
        self._ordered: list[float] = []
        self._running: dict[float, tuple[Any, int]] = {}
        self._needed = log(2 / (1 - confidence))
        self._to_fail = self._needed + log(tests)
        self.n = 0

    def add(self, difference: float) -> None:
        """Take one difference, candidate minus baseline; raise ValueError when it lies outside [-1, 1]."""
        if not -1 <= difference <= 1:
            raise ValueError(f"a difference of {difference} does not lie between -1 and 1")
        self._values[float(difference)] += 1
        self._ordered.append(float(difference))
        self.n += 1

    def verdict(self, margin: float) -> Verdict:
        """Return pass when the mean is surely above -margin, fail when surely below, else inconclusive.

        Surely: each is wrong in at most 2.5 % of all sequences (at 95 % confidence), however often one asks.
        """
        above, below = self._grown(margin)
        if above >= self._needed:
            return Verdict.PASS
        return Verdict.FAIL if below >= self._to_fail else Verdict.INCONCLUSIVE

    def p_values(self, margin: float) -> tuple[float, float]:
        """Return the p values, valid at any time, of the mean being -margin or less, and of its being -margin or more.

        They are one over the capital: a verdict falls where one is at most half of the error.
        """
        p_pass, p_fail = self._log_capital(-margin), self._log_capital(margin, mirrored=True)
        return exp(-max(0.0, p_pass)), exp(-max(0.0, p_fail))

    def interval(self) -> Interval:
        """Return the means that are not refuted now; [-1, 1] before the first difference."""
        if not self.n:
            return Interval(low=-1.0, high=1.0)
        mean = sum(value * count for value, count in sorted(self._values.items())) / self.n
        low = bisect(lambda m: self._log_capital(m) >= self._needed, -1.0, mean)
        high = -bisect(lambda m: self._log_capital(m, mirrored=True) >= self._needed, -1.0, -mean)
        return Interval(low=low, high=high)

    def _grown(self, margin: float) -> tuple[float, float]:
        """Return both gamblers' `_log_capital` at -margin, from what it was when last asked for."""
        import numpy as np

        stakes = np.asarray(STAKES)
        gains, seen = self._running.get(margin, (np.zeros((2, len(STAKES))), 0))
        if margin >= 1:
            return (inf, -inf) if self.n else (0.0, 0.0)
        # One by one, so that the sums do not depend on how often somebody looks.
        for value in self._ordered[seen:]:
            step = np.array([(value + margin) / (1 - margin), -(value + margin) / (1 + margin)])
            gains = gains + np.log1p(np.multiply.outer(step, stakes))
        self._running[margin] = (gains, self.n)
        above, below = np.log(np.exp(gains - gains.max(axis=1, keepdims=True)) @ np.asarray(WEIGHTS)) + gains.max(
            axis=1
        )
        return float(above), float(below)

    def _log_capital(self, mean: float, *, mirrored: bool = False) -> float:
        """Return the logarithm of what a stake of 1 became by betting on more than `mean` (of the negated values).

        A stake f of what may be staked multiplies the capital by 1 + f (x - mean) / (1 + mean) for a difference x.
        """
        if not self.n or mean <= -1:
            return inf if self.n else 0.0
        import numpy as np

        values, counts = self._table(mirrored)
        gains = np.log1p(np.multiply.outer(np.asarray(STAKES), (values - mean) / (1 + mean))) @ counts
        best = gains.max()
        return float(best + np.log(np.exp(gains - best) @ np.asarray(WEIGHTS)))

    def _table(self, mirrored: bool) -> tuple[Any, Any]:
        import numpy as np

        rows = sorted((-value if mirrored else value, count) for value, count in self._values.items())
        return np.array([value for value, _ in rows]), np.array([count for _, count in rows], dtype=float)


def decide_sequentially(
    differences: Sequence[float],
    margin: float,
    *,
    look_every: int = 1,
    start: int = 1,
    confidence: float = CONFIDENCE,
    tests: int = 1,
) -> SequentialDecision:
    """Return the first decision over differences in the order in which they came, and how many it took.

    look_every: after how many further differences the sequence is looked at; the last one is always looked at.
    start: how many differences there must be at the first look.
    """
    sequence = PairedSequence(confidence=confidence, tests=tests)
    for position, difference in enumerate(differences, 1):
        sequence.add(difference)
        if position < start or (position % look_every and position < len(differences)):
            continue
        verdict = sequence.verdict(margin)
        if verdict is not Verdict.INCONCLUSIVE:
            return _decision(sequence, verdict, margin)
    return _decision(sequence, Verdict.INCONCLUSIVE, margin)


def _decision(sequence: PairedSequence, verdict: Verdict, margin: float) -> SequentialDecision:
    p_pass, p_fail = sequence.p_values(margin)
    return SequentialDecision(
        verdict=verdict,
        decided_at=None if verdict is Verdict.INCONCLUSIVE else sequence.n,
        interval=sequence.interval(),
        n=sequence.n,
        p_pass=p_pass,
        p_fail=p_fail,
    )
