"""Our own side of a cross-check: a pass of a load that SGLang's clients can put too, with figures of the whole pass."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from evals.duel.contenders import Address
from evals.duel.cross_causes import IN_FLIGHT
from evals.duel.cross_check import lengths_of
from evals.duel.loads import load_of
from evals.duel.settings import ServingSettings
from evals.serving.load import Load
from evals.serving.passes import run_pass
from evals.serving.summary import summarise

_FIRST_ROUND = 1_000_000
"""Beyond all rounds of warm-ups, so that no input was seen before."""


def cross_load(settings: ServingSettings, address: Address, *, tokenizer: Path | None, level: int, number: int) -> Load:
    """Return the load of one of our passes; number: another for other inputs."""
    asked, answered = lengths_of(settings)
    plain = replace(settings, input_len=str(asked), output_len=str(answered), shared_prefix_len=0, prefix_groups=1)
    return load_of(
        plain,
        base_url=address.base_url,
        model=address.served_model,
        tokenizer=tokenizer,
        api_key=address.api_key,
        level=level,
        round=-_FIRST_ROUND - number,
    )


def our_figures(load: Load) -> dict[str, float | None]:
    """Run a pass and return its figures from the start to the last end, as the other clients count them."""
    whole = summarise(run_pass(load), {}).whole
    rates = {"requests/s": whole.requests_per_s, "output tokens/s": whole.output_tokens_per_s}
    spreads = {"TTFT": whole.ttft_ms, "ITL": whole.itl_ms, "E2E": whole.e2e_ms}
    found: dict[str, float | None] = {name: None if rate is None else rate.value for name, rate in rates.items()}
    found |= {f"{name} p50": None if spread is None else spread.p50.value for name, spread in spreads.items()}
    found["TTFT p99"] = None if whole.ttft_ms is None else whole.ttft_ms.p99.value
    return found | {IN_FLIGHT: whole.concurrency}
