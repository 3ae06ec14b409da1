"""The client alone, without a process's start and without scoring, beside the fastest client there can be."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

from benchmarks.null_server import null_server
from evals.accuracy.answering import ask_all
from evals.accuracy.concurrency import concurrency_for
from evals.accuracy.questions import Question, generation_question
from evals.client import EngineClient
from evals.result import SampleKey
from evals.spec import Workload
from evals.transport.loop import run_loop

REQUESTS = 10_000
FLOOR_CONCURRENCY = 32
PROMPT_CHARACTERS = 1500
"""What nullload sends."""


def measure(server: Path, load: Path, rounds: int) -> dict[str, Any]:
    """Return requests/s and CPU a request of `EngineClient` under `ask_all`, and of a closed loop in C, in turns."""
    questions = _questions()
    seen = []
    for _ in range(rounds):
        with null_server(server) as port:
            seen.append((*_ours(port, questions), *_floor(load, port)))
    ours, our_cpu, floor, floor_cpu = (statistics.median(column) for column in zip(*seen, strict=True))
    return {
        "requests": REQUESTS,
        "plumbline_requests_per_s": round(ours),
        "plumbline_cpu_ms_per_request": round(our_cpu, 3),
        "c_floor_requests_per_s": round(floor),
        "c_floor_cpu_ms_per_request": round(floor_cpu, 3),
    }


def _questions() -> list[Question]:
    workload = Workload(name="micro", benchmark="micro", metric="", margin=0.0)
    settings = {"until": ["Question:", "</s>"], "max_gen_toks": 16}
    return [
        generation_question(SampleKey(task="micro", doc_id=n), f"{n}".ljust(PROMPT_CHARACTERS, "x"), settings, workload)
        for n in range(REQUESTS)
    ]


def _ours(port: int, questions: list[Question]) -> tuple[float, float]:
    async def ask() -> None:
        async with EngineClient(f"http://127.0.0.1:{port}") as client:
            await ask_all(
                client,
                questions,
                concurrency=concurrency_for(None),
                on_response=lambda question, response: None,
                check=lambda: None,
            )

    started, used = time.perf_counter(), _cpu_s()
    run_loop(ask())
    return REQUESTS / (time.perf_counter() - started), 1000 * (_cpu_s() - used) / REQUESTS


def _floor(load: Path, port: int) -> tuple[float, float]:
    words = [str(load), str(port), str(FLOOR_CONCURRENCY), str(REQUESTS), "0", "16"]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    said = json.loads(done.stdout)
    return said["rps"], said["cpu_ms_per_req"]


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
