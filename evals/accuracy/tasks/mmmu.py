"""MMMU's pictures and judgement, laid over lm-eval's stock definitions."""

from __future__ import annotations

from typing import Any

from evals.accuracy.messages import named_pictures
from evals.accuracy.official.options import read_options
from evals.accuracy.official_judge import strict_and_official
from evals.accuracy.pictures import files_in, images_in
from evals.accuracy.templates import Item


def images(item: Item) -> list[Any]:
    """Return the pictures in the order in which question and options name them, for lm-eval."""
    return images_in(item, _columns(item))


def process_results(item: Item, results: list[str]) -> dict[str, float]:
    """Judge an answer, for lm-eval."""
    return strict_and_official("mmmu@1", item, results[0])


def _columns(item: Item) -> list[str]:
    texts = [str(item["question"])]
    if item["question_type"] == "multiple-choice":
        texts += [str(option) for option in read_options(item["options"])]
    return [f"image_{number}" for number in named_pictures("\n".join(texts))]


images.pictures = lambda item: files_in(item, _columns(item))  # type: ignore[attr-defined]
process_results.scorer = "mmmu@1"  # type: ignore[attr-defined]
