"""A model that fails takes its running requests with it and nothing else: the server goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.engines

Start = Callable[..., AbstractContextManager[Any]]

# Starts the real server with a model that runs out of memory once each time the file TRIGGER is there.
FAILING = """
import sys
from pathlib import Path
from hf_server import torchvision_operators
torchvision_operators.declare()
import torch
from transformers.generation.continuous_batching.continuous_api import ContinuousBatchProcessor
from hf_server import __main__, forward

trigger = Path("TRIGGER")

def failing(real):
    def call(*args, **kwargs):
        if trigger.exists():
            trigger.unlink()
            raise torch.OutOfMemoryError("CUDA out of memory (provoked)")
        return real(*args, **kwargs)
    return call

forward.Forward.__call__ = failing(forward.Forward.__call__)
ContinuousBatchProcessor._generation_step = failing(ContinuousBatchProcessor._generation_step)
sys.exit(__main__.main(sys.argv[1:]))
"""


@pytest.fixture(scope="module", params=["stepwise", "continuous"])
def faulty(
    request: pytest.FixtureRequest, start_hf: Start, demo_llm: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Any, Path]]:
    trigger = tmp_path_factory.mktemp("fault") / "trigger"
    code = FAILING.replace("TRIGGER", str(trigger))
    with start_hf(demo_llm, "--batching", request.param, code=code) as server:
        yield server, trigger


def ask(server: Any, tokens: int) -> Any:
    parameters = {"temperature": 0, "max_new_tokens": tokens, "ignore_eos": True}
    return server.client.post("/generate", json={"text": "Hello", "sampling_params": parameters})


def test_memory_that_runs_out_while_decoding_fails_the_running_requests_alone(faulty: tuple[Any, Path]) -> None:
    server, trigger = faulty
    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(ask, server, 3000) for _ in range(3)]
        time.sleep(5)  # on a busy machine their prompts are read by then, and their 3,000 tokens are far from done
        trigger.touch()
        answers = [future.result() for future in running]
    assert [answer.status_code for answer in answers] == [500] * 3
    assert all("out of memory" in answer.json()["error"]["message"] for answer in answers)
    assert ask(server, 5).status_code == 200


def test_memory_that_runs_out_on_a_prompt_fails_that_request_alone(faulty: tuple[Any, Path]) -> None:
    server, trigger = faulty
    trigger.touch()
    failed = ask(server, 5)
    assert failed.status_code == 500
    assert "out of memory" in failed.json()["error"]["message"]
    assert len(ask(server, 5).json()["output_ids"]) == 5


def test_a_failure_after_the_first_event_ends_the_stream_with_the_error(faulty: tuple[Any, Path]) -> None:
    server, trigger = faulty
    parameters = {"temperature": 0, "max_new_tokens": 3000, "ignore_eos": True}
    body = {"text": "Hello", "sampling_params": parameters, "stream": True}
    with server.client.stream("POST", "/generate", json=body) as answer:
        lines = iter(line for line in answer.iter_lines() if line)
        assert next(lines).startswith('data: {"text"')
        trigger.touch()
        last = list(lines)[-2:]
    assert "out of memory" in last[0]
    assert last[1] == "data: [DONE]"
