"""How often parity raises a false alarm: the same correct model, asked again and again of the same servers.

`python -m benchmarks.parity_repeats --candidate URL --reference URL [--floor URL] [--chunked URL] --tokenizer FOLDER`.
Every run asks the candidate anew, and the other servers in every `--fresh-every`th run. With --floor, the reference is
transformers in float32 and the floor transformers in the served dtype.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from evals.client import EngineClient
from evals.parity.asking.observing import ParityListener, observe
from evals.parity.asking.prompts import PromptSet, prompt_set
from evals.parity.findings import ParityCheck, ParityResult
from evals.parity.judging.judge import judge_parity
from evals.parity.records import Observation
from evals.parity.settings import ParitySettings

CONCURRENCY = 64
SIDES = ("candidate", "reference", "floor", "chunked")


def main() -> int:
    """Print one JSON object with every run's verdict, and the last run's checks; after each run, to a file too."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parity_repeats", description=__doc__)
    for side in ("candidate", "reference"):
        parser.add_argument(f"--{side}", required=True)
    for side in ("floor", "chunked"):
        parser.add_argument(f"--{side}")
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--images", action="store_true")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--fresh-every", type=int, default=1)
    parser.add_argument("--json", type=Path)
    told = parser.parse_args()
    for found in repeat(told):
        if told.json is not None:
            told.json.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    return 0


def repeat(told: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield after each run how many ended with which verdict so far, and what this one found."""
    settings = ParitySettings(images=told.images)
    prompts = prompt_set(settings, told.tokenizer)
    verdicts: list[str] = []
    seconds: list[float] = []
    heard: dict[str, Observation] = {}
    for number in range(told.runs):
        started = time.perf_counter()
        heard |= _heard(told, settings, prompts, number)
        result = _judged(heard, settings, told.dtype)
        seconds.append(time.perf_counter() - started)
        verdicts.append(str(result.verdict))
        print(
            f"run {number + 1}: {result.verdict}, {seconds[-1]:.0f} s: {result.headline}", file=sys.stderr, flush=True
        )
        yield {
            "verdicts": {verdict: verdicts.count(verdict) for verdict in sorted(set(verdicts))},
            "seconds": [round(value, 1) for value in seconds],
            "calibration": result.calibration,
            "coverage": result.coverage,
            "left_out": result.left_out,
            "checks": [_told(check) for check in result.checks],
        }


def _heard(
    told: argparse.Namespace, settings: ParitySettings, prompts: PromptSet, number: int
) -> dict[str, Observation]:
    """Ask the candidate, and each so many runs the others, all at once."""
    asked = {
        side: getattr(told, side)
        for side in SIDES
        if getattr(told, side) is not None and (side == "candidate" or number % told.fresh_every == 0)
    }
    with ThreadPoolExecutor() as threads:
        running = {
            side: threads.submit(_observed, url, settings, prompts, full=side == "candidate")
            for side, url in asked.items()
        }
    return {side: future.result() for side, future in running.items()}


def _judged(heard: Mapping[str, Observation], settings: ParitySettings, dtype: str) -> ParityResult:
    calibrated = "floor" in heard
    return judge_parity(
        "parity",
        settings,
        candidate=heard["candidate"],
        baseline=heard["floor" if calibrated else "reference"],
        reference=heard["reference"] if calibrated else None,
        chunked=heard.get("chunked"),
        dtype=dtype,
    )


def _observed(url: str, settings: ParitySettings, prompts: PromptSet, *, full: bool) -> Observation:
    connect = partial(EngineClient, url, model="default", concurrency=CONCURRENCY)
    listener = ParityListener(on_record=lambda _: None, on_progress=lambda *_: None, check=lambda: None)
    return observe(prompts, settings, connect=connect, full=full, known=None, hear=listener)


def _told(check: ParityCheck) -> dict[str, Any]:
    spreads = [
        {
            "statistic": spread.name, "error": spread.error, "floor": spread.floor, "ratio": spread.ratio,
            "interval": [spread.low, spread.high], "limit": spread.limit, "verdict": spread.verdict, "n": spread.n,
        }
        for spread in check.spreads
        if spread.group == "all"
    ]  # fmt: skip
    return {
        "name": check.name, "verdict": check.verdict, "value": check.value, "floor": check.floor,
        "limit": check.limit, "n": check.n, "reasons": check.reasons, "spreads": spreads,
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
