"""What the store is filled with: which runs, of which models, when, and which of the prepared answers each gives."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from evals.spec import DataSource, EngineSpec, ModelSpec, PullRequest, Submission, Workload

STEADY, WORSE = range(6), range(6, 8)
"""The prepared sets of answers: as good as the baseline, and four points worse."""

_NIGHTLY = {"gsm8k": 1319, "arc_challenge": 1172, "truthfulqa": 817, "ifeval": 541}
_WEEKLY = {"mmlu": 14042}
ITEMS = _NIGHTLY | _WEEKLY
METRICS = {"gsm8k": "exact_match,strict-match", "ifeval": "exact_match,none"}
HARDWARE = ("8x NVIDIA H100 80GB HBM3", "4x NVIDIA H200")
_FAMILIES = ("Qwen3", "Llama-4", "Gemma-3", "Mistral-Small", "GLM-4.6", "DeepSeek-V3", "Phi-4", "Olmo-3")
_SIZES = ("0.6B", "4B", "8B", "27B", "70B")


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """A run: what is asked, when it was accepted, and by workload which prepared answers it gives.

    number: its place in time. ends: "finished", "failed", "running" or "queued". stops_early: whether it is partial.
    """

    number: int
    submission: Submission
    hardware: str
    accepted_at: datetime
    version: str
    variants: dict[str, int]
    ends: str
    stops_early: bool


def planned(*, runs: int, lineages: int, samples: int, seed: int, now: datetime) -> Iterator[PlannedRun]:
    """Yield the runs, oldest first; the last dozen waits or runs, one in fifty has failed.

    lineages: of the candidates, one for each model, workload and hardware. samples: of both sides together, met by
    the share of runs that ask all 14,042 of MMLU.
    """
    chance = random.Random(seed)
    pairs = max(1, lineages // len(ITEMS))
    places = [(number // len(HARDWARE), HARDWARE[number % len(HARDWARE)]) for number in range(pairs)]
    nights = -(-runs // pairs)
    weekly = _weekly_share(runs, samples)
    for number in range(runs):
        night, place = divmod(number, pairs)
        model, hardware = places[place]
        large = int((number + 1) * weekly) > int(number * weekly) if nights < 3 else _turn(night, place, weekly)
        workloads = tuple(workload(name) for name in (_WEEKLY if large else _NIGHTLY))
        broken = place % 12 == 3 and night > 0.7 * nights
        waiting = runs - number <= 12 and runs > 100
        yield PlannedRun(
            number=number,
            submission=_submission(chance, number, model_name(model), workloads),
            hardware=hardware,
            accepted_at=now - timedelta(hours=20 * (nights - night), minutes=-7 * (place % 60)),
            version=f"0.5.{10 + night * 8 // nights}",
            variants={
                one.name: chance.choice(WORSE if broken and one.name != "ifeval" else STEADY) for one in workloads
            },
            ends=("running" if runs - number <= 2 else "queued") if waiting else _end(chance),
            stops_early=chance.random() < 0.02,
        )


def workload(name: str) -> Workload:
    """Return a workload as its suite would ask it."""
    metric = METRICS.get(name, "acc,none")
    return Workload(name=name, benchmark=name, metric=metric, margin=0.02, data=DataSource.LOCAL)


def model_name(number: int) -> str:
    """Return the name of a model."""
    size, family = divmod(number, len(_FAMILIES))
    return f"lab/{_FAMILIES[family]}-{_SIZES[size % len(_SIZES)]}" + (f"-v{size}" if size >= len(_SIZES) else "")


def commit_of(night: str, number: int) -> str:
    """Return the commit that a run measured."""
    return f"{random.Random(f'{night}{number // 40}').getrandbits(160):040x}"


def _weekly_share(runs: int, samples: int) -> float:
    small, large = 2 * sum(_NIGHTLY.values()), 2 * sum(_WEEKLY.values())
    return min(1.0, max(0.02, (samples / runs - small) / (large - small)))


def _turn(night: int, place: int, share: float) -> bool:
    shifted = night + place * 0.37
    return int((shifted + 1) * share) > int(shifted * share)


def _end(chance: random.Random) -> str:
    return "failed" if chance.random() < 0.02 else "finished"


def _submission(chance: random.Random, number: int, model: str, workloads: tuple[Workload, ...]) -> Submission:
    drawn = chance.random()
    pull = PullRequest(repository="sgl-project/sglang", number=20_000 + number, head_sha=commit_of("pull", number))
    return Submission(
        model=ModelSpec(path=model),
        candidate=EngineSpec(kind="sglang", args={"mem-fraction-static": 0.8}, device="cuda", gpus=1),
        baseline=EngineSpec(kind="hf", device="cuda", gpus=1),
        suite="mmlu" if workloads[0].name == "mmlu" else "custom",
        workloads=workloads,
        tags=() if drawn < 0.1 else ("main", "release") if drawn < 0.2 else ("nightly",),
        pull_request=pull if drawn < 0.1 else None,
    )
