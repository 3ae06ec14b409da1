"""What of a response is the answer."""

from __future__ import annotations

from typing import Any

import pytest

from evals.accuracy.official.responses import strip_thinking, text_of


@pytest.mark.parametrize("response", [None, {"error": "x"}, ["A"], 3, b"A"])
def test_what_is_no_text_counts_as_empty(response: Any) -> None:
    assert text_of(response) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("B", "B"),
        ("<think>hm</think>\n\nB", "B"),
        ("hm</think>B ", "B "),  # the opening tag was in the prompt
        ("<think>a</think>b</think>C", "C"),
        (" \n<think>hm</think>B", "B"),
        ("<think>never ends", ""),
        ("<think></think>", ""),
        ("", ""),
    ],
)
def test_the_answer_is_what_follows_the_last_end_tag(text: str, expected: str) -> None:
    assert strip_thinking(text) == expected


def test_thinking_that_the_prompt_opened_and_nothing_closed_has_no_answer() -> None:
    assert strip_thinking("so (B)", opened=True) == ""
    assert strip_thinking("so</think>(B)", opened=True) == "(B)"


def test_another_tag_has_another_opening() -> None:
    assert strip_thinking("◁think▷hm◁/think▷B", "◁/think▷") == "B"
    assert strip_thinking("[THINK]hm (A)", "[/THINK]") == ""
    assert strip_thinking("<think>hm</think>B", "[/THINK]") == "<think>hm</think>B"
