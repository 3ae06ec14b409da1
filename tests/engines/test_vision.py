"""Pictures on both real engines: the demo vision model answers the same, and every picture stands in its place."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from db.settings import Settings
from evals.accuracy.benchmarks import load_benchmark
from evals.accuracy.harness import Observer, WorkloadResult, run_accuracy
from evals.accuracy.questions import Asked
from evals.client import EngineClient
from evals.plan import load_suite
from evals.result import Response, SampleKey
from evals.spec import Api, DataSource, EngineSpec, ModelSpec, Workload
from tests.data import FULL_DATA
from tests.engines.service import ROOT, Service
from workers.server import Server, running

pytestmark = pytest.mark.engines

VISION_MODEL = ROOT / "demo" / "demo-vlm"
DEMO = load_suite("demo-vision")
REAL = Workload(
    name="real", benchmark="mmmu_pro_standard10_direct", metric="acc,mmmu-pro@1", margin=0.1,
    data=DataSource.SUBSET, api=Api.CHAT, max_tokens=8,
)  # fmt: skip
REAL_VISION = Workload(**(vars(REAL) | {"name": "real_vision", "benchmark": "mmmu_pro_vision_direct"}))


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What an engine answered to a workload."""

    result: WorkloadResult
    responses: dict[SampleKey, Response]
    prompts: dict[SampleKey, str]

    def texts(self) -> dict[SampleKey, str]:
        return {key: response.text for key, response in self.responses.items()}


def ask(server: Server, workload: Workload, data: Path | None) -> Answers:
    responses: dict[SampleKey, Response] = {}
    prompts: dict[SampleKey, str] = {}

    def keep(asked: Asked, response: Response) -> None:
        responses[asked.key] = response
        prompts[asked.key] = asked.prompt

    result = run_accuracy(
        workload,
        load_benchmark(workload, data_folder=data),
        connect=lambda: EngineClient(server.base_url, model=server.served_model),
        answered={},
        observer=Observer(on_response=keep, on_progress=lambda progress: None, check=lambda: None),
    )
    return Answers(result=result, responses=responses, prompts=prompts)


@pytest.fixture(scope="module")
def real_items(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """The sixteen real items of MMMU-Pro with their pictures as local files; None where there are none."""
    source = FULL_DATA / "mmmu_pro" / "sample_with_images"
    if not source.is_dir():
        return None
    folder = tmp_path_factory.mktemp("data") / "mmmu_pro"
    shutil.copytree(source, folder)
    rows = [json.loads(line) for line in (source / "sample.jsonl").read_text().splitlines()]
    write(folder / "standard_10_options.jsonl", [plain(row) | row["images"] for row in rows])
    screenshots = sorted((folder / "screenshots").glob("*.png"))
    pages = [f"screenshots/{path.name}" for path in screenshots]
    write(folder / "vision.jsonl", [plain(row) | {"image": page} for row, page in zip(rows, pages, strict=False)])
    return folder.parent


def plain(row: dict[str, Any]) -> dict[str, Any]:
    return {"id": row["id"], "question": row["question"], "options": row["options_10"], "answer": row["answer_10"]}


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture(scope="module")
def answers(borrowed_home: Path, real_items: Path | None) -> dict[str, dict[str, Answers]]:
    """Both engines' answers to all workloads, one engine after the other."""
    settings = Settings(home=borrowed_home)
    model = ModelSpec(path=str(VISION_MODEL))
    found: dict[str, dict[str, Answers]] = {}
    workloads = [*DEMO, *([REAL, REAL_VISION] if real_items else [])]
    for kind in ("hf", "sglang"):
        with running(EngineSpec(kind=kind), model, settings=settings, job_id=f"vision-{kind}") as server:
            found[kind] = {workload.name: ask(server, workload, real_items) for workload in workloads}
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", [workload.name for workload in DEMO])
def test_the_engines_agree_on_every_greedy_answer_about_a_picture(
    name: str, answers: dict[str, dict[str, Answers]]
) -> None:
    hf, sglang = answers["hf"][name], answers["sglang"][name]
    assert len(hf.responses) == 200
    assert sglang.texts() == hf.texts()
    values = [sorted((s.doc_id, s.task, s.metric, s.value) for s in side.result.scores) for side in (hf, sglang)]
    assert values[0] == values[1]


@pytest.mark.slow
def test_the_demo_vision_model_sees(answers: dict[str, dict[str, Answers]]) -> None:
    assert accuracy(answers["sglang"]["mmmu"], "acc,mmmu@1") >= 0.60
    assert accuracy(answers["sglang"]["mmmu_pro"], "acc,mmmu-pro@1") >= 0.40


@pytest.mark.slow
@pytest.mark.parametrize("name", ["real", "real_vision"])
def test_real_pictures_of_all_sizes_stand_in_the_same_place_on_both_engines(
    name: str, answers: dict[str, dict[str, Answers]], real_items: Path | None
) -> None:
    if real_items is None:
        pytest.skip(f"no mmmu_pro/sample_with_images in {FULL_DATA}: name such a folder in PLUMBLINE_TEST_DATA")
    hf, sglang = answers["hf"][name], answers["sglang"][name]
    assert len(hf.responses) == (16 if name == "real" else 11)
    assert sglang.prompts == hf.prompts
    counts = [{key: r.prompt_tokens for key, r in side.responses.items()} for side in (hf, sglang)]
    assert counts[0] == counts[1]
    assert sglang.texts() == hf.texts()


def accuracy(side: Answers, metric: str) -> float:
    values = [score.value for score in side.result.scores if score.metric == metric]
    return sum(values) / len(values)


def test_a_model_of_text_alone_is_refused_pictures_at_submission(service: Service) -> None:
    with service.http as client:
        body = {"model": str(ROOT / "demo" / "demo-llm"), "candidate": {"engine": "hf"}, "suite": "demo-vision"}
        answer = client.post("/submissions", json=body)
    assert answer.status_code == 422
    assert "text alone" in answer.json()["detail"]
