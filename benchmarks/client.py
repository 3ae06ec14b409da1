"""How long a benchmark takes when the engine costs nothing: ours, lm-eval and sgl-eval in turns, process by process.

Each run gets a null server of its own and is watched from outside: process start to process end, by which time the
score is printed. GSM8K is asked at full size by all three. MMLU is asked at full size by ours; lm-eval sends its four
requests for the first `MMLU_LIMIT` questions of each subject only, for all 56,168 would take minutes, and questions
per second are compared while requests fly. The null server's log-probabilities mean nothing, so MMLU's scores differ.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import micro, peers
from benchmarks.client_report import LM_EVAL, LM_EVAL_MMLU, OUR_MMLU, OURS, SGL_EVAL, Round, report
from benchmarks.flight import Flight, fly
from benchmarks.null_server import build
from evals.accuracy.datasets import DEMO_DATA

TOKENIZER = DEMO_DATA.parent / "demo-llm"
MMLU_LIMIT = 20

Client = Callable[[], Flight]


def measure(data: Path, rounds: int) -> dict[str, Any]:
    """Return every client's figures (medians over the rounds) and the ratios (medians of the rounds' own ratios)."""
    if not (data / "gsm8k" / "test.jsonl").exists() or not (data / "mmlu" / "test.jsonl.gz").exists():
        return {"skipped": f"{data} has no gsm8k and mmlu at full size; --data names a folder that has"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = build("nullserver", folder)
        notes: list[str] = []
        clients = (
            _ours(data, program) | _lm_eval(data, folder, program, notes) | _sgl_eval(data, folder, program, notes)
        )
        flown = [_round(clients, number) for number in range(rounds)]
        alone = micro.measure(program, build("nullload", folder), rounds)
    return {"rounds": rounds, **report(flown), "client_alone": alone, "notes": notes}


def _ours(data: Path, program: Path) -> dict[str, Client]:
    start: list[str | Path] = [sys.executable, "-m", "evals"]
    where: list[str | Path] = ["--base-url", "http://127.0.0.1:{port}", "--data", data]
    mmlu: list[str | Path] = [*start, "mmlu", *where, "--tokenizer", TOKENIZER]
    return {
        OURS: lambda: fly([*start, "gsm8k", *where], program),
        OUR_MMLU: lambda: fly(mmlu, program, server=("--tokenizer", TOKENIZER)),
    }


def _lm_eval(data: Path, folder: Path, program: Path, notes: list[str]) -> dict[str, Client]:
    try:
        python = peers.lm_eval_python()
    except (OSError, subprocess.CalledProcessError) as error:
        notes.append(f"lm-eval was left out: its environment could not be built ({error})")
        return {}
    notes.append(f"mmlu: lm-eval is asked for the first {MMLU_LIMIT} questions of each subject, ours for all")
    peers.lm_eval_tasks(python, data, folder)
    env = {"HF_HOME": str(folder / "hf"), "HF_HUB_OFFLINE": "1"}
    gsm8k = peers.lm_eval_command(python, "gsm8k_here", folder, model="model=m,tokenizer_backend=None")
    tokenizer = f"model=m,tokenizer={TOKENIZER}"
    mmlu = peers.lm_eval_command(python, "mmlu_here", folder, model=tokenizer, limit=MMLU_LIMIT)
    return {LM_EVAL: lambda: fly(gsm8k, program, env=env), LM_EVAL_MMLU: lambda: fly(mmlu, program, env=env)}


def _sgl_eval(data: Path, folder: Path, program: Path, notes: list[str]) -> dict[str, Client]:
    command = peers.sgl_eval_command(data, folder)
    if command is None:
        notes.append("sgl-eval was left out: it is not installed (`plumbline harnesses install sgl-eval`)")
        return {}
    return {SGL_EVAL: lambda: fly(command, program)}


def _round(clients: dict[str, Client], number: int) -> Round:
    flown = {}
    for name, run in clients.items():
        flown[name] = run()
        print(f"round {number + 1}, {name}: {flown[name].wall_s:.2f} s", file=sys.stderr, flush=True)
    return flown
