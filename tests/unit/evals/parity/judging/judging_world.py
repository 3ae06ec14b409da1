"""A judged parity workload of a correct model, to be changed by tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evals.parity.findings import ParityCheck, ParityResult
from evals.parity.judging.judge import judge_parity
from evals.parity.records import (
    Mode,
    Observation,
)
from evals.parity.settings import ParitySettings
from tests.unit.evals.parity.judging.worlds import in_chunks, observed

SETTINGS = ParitySettings(compared_k=5, chunk_tokens=80)
NOISE = 0.01


def judged(settings: ParitySettings = SETTINGS, **changes: Any) -> ParityResult:
    """The correct model, calibrated, with changes."""
    asked: dict[str, Any] = {
        "candidate": observed(NOISE, 1, modes=tuple(Mode)),
        "baseline": observed(NOISE, 2),
        "reference": observed(0.0, 3),
        "chunked": in_chunks(NOISE, 4),
        "dtype": "bfloat16",
    }
    return judge_parity("parity", settings, **(asked | changes))


def check(result: ParityResult, name: str) -> ParityCheck:
    return next(one for one in result.checks if one.name == name)


def with_record(observation: Observation, prompt: str, mode: Mode = Mode.ALONE, **changes: Any) -> Observation:
    records = tuple(
        replace(one, **changes) if (one.prompt, one.mode) == (prompt, mode) else one for one in observation.records
    )
    return replace(observation, records=records)


def with_logprob(observation: Observation, prompt: str, place: int, value: float) -> Observation:
    prefill = next(one.prefill for one in observation.records if one.prompt == prompt and one.mode is Mode.ALONE)
    logprobs = (*prefill.logprobs[:place], value, *prefill.logprobs[place + 1 :])
    return with_record(observation, prompt, prefill=replace(prefill, logprobs=logprobs))
