"""The sentence that sums a duel up."""

from __future__ import annotations

from collections.abc import Sequence

from evals.duel.results import Ratio
from evals.duel.words import at_level
from evals.formatting import plural
from evals.metrics import SERVING_METRICS
from evals.outcome import Verdict


def headline_of(verdict: Verdict, ratios: Sequence[Ratio]) -> str:
    """Return a duel's headline: what all levels have, or the first ratio that is no pass and why."""
    deciding = [ratio for ratio in ratios if ratio.decides]
    if verdict is Verdict.PASS:
        return "; ".join(_range(name, deciding) for name in dict.fromkeys(ratio.name for ratio in deciding))
    concerned = [ratio for ratio in deciding if ratio.verdict is verdict]
    first = concerned[0]
    more = f" (and {plural(len(concerned) - 1, 'more ratio')})" if len(concerned) > 1 else ""
    why = first.reasons[0] if first.reasons else "no reason was recorded"
    return f"{_title(first.name)} at {at_level(first.level)}: {_of(first)}{why}{more}"


def _range(name: str, deciding: Sequence[Ratio]) -> str:
    values = [ratio.value for ratio in deciding if ratio.name == name and ratio.value is not None]
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    return f"{_title(name)} is {low if low == high else f'{low} to {high}'} times the baseline's"


def _of(ratio: Ratio) -> str:
    return "" if ratio.value is None else f"{ratio.value:.3f} times the baseline's; "


def _title(name: str) -> str:
    return SERVING_METRICS[name].title
