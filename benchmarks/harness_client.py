"""How fast the harness asks: Plumbline's and lm-eval's own client, same prompts, same null server, in turns."""

from __future__ import annotations

import asyncio
import logging
import statistics
import time
from dataclasses import replace
from typing import Any

from benchmarks.null_server import null_server
from evals.accuracy.answering import ask_all
from evals.accuracy.benchmarks import load_task
from evals.accuracy.datasets import find_dataset
from evals.accuracy.questions import Question, questions_from
from evals.client import EngineClient
from evals.plan import load_suite
from evals.spec import Api

ROUNDS = 5
CONCURRENCY = 128
REPEATS = 4


def measure() -> dict[str, Any]:
    """Return requests/s of both clients by round, and the median of the ratios of neighbouring rounds."""
    logging.disable(logging.WARNING)
    workload = load_suite("demo")[0]
    task = load_task(workload, find_dataset(workload, data_folder=None))
    task.build_all_requests(limit=None, rank=0, world_size=1)
    instances = task.instances * REPEATS
    questions = questions_from(instances, api=Api.COMPLETIONS, seed=1)
    questions = [replace(q, key=replace(q.key, repeat=i)) for i, q in enumerate(questions)]
    with null_server() as url:
        rounds = [(_ours(url, questions), _theirs(url, instances)) for _ in range(ROUNDS)]
    return {
        "requests": len(questions),
        "concurrency": CONCURRENCY,
        "plumbline_requests_per_s": [round(ours) for ours, _ in rounds],
        "lm_eval_requests_per_s": [round(theirs) for _, theirs in rounds],
        "median_ratio": round(statistics.median(ours / theirs for ours, theirs in rounds), 2),
    }


def _ours(url: str, questions: list[Question]) -> float:
    async def ask() -> None:
        async with EngineClient(url, concurrency=CONCURRENCY) as client:
            await ask_all(
                client,
                questions,
                concurrency=CONCURRENCY,
                on_response=lambda question, response: None,
                check=lambda: None,
            )

    started = time.perf_counter()
    asyncio.run(ask())
    return len(questions) / (time.perf_counter() - started)


def _theirs(url: str, instances: list[Any]) -> float:
    from lm_eval.models.openai_completions import LocalCompletionsAPI

    model = LocalCompletionsAPI(
        base_url=f"{url}/v1/completions", model="m", tokenizer_backend=None, num_concurrent=CONCURRENCY
    )
    started = time.perf_counter()
    model.generate_until(instances, disable_tqdm=True)
    return len(instances) / (time.perf_counter() - started)
