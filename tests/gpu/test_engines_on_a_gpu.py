"""Engines on a real NVIDIA GPU: seen through NVML, pinned by UUID, gone afterwards.

Each engine's interpreter is named by a variable, because a GPU host's environments are its operator's:
PLUMBLINE_TEST_HF_PYTHON and PLUMBLINE_TEST_SGLANG_PYTHON; further SGLang arguments as JSON in
PLUMBLINE_TEST_SGLANG_ARGS.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from db.settings import Settings
from evals.client import EngineClient
from evals.protocol import GenerationRequest
from evals.spec import Api, EngineSpec, ModelSpec
from workers.engines.base import EngineEnvironment
from workers.gpu_watch import watching
from workers.gpus import choose_devices, hardware_facts, list_gpus
from workers.server import Server, running

ROOT = Path(__file__).resolve().parents[2]
MODEL = ModelSpec(path=str(ROOT / "demo" / "demo-llm"))

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not list_gpus(), reason="this host has no NVIDIA GPU")]


@contextmanager
def serving(kind: str, home: Path, *, dtype: str) -> Iterator[Server]:
    python = os.environ.get(f"PLUMBLINE_TEST_{kind.upper()}_PYTHON")
    if python is None:
        pytest.skip(f"PLUMBLINE_TEST_{kind.upper()}_PYTHON names no interpreter")
    args = json.loads(os.environ.get(f"PLUMBLINE_TEST_{kind.upper()}_ARGS", "{}"))
    spec = EngineSpec(kind=kind, device="cuda", gpus=1, dtype=dtype, args=args)
    environment = EngineEnvironment(engine=kind, device="cuda", interpreter=Path(python), options=frozenset(args))
    devices = choose_devices([gpu.uuid for gpu in list_gpus()], frozenset(), 1)
    assert devices is not None
    settings = Settings(home=home, start_timeout_s=300)
    with running(
        spec, MODEL, settings=settings, job_id=f"gpu-{kind}-{dtype}", devices=devices, environment=environment
    ) as server:
        yield server


def questions() -> list[str]:
    lines = (ROOT / "demo" / "data" / "gsm8k" / "test.jsonl").read_text().splitlines()[:48]
    items = [json.loads(line) for line in lines]
    shots = "".join(f"Question: {item['question']}\nAnswer: {item['answer']}\n\n" for item in items[:5])
    # Of different lengths, so that a padded batch would show its padding.
    return [(shots if n % 3 else "") + f"Question: {item['question']}\nAnswer:" for n, item in enumerate(items)]


def answers(server: Server, *, concurrency: int) -> list[str]:
    async def ask() -> list[str]:
        limit = asyncio.Semaphore(concurrency)
        async with EngineClient(server.base_url, model=server.served_model, concurrency=concurrency) as client:

            async def one(prompt: str) -> str:
                request = GenerationRequest(api=Api.COMPLETIONS, prompt=prompt, max_tokens=96, stop=("Question:",))
                async with limit:
                    return (await client.ask(request))[0].text

            return list(await asyncio.gather(*(one(prompt) for prompt in questions())))

    return asyncio.run(ask())


def process_ids() -> set[int]:
    return {pid for gpu in list_gpus() for pid in gpu.process_ids}


def test_nvml_names_the_gpu() -> None:
    gpu = list_gpus()[0]
    assert gpu.uuid.startswith("GPU-")
    assert gpu.memory_bytes > 2**30
    assert gpu.name in hardware_facts([gpu.uuid])["hardware"]


def test_batching_does_not_change_a_greedy_answer_in_float32(tmp_path: Path) -> None:
    with serving("hf", tmp_path, dtype="float32") as server:
        started = time.monotonic()
        alone = answers(server, concurrency=1)
        alone_s, started = time.monotonic() - started, time.monotonic()
        together = answers(server, concurrency=16)
        print(f"48 answers: one by one {alone_s:.1f} s, sixteen at once {time.monotonic() - started:.1f} s")
    assert together == alone
    assert sum("####" in text for text in alone) > 40


@pytest.mark.parametrize("kind", ["sglang", "hf"])
def test_an_engine_answers_and_leaves_nothing_on_the_gpu(kind: str, tmp_path: Path) -> None:
    before = process_ids()
    with serving(kind, tmp_path, dtype="bfloat16") as server:
        texts = answers(server, concurrency=16)
        print(
            f"{kind} was ready after {server.launch_s:.0f} s; {sum('####' in text for text in texts)} of 48 concluded"
        )
        assert sum("####" in text for text in texts) > 40
    deadline = time.monotonic() + 20
    while process_ids() - before:
        assert time.monotonic() < deadline, "processes are still on the GPU"
        time.sleep(0.5)


def test_the_watch_tells_what_a_gpu_did_and_knows_our_engine(tmp_path: Path) -> None:
    notes: list[str] = []
    uuid = list_gpus()[0].uuid
    with serving("hf", tmp_path, dtype="bfloat16") as server, watching([uuid], notes.append) as told:
        answers(server, concurrency=16)
        time.sleep(1)
        (use,) = told()
    assert use.samples >= 2
    assert 0 < use.sm_clock_mhz[0] <= use.sm_clock_mhz[1] <= use.sm_clock_mhz[2] < 5000
    assert 10 < use.power_w[0] <= use.power_w[1] < 2000
    assert 0 < use.utilisation <= 1
    assert use.memory_mib > 100
    # Only where the driver shows processes under the ids of this host can strangers be named at all.
    assert notes == [] or "cannot be told apart" in notes[0]
    assert use.strangers == ()
