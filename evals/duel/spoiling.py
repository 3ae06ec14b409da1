"""Why a pass cannot count: its client was the limit, or its GPU was not the one that was meant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evals.duel.results import GpuUse
from evals.serving.client_check import MOST_CPU_SHARE
from evals.serving.tries import Effort

TYPICAL_SHARE, TYPICAL_LEAST_MS = 0.05, 1.0
"""How late the client may typically be: a twentieth of the median TTFT, of which a millisecond is always allowed."""

AWAY_SHARE, AWAY_LEAST_MS, AWAY_QUANTILE = 0.5, 10.0, 0.9
"""How late during a tenth of the pass: half of the median TTFT, of which 10 ms are always allowed."""

THE_CLIENT = "the client"
"""How the reasons begin that are the client's."""

GONE = "the engine went away in this pass"


def spoiled_by_client(efforts: Sequence[Effort], waits_ms: Sequence[float], ttft_p50_ms: float | None) -> list[str]:
    """Return why a pass's client was its limit; nothing if it was not.

    waits_ms: from scheduled times to sendings, where nothing but the client could be late. A duel is decided by
    medians and rates, and `ClientCheck.client_limited`, which asks whether the p99 of a single pass is true, is too
    strict for it: where an engine computes on the cores on which the client runs, the system lets the client wait for
    milliseconds now and then, whichever side is measured. Three things bend what decides, and spoil a pass:
    - a process that used more than 85 % of a core, whatever its lags: what it can do is then what is measured;
    - a median lag of more than a twentieth of the median TTFT, by which it moves that median;
    - a tenth of the appointments missed by half of a TTFT: the loop's appointments lie 20 ms apart, so that it was away
      for a tenth of the time, and with it each request that it should have sent.
    A single long gap is none of them: it is noise, which the interval over rounds contains.
    """
    shares = [effort.cpu_s / effort.wall_s for effort in efforts]
    reasons = [f"{THE_CLIENT} used {share:.0%} of a core" for share in shares if share > MOST_CPU_SHARE]
    ttft = ttft_p50_ms or 0.0
    limits = (
        (0.5, max(TYPICAL_SHARE * ttft, TYPICAL_LEAST_MS)),
        (AWAY_QUANTILE, max(AWAY_SHARE * ttft, AWAY_LEAST_MS)),
    )
    groups = [("event loop", effort.lags_ms) for effort in efforts] + [("schedule", [*waits_ms])]
    for name, lags in groups:
        for quantile, limit in limits if lags else ():
            lag = float(np.quantile(lags, quantile))
            if lag > limit:
                reasons.append(
                    f"{THE_CLIENT}'s {name} was {lag:.1f} ms late at p{100 * quantile:.0f}, above {limit:.1f} ms"
                )
    return reasons


def spoiled_by_gpu(gpus: Sequence[GpuUse]) -> list[str]:
    """Return why GPUs were not what both sides shall have: slowed down against the load's will, or shared."""
    slowed = [f"{gpu.name} was slowed down ({', '.join(gpu.throttled)})" for gpu in gpus if gpu.throttled]
    shared = [
        f"{gpu.name} was shared with process {', '.join(map(str, gpu.strangers))}" for gpu in gpus if gpu.strangers
    ]
    return slowed + shared
