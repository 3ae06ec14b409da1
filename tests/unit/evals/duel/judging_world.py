"""Duels of known ratios, judged."""

from __future__ import annotations

from collections.abc import Sequence

from evals.duel.contenders import Outcome
from evals.duel.judging import judge_duel
from evals.duel.results import Echo, Pass, Ratio, ServingResult
from evals.duel.settings import serving_settings
from tests.unit.evals.duel.examples import workload

NEAR = [1.0, 1.001, 0.999, 1.0005, 0.9995, 1.0002]
SLOW = [1.2 * one for one in NEAR]
QUICK = [0.5 * one for one in NEAR]
ECHO = Echo(
    level=8,
    requests_per_s=100.0,
    output_tokens_per_s=5000.0,
    needed_requests_per_s=0.0,
    needed_output_tokens_per_s=0.0,
    ttft_p50_ms=0.2,
    ttft_p99_ms=1.0,
    limited=False,
)


def judged(passes: Sequence[Pass], echo: Echo = ECHO, **options: float | str) -> ServingResult:
    wanted = workload(**{"launch_spread": 0.0, **options})
    return judge_duel(wanted, serving_settings(wanted), Outcome(passes=tuple(passes), echoes=(echo,)))


def deciding(result: ServingResult) -> list[Ratio]:
    return [ratio for ratio in result.ratios if ratio.decides]
