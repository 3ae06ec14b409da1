"""Whether our HF server is a strong baseline: the same load on it and on `transformers serve --continuous-batching`.

`python -m benchmarks.hf_baseline --ours URL --theirs URL --their-model NAME --tokenizer FOLDER`. Both are asked through
`/v1/completions`, greedily and with the same texts; transformers' server takes no `ignore_eos` and tells no counts, so
that answers end where the model ends them and whole answers a second are compared. The order changes in every round.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from evals.duel.ratios import estimate, logs_of
from evals.serving.lengths import fixed
from evals.serving.load import Endpoint, Load
from evals.serving.passes import run_pass
from evals.serving.summary import Summary, summarise

WARM_UPS = 2


def main() -> int:
    """Print one JSON object with the rounds' values and the ratios, ours over theirs, with 95 % intervals."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hf_baseline", description=__doc__)
    parser.add_argument("--ours", required=True)
    parser.add_argument("--theirs", required=True)
    parser.add_argument("--their-model", required=True, help="the folder or name that transformers serves")
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--requests", type=int, default=64)
    parser.add_argument("--input-len", type=int, default=256)
    parser.add_argument("--output-len", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--json", type=Path)
    found = compare(parser.parse_args())
    print(json.dumps(found, indent=1))
    return 0


def compare(told: argparse.Namespace) -> dict[str, Any]:
    """Run the warm-ups and the rounds; after each round what is known is written to the file, if there is one."""
    sides = {"ours": _load(told, told.ours, "default"), "theirs": _load(told, told.theirs, told.their_model)}
    seen: dict[str, list[Summary]] = {"ours": [], "theirs": []}
    found: dict[str, Any] = {}
    for number in range(-WARM_UPS, told.rounds):
        order = list(sides) if number % 2 else list(reversed(sides))
        for side in order:
            summary = summarise(run_pass(replace(sides[side], seed=1000 + number)), {})
            if number >= 0:
                seen[side].append(summary)
            print(f"{number} {side}: {_values(summary)}", file=sys.stderr, flush=True)
        if number > 0:
            found = _found(seen)
            if told.json is not None:
                told.json.write_text(json.dumps(found, indent=1) + "\n")
    return found


def _load(told: argparse.Namespace, url: str, model: str) -> Load:
    return Load(
        base_url=url,
        model=model,
        endpoint=Endpoint.COMPLETIONS,
        requests=told.requests,
        concurrency=told.concurrency,
        input_len=fixed(told.input_len),
        output_len=fixed(told.output_len),
        tokenizer=told.tokenizer,
        force_lengths=False,
        count_events=False,
    )


def _values(summary: Summary) -> dict[str, float | None]:
    whole = summary.whole
    return {
        "whole": summary.outcomes.whole,
        "requests_per_s": whole.requests_per_s.value if whole.requests_per_s else None,
        "ttft_p50_ms": whole.ttft_ms.p50.value if whole.ttft_ms else None,
        "e2e_p50_ms": whole.e2e_ms.p50.value if whole.e2e_ms else None,
    }


def _found(seen: dict[str, list[Summary]]) -> dict[str, Any]:
    values = {side: [_values(summary) for summary in summaries] for side, summaries in seen.items()}
    ratios = {}
    for name in ("requests_per_s", "ttft_p50_ms", "e2e_p50_ms"):
        logs = logs_of([one[name] for one in values["ours"]], [one[name] for one in values["theirs"]])
        if logs is not None:
            ratio = estimate(logs, 0.95)
            ends = [ratio.interval.low, ratio.interval.high] if ratio.interval else None
            ratios[name] = {"ours_over_theirs": ratio.value, "interval": ends}
    return {"ratios": ratios, "rounds": values}


if __name__ == "__main__":
    sys.exit(main())
