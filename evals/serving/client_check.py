"""Whether the client was the limit, and so measured itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evals.serving.latencies import latencies
from evals.serving.passes import Pass

MOST_CPU_SHARE = 0.85
"""Of a core, for one process; an event loop that has less to spare queues what comes."""

LAG_SHARE, LEAST_LAG_MS, MOST_LAG_MS = 0.1, 5.0, 20.0
"""How late the loop may be at p99: a tenth of the median TTFT, but 5 ms are always allowed and 20 ms never exceeded."""


@dataclass(frozen=True, kw_only=True)
class ClientCheck:
    """Hold what the client had to do; its figures are those of the worst of its processes.

    cpu_share: of one core. loop_lag_*: lateness of a regular appointment of the event loop. schedule_lag_*: lateness
    against the schedule where nothing but the client could be late (open loop; without a limit in flight up to the
    sending, with one up to the queue before it). lag_limit_ms: what `client_limited` holds both against.
    read_early: answers that were read during the pass for want of memory. reasons: why the client was the limit.
    """

    client_limited: bool
    reasons: list[str]
    cpu_share: list[float]
    loop_lag_p50_ms: float | None
    loop_lag_p99_ms: float | None
    loop_lag_most_ms: float | None
    schedule_lag_p50_ms: float | None
    schedule_lag_p99_ms: float | None
    schedule_lag_most_ms: float | None
    lag_limit_ms: float
    connections_opened: int
    read_early: int


def client_check(done: Pass) -> ClientCheck:
    """Judge a pass's client.

    It was the limit when a process used more than 85 % of a core, or when the loop's or the schedule's lag at p99 was
    more than a tenth of the median TTFT (of at least 5 ms, at most 20 ms). Another program that takes the processor
    away shows as lag as well, and spoils the pass as much.
    """
    shares = [effort.cpu_s / effort.wall_s for effort in done.efforts]
    loop = _worst([effort.lags_ms for effort in done.efforts])
    schedule = _worst([effort.late_ms for effort in done.efforts] + ([] if done.load.concurrency else [_waits(done)]))
    limit_ms = _limit_ms(done)
    reasons = [f"a process used {share:.0%} of a core" for share in shares if share > MOST_CPU_SHARE]
    for name, lag in (("event loop", loop[1]), ("schedule", schedule[1])):
        if lag is not None and lag > limit_ms:
            reasons.append(f"the {name} was {lag:.1f} ms late at p99, more than {limit_ms:.1f} ms")
    return ClientCheck(
        client_limited=bool(reasons),
        reasons=reasons,
        cpu_share=shares,
        loop_lag_p50_ms=loop[0],
        loop_lag_p99_ms=loop[1],
        loop_lag_most_ms=loop[2],
        schedule_lag_p50_ms=schedule[0],
        schedule_lag_p99_ms=schedule[1],
        schedule_lag_most_ms=schedule[2],
        lag_limit_ms=limit_ms,
        connections_opened=sum(effort.opened for effort in done.efforts),
        read_early=sum(effort.read_early for effort in done.efforts),
    )


def _waits(done: Pass) -> list[float]:
    found = (latencies(record).wait_ms for record in done.records if record.due_ns is not None)
    return [wait for wait in found if wait is not None]


def _worst(groups: list[list[float]]) -> tuple[float | None, float | None, float | None]:
    """Return p50, p99 and the most, each of the group in which it is highest."""
    groups = [group for group in groups if group]
    if not groups:
        return None, None, None
    p50, p99, most = (max(float(np.quantile(group, share)) for group in groups) for share in (0.5, 0.99, 1.0))
    return p50, p99, most


def _limit_ms(done: Pass) -> float:
    firsts = [one for record in done.records if (one := latencies(record).service_ttft_ms) is not None]
    median = float(np.median(firsts)) if firsts else 0.0
    return min(max(LAG_SHARE * median, LEAST_LAG_MS), MOST_LAG_MS)
