"""Items of MMMU and MMMU-Pro with small pictures, and what their prompts hold."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from evals.accuracy.benchmarks import load_benchmark
from evals.accuracy.questions import Question
from evals.protocol import GenerationRequest
from evals.spec import Api, DataSource, Workload

LAST_LINE = (
    "The last line of your response should be of the following format: 'Answer: $LETTER' (without quotes) where LETTER "
    "is one of options."
)
DIRECT = "Answer with the option letter from the given choices directly."
COT = f"Answer the preceding multiple choice question. {LAST_LINE} Think step by step before answering."
VISION_COT = (
    f"Write out the multiple-choice question in the image and then solve it. {LAST_LINE} Think step by step before "
    "answering."
)
"""As prompts.yaml of MMMU-Benchmark/MMMU, folder mmmu-pro, has them."""
PRO = Workload(
    name="pro", benchmark="", metric="", margin=0.02, data=DataSource.SUBSET, api=Api.CHAT
)  # fmt: skip
STANDARD = ("standard10_direct", "standard10_cot", "standard4_direct", "standard4_cot")


def png(number: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2), (number, 0, 0)).save(buffer, format="PNG")
    return buffer.getvalue()


def asked(
    benchmark: str, folder: Path, file: str, rows: list[dict[str, Any]], pictures: dict[str, bytes], **settings: Any
) -> list[Question]:
    """Return a benchmark's questions over rows in a local file with pictures beside it."""
    name = "mmmu" if benchmark.startswith("mmmu_val") or benchmark == "mmmu" else "mmmu_pro"
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / file).write_text("".join(json.dumps(row) + "\n" for row in rows))
    for picture, data in pictures.items():
        (folder / name / picture).write_bytes(data)
    loaded = load_benchmark(replace(PRO, benchmark=benchmark, **settings), data_folder=folder)
    assert loaded.needs_images
    return list(loaded.questions())


def parts(question: Question) -> list[str | bytes]:
    """Return what the engine gets as the last message: texts, and the bytes of the pictures."""
    request = question.request
    assert isinstance(request, GenerationRequest)
    content = request.payload("m")["messages"][-1]["content"]
    return [part["text"] if part["type"] == "text" else decoded(part["image_url"]["url"]) for part in content]


def decoded(url: str) -> bytes:
    head, _, data = url.partition(",")
    assert head == "data:image/png;base64"
    return base64.b64decode(data)
