"""Write a workload as the arguments of sgl-eval's own command line, which its own parser then reads."""

from __future__ import annotations

import json

from evals.sgl_eval.benchmarks import check_workload
from evals.spec import Workload

THREADS = 8
"""Requests at once when a workload names no number; on two cores more threads made sgl-eval slower."""


def command_arguments(workload: Workload, *, base_url: str, model: str) -> list[str]:
    """Return the words after `sgl-eval`; raise InvalidSubmissionError for settings that it has not.

    What the workload leaves open stays sgl-eval's. A seed is sent only where it matters, with a temperature; the
    repeats' seeds follow from it. base_url: without /v1. No key is among the words.
    """
    benchmark = check_workload(workload)
    words = ["run", benchmark.name, f"--base-url={base_url.rstrip('/')}/v1", f"--model={model}"]
    words += [f"--num-threads={workload.concurrency or THREADS}", f"--n-repeats={workload.repeats}"]
    sampling = {
        "--max-tokens": workload.max_tokens,
        "--temperature": workload.temperature,
        "--top-p": workload.top_p,
        "--seed": workload.seed if workload.temperature else None,
    }
    words += [f"{option}={value}" for option, value in sampling.items() if value is not None]
    words += [f"--chat-template-kwarg={key}={json.dumps(value)}" for key, value in workload.chat_template_args.items()]
    return words
