"""The load of one pass of a duel."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np

from evals.duel.contenders import Asked
from evals.duel.settings import ServingSettings
from evals.serving.lengths import parse_lengths
from evals.serving.load import Endpoint, Load, check_load

_WHOLE_OVER_STALL = 10
"""How many times longer than between two of its bytes a whole answer may take."""

_MEASURED, _WARM_UP = range(2)


def load_of(
    settings: ServingSettings,
    *,
    base_url: str,
    model: str,
    tokenizer: Path | None,
    api_key: str | None,
    level: int,
    round: int,
    nonce: int = 0,
) -> Load:
    """Return the load of one pass: the same for both sides of a round, with other inputs in each round and level.

    nonce: of the duel, so that no other duel has its inputs, which a server's cache may still hold. Raises
    InvalidSubmissionError for a load that makes no sense.
    """
    return check_load(
        Load(
            base_url=base_url.rstrip("/"),
            model=model,
            requests=settings.requests,
            concurrency=level or None,
            rate=settings.rate,
            poisson=settings.rate is not None,
            input_len=parse_lengths(settings.input_len),
            output_len=parse_lengths(settings.output_len),
            shared_prefix_len=settings.shared_prefix_len,
            prefix_groups=settings.prefix_groups,
            tokenizer=tokenizer,
            seed=seed_of(settings.seed, round, level, nonce),
            processes=settings.processes,
            timeout_s=settings.stall * _WHOLE_OVER_STALL,
            stall_s=settings.stall,
            api_key=api_key,
        )
    )


def seed_of(seed: int, round: int, level: int, nonce: int = 0) -> int:
    """Return a pass's own seed, which both sides of a round share; warm-ups have rounds below zero."""
    kind = _MEASURED if round >= 0 else _WARM_UP
    return int(np.random.SeedSequence([seed, kind, abs(round), level, nonce]).generate_state(1)[0])


def command_of(settings: ServingSettings, *, level: int, asked: Asked | None = None, url: str = "URL") -> str:
    """Return the command that puts the first round's pass of this load to a server by hand."""
    asked = asked or Asked()
    words = ["python", "-m", "evals", "serving", "--base-url", url, "--requests", str(settings.requests)]
    words += ["--input-len", settings.input_len, "--output-len", settings.output_len]
    words += ["--concurrency", str(level)] if level else ["--rate", f"{settings.rate:g}", "--poisson"]
    if settings.shared_prefix_len:
        words += ["--shared-prefix-len", str(settings.shared_prefix_len)]
        words += ["--prefix-groups", str(settings.prefix_groups)]
    if settings.processes > 1:
        words += ["--processes", str(settings.processes)]
    if settings.limits:
        words += ["--goodput", *settings.limits.split()]
    if settings.stall != ServingSettings().stall:
        words += ["--stall", f"{settings.stall:g}", "--timeout", f"{settings.stall * _WHOLE_OVER_STALL:g}"]
    words += ["--api", asked.endpoint] if asked.endpoint != Endpoint.NATIVE else []
    words += [] if asked.force_lengths else ["--keep-eos"]
    words += ["--tokenizer", asked.tokenizer] if asked.tokenizer else []
    return shlex.join([*words, "--seed", str(seed_of(settings.seed, 0, level, asked.nonce))])
