"""The demo data as prompts with a way to judge each answer."""

import ast
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from demo.training import prompts
from demo.world.facts import LETTERS

SHOTS = 5
ANSWER_TOKENS = 8
WRITTEN_TOKENS = 160  # the question and its options are written out before the answer


@dataclass(frozen=True, kw_only=True)
class Item:
    """One question; `png` makes it a chat about a picture."""

    prompt: str
    answer: str
    max_tokens: int
    png: bytes | None = None


def gsm8k(data: Path) -> list[Item]:
    """Return the 300 problems after five worked examples, in lm-eval's form."""
    examples = _jsonl(data / "gsm8k/train.jsonl")[:SHOTS]
    shots = "".join(f"{prompts.gsm8k_question(row['question'])} {row['answer']}\n\n" for row in examples)
    return [
        Item(
            prompt=shots + prompts.gsm8k_question(row["question"]),
            answer=row["answer"].split("#### ")[1],
            max_tokens=200,
        )
        for row in _jsonl(data / "gsm8k/test.jsonl")
    ]


def mmlu(data: Path) -> list[Item]:
    """Return the 300 questions after their subject's five examples; the greedy token is the answer."""
    shots: dict[str, str] = {}
    for row in _jsonl(data / "mmlu/dev.jsonl"):
        block = f"{prompts.mmlu_question(row)} {LETTERS[row['answer']]}\n\n"
        shots[row["subject"]] = shots.get(row["subject"], prompts.mmlu_header(row["subject"])) + block
    return [
        Item(prompt=shots[row["subject"]] + prompts.mmlu_question(row), answer=LETTERS[row["answer"]], max_tokens=1)
        for row in _jsonl(data / "mmlu/test.jsonl")
    ]


def mmmu(data: Path) -> list[Item]:
    """Return the 200 questions about pictures, every tenth of them open."""
    return list(_picture_items(data / "mmmu/validation.parquet", "image_1"))


def mmmu_pro(data: Path) -> list[Item]:
    """Return the 200 questions with ten options."""
    return list(_picture_items(data / "mmmu_pro/standard_10_options.parquet", "image_1"))


def mmmu_pro_vision(data: Path) -> list[Item]:
    """Return the 200 questions that are printed into their pictures."""
    return list(_picture_items(data / "mmmu_pro/vision.parquet", "image", WRITTEN_TOKENS))


TASKS = {"gsm8k": gsm8k, "mmlu": mmlu, "mmmu": mmmu, "mmmu_pro": mmmu_pro, "mmmu_pro_vision": mmmu_pro_vision}
PICTURE_TASKS = ("mmmu", "mmmu_pro", "mmmu_pro_vision")


def is_right(item: Item, text: str) -> bool:
    """Judge as lm-eval's strict match does for problems, and by the last line for letters and words."""
    if "####" in item.prompt:
        found = re.search(r"#### (-?[0-9.,]+)", text.split("Question:")[0])
        return found is not None and found.group(1) == item.answer
    return text.strip().rpartition("\n")[2].removeprefix("Answer: ") == item.answer


def blank(item: Item) -> Item:
    """Return an item about a picture with a white picture of the same size in its place."""
    from PIL import Image

    assert item.png is not None, "only picture tasks can be asked without their pictures"
    size = Image.open(io.BytesIO(item.png)).size
    buffer = io.BytesIO()
    Image.new("RGB", size, "white").save(buffer, "PNG")
    return replace(item, png=buffer.getvalue())


def _picture_items(path: Path, column: str, max_tokens: int = ANSWER_TOKENS) -> Iterator[Item]:
    from pyarrow import parquet

    for row in parquet.read_table(path).to_pylist():
        prompt = _picture_prompt(row, column)
        yield Item(prompt=prompt, answer=row["answer"], max_tokens=max_tokens, png=row[column]["bytes"])


def _picture_prompt(row: dict[str, Any], column: str) -> str:
    if column == "image":
        return prompts.PRO_VISION
    options = ast.literal_eval(row["options"])
    if not options:
        return str(row["question"]) + prompts.MMMU_OPEN
    form = prompts.mmmu_question if "subfield" in row else prompts.mmmu_pro_question
    return form(row["question"], options)


def _jsonl(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
