"""One request's latencies, in ms, out of its raw times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.serving.record import Basis, Record
from evals.serving.spread import Values

_MS = 1e6


@dataclass(frozen=True, kw_only=True)
class Latencies:
    """Hold what a request took; None for what cannot be known of it.

    ttft_ms, e2e_ms: from the scheduled time (closed loop: from its first sending). service_*: from the sending of the
    try that was answered. wait_ms: from the scheduled time to the first sending. tpot_ms: from the first arrival to
    the last, over the tokens that came after the former. gaps_ms: between arrivals that carried tokens. itl_ms: the
    same gaps shared out: an arrival that carried k tokens gives its gap over k, k times; tokens that came with the
    first one have no gap.
    """

    ttft_ms: float | None
    e2e_ms: float | None
    service_ttft_ms: float | None
    service_e2e_ms: float | None
    wait_ms: float | None
    tpot_ms: float | None
    gaps_ms: Values
    itl_ms: Values


def latencies(record: Record) -> Latencies:
    """Return a request's latencies; of an answer that is not whole, those up to its first token and its gaps."""
    scheduled_ns = record.first_sent_ns if record.due_ns is None else record.due_ns
    ended_ns = record.ended_ns if record.fault is None else None
    gaps_ms, itl_ms = _gaps(record)
    return Latencies(
        ttft_ms=_between(scheduled_ns, record.first_token_ns),
        e2e_ms=_between(scheduled_ns, ended_ns),
        service_ttft_ms=_between(record.sent_ns, record.first_token_ns),
        service_e2e_ms=_between(record.sent_ns, ended_ns),
        wait_ms=_between(record.due_ns, record.first_sent_ns),
        tpot_ms=_tpot(record),
        gaps_ms=gaps_ms,
        itl_ms=itl_ms,
    )


def tokens_between(record: Record, edges_ns: NDArray[np.int64]) -> Values | None:
    """Return how many output tokens arrived between neighbouring edges; None when nobody counted them.

    Where only the answer's end says how many there were, they are shared out evenly from the first event to the last.
    """
    if record.basis is not Basis.FIRST_EVENT:
        unknown = record.fault is None and record.output_tokens is None
        so_far = np.concatenate([[0], record.tokens])
        return None if unknown else np.diff(so_far[np.searchsorted(record.at_ns, edges_ns, side="right")]).astype(float)
    if record.output_tokens is None:
        return None
    begin_ns, end_ns = int(record.at_ns[0]), int(record.at_ns[-1])
    known: Values = np.diff(np.interp(edges_ns, [begin_ns - 1, end_ns], [0, record.output_tokens]))
    return known


def _gaps(record: Record) -> tuple[Values, Values]:
    if record.basis is None or record.basis is Basis.FIRST_EVENT:
        return np.empty(0), np.empty(0)
    gaps: Values = np.diff(record.at_ns) / _MS
    carried: NDArray[np.int64] = np.diff(record.tokens)
    return gaps, np.repeat(gaps / carried, carried)


def _tpot(record: Record) -> float | None:
    if record.fault is not None or record.output_tokens is None:
        return None
    took_ms = _between(record.first_token_ns, record.last_token_ns)
    later = record.output_tokens - (int(record.tokens[0]) or 1) if len(record.tokens) else 0
    return took_ms / later if took_ms is not None and later > 0 else None


def _between(begin_ns: int | None, end_ns: int | None) -> float | None:
    return None if begin_ns is None or end_ns is None else (end_ns - begin_ns) / _MS
