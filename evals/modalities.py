"""Which benchmarks show pictures, and which models see them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson

from evals.accuracy.definitions import direct_definitions, stock_file
from evals.errors import InvalidSubmissionError
from evals.parity.settings import is_parity, parity_settings
from evals.sgl_eval.benchmarks import BENCHMARKS
from evals.spec import EngineSpec, ModelSpec, Workload
from evals.workload_kinds import has_items

_SIGN = re.compile(r"vision|visual|image|img_|pixel")
"""What a key of a config.json says, at any depth, when the model has a vision tower; of text models none does."""

_PROCESSORS = ("preprocessor_config.json", "processor_config.json")
"""Files beside the config.json of a model that reads more than text."""


def shows_pictures(benchmark: str) -> bool:
    """Tell whether a benchmark's items have pictures."""
    if benchmark in BENCHMARKS:
        return BENCHMARKS[benchmark].has_pictures
    definitions = direct_definitions(benchmark)
    if definitions is not None:
        return any("doc_to_image" in definition.config for definition in definitions)
    file = stock_file(benchmark)
    return file is not None and any(b"doc_to_image" in path.read_bytes() for path in _neighbours(file))


def _neighbours(file: Path) -> list[Path]:
    return [file, *file.parent.glob("_*yaml")]


def require_eyes(model: ModelSpec, engine: EngineSpec, workload: Workload, *, side: str) -> None:
    """Refuse a benchmark with pictures for a model, or a remote engine, that is known to see none.

    A model whose configuration does not lie here passes; the worker, which has it, asks again before it launches.
    Raises InvalidSubmissionError.
    """
    if not _needs_eyes(workload):
        return
    if engine.kind == "remote" and "images" not in engine.capabilities:
        raise InvalidSubmissionError(
            f"{workload.benchmark} shows pictures, and the {side}'s engine is not said to take them",
            remedy="add images to its capabilities if it does, or choose a benchmark of text",
            field=f"{side}.capabilities",
        )
    if engine.kind != "remote" and sees_pictures(model) is False:
        raise InvalidSubmissionError(
            f"{workload.benchmark} shows pictures, and {model.path} is a model of text alone",
            remedy="choose a benchmark of text, or a model with a vision tower",
            field="suite",
        )


def _needs_eyes(workload: Workload) -> bool:
    if is_parity(workload.benchmark):
        return parity_settings(workload).images
    return has_items(workload.benchmark) and shows_pictures(workload.benchmark)


def sees_pictures(model: ModelSpec) -> bool | None:
    """Tell from a model's folder whether it has a vision tower; None where its config.json does not lie here."""
    folder = Path(model.path).expanduser()
    try:
        config = orjson.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError):
        return None
    return _has_sign(config) or any((folder / name).is_file() for name in _PROCESSORS)


def _has_sign(value: Any) -> bool:
    if isinstance(value, list):
        return any(_has_sign(part) for part in value)
    if not isinstance(value, dict):
        return False
    said = (part is not None and (_SIGN.search(str(key)) or _has_sign(part)) for key, part in value.items())
    return any(said)
