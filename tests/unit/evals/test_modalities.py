"""Which benchmarks show pictures, and which models and engines are known to see none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.errors import InvalidSubmissionError
from evals.modalities import require_eyes, sees_pictures, shows_pictures
from evals.spec import EngineSpec, ModelSpec, Workload

SGLANG = EngineSpec(kind="sglang")
DEMO = Path(__file__).resolve().parents[3] / "demo"


def remote(*capabilities: str) -> EngineSpec:
    return EngineSpec(kind="remote", base_url="http://h:1", capabilities=capabilities)


def workload(benchmark: str = "mmmu") -> Workload:
    return Workload(name="w", benchmark=benchmark, metric="", margin=0.0)


def model(folder: Path, config: Any, *files: str) -> ModelSpec:
    (folder / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    for name in files:
        (folder / name).write_text("{}")
    return ModelSpec(path=str(folder))


@pytest.mark.parametrize(
    ("benchmark", "expected"),
    [
        ("mmmu", True), ("mmmu_val", True), ("mmmu_val_art", True), ("mmmu_val_science", True),
        ("mmmu_pro_standard4_cot", True), ("mmmu_pro_vision_direct", True), ("sgl-eval/mmmu_pro", True),
        ("sgl-eval/mmmu_pro_vision", True), ("chartqa", True), ("gsm8k", False), ("mmlu", False), ("arc_easy", False),
        ("sgl-eval/gsm8k", False), ("no such benchmark", False),
    ],
)  # fmt: skip
def test_benchmarks_with_pictures_are_told_from_those_of_text(benchmark: str, expected: bool) -> None:
    assert shows_pictures(benchmark) is expected


@pytest.mark.parametrize(
    "config",
    [
        {"vision_config": {"depth": 2}},
        {"mm_vision_tower": "clip"},
        {"visual": {"layers": 3}},
        {"image_token_id": 0},
        {"thinker_config": {"vision_config": {"depth": 2}}},
        {"embd_layer": {"image_embd_layer": {"crop_size": 448}}},
        {"parts": [{"image_size": 224}]},
    ],
)
def test_a_model_with_a_vision_tower_passes_wherever_its_config_says_so(config: dict[str, Any], tmp_path: Path) -> None:
    require_eyes(model(tmp_path, config), SGLANG, workload(), side="candidate")
    assert sees_pictures(model(tmp_path, config)) is True


@pytest.mark.parametrize("config", [{"architectures": ["Qwen3ForCausalLM"]}, {"vision_config": None}, {"a": [1]}, []])
def test_a_model_of_text_alone_is_refused_pictures(config: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidSubmissionError, match="is a model of text alone"):
        require_eyes(model(tmp_path, config), SGLANG, workload(), side="candidate")
    require_eyes(model(tmp_path, config), SGLANG, workload("gsm8k"), side="candidate")


def test_parity_needs_eyes_only_for_its_pictures(tmp_path: Path) -> None:
    blind = model(tmp_path, {})
    parity = Workload(name="w", benchmark="parity", metric="parity", margin=0.0)
    require_eyes(blind, SGLANG, parity, side="candidate")
    require_eyes(blind, SGLANG, workload("engine-check/offline"), side="candidate")
    with pytest.raises(InvalidSubmissionError, match="is a model of text alone"):
        require_eyes(blind, SGLANG, replace(parity, options={"images": True}), side="candidate")


def test_a_model_that_comes_with_a_processor_reads_more_than_text(tmp_path: Path) -> None:
    require_eyes(model(tmp_path, {}, "preprocessor_config.json"), SGLANG, workload(), side="candidate")


def test_the_demo_models_are_what_they_are() -> None:
    seeing = [sees_pictures(ModelSpec(path=str(DEMO / name))) for name in ("demo-llm", "demo-vlm")]
    assert seeing == [False, True]


@pytest.mark.parametrize("config", ["{", "\xff"])
def test_a_model_that_does_not_lie_here_or_cannot_be_read_passes_until_the_worker_has_it(
    config: str, tmp_path: Path
) -> None:
    for spec in (ModelSpec(path="org/name"), ModelSpec(path=str(tmp_path / "nothing")), model(tmp_path, config)):
        assert sees_pictures(spec) is None
        require_eyes(spec, SGLANG, workload(), side="candidate")


def test_a_remote_engine_must_be_said_to_take_images_whatever_the_models_folder_says(tmp_path: Path) -> None:
    text_alone = model(tmp_path, {})
    with pytest.raises(InvalidSubmissionError) as caught:
        require_eyes(text_alone, remote("chat"), workload(), side="baseline")
    assert caught.value.details["field"] == "baseline.capabilities"
    require_eyes(text_alone, remote("chat", "images"), workload(), side="baseline")
    require_eyes(text_alone, remote(), workload("gsm8k"), side="baseline")
