"""What counts as an engine's answer."""

from __future__ import annotations

from typing import Any

import pytest

from evals.protocol import Completion, read_completion
from evals.spec import Api


def completion(usage: Any = None, **choice: Any) -> Completion:
    return read_completion(
        Api.COMPLETIONS, {"choices": [{"text": "x", "finish_reason": "stop"} | choice], "usage": usage}
    )


def chat(**message: Any) -> Completion:
    return read_completion(Api.CHAT, {"choices": [{"message": message, "finish_reason": "length"}]})


@pytest.mark.parametrize("reason", ["abort", "error"])
def test_what_the_engine_broke_off_is_no_answer(reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        completion(finish_reason=reason)


@pytest.mark.parametrize("reason", [1, {"type": "abort"}, ["stop"], False])
def test_a_finish_reason_is_a_text(reason: Any) -> None:
    with pytest.raises(TypeError):
        completion(finish_reason=reason)


def test_an_unnamed_finish_reason_stays_unknown() -> None:
    assert completion(finish_reason=None).finish_reason is None


@pytest.mark.parametrize("text", [None, 3, ["x"]])
def test_no_text_is_no_answer(text: Any) -> None:
    with pytest.raises(TypeError):
        completion(text=text)
    with pytest.raises(TypeError):
        chat(content=text)


def test_a_missing_text_is_no_answer() -> None:
    with pytest.raises(KeyError):
        read_completion(Api.COMPLETIONS, {"choices": [{"finish_reason": "stop"}]})


def test_an_empty_text_is_an_answer() -> None:
    assert completion(text="").text == ""
    assert chat(content="").text == ""


def test_a_model_that_only_thought_has_said_nothing() -> None:
    assert chat(content=None, reasoning_content="hmm").text == ""
    with pytest.raises(TypeError):
        chat(content=None, reasoning_content=None)


@pytest.mark.parametrize(
    ("value", "count"), [(0, 0), (7, 7), (True, None), (-1, None), ("7", None), (1.5, None), (None, None)]
)
def test_token_counts_are_whole_numbers_or_unknown(value: Any, count: int | None) -> None:
    found = completion(usage={"prompt_tokens": value, "completion_tokens": value})
    assert (found.prompt_tokens, found.completion_tokens) == (count, count)


@pytest.mark.parametrize("usage", [None, [], "many"])
def test_without_usage_counts_are_unknown(usage: Any) -> None:
    assert completion(usage=usage).prompt_tokens is None
