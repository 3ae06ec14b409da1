"""All that a pass amounts to: what became of every request, and the figures of the whole and of its steady stretch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from evals.serving.client_check import ClientCheck, client_check
from evals.serving.figures import Figures, figures
from evals.serving.goodput import Limits
from evals.serving.load import Load
from evals.serving.passes import Pass
from evals.serving.record import Record
from evals.serving.window import steady_window, whole_window


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """Count requests; every one of them is whole or has a fault.

    faults: requests without a whole answer, by reason. refusals: answers with 429 or 503; retried: requests that were
    sent again for one. shorter, longer: whole answers with fewer or more tokens than asked for; uncounted: those that
    the server gave no final count for. ttft_by: requests with a first token, by how it was found; without_ttft: whole
    answers of which nothing tells when the first token was there (a chat that says nothing but special tokens).
    """

    requests: int
    whole: int
    faults: dict[str, int]
    refusals: int
    retried: int
    shorter: int
    longer: int
    uncounted: int
    ttft_by: dict[str, int]
    without_ttft: int
    finish_reasons: dict[str, int]
    asked_tokens: int
    output_tokens: int | None
    planned_input_tokens: int | None
    input_tokens: int | None
    cached_tokens: int | None


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Hold a pass's outcomes and figures; steady is None where the pass was too short to have such a stretch.

    lengths: whether the output lengths were forced, in words. limits: those of the goodput, in ms.
    """

    outcomes: Outcomes
    lengths: str
    limits: dict[str, float]
    whole: Figures
    steady: Figures | None
    client: ClientCheck


def summarise(done: Pass, limits: Limits) -> Summary:
    """Return a pass's summary."""
    steady = steady_window(done)
    outcomes = outcomes_of(done.records)
    return Summary(
        outcomes=outcomes,
        lengths=_lengths(done.load, outcomes),
        limits=dict(limits),
        whole=figures(done.records, whole_window(done), limits),
        steady=figures(done.records, steady, limits) if steady else None,
        client=client_check(done),
    )


def outcomes_of(records: Sequence[Record]) -> Outcomes:
    """Count what became of requests."""
    whole = [record for record in records if record.fault is None]
    surplus = [r.output_tokens - r.asked_tokens for r in whole if r.output_tokens is not None]
    return Outcomes(
        requests=len(records),
        whole=len(whole),
        faults=dict(Counter(r.fault.partition(":")[0] for r in records if r.fault is not None)),
        refusals=sum(len(record.refusals) for record in records),
        retried=sum(len(record.refusals) > (record.status in (429, 503)) for record in records),
        shorter=sum(one < 0 for one in surplus),
        longer=sum(one > 0 for one in surplus),
        uncounted=len(whole) - len(surplus),
        ttft_by=dict(Counter(str(record.basis) for record in records if record.basis is not None)),
        without_ttft=sum(record.basis is None for record in whole),
        finish_reasons=dict(Counter(str(record.finish_reason) for record in whole)),
        asked_tokens=sum(record.asked_tokens for record in records),
        output_tokens=_total([record.output_tokens for record in whole]),
        planned_input_tokens=_total([record.planned_input for record in whole]),
        input_tokens=_total([record.input_tokens for record in whole]),
        cached_tokens=_total([record.cached_tokens for record in whole]),
    )


def _total(counts: Sequence[int | None]) -> int | None:
    """Return a sum; None when a part of it is not known."""
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def _lengths(load: Load, outcomes: Outcomes) -> str:
    if not load.force_lengths:
        return "output lengths were not forced: an answer may end where the model ends it"
    if outcomes.shorter or outcomes.longer:
        off = outcomes.shorter + outcomes.longer
        return f"ignore_eos was asked for, but {off} whole answers have another length than asked for"
    return "output lengths were forced (ignore_eos)" + (", as far as they were counted" if outcomes.uncounted else "")
