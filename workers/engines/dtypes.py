"""Settle the dtype "auto" before a launch, so that every engine of a run serves one and the same.

SGLang 0.5.23 halves what a checkpoint says is float32, or of which it says nothing (`_get_and_verify_dtype` in
srt/configs/model_config.py), and transformers serves it as it is: left to themselves the two would serve different
numbers under one setting. The rule here is SGLang's, and transformers is told its result.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evals.spec import EngineSpec, ModelSpec
from workers.model_files import known_folder

AUTO = "auto"

_NAMES = {"half": "float16", "float16": "float16", "float": "float32", "float32": "float32", "bfloat16": "bfloat16"}
_ALWAYS = {"MistralLarge3ForCausalLM": "bfloat16", "PixtralForConditionalGeneration": "bfloat16"}
"""Architectures that SGLang serves in one dtype, whatever it is asked for (arg_groups/model_override_base.py)."""

_LANGUAGE = ("thinker_config", "llm_config", "language_config", "text_config")
"""Where models of more than text keep the part that decides, the first that is there."""


def launch_dtype(spec: EngineSpec, model: ModelSpec) -> str:
    """Return the dtype that an engine is told to serve in; "auto" only where the model's config.json is not here."""
    if spec.dtype != AUTO:
        return spec.dtype
    if spec.device == "cpu":
        return "float32"
    folder = known_folder(model)
    config = None if folder is None else _config(folder)
    return AUTO if config is None else settled(config, spec.architectures)


def settled(config: Mapping[str, Any], architectures: tuple[str, ...] = ()) -> str:
    """Return what SGLang makes of "auto" for a config.json; architectures: those laid over it."""
    named = architectures or tuple(config.get("architectures") or ())
    first = named[0] if named else ""
    if first in _ALWAYS:
        return _ALWAYS[first]
    if first.startswith("Llava") and first.endswith("ForCausalLM"):
        return "float16"
    language = _language_part(config)
    said = _said(language) or _said(config)
    dtype = _NAMES.get(said or "float32")
    if dtype is None:
        return AUTO
    kind = str(language.get("model_type") or "")
    halved = "bfloat16" if kind.startswith("gemma") else "float16"
    return halved if dtype == "float32" else dtype


def _language_part(config: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in _LANGUAGE:
        part = config.get(name)
        if isinstance(part, dict):
            inner = part.get("text_config") if name == "thinker_config" else None
            # Of a thinker, its own dtype counts and not that of the text model within it.
            return part if not isinstance(inner, dict) else {**inner, "dtype": _said(part), "torch_dtype": None}
    return config


def _said(config: Mapping[str, Any]) -> str | None:
    said = config.get("dtype") or config.get("torch_dtype")
    return said if isinstance(said, str) else None


def _config(folder: Path) -> dict[str, Any] | None:
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError):
        return None
    return config if isinstance(config, dict) else None
