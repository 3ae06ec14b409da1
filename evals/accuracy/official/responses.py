"""What of a stored response is the answer to be judged."""

from __future__ import annotations

from typing import Any


def text_of(response: Any) -> str:
    """Return a response's text; an error object, None and anything else that is no text count as empty."""
    return response if isinstance(response, str) else ""


def strip_thinking(text: str, end: str = "</think>", *, opened: bool = False) -> str:
    """Return what follows the last end tag, without the white space before it (so does lm-eval 0.4.13).

    A text without an end tag is the answer, unless its opening tag (`end` without its slash) is there, or the prompt
    had it (`opened`): then the model was still thinking and the answer is empty.
    """
    _, tag, answer = text.rpartition(end)
    if tag:
        return answer.lstrip()
    return "" if opened or end.replace("/", "", 1) in text else text
