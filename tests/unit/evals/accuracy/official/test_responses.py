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
        ("B", ("B", True, 0)),
        ("<think>hm</think>\n\nB", ("B", True, 2)),
        ("hm</think>B ", ("B ", True, 2)),  # the opening tag was in the prompt
        ("<think>a</think>b</think>C", ("C", True, len("a</think>b"))),
        (" \n<think>hm</think>B", ("B", True, 2)),
        ("<think>never ends", ("", False, len("never ends"))),
        ("<think></think>", ("", True, 0)),
        ("", ("", True, 0)),
    ],
)
def test_the_answer_is_what_follows_the_last_end_tag(text: str, expected: tuple[str, bool, int]) -> None:
    assert strip_thinking(text) == expected


def test_thinking_that_the_prompt_opened_and_nothing_closed_has_no_answer() -> None:
    assert strip_thinking("so (B)", opened=True) == ("", False, 6)
    assert strip_thinking("so</think>(B)", opened=True) == ("(B)", True, 2)


def test_another_tag_has_another_opening() -> None:
    assert strip_thinking("◁think▷hm◁/think▷B", "◁/think▷") == ("B", True, 2)
    assert strip_thinking("[THINK]hm (A)", "[/THINK]") == ("", False, 6)
    assert strip_thinking("<think>hm</think>B", "[/THINK]").answer == "<think>hm</think>B"
