"""One step of a search for the saturation: a Poisson schedule at one rate, and whether the server kept its limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

from evals.serving.client_check import MOST_CPU_SHARE, ClientCheck
from evals.serving.goodput import Limits
from evals.serving.load import Load
from evals.serving.saturation import Trial
from evals.serving.summary import Summary

SHARE, STEP_S = 0.99, 20.0
"""Which share of the requests must be within all limits, and for how many seconds each rate is offered at least."""

FOLLOWS = 0.9
"""Which share of the offered rate must be answered in the steady stretch: less means that a queue grows.

Arrivals of a Poisson process leave three per cent or so between the two even where the server keeps up.
"""

_LAG_SHARE, _LEAST_LAG_MS = 0.1, 5.0
_PER_REQUEST = ("ttft", "e2e")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Hold what is judged of a step: requests/s offered and answered, and the share within all limits.

    client: why the client was the limit; then a step that fails is no evidence.
    """

    offered_per_s: float
    achieved_per_s: float | None
    share: float | None
    trial: Trial
    client: tuple[str, ...] = ()


def step_load(load: Load, rate: float, seed: int, *, step_s: float = STEP_S) -> Load:
    """Return the load of a step: at least the load's own requests, and as many as fill `step_s` seconds."""
    requests = max(load.requests, ceil(rate * step_s))
    return replace(load, rate=rate, poisson=True, concurrency=None, requests=requests, seed=seed)


def measured(load: Load, summary: Summary, limits: Limits, *, share: float = SHARE) -> Measured:
    """Judge a step by its steady stretch.

    It holds when at least `share` of the requests were within all limits, none was faulty, and the answers followed the
    offered rate. A step that fails while the client was the limit, or that is too short to have a steady stretch, is no
    evidence; one that holds in spite of a late client is, for the client's lateness only adds to latencies that count
    from scheduled times.
    """
    assert load.rate is not None
    figures = summary.steady or summary.whole
    found = Measured(
        offered_per_s=load.rate,
        achieved_per_s=None if figures.requests_per_s is None else figures.requests_per_s.value,
        share=figures.goodput_share,
        trial=Trial(holds=True),
        client=tuple(client_reasons(load, summary.client, limits)),
    )
    against = _against(summary, found, share)
    if against:
        return replace(found, trial=Trial(holds=None if found.client else False, reasons=(*found.client, *against)))
    if summary.steady is None:
        return replace(found, trial=Trial(holds=None, reasons=("the step is too short: it has no steady stretch",)))
    return found


def client_reasons(load: Load, check: ClientCheck, limits: Limits) -> list[str]:
    """Return why the client was the limit of a step: its processor, or a lateness that the limits would feel.

    A lateness at p99 may be a tenth of what the tightest limit allows a request, and 5 ms always; a limit of the mean
    gap allows as much for each of the gaps.
    """
    gaps = max(1, load.output_len.low - 1)
    allowed = min((limit if name in _PER_REQUEST else limit * gaps for name, limit in limits.items()), default=0.0)
    most_ms = max(_LEAST_LAG_MS, _LAG_SHARE * allowed)
    reasons = [f"the client used {share:.0%} of a core" for share in check.cpu_share if share > MOST_CPU_SHARE]
    for name, lag in (("event loop", check.loop_lag_p99_ms), ("schedule", check.schedule_lag_p99_ms)):
        if lag is not None and lag > most_ms:
            reasons.append(f"the client's {name} was {lag:.1f} ms late at p99, above {most_ms:.1f} ms")
    return reasons


def _against(summary: Summary, found: Measured, share: float) -> Sequence[str]:
    reasons = [f"{count} times {fault}" for fault, count in sorted(summary.outcomes.faults.items())]
    if found.share is None or found.share < share:
        said = "nothing" if found.share is None else f"{found.share:.1%}"
        reasons.append(f"{said} of the requests was within the limits, not {share:.1%}")
    if found.achieved_per_s is not None and found.achieved_per_s < FOLLOWS * found.offered_per_s:
        reasons.append(f"{found.achieved_per_s:.2f} requests/s were answered of {found.offered_per_s:.2f} offered")
    return reasons
