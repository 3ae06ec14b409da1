"""Thinking models: tell the answer from the thoughts before it."""

from __future__ import annotations

from collections.abc import Iterable

from evals.accuracy.official.responses import strip_thinking
from evals.accuracy.questions import Question
from evals.protocol import GenerationRequest
from evals.result import Response


def answer_in(response: Response, think_end: str | None) -> str:
    """Return what a response says after its thoughts; empty when it was cut off before it came to an answer."""
    if think_end is None or response.reasoning is not None:
        return response.text
    return strip_thinking(response.text, think_end, opened=response.finish_reason == "length")


def judged_text(question: Question, response: Response, think_end: str | None) -> str:
    """Return the text of an answer that is judged: after the thoughts, up to the first text that ends an answer."""
    text = answer_in(response, think_end)
    request = question.request
    stops = request.cut_at if isinstance(request, GenerationRequest) else ()
    ends = [place for stop in stops if stop and (place := text.find(stop)) >= 0]
    return text[: min(ends)] if ends else text


def thinking_facts(responses: Iterable[Response], think_end: str | None) -> dict[str, str]:
    """Return how many answers were cut off at the token limit, and how many of them while the model still thought.

    The budget is the token limit: engines count thoughts and answer together.
    """
    cut = [response for response in responses if response.finish_reason == "length"]
    facts = {"cut_off_answers": str(len(cut))}
    if think_end is not None:
        unfinished = [response for response in cut if not answer_in(response, think_end)]
        facts["unfinished_thoughts"] = str(len(unfinished))
    return facts
