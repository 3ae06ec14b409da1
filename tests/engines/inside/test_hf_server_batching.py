"""Batching is for speed alone: together or one by one, a prompt's greedy answer is the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.engines

Start = Callable[..., AbstractContextManager[Any]]


@pytest.fixture(scope="module", params=[pytest.param("stepwise", marks=pytest.mark.slow), "continuous"])
def batching(request: pytest.FixtureRequest, start_hf: Start, demo_llm: Path) -> Iterator[Any]:
    with start_hf(demo_llm, "--batching", request.param) as server:
        assert server.client.get("/server_info").json()["batching"] == request.param
        yield server


def mixed_bodies(data: Path) -> list[dict[str, Any]]:
    """48 prompts of 20 to 480 tokens, with answers of different lengths."""
    items = [json.loads(line) for line in (data / "gsm8k" / "test.jsonl").read_text().splitlines()[:48]]
    shots = [json.loads(line) for line in (data / "gsm8k" / "train.jsonl").read_text().splitlines()[:5]]
    solved = [f"Question: {shot['question']}\nAnswer: {shot['answer']}\n\n" for shot in shots]
    return [
        {
            "text": "".join(solved[: index % 6]) + f"Question: {item['question']}\nAnswer:",
            "sampling_params": {
                "temperature": 0,
                "max_new_tokens": 5 + 7 * (index % 12),
                "ignore_eos": index % 5 == 0,
                "stop": ["Question:"] if index % 2 else [],
            },
        }
        for index, item in enumerate(items)
    ]


def answers(server: Any, bodies: list[dict[str, Any]], concurrency: int) -> list[list[int]]:
    def ask(body: dict[str, Any]) -> list[int]:
        answer = server.client.post("/generate", json=body).json()
        ids: list[int] = answer["output_ids"]
        return ids

    with ThreadPoolExecutor(concurrency) as pool:
        return list(pool.map(ask, bodies))


def test_batching_changes_no_greedy_answer(batching: Any, demo_data: Path) -> None:
    bodies = mixed_bodies(demo_data)
    alone = answers(batching, bodies, 1)
    assert answers(batching, bodies, 24) == alone
    assert answers(batching, bodies[::-1], 24)[::-1] == alone
    assert len({len(ids) for ids in alone}) > 10


def test_log_probabilities_in_a_batch_are_those_of_the_prompt_alone(batching: Any, demo_data: Path) -> None:
    bodies = [
        {"text": body["text"], "sampling_params": {"temperature": 0, "max_new_tokens": index}}
        | {"return_logprob": True, "logprob_start_len": index}
        for index, body in enumerate(mixed_bodies(demo_data)[:12])
    ]

    def logprobs(body: dict[str, Any]) -> list[float]:
        meta = batching.client.post("/generate", json=body).json()["meta_info"]
        return [entry[0] for entry in [*meta["input_token_logprobs"][1:], *meta["output_token_logprobs"]]]

    with ThreadPoolExecutor(12) as pool:
        together = list(pool.map(logprobs, bodies))
    for body, got in zip(bodies, together, strict=True):
        assert got == pytest.approx(logprobs(body), abs=1e-5)


def test_plain_and_seeded_requests_mix(batching: Any, demo_data: Path) -> None:
    bodies = mixed_bodies(demo_data)[:16]
    for index, body in enumerate(bodies):
        if index % 2:
            body["sampling_params"] |= {"temperature": 1.0, "sampling_seed": index}
    assert answers(batching, bodies, 16) == answers(batching, bodies, 1)


def test_every_request_is_answered_when_more_come_than_fit(batching: Any) -> None:
    bodies = [{"text": "Hello", "sampling_params": {"temperature": 0, "max_new_tokens": 8}}] * 60
    got = answers(batching, bodies, 60)
    assert got == [got[0]] * 60
