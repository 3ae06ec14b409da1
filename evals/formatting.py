"""Numbers and names in words, the same in reports, comments, pages and terminals."""

from __future__ import annotations

import re
import unicodedata
from math import floor, isfinite, log10

from evals.metrics import Kind, Metric
from evals.result import Comparison, Measurement, SideSummary

NOT_MEASURED = "not measured"
_SEPARATORS = re.compile(r"\s+")


def percent(share: float | None) -> str:
    """Return a share as a percentage: "82.3 %"."""
    return NOT_MEASURED if share is None else f"{100 * share:.1f} %"


def points(difference: float | None) -> str:
    """Return a difference of shares in percentage points: "−1.3 pp"."""
    return NOT_MEASURED if difference is None else f"{_signed(100 * difference, 1)} pp"


def points_with_interval(difference: float | None, low: float | None, high: float | None) -> str:
    """Return a difference of shares with its interval: "−1.3 pp [−3.9, +1.2]"."""
    if difference is None or low is None or high is None:
        return points(difference)
    return f"{points(difference)} [{_signed(100 * low, 1)}, {_signed(100 * high, 1)}]"


def quantity(value: float) -> str:
    """Return a positive quantity in two significant digits: "0.084", "3.1e-6", "12"."""
    if value == 0 or not isfinite(value):
        return "0" if value == 0 else "not finite"
    if 1e-3 <= abs(value) < 1e5:
        digits = max(0, 1 - floor(log10(abs(value))))
        text = f"{value:.{digits}f}"
        return f"{float(text):,.0f}" if digits == 0 else text.rstrip("0").rstrip(".")
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def nats(value: float | None) -> str:
    """Return a difference of log-probabilities: "3.1e-6 nats"; an absent one is a dash."""
    return "–" if value is None else f"{quantity(value)} nats"


def margin(comparison: Comparison) -> str:
    """Return a comparison's margin in its metric's unit and as few digits as it has; an absent one is a dash."""
    return margin_of(comparison.margin, comparison.metric)


def margin_of(value: float | None, metric: Metric) -> str:
    """Return a margin: "2 pp", "0.25 pp", of parity a limit: "1e-4 nats", "100.0 %"; an absent one is a dash."""
    if value is None:
        return "–"
    if metric.kind is Kind.PARITY:
        return _parity_value(value, metric)
    return f"{100 * value:.6g} pp" if metric.unit == "share" else _with_unit(f"{value:.6g}", metric)


def measured(measurement: Measurement | None, *, interval: bool = False) -> str:
    """Return a measurement's value in its metric's unit, with its 95 % interval on request."""
    if measurement is None:
        return NOT_MEASURED
    if measurement.metric.kind is Kind.PARITY:
        return _parity_value(measurement.value, measurement.metric)
    is_share = measurement.metric.unit == "share"
    value = percent(measurement.value) if is_share else _with_unit(f"{measurement.value:.4g}", measurement.metric)
    if not interval or measurement.low is None or measurement.high is None:
        return value
    scale, form = (100, ".1f") if is_share else (1, ".4g")
    return f"{value} [{scale * measurement.low:{form}}, {scale * measurement.high:{form}}]"


def difference(comparison: Comparison) -> str:
    """Return a comparison's difference with its interval, in the metric's unit."""
    value, low, high = comparison.difference, comparison.low, comparison.high
    if comparison.metric.unit == "share" or value is None:
        return points_with_interval(value, low, high)
    text = _with_unit(_signed_general(value), comparison.metric)
    if low is None or high is None:
        return text
    return f"{text} [{_signed_general(low)}, {_signed_general(high)}]"


def amount(value: float | None, metric: Metric) -> str:
    """Return an unsigned amount of a metric (a detectable drop); an absent one is a dash."""
    if value is None:
        return "–"
    return f"{100 * value:.1f} pp" if metric.unit == "share" else _with_unit(f"{value:.4g}", metric)


def p_value(p: float | None) -> str:
    """Return a p value in three digits, small ones as a bound; an absent one is a dash."""
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def about(count: int) -> str:
    """Return a count in two significant digits, "4,300"; beyond a million the size is all that matters."""
    if count > 1_000_000:
        return "more than a million"
    return f"{int(float(f'{count:.1e}')):,}"


def metric_name(metric: str, filter_: str | None) -> str:
    """Return lm-eval's "metric,filter"."""
    return one_line(metric if filter_ is None else f"{metric},{filter_}", 80)


def check_name(comparison: Comparison) -> str:
    """Return which parity check a comparison is, and by which statistic: "prefill log-probabilities, p99"."""
    name = one_line(comparison.metric.title, 80)
    return name if comparison.filter is None else f"{name}, {one_line(comparison.filter, 80)}"


def item_name(item: tuple[str, int]) -> str:
    """Return a dataset item's task and document as "gsm8k/17"."""
    return f"{one_line(item[0], 80)}/{item[1]}"


def plural(count: int, noun: str) -> str:
    """Return "1 item", "1,319 items"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def one_line(text: str, limit: int) -> str:
    """Return foreign text on one line, at most `limit` characters, with every unprintable character made visible.

    Control, format (zero-width, bidirectional), private and unassigned characters become U+FFFD: they could hide
    text, reverse it or steer a terminal.
    """
    joined = _SEPARATORS.sub(" ", text[: 4 * limit + 64]).strip()
    shown = "".join("\ufffd" if unicodedata.category(char)[0] == "C" else char for char in joined)
    return shown if len(shown) <= limit and len(text) <= 4 * limit + 64 else shown[: limit - 1] + "…"


def answer_line(reference: str) -> str:
    """Return a reference answer's last line that says something: worked solutions end with their answer."""
    lines = [line for line in reference.splitlines() if line.strip()]
    return lines[-1] if lines else reference


def sizes(comparison: Comparison) -> str:
    """Return the number of pairs, or each side's own number of items where there is no pairing."""
    if comparison.decided_after is not None:
        return f"{comparison.decided_after:,} (stopped early)"
    counts = [side.n if side else 0 for side in (comparison.candidate, comparison.baseline)]
    if counts[0] == counts[1]:
        return f"{counts[0]:,}"
    return f"{counts[0]:,} / {counts[1]:,}"


def _parity_value(value: float, metric: Metric) -> str:
    if metric.unit == "nats":
        return nats(value)
    return percent(value) if metric.unit == "share" else _with_unit(quantity(value), metric)


def _signed(value: float, digits: int) -> str:
    text = f"{abs(value):.{digits}f}"
    return text if float(text) == 0 else _sign(value) + text


def _signed_general(value: float) -> str:
    text = f"{abs(value):.4g}"
    return text if float(text) == 0 else _sign(value) + text


def _sign(value: float) -> str:
    return "−" if value < 0 else "+"


def _with_unit(number: str, metric: Metric) -> str:
    return f"{number} {metric.unit}".rstrip()


def reused_line(side: SideSummary) -> str:
    """Return which of a side's answers were not asked now: "300 answers of the baseline were reused from job j_1."."""
    jobs = ", ".join(sorted(side.reused))
    were = "was" if sum(side.reused.values()) == 1 else "were"
    launched = "" if "launching" in side.timings_s else "; no engine was launched for it"
    return f"{plural(sum(side.reused.values()), 'answer')} of the {side.role} {were} reused from {jobs}{launched}."
