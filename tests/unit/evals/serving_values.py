"""Parts of results of serving workloads, plausible and the same every time."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, sin

from evals.duel.results import BASELINE, CANDIDATE, Curve, Echo, GpuUse, Pass, Ratio, ServingResult
from evals.metrics import SERVING_METRICS, Direction
from evals.outcome import Verdict

HOSTILE = "</title><script>alert(1)</script> **@torvalds** | `x` \x1b[31m\u202e ![i](http://evil.example/x.png)"
ROUNDS = 6
MARGIN = 0.05
GPU = GpuUse(
    uuid="GPU-7f3a2b1c-0000-0000-0000-000000000000",
    name="NVIDIA H200",
    samples=120,
    sm_clock_mhz=(1_755.0, 1_980.0, 1_980.0),
    power_w=(512.4, 689.0),
    utilisation=0.97,
    memory_mib=121_344.0,
    temperature_c=61.0,
)
_WITH_ONE = {"ttft_p50": 24.0, "output_tokens_per_s": 90.0}


def figures(level: int, faster: float) -> dict[str, float | None]:
    """Return plausible figures at a level; faster: how many times as fast as the baseline."""
    level = level or 8
    ttft, rate = _WITH_ONE["ttft_p50"] * (1 + level / 6) / faster, _WITH_ONE["output_tokens_per_s"] * faster
    throughput = rate * level / (1 + level / 24)
    return {
        "ttft_p50": ttft,
        "output_tokens_per_s": throughput,
        "ttft_p99": 3.1 * ttft,
        "itl_p50": 1000 * level / throughput,
        "itl_p99": 2600 * level / throughput,
        "tpot_p50": 1040 * level / throughput,
        "e2e_p50": ttft + 64_000 * level / throughput,
        "e2e_p99": 3 * ttft + 70_000 * level / throughput,
        "requests_per_s": throughput / 64,
        "input_tokens_per_s": 4 * throughput,
        "goodput_share": None,
    }


def wobble(seed: float) -> float:
    """Return a factor near 1, the same for the same seed."""
    return 1 + 0.02 * sin(7 * seed + 1)


def one_pass(level: int, number: int, side: str, faster: float, *, gpus: tuple[GpuUse, ...] = (GPU,)) -> Pass:
    """Return one pass of one side; warm-ups are slow at first."""
    slow = 1 if number >= 0 else 6 if number == -1 else 1.02
    values = {
        name: None if value is None else value * wobble(number + level + len(side)) * (slow if "ttft" in name else 1)
        for name, value in figures(level, faster).items()
    }
    return Pass(
        round=number,
        level=level,
        side=side,
        place=(number + (side == BASELINE)) % 2,
        started_s=1_764_000_000.0 + 60 * number,
        length_s=24.0,
        values=values,
        requests=64,
        whole=64,
        input_tokens=16_384,
        output_tokens=4_096,
        cached_tokens=0,
        gpus=gpus,
    )


def ratio_at(level: int, name: str, faster: float, verdict: Verdict | None, *, spread: float = 0.015) -> Ratio:
    """Return the ratio of one figure at one level."""
    latency = SERVING_METRICS[name].direction is Direction.LOWER
    value = 1 / faster if latency else faster
    ours, theirs = figures(level, faster)[name], figures(level, 1.0)[name]
    decides = name in ("ttft_p50", "output_tokens_per_s")
    return Ratio(
        name=name,
        level=level,
        decides=decides,
        candidate=ours,
        baseline=theirs,
        value=None if ours is None else value,
        low=None if ours is None else value * exp(-spread),
        high=None if ours is None else value * exp(spread),
        confidence=0.9875,
        rounds=tuple(value * exp(spread * sin(3 * number)) for number in range(ROUNDS)) if ours else (),
        limit=(1 + MARGIN if latency else 1 - MARGIN) if decides else None,
        verdict=verdict if decides else None,
        reasons=(f"the interval lies {'beyond' if verdict is Verdict.FAIL else 'across'} the limit",)
        if decides and verdict not in (Verdict.PASS, None)
        else (),
    )


def curve(name: str, level: int, side: str, middle: float) -> Curve:
    """Return a distribution with a tail around a median."""
    values = tuple(middle * exp(0.9 * ((share / 100 - 0.5) + 2 * (share / 100) ** 12)) for share in range(101))
    return Curve(name=name, level=level, side=side, values=values)


def curves_of(levels: Sequence[int], faster: float) -> tuple[Curve, ...]:
    """Return the three latencies of both sides."""
    return tuple(
        curve(f"{name}_ms", level, side, figures(level, times)[f"{name}_p50"] or 0)
        for level in levels
        for name in ("ttft", "itl", "e2e")
        for side, times in ((CANDIDATE, faster), (BASELINE, 1.0))
    )


FACTS = {
    "requests in a pass": "64",
    "input tokens": "256",
    "output tokens": "64, forced on both sides (ignore_eos)",
    "launches": "both servers up in turn, launched for each block",
    "order": "blocks of two rounds, AB BA or BA AB, by seed 1234",
}


def echo_at(level: int, faster: float) -> Echo:
    """Return an echo that is far from the limit."""
    return Echo(
        level=level,
        requests_per_s=2_400.0,
        output_tokens_per_s=154_000.0,
        needed_requests_per_s=(figures(level, faster)["requests_per_s"] or 0) * 1.03,
        needed_output_tokens_per_s=(figures(level, faster)["output_tokens_per_s"] or 0) * 1.03,
        ttft_p50_ms=0.61,
        ttft_p99_ms=2.4,
        limited=False,
    )


def result(
    verdict: Verdict,
    headline: str,
    *,
    levels: Sequence[int] = (1, 8, 32),
    faster: float = 1.0,
    gpus: tuple[GpuUse, ...] = (GPU,),
    spread: float = 0.015,
) -> ServingResult:
    """Return a result whose ratios all have one verdict."""
    passes = [
        one_pass(level, number, side, faster if side == CANDIDATE else 1.0, gpus=gpus)
        for level in levels
        for number in (-1, -2, -3, *range(ROUNDS))
        for side in (CANDIDATE, BASELINE)
    ]
    return ServingResult(
        workload="serving",
        verdict=verdict,
        headline=headline,
        ratios=tuple(
            ratio_at(level, name, faster, verdict, spread=spread) for level in levels for name in SERVING_METRICS
        ),
        passes=tuple(passes),
        stopped="every deciding ratio was decided at the first look, after 6 rounds",
        facts=dict(FACTS),
        curves=curves_of(levels, faster),
        echoes=tuple(echo_at(level, faster) for level in levels),
        notes=("the baseline's server takes ignore_eos, so output lengths were forced on both sides",),
        reproduce="python -m evals serving --base-url URL --concurrency 8 --requests 64 --output-len 64",
        margin=MARGIN,
    )
