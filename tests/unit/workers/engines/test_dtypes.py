"""What the dtype "auto" becomes before a launch: the same for every engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evals.spec import EngineSpec, ModelSpec
from workers.engines.dtypes import launch_dtype, settled
from workers.engines.registry import local_engine

LLAMA: dict[str, Any] = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}
CONFIGS: dict[str, tuple[dict[str, Any], str]] = {
    "float32 is halved": ({**LLAMA, "torch_dtype": "float32"}, "float16"),
    "nothing said counts as float32": (LLAMA, "float16"),
    "16 bits stay": ({**LLAMA, "dtype": "bfloat16"}, "bfloat16"),
    "the newer key counts": ({**LLAMA, "dtype": "float16", "torch_dtype": "bfloat16"}, "float16"),
    "gemma in float32": ({"model_type": "gemma2", "dtype": "float32"}, "bfloat16"),
    "the text model's own": ({"dtype": "float32", "text_config": {"dtype": "bfloat16"}}, "bfloat16"),
    "the whole's for a silent text model": ({"dtype": "bfloat16", "text_config": {"model_type": "x"}}, "bfloat16"),
    "a gemma within": ({"dtype": "float32", "text_config": {"model_type": "gemma3_text"}}, "bfloat16"),
    "a thinker's": (
        {"thinker_config": {"dtype": "bfloat16", "text_config": {"torch_dtype": "float32"}}},
        "bfloat16",
    ),
    "always the same": ({"architectures": ["PixtralForConditionalGeneration"], "dtype": "float16"}, "bfloat16"),
    "llava": ({"architectures": ["LlavaLlamaForCausalLM"], "dtype": "bfloat16"}, "float16"),
    "eight bits are left to the engine": ({**LLAMA, "dtype": "float8_e4m3fn"}, "auto"),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_auto_is_settled_as_sglang_settles_it(name: str) -> None:
    config, dtype = CONFIGS[name]
    assert settled(config) == dtype


@pytest.mark.parametrize("kind", ["sglang", "hf"])
def test_both_engines_are_told_the_same_dtype(kind: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({**LLAMA, "dtype": "float32"}))
    spec = EngineSpec(kind=kind, device="cuda", gpus=1)
    words = local_engine(kind).command(spec, ModelSpec(path=str(tmp_path)), port=1, interpreter=Path("python"))
    assert "--dtype=float16" in words


def test_what_is_asked_for_stays_and_what_is_not_here_is_open(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    model = ModelSpec(path=str(tmp_path))
    assert launch_dtype(EngineSpec(kind="hf", dtype="float32", device="cuda", gpus=1), model) == "float32"
    assert launch_dtype(EngineSpec(kind="hf"), model) == "float32"
    for unseen in (model, ModelSpec(path="/nowhere"), ModelSpec(path="Nobody/Nothing")):
        assert launch_dtype(EngineSpec(kind="hf", device="cuda", gpus=1), unseen) == "auto"


def test_another_architecture_laid_over_the_config_decides() -> None:
    assert settled({**LLAMA, "dtype": "float16"}, ("MistralLarge3ForCausalLM",)) == "bfloat16"
