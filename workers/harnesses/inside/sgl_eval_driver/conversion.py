"""Form sgl-eval's examples out of plain items, by sgl-eval's own converters wherever it has them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sgl_eval._vendored.nemo_skills.dataset._utils import get_mcq_fields
from sgl_eval.types import Example

Item = dict[str, Any]
LETTERS = ("A", "B", "C", "D")


@dataclass
class Items:
    """Hold the examples by their items' numbers, and why sgl-eval leaves others out."""

    examples: dict[int, Example] = field(default_factory=dict)
    skipped: dict[int, str] = field(default_factory=dict)


def convert(benchmark: str, items: list[Item], folder: Path) -> Items:
    """Return a benchmark's examples; an example's id is its item's number."""
    found = CONVERTERS[benchmark](items, folder)
    found.examples = {doc_id: replace(example, id=str(doc_id)) for doc_id, example in found.examples.items()}
    return found


def gsm8k(items: list[Item], folder: Path) -> Items:
    """Let sgl-eval prepare the original file, which it would otherwise download."""
    from sgl_eval._vendored.nemo_skills.dataset.gsm8k import prepare
    from sgl_eval.evals._loader import _read_jsonl

    source, prepared = folder / "gsm8k", folder / "gsm8k" / "prepared"
    prepared.mkdir(parents=True)
    lines = [json.dumps({"question": item["question"], "answer": item["answer"]}) + "\n" for item in items]
    (source / "test.jsonl").write_text("".join(lines))
    prepare.URL = source.as_uri() + "/{}.jsonl"
    prepare.__file__ = str(prepared / "prepare.py")
    prepare.save_data("test")
    return Items(dict(enumerate(_read_jsonl(prepared / "test.jsonl", "gsm8k", None))))


def mmlu(items: list[Item], _: Path) -> Items:
    """Form what sgl-eval makes of a line of the original tables: question and options, and the answer's letter.

    An item's answer is the right choice's place, or its letter already.
    """
    return Items({doc_id: _mmlu_example(item) for doc_id, item in enumerate(items)})


def _mmlu_example(item: Item) -> Example:
    choices, answer = item["choices"], item["answer"]
    letter = LETTERS[answer] if answer in range(4) else answer
    if len(choices) != 4 or letter not in LETTERS:
        raise ValueError(f"not four choices with one right among them: {item}"[:200])
    problem = get_mcq_fields(item["question"], choices)["problem"]
    return Example(id="", inputs={"problem": problem}, target=letter)


def mmmu_pro(items: list[Item], folder: Path) -> Items:
    """Build examples of the hub's rows as sgl-eval does, which skips malformed ones."""
    from sgl_eval.evals._mmmu_pro import _build_example

    found = Items()
    for doc_id, item in enumerate(items):
        row = {name: _with_picture(value, folder) for name, value in item.items()}
        try:
            found.examples[doc_id] = _build_example(row, doc_id)
        except ValueError as error:
            found.skipped[doc_id] = str(error)
    return found


def mmmu_pro_vision(items: list[Item], folder: Path) -> Items:
    """Let sgl-eval write each row's screenshot and read it again, as its cache does."""
    from sgl_eval._vendored.nemo_skills.dataset.mmmu_pro_vision.prepare import format_entry
    from sgl_eval.evals._loader import _row_media, _row_to_example

    (folder / "images").mkdir()
    found = Items()
    for doc_id, item in enumerate(items):
        # The number in place of the id, which names a file.
        entry = {name: _with_picture(value, folder) for name, value in item.items()} | {"id": str(doc_id)}
        row = format_entry(entry, folder / "images")
        if row is None:
            found.skipped[doc_id] = "there is no image"
            continue
        found.examples[doc_id] = _row_to_example(row, doc_id, "", _row_media(row, "image_path", folder))
    return found


def _with_picture(value: Any, folder: Path) -> Any:
    """Return a field as `datasets` gives it to sgl-eval: pictures decoded and turned upright."""
    if not (isinstance(value, dict) and set(value) == {"picture"}):
        return value
    from datasets import Image

    return Image().decode_example({"bytes": (folder / "pictures" / value["picture"]).read_bytes(), "path": None})


CONVERTERS: dict[str, Callable[[list[Item], Path], Items]] = {
    "gsm8k": gsm8k,
    "mmlu": mmlu,
    "mmmu_pro": mmmu_pro,
    "mmmu_pro_vision": mmmu_pro_vision,
}
