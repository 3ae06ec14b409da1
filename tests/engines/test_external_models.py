"""Models that SGLang does not have, put into it by packages of a submission."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from db.settings import Settings
from evals.accuracy.benchmarks import load_benchmark
from evals.accuracy.harness import Observer, run_accuracy
from evals.client import EngineClient
from evals.errors import ArchitectureError
from evals.outcome import Verdict
from evals.parity.asking.observing import ParityListener, observe
from evals.parity.asking.prompts import prompt_set
from evals.parity.judging.judge import judge_parity
from evals.parity.records import Observation
from evals.parity.settings import ParitySettings
from evals.plan import load_suite
from evals.result import Score
from evals.spec import EngineSpec, ModelSpec
from tests.engines.service import DEMO_MODEL, ROOT
from workers.server import Server, running

pytestmark = pytest.mark.engines

WRAPPER = ROOT / "demo" / "llama_wrapper"
VISION = ROOT / "demo" / "demo-vlm"
TEXTS = [json.loads(line) for line in (ROOT / "demo" / "data" / "gsm8k" / "test.jsonl").read_text().splitlines()][:20]
Heard = tuple[Any, list[float], list[float]]
PICTURED = """
from sglang.srt.models.qwen2_5_vl import Qwen2_5_VLForConditionalGeneration


class PicturedQwen(Qwen2_5_VLForConditionalGeneration):
    pass


EntryClass = PicturedQwen
"""
PROCESSOR = """
from pictured.model import PicturedQwen
from sglang.srt.multimodal.processors.qwen_vl import QwenVLImageProcessor


class PicturedProcessor(QwenVLImageProcessor):
    models = [PicturedQwen]
"""


@contextmanager
def serving(home: Path, model: Path, package: str | None = None, **fields: Any) -> Iterator[Server]:
    spec = EngineSpec(kind="sglang", external_package=package, **fields)
    roots = ":".join((str(ROOT / "demo"), str(home)))
    settings = Settings(home=home, external_code_roots=roots, code_repositories=str(home))
    with running(spec, ModelSpec(path=str(model)), settings=settings, job_id="external") as server:
        yield server


def post(server: Server, path: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        f"{server.base_url}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def greedy(server: Server) -> list[Heard]:
    """Return text, log-probabilities of its tokens, and those of the prompt's, for each of the demo's questions."""
    found = []
    for item in TEXTS:
        body = {"text": f"Question: {item['question']}\nAnswer:", "return_logprob": True, "logprob_start_len": 0}
        answer = post(server, "/generate", body | {"sampling_params": {"temperature": 0, "max_new_tokens": 48}})
        meta = answer["meta_info"]
        written, read = meta["output_token_logprobs"], meta["input_token_logprobs"]
        found.append((answer["text"], [entry[0] for entry in written], [entry[0] for entry in read[1:]]))
    return found


def differences(ours: list[Heard], theirs: list[Heard], part: int) -> list[float]:
    """Return how far all log-probabilities of one part of the answers lie apart."""
    pairs = ((mine[part], other[part]) for mine, other in zip(ours, theirs, strict=True))
    return [abs(a - b) for mine, other in pairs for a, b in zip(mine, other, strict=True)]


SETTINGS = ParitySettings(self_checks=False)


def parity(server: Server) -> Observation:
    connect = partial(EngineClient, server.base_url, model=server.served_model)
    hear = ParityListener(on_record=lambda _: None, on_progress=lambda *_: None, check=lambda: None)
    prompts = prompt_set(SETTINGS, DEMO_MODEL)
    return observe(prompts, SETTINGS, connect=connect, full=False, known=None, hear=hear)


def gsm8k(server: Server) -> list[Score]:
    workload = replace(load_suite("demo")[0], limit=60)
    observer = Observer(on_response=lambda *_: None, on_progress=lambda _: None, check=lambda: None)
    connect = partial(EngineClient, server.base_url, model=server.served_model, concurrency=16)
    benchmark = load_benchmark(workload, data_folder=None)
    return run_accuracy(workload, benchmark, connect=connect, answered={}, observer=observer).scores


@pytest.mark.slow
def test_the_wrapper_of_the_guide_keeps_texts_and_scores_and_parity_alone_fails_it(borrowed_home: Path) -> None:
    with serving(borrowed_home, DEMO_MODEL) as server:
        plain, plain_scores, plain_parity = greedy(server), gsm8k(server), parity(server)
    with serving(borrowed_home, DEMO_MODEL, str(WRAPPER), architectures=("LlamaWrapper",)) as server:
        wrapped, wrapped_scores, wrapped_parity = greedy(server), gsm8k(server), parity(server)
    assert wrapped_scores == plain_scores
    result = judge_parity(
        "parity",
        SETTINGS,
        candidate=wrapped_parity,
        baseline=plain_parity,
        reference=None,
        chunked=None,
        dtype="float32",
    )
    verdicts = {check.name: check.verdict for check in result.checks}
    assert verdicts == {
        "tokens": Verdict.PASS, "prefill": Verdict.PASS, "decode": Verdict.PASS, "output": Verdict.FAIL,
    }  # fmt: skip
    output = result.checks[-1]
    assert output.worst
    assert all(abs(one.candidate - one.reference) > 1 for one in output.worst)
    assert [text for text, _, _ in wrapped] == [text for text, _, _ in plain]
    moved = differences(wrapped, plain, 1)
    assert len(moved) > 200
    assert sorted(moved)[len(moved) // 2] > 1
    # Those of prompts are computed before the wrapper sees a logit; only what is generated shows it.
    assert max(differences(wrapped, plain, 2)) < 1e-4


@pytest.mark.slow
def test_a_package_of_a_repository_is_fetched_and_served(borrowed_home: Path, tmp_path: Path) -> None:
    bare = borrowed_home / "repository.git"
    work = tmp_path / "work"
    package = work / "models" / "renamed"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "model.py").write_text(
        "from sglang.srt.models.llama import LlamaForCausalLM\n\n\n"
        "class RenamedLlama(LlamaForCausalLM):\n    pass\n\n\nEntryClass = RenamedLlama\n"
    )
    name = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for words in (["init", "--quiet", "--initial-branch=main"], ["add", "."], [*name, "commit", "--quiet", "-m", "x"]):
        subprocess.run(["git", "-C", str(work), *words], check=True)
    subprocess.run(["git", "clone", "--quiet", "--bare", str(work), str(bare)], check=True)
    source = f"git+file://{bare}@main#subdirectory=models/renamed"
    with serving(borrowed_home, DEMO_MODEL, source, architectures=("RenamedLlama",)) as server:
        assert post(server, "/generate", {"text": "Tom has 3", "sampling_params": {"max_new_tokens": 4}})["text"]


@pytest.fixture(scope="module")
def pictured(borrowed_home: Path) -> Path:
    """A package with a vision model and its processor."""
    package = borrowed_home / "pictured"
    package.mkdir()
    for file, text in {"__init__": "", "model": PICTURED, "processor": PROCESSOR}.items():
        (package / f"{file}.py").write_text(text)
    return package


@pytest.mark.slow
def test_a_vision_model_brings_its_processor(borrowed_home: Path, pictured: Path) -> None:
    with serving(borrowed_home, VISION) as server:
        plain = described(server)
    with serving(borrowed_home, VISION, str(pictured), architectures=("PicturedQwen",)) as server:
        assert described(server) == plain


@pytest.mark.slow
def test_without_its_processor_a_vision_model_does_not_start(borrowed_home: Path, pictured: Path) -> None:
    blind = {"architectures": ("PicturedQwen",), "external_processor": False}
    with (
        pytest.raises(ArchitectureError, match=r"no multimodal processor .* PicturedQwen"),
        serving(borrowed_home, VISION, str(pictured), **blind),
    ):
        pass


def described(server: Server) -> str:
    """Return what a model writes about one of the demo's pictures."""
    picture = io.BytesIO()
    image = Image.new("RGB", (168, 168), "white")
    image.paste((220, 30, 30), (60, 60, 108, 108))
    image.save(picture, "PNG")
    url = f"data:image/png;base64,{base64.b64encode(picture.getvalue()).decode()}"
    content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "Describe the picture."}]
    body = {"model": "m", "messages": [{"role": "user", "content": content}], "temperature": 0, "max_tokens": 40}
    return str(post(server, "/v1/chat/completions", body)["choices"][0]["message"]["content"])
