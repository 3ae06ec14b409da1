"""What a duel saw and what it was judged to be."""

from __future__ import annotations

from dataclasses import dataclass, field

from evals.outcome import Verdict

CANDIDATE, BASELINE = "candidate", "baseline"


@dataclass(frozen=True, kw_only=True)
class GpuUse:
    """Describe one GPU during one pass, out of samples taken beside it.

    throttled: NVML's reasons that lower clocks against the load's will (thermal, power brake, hardware slowdown).
    strangers: process ids on the GPU that belong to neither engine.
    """

    uuid: str
    name: str
    samples: int
    sm_clock_mhz: tuple[float, float, float]
    """Least, median, most."""
    power_w: tuple[float, float]
    """Mean, most."""
    utilisation: float
    """Mean share of time with a kernel running, 0 to 1."""
    memory_mib: float
    temperature_c: float
    throttled: tuple[str, ...] = ()
    strangers: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Pass:
    """Hold one pass of one side: round -1, -2 ... are warm-ups, 0, 1 ... are measured.

    level: requests in flight, 0 where a rate says when they are sent. place: 0 for the side that came first in the
    round. started_s: Unix seconds. values: by the names of `evals.metrics.SERVING_METRICS`, in their units; None for
    what cannot be known. requests, whole, faults, retried, shorter, longer, *_tokens: as in
    `evals.serving.summary.Outcomes`. curves: for "ttft_ms", "itl_ms" and "e2e_ms" the values at the shares 0, 0.01 ...
    1; empty in a result, which has those of all rounds together. spoiled: why the pass cannot count (the client was
    the limit, a throttled or shared GPU, a server that was not warm). ttft_by: requests by how their first token was
    found, as in Outcomes.
    """

    round: int
    level: int
    side: str
    place: int
    started_s: float
    length_s: float
    values: dict[str, float | None]
    requests: int
    whole: int
    faults: dict[str, int] = field(default_factory=dict)
    retried: int = 0
    shorter: int = 0
    longer: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    curves: dict[str, tuple[float, ...]] = field(default_factory=dict)
    gpus: tuple[GpuUse, ...] = ()
    spoiled: tuple[str, ...] = ()
    ttft_by: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Give one side's distribution of one latency at one level: values in ms at the shares 0, 0.01 ... 1.

    Each is the median over the rounds that count.
    """

    name: str
    level: int
    side: str
    values: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Echo:
    """Say what the client can do on this machine: the same load against a server that answers at once.

    requests_per_s, output_tokens_per_s: what it did; needed_*: the most that a measured pass had. limited: whether the
    measured passes came too near to it. reasons: in words.
    """

    level: int
    requests_per_s: float
    output_tokens_per_s: float
    needed_requests_per_s: float
    needed_output_tokens_per_s: float
    ttft_p50_ms: float | None
    ttft_p99_ms: float | None
    limited: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """Compare one figure at one level, candidate over baseline, over the rounds that count.

    name: a key of `evals.metrics.SERVING_METRICS`. value, low, high: the geometric mean of the rounds' ratios with its
    interval at `confidence`. candidate, baseline: each side's median over rounds, in the metric's unit. rounds: the
    ratio of each round that counts. limit: what the ratio must keep (0.95 for a rate that may drop by 5 %, 1.05 for a
    latency). verdict: None for what decides nothing. bootstrap_low, bootstrap_high: the bootstrap interval beside it,
    for whoever doubts that the rounds' logarithms are normal; it decides nothing.
    """

    name: str
    level: int
    decides: bool
    candidate: float | None
    baseline: float | None
    value: float | None
    low: float | None
    high: float | None
    confidence: float
    rounds: tuple[float, ...]
    limit: float | None
    verdict: Verdict | None
    reasons: tuple[str, ...] = ()
    bootstrap_low: float | None = None
    bootstrap_high: float | None = None


@dataclass(frozen=True, kw_only=True)
class CrossCheck:
    """Hold what another client said of the candidate's server under the same load, beside what ours said.

    figures: name to (theirs, ours), in ms, requests/s and tokens/s. differences: each explained, or said to be
    unexplained. command: what was run. error: why there is nothing.
    """

    client: str
    level: int
    command: str
    figures: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)
    differences: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class ServingResult:
    """Hold what a serving workload found; `passes` are all that were measured, warm-ups among them.

    facts: what the load was, in words, in the order in which they are shown. stopped: why no further round was run.
    notes: what a reader must know (lengths that could not be forced, spoiled passes, throttling, launches).
    reproduce: the command that measures one pass of this load.
    """

    workload: str
    verdict: Verdict
    headline: str
    ratios: tuple[Ratio, ...]
    passes: tuple[Pass, ...]
    stopped: str
    facts: dict[str, str] = field(default_factory=dict)
    curves: tuple[Curve, ...] = ()
    echoes: tuple[Echo, ...] = ()
    cross_checks: tuple[CrossCheck, ...] = ()
    notes: tuple[str, ...] = ()
    reproduce: str = ""
    margin: float = 0.0
