"""How long the demo sets take on a real SGLang server: `python -m evals` and lm-eval's command line, in turns.

Both ask GSM8K-style problems and MMLU-style questions of one server with the demo model; the scores must be equal.
The server's radix cache is flushed before each run.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.client_report import score_in
from db.settings import settings
from evals.accuracy.datasets import DEMO_DATA
from evals.spec import EngineSpec, ModelSpec
from workers.server import running

MODEL = DEMO_DATA.parent / "demo-llm"
CONCURRENCY = 64

Words = list[str | Path]


def measure(rounds: int) -> dict[str, Any]:
    """Return wall seconds by client and set (medians), the scores printed, and the median of the rounds' ratios."""
    python = peers.lm_eval_python()
    spec, model = EngineSpec(kind="sglang"), ModelSpec(path=str(MODEL))
    with (
        tempfile.TemporaryDirectory() as name,
        running(spec, model, settings=settings(), job_id="benchmark-real-engine") as server,
    ):
        folder = Path(name)
        commands = _commands(python, server.base_url, server.served_model, folder)
        walls: dict[str, list[float]] = {client: [] for client in commands}
        scores: dict[str, str | None] = {}
        for _ in range(rounds):
            for client, command in commands.items():
                urllib.request.urlopen(f"{server.base_url}/flush_cache", timeout=30).close()
                wall_s, output = _timed(command)
                walls[client].append(wall_s)
                scores[client] = score_in(output)
                print(f"{client}: {wall_s:.1f} s, {scores[client]}", file=sys.stderr, flush=True)
    return {
        "wall_s": {client: round(statistics.median(times), 1) for client, times in walls.items()},
        "scores": scores,
        "ratios": {name: _ratio(walls[f"{name}, lm-eval"], walls[f"{name}, plumbline"]) for name in ("gsm8k", "mmlu")},
    }


def _commands(python: Path, base_url: str, served: str, folder: Path) -> dict[str, Words]:
    peers.lm_eval_tasks(python, DEMO_DATA, folder)
    where = f"base_url={base_url}/v1/completions,num_concurrent={CONCURRENCY},model=default,tokenizer={MODEL}"
    theirs: Words = [python, "-m", "lm_eval", "--model", "local-completions", "--model_args", where]
    theirs += ["--include_path", folder, "--tasks"]
    ours: Words = [sys.executable, "-m", "evals"]
    engine: Words = ["--base-url", base_url, "--model", served]
    return {
        "gsm8k, plumbline": [*ours, "demo", *engine],
        "gsm8k, lm-eval": [*theirs, "gsm8k_here"],
        "mmlu, plumbline": [*ours, "demo-mmlu", *engine],
        "mmlu, lm-eval": [*theirs, "mmlu_here"],
    }


def _timed(command: Words) -> tuple[float, str]:
    started = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return time.perf_counter() - started, done.stdout


def _ratio(theirs: list[float], ours: list[float]) -> float:
    return round(statistics.median(a / b for a, b in zip(theirs, ours, strict=True)), 1)
