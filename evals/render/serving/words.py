"""The figures of serving workloads in words, the same in comments, pages, plots and terminals; nothing is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite

from evals.duel import words
from evals.duel.results import Ratio, ServingResult
from evals.formatting import NOT_MEASURED, one_line, percent, quantity
from evals.metrics import SERVING_METRICS, Direction, Kind, Metric

ABSENT = "–"
CURVE_TITLES = {"ttft_ms": "TTFT", "itl_ms": "ITL", "e2e_ms": "E2E latency"}


def metric_of(name: str) -> Metric:
    """Return the metric of a figure; of one that a later version named, its name is all that is known."""
    unknown = Metric(name=name, title=one_line(name, 60), unit="", direction=Direction.LOWER, kind=Kind.PERFORMANCE)
    return SERVING_METRICS.get(name, unknown)


def is_known(value: float | None) -> bool:
    """Tell whether there is a finite number."""
    return value is not None and isfinite(value)


def number_words(value: float | None) -> str:
    """Return a number in four digits: "41.30", "12,345", "8.1e-5"; an absent one is a dash."""
    if value is None or not isfinite(value):
        return ABSENT
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return quantity(value) if abs(value) < 1e-3 else f"{value:#.4g}" if abs(value) >= 1 else f"{value:.3g}"


def figure_words(value: float | None, name: str) -> str:
    """Return a figure with its unit: "41.30 ms", "99.2 %"; an absent one was not measured."""
    if value is None or not isfinite(value):
        return NOT_MEASURED
    metric = metric_of(name)
    return percent(value) if metric.unit == "share" else f"{number_words(value)} {metric.unit}".rstrip()


def value_words(value: float | None, name: str) -> str:
    """Return a figure whose unit stands in the head of its column (see `head_words`)."""
    return figure_words(value, name).removesuffix(f" {metric_of(name).unit}")


def head_words(name: str) -> str:
    """Return a figure's name with its unit: "median TTFT in ms"."""
    metric = metric_of(name)
    return metric.title if metric.unit in ("", "share") else f"{metric.title} in {metric.unit}"


def times_words(value: float | None) -> str:
    """Return a ratio in three decimals, large ones in three digits: "1.020"."""
    if value is None or not isfinite(value):
        return ABSENT
    return f"{value:.3f}" if abs(value) < 10 else number_words(float(f"{value:.3g}"))


def ratio_words(ratio: Ratio | None) -> str:
    """Return a ratio with its interval: "1.020 × [0.981, 1.063]"."""
    if ratio is None or not is_known(ratio.value):
        return NOT_MEASURED
    interval = f" [{times_words(ratio.low)}, {times_words(ratio.high)}]" if has_interval(ratio) else ", no interval"
    return f"{times_words(ratio.value)} ×{interval}"


def has_interval(ratio: Ratio) -> bool:
    """Tell whether a ratio has an interval with two ends."""
    return is_known(ratio.low) and is_known(ratio.high)


def limit_words(ratio: Ratio) -> str:
    """Return what a ratio must keep: "≤ 1.05" of a latency, "≥ 0.95" of a rate."""
    if ratio.limit is None:
        return ABSENT
    sign = "≤" if metric_of(ratio.name).direction is Direction.LOWER else "≥"
    return f"{sign} {ratio.limit:.4g}"


def confidence_words(ratios: Iterable[Ratio]) -> str:
    """Return the confidence of intervals: "95 %", "97.5 % to 99 %"; 95 % where there is none."""
    levels = sorted({round(100 * ratio.confidence, 2) for ratio in ratios if has_interval(ratio)} or {95.0})
    ends = dict.fromkeys((levels[0], levels[-1]))
    return " to ".join(f"{level:g} %" for level in ends)


def level_words(level: int) -> str:
    """Return a level as a table's cell: how many requests are in flight."""
    return "by rate" if level == 0 else f"{level:,}"


def at_level(level: int) -> str:
    """Return a level within a sentence: "at 8 in flight", "at the given rate"."""
    return f"at {words.at_level(level)}"


def levels_of(result: ServingResult) -> tuple[int, ...]:
    """Return the levels of a result's ratios in rising order."""
    return tuple(sorted({ratio.level for ratio in result.ratios}))


def deciding_names(result: ServingResult) -> tuple[str, ...]:
    """Return the names of the figures that decide, in the order in which they are shown."""
    names = dict.fromkeys(ratio.name for ratio in result.ratios if ratio.decides)
    return tuple(sorted(names, key=place_of))


def place_of(name: str) -> int:
    """Return a figure's place among those that are shown; what is not known comes last."""
    known = list(SERVING_METRICS)
    return known.index(name) if name in known else len(known)


def limits_line(result: ServingResult) -> str:
    """Return the sentence under a result's table: what the ratios are and what they must keep."""
    limits = {
        name: dict.fromkeys(limit_words(one) for one in result.ratios if one.decides and one.name == name)
        for name in deciding_names(result)
    }
    parts = [f"{metric_of(name).title} {' or '.join(found)}" for name, found in limits.items()]
    kept = f" It must keep: {', '.join(parts)}." if parts else ""
    level = confidence_words(one for one in result.ratios if one.decides)
    return f"Ratio: candidate over baseline, the geometric mean over rounds with its interval at {level}.{kept}"


def reason_lines(result: ServingResult) -> list[str]:
    """Return why deciding ratios are no pass, with figure and level, and each of them once."""
    lines = [
        f"{metric_of(ratio.name).title} {at_level(ratio.level)}: {one_line(reason, 600)}"
        for ratio in result.ratios
        if ratio.decides
        for reason in ratio.reasons
    ]
    return list(dict.fromkeys(lines))


def joined(parts: Sequence[str]) -> str:
    """Return words after one another, a dash when there are none."""
    return ", ".join(one_line(part, 120) for part in parts) or ABSENT
