"""What a difference says about its margin: the verdict, and the reasons for it in words."""

from __future__ import annotations

from evals.differences import NOTABLE, Difference
from evals.formatting import about, amount, margin_of, plural
from evals.metrics import Direction, Metric
from evals.outcome import Verdict
from evals.result import Comparison
from evals.statistics.interval import CONFIDENCE


def verdict_on(difference: Difference | None, margin: float) -> Verdict:
    """Return pass when the whole interval is better than -margin, fail when all of it is worse, else inconclusive."""
    if difference is None:
        return Verdict.INCOMPARABLE
    if difference.gain is None:
        return Verdict.INCONCLUSIVE
    if difference.gain.low > -margin:
        return Verdict.PASS
    return Verdict.FAIL if difference.gain.high < -margin else Verdict.INCONCLUSIVE


def is_worse(comparison: Comparison) -> bool:
    """Tell whether a drop is significant: the whole interval lies on the worse side of 0."""
    low, high = comparison.low, comparison.high
    if low is None or high is None:
        return False
    return high < 0 if comparison.metric.direction is Direction.HIGHER else low > 0


def reasons_for(
    verdict: Verdict | None,
    difference: Difference,
    metric: Metric,
    margin: float,
    n: int,
    *,
    confidence: float = CONFIDENCE,
) -> tuple[str, ...]:
    """Return why n pairs led to a verdict, the weightiest reason first; nothing for a pass without a drop."""
    level, allowed = f"{100 * confidence:.4g} %", margin_of(margin, metric)
    if verdict is Verdict.FAIL:
        return (f"the whole {level} interval is worse than the margin of {allowed}", *_groups(difference))
    if verdict not in (Verdict.PASS, Verdict.INCONCLUSIVE):
        return ()
    if difference.gain is None:
        return (f"{plural(n, 'item')} with these values give no interval, so nothing can be said about the margin",)
    known = (_worse(verdict, metric, level, allowed),) if difference.gain.high < 0 else ()
    if verdict is Verdict.PASS:
        return known
    return (*known, _undecided(difference, metric, n, level, allowed), *_groups(difference))


def _worse(verdict: Verdict, metric: Metric, level: str, allowed: str) -> str:
    """Say that a drop is significant, whatever the margin says to it."""
    side = "below" if metric.direction is Direction.HIGHER else "above"
    rest = "by less than" if verdict is Verdict.PASS else "it is not decided whether by more than"
    return (
        f"it is worse than the baseline (the whole {level} interval lies {side} 0), but {rest} the margin of {allowed}"
    )


def _undecided(difference: Difference, metric: Metric, n: int, level: str, allowed: str) -> str:
    loss = "drop" if metric.direction is Direction.HIGHER else "rise"
    if difference.detectable_drop is None:
        detectable = f"with n = {n:,} no {loss}, however large, would have been failed with 80 % power"
    else:
        drop = amount(difference.detectable_drop, metric)
        detectable = f"with n = {n:,} a true {loss} of {drop} would have been failed with 80 % power"
    needed = f"; {_needed(difference)}" if difference.paired else ""
    return f"the {level} interval lies on both sides of the margin of {allowed}; {detectable}{needed}"


def _needed(difference: Difference) -> str:
    if difference.groups is not None and difference.widening >= NOTABLE:
        return "more groups would be needed to decide, not more items of these"
    if difference.needed is None:
        return "the observed difference equals the margin, where no number of items decides"
    return f"if the observed difference is the true one, about {about(difference.needed)} items would decide"


def _groups(difference: Difference) -> tuple[str, ...]:
    if difference.groups is None or difference.widening < NOTABLE:
        return ()
    return (
        f"the items come in {difference.groups:,} groups that differ among themselves: the interval is "
        f"{difference.widening:.1f} times as wide as that of independent items",
    )
