"""What a stretch of a pass amounts to: rates and latencies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.serving.goodput import Limits, is_good
from evals.serving.latencies import Latencies, latencies, tokens_between
from evals.serving.record import Record
from evals.serving.spread import Figure, Spread, Values, clustered_spread, mean_figure, spread
from evals.serving.window import Window

_SLICES = 10
"""Into how many equal stretches a window is cut for the interval of a rate."""

Counted = Callable[[Record, NDArray[np.int64]], Values | None]
"""What of a request falls between neighbouring edges (ns); None when it is not known."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Hold the figures of a window; None where the answers' counts are not known.

    requests: how many were due (closed loop: sent) in it, which are those whose latencies stand here. Rates count what
    happened in it: whole answers that ended, tokens that arrived, inputs whose first token came. concurrency: the mean
    number in flight. goodput: whole answers within the limits, of the requests that were due, per second and as a
    share.
    """

    rule: str
    length_s: float
    requests: int
    concurrency: float
    requests_per_s: Figure | None
    input_tokens_per_s: Figure | None
    output_tokens_per_s: Figure | None
    ttft_ms: Spread | None
    itl_ms: Spread | None
    gap_ms: Spread | None
    tpot_ms: Spread | None
    e2e_ms: Spread | None
    service_ttft_ms: Spread | None
    service_e2e_ms: Spread | None
    wait_ms: Spread | None
    goodput_per_s: float | None
    goodput_share: float | None


def figures(records: Sequence[Record], window: Window, limits: Limits) -> Figures:
    """Return a window's figures; limits in ms, empty when no goodput is asked for."""
    due = [record for record in records if is_due_in(record, window)]
    found = [latencies(record) for record in due]
    good = sum(is_good(one, limits, whole=record.fault is None) for one, record in zip(found, due, strict=True))
    return Figures(
        rule=window.rule,
        length_s=window.length_s,
        requests=len(due),
        concurrency=_concurrency(records, window),
        requests_per_s=_rate(records, window, _ended_whole),
        input_tokens_per_s=_rate(records, window, _input_tokens),
        output_tokens_per_s=_rate(records, window, tokens_between),
        ttft_ms=_of(found, lambda one: one.ttft_ms),
        itl_ms=clustered_spread([one.itl_ms for one in found]),
        gap_ms=clustered_spread([one.gaps_ms for one in found]),
        tpot_ms=_of(found, lambda one: one.tpot_ms),
        e2e_ms=_of(found, lambda one: one.e2e_ms),
        service_ttft_ms=_of(found, lambda one: one.service_ttft_ms),
        service_e2e_ms=_of(found, lambda one: one.service_e2e_ms),
        wait_ms=_of(found, lambda one: one.wait_ms),
        goodput_per_s=good / window.length_s if limits else None,
        goodput_share=good / len(due) if limits and due else None,
    )


def is_due_in(record: Record, window: Window) -> bool:
    """Tell whether a request was due in a window (closed loop: first sent)."""
    at_ns = record.first_sent_ns if record.due_ns is None else record.due_ns
    return at_ns is not None and window.begin_ns <= at_ns <= window.end_ns


def _of(found: list[Latencies], value: Callable[[Latencies], float | None]) -> Spread | None:
    return spread(np.array([known for one in found if (known := value(one)) is not None]))


def _concurrency(records: Sequence[Record], window: Window) -> float:
    flights = ((record.sent_ns, record.ended_ns) for record in records if record.sent_ns is not None)
    flown = (min(end, window.end_ns) - max(begin, window.begin_ns) for begin, end in flights)
    return sum(max(0, one) for one in flown) / (window.end_ns - window.begin_ns)


def _rate(records: Sequence[Record], window: Window, counted: Counted) -> Figure | None:
    """Return a count per second over the window, with the interval of the mean over its slices."""
    edges = np.linspace(window.begin_ns, window.end_ns, _SLICES + 1).astype(np.int64)
    counts = np.zeros(_SLICES)
    for record in records:
        found = counted(record, edges)
        if found is None:
            return None
        counts += found
    return mean_figure(counts / (window.length_s / _SLICES))


def _ended_whole(record: Record, edges_ns: NDArray[np.int64]) -> Values:
    return _all_at_once(record.ended_ns, float(record.fault is None), edges_ns)


def _input_tokens(record: Record, edges_ns: NDArray[np.int64]) -> Values | None:
    """Count an input when its first token comes, for then it has been read."""
    if record.first_token_ns is None:
        return np.zeros(len(edges_ns) - 1)
    if record.input_tokens is None:
        return None if record.fault is None else np.zeros(len(edges_ns) - 1)
    return _all_at_once(record.first_token_ns, float(record.input_tokens), edges_ns)


def _all_at_once(at_ns: int, amount: float, edges_ns: NDArray[np.int64]) -> Values:
    found = np.zeros(len(edges_ns) - 1)
    place = int(np.searchsorted(edges_ns, at_ns)) - 1
    if 0 <= place < len(found):
        found[place] = amount
    return found
