"""Answers and pictures on their way to lm-eval's objects, and what comes back from them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from evals.accuracy.messages import picture_of
from evals.accuracy.questions import Question
from evals.accuracy.thinking import judged_text
from evals.protocol import Picture
from evals.result import Response


def results_for(questions: Sequence[Question], answers: Sequence[Response], think_end: str | None) -> list[Any]:
    """Return what lm-eval takes for each of its instances: a text, or (log-probability, whether it is greedy)."""
    results: list[Any] = []
    for question, answer in zip(questions, answers, strict=True):
        if answer.log_probabilities is None:
            results.append(judged_text(question, answer, think_end))
        else:
            results += zip(answer.log_probabilities, answer.greedy or (), strict=True)
    return results


def results_of(answer: Response) -> int:
    """Return how many of lm-eval's instances an answer answers."""
    return 1 if answer.log_probabilities is None else len(answer.log_probabilities)


def pictures_in(visual: Any) -> list[Picture]:
    """Return the pictures of a request, one or a list, as PNG."""
    pictures = []
    for image in visual if isinstance(visual, list) else [visual]:
        buffer = io.BytesIO()
        image.save(buffer, format="PNG")
        pictures.append(picture_of(buffer.getvalue()))
    return pictures


def extracted_from(filtered: Sequence[Any]) -> str:
    """Return what filters left of an item's answers: a text, or which choice is the most probable."""
    first = filtered[0]
    if len(filtered) > 1 and isinstance(first, tuple):
        return str(max(range(len(filtered)), key=lambda place: filtered[place][0]))
    return str(first[0]) if isinstance(first, (list, tuple)) and first else str(first)


def number_of(value: Any) -> float | None:
    """Return a metric's value of one item; None for what only all items together have (F1 of pairs of labels)."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
