"""Token ids as texts for readers of reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from evals.parity.asking.spelling import speller

DEMO = Path(__file__).resolve().parents[5] / "demo" / "demo-llm"


def ids_of(text: str) -> list[int]:
    fast: Any = Tokenizer.from_file(str(DEMO / "tokenizer.json"))
    return list(fast.encode(text).ids)


def test_ids_become_their_text_special_tokens_included() -> None:
    assert speller(DEMO)([1, *ids_of("user café"), 2]) == "<|im_start|>user café<|im_end|>"


def test_parts_of_characters_at_the_edges_are_named_and_the_rest_is_text() -> None:
    ids = ids_of("é and 🇩")
    assert speller(DEMO)(ids) == "é and 🇩"
    assert speller(DEMO)(ids[1:-1]) == f"<{ids[1]}> and <{ids[4]}><{ids[5]}><{ids[6]}>"


def test_whole_characters_of_several_tokens_stay_whole_between_cut_ones() -> None:
    ids = ids_of("🇩 café 🇩")[1:-1]
    spelled = speller(DEMO)(ids)
    assert " café " in spelled
    assert spelled.startswith(f"<{ids[0]}>")
    assert spelled.endswith(f"<{ids[-1]}>")


def test_ids_that_are_no_text_are_named() -> None:
    assert speller(DEMO)([5000]) == "<5000>"
    assert speller(DEMO)([]) == ""
    assert speller(None)([3, 4]) == "<3> <4>"
    assert speller(DEMO / "nowhere")([3]) == "<3>"
