"""MMMU-Pro's prompts and judgement, for definitions in lm-eval's form.

The four instructions are the official evaluator's (MMMU-Benchmark/MMMU, mmmu-pro/prompts.yaml, Apache-2.0).
"""

from __future__ import annotations

from typing import Any

from evals.accuracy.messages import named_pictures, with_marks
from evals.accuracy.official.options import letters_of, read_options
from evals.accuracy.official_judge import strict_and_official
from evals.accuracy.pictures import files_in, images_in
from evals.accuracy.templates import Item

_LAST_LINE = (
    "The last line of your response should be of the following format: 'Answer: $LETTER' (without quotes) where "
    "LETTER is one of options."
)
_DIRECT = "Answer with the option letter from the given choices directly."
_VISION_DIRECT = f"{_DIRECT} {_LAST_LINE}"
_COT = f"Answer the preceding multiple choice question. {_LAST_LINE} Think step by step before answering."
_VISION_COT = (
    f"Write out the multiple-choice question in the image and then solve it. {_LAST_LINE} "
    "Think step by step before answering."
)


def standard_direct(item: Item) -> str:
    """Return the question with its options, to be answered at once."""
    return with_marks(_standard(item, _DIRECT))


def standard_cot(item: Item) -> str:
    """Return the question with its options, to be thought through."""
    return with_marks(_standard(item, _COT))


def vision_direct(item: Item) -> str:
    """Return the instruction to answer a question that stands in the picture."""
    return _VISION_DIRECT


def vision_cot(item: Item) -> str:
    """Return the instruction to think a question through that stands in the picture."""
    return _VISION_COT


def standard_images(item: Item) -> list[Any]:
    """Return the pictures in the order in which the question names them, for lm-eval."""
    return images_in(item, _standard_columns(item))


def vision_images(item: Item) -> list[Any]:
    """Return the one picture, for lm-eval."""
    return images_in(item, ["image"])


def process_results(item: Item, results: list[str]) -> dict[str, float]:
    """Judge an answer, for lm-eval."""
    return strict_and_official("mmmu-pro@1", item, results[0])


def _standard(item: Item, instruction: str) -> str:
    options = read_options(item["options"])
    lines = [f"{letter}. {option}" for letter, option in zip(letters_of(len(options)), options, strict=True)]
    return "\n".join([str(item["question"]), *lines, instruction])


def _standard_columns(item: Item) -> list[str]:
    named = [f"image_{number}" for number in named_pictures(_standard(item, ""))]
    return named or [f"image_{number}" for number in range(1, 8) if item.get(f"image_{number}")]


# What Plumbline itself calls: files instead of decoded images, and the scorer whose judgement tells its rule.
standard_images.pictures = lambda item: files_in(item, _standard_columns(item))  # type: ignore[attr-defined]
vision_images.pictures = lambda item: files_in(item, ["image"])  # type: ignore[attr-defined]
process_results.scorer = "mmmu-pro@1"  # type: ignore[attr-defined]
