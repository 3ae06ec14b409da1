"""What of a stored response is the answer to be judged."""

from __future__ import annotations

from typing import Any, NamedTuple


def text_of(response: Any) -> str:
    """Return a response's text; an error object, None and anything else that is no text count as empty."""
    return response if isinstance(response, str) else ""


class Thought(NamedTuple):
    """A text without the model's thinking; `closed` is False when the model never came to an answer."""

    answer: str
    closed: bool
    thinking_chars: int


def strip_thinking(text: str, end: str = "</think>", *, opened: bool = False) -> Thought:
    """Return what follows the last end tag, without the white space before it (so does lm-eval 0.4.13).

    A text without an end tag is the answer, unless its opening tag (`end` without its slash) is there, or the prompt
    had it (`opened`): then the model was still thinking and the answer is empty. `thinking_chars` counts the
    characters between the first opening tag (or the text's beginning) and the last end tag (or the text's end).
    """
    start = end.replace("/", "", 1)
    before, tag, answer = text.rpartition(end)
    if tag:
        _, opening, thinking = before.partition(start)
        return Thought(answer.lstrip(), True, len(thinking if opening else before))
    if start in text:
        return Thought("", False, len(text.partition(start)[2]))
    return Thought("", False, len(text)) if opened else Thought(text, True, 0)
