"""Where two texts part: by the demo model's own tokens, by words, and at the ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evals.explain import SHOWN_AFTER, SHOWN_BEFORE, Unit, divergence, tokens_of, words_of

DEMO = str(Path(__file__).resolve().parents[3] / "demo" / "demo-llm")


def test_by_words_the_first_differing_one_is_named_with_what_stands_around_it() -> None:
    found = divergence("He has 3 + 4 = 7 apples.", "He has 3 + 5 = 8 apples.")
    assert found is not None
    assert (found.unit, found.position, found.character) == (Unit.WORD, 4, 10)
    assert found.candidate.before == found.baseline.before == "He has 3 +"
    assert (found.candidate.differing, found.baseline.differing) == (" 4", " 5")
    assert found.candidate.after == " = 7 apples."


def test_by_tokens_it_is_the_first_unlike_token_of_the_models_own_tokenizer() -> None:
    ours, theirs = "Tom has 12 apples and 3 pears.", "Tom has 12 apples and 4 pears."
    found = divergence(ours, theirs, tokens=tokens_of(DEMO))
    assert found is not None
    assert found.unit is Unit.TOKEN
    split = tokens_of(DEMO)
    assert split is not None
    ids = [[piece.name for piece in split(text)[: found.position + 1]] for text in (ours, theirs)]
    assert ids[0][:-1] == ids[1][:-1]
    assert ids[0] != ids[1]
    assert found.candidate.differing.strip() == "3"
    assert found.baseline.differing.strip() == "4"
    assert ours == found.candidate.before + found.candidate.differing + found.candidate.after


def test_a_character_of_several_tokens_is_shown_whole() -> None:
    found = divergence("It is 🐎.", "It is 🐄.", tokens=tokens_of(DEMO))
    assert found is not None
    assert "🐎" in found.candidate.differing
    assert "🐄" in found.baseline.differing


@pytest.mark.parametrize("tokens", [None, tokens_of(DEMO)])
def test_a_text_that_ends_sooner_differs_by_nothing(tokens: object) -> None:
    found = divergence("The answer is 7", "The answer is 7 and more", tokens=tokens)  # type: ignore[arg-type]
    assert found is not None
    assert found.candidate.differing == found.candidate.after == ""
    assert found.baseline.differing == " and"
    assert found.character == 15
    empty = divergence("", "x", tokens=tokens)  # type: ignore[arg-type]
    assert empty is not None
    assert (empty.position, empty.character, empty.candidate.differing) == (0, 0, "")


def test_equal_texts_part_nowhere_and_spaces_count() -> None:
    assert divergence("a b", "a b") is None
    spaces = divergence("a b", "a  b")
    assert spaces is not None
    assert spaces.baseline.differing == "  b"
    assert "".join(str(piece.name) for piece in words_of(" a \n b  ")) == " a \n b  "


def test_long_texts_are_cut_on_both_sides_of_the_difference() -> None:
    found = divergence("word " * 500 + "left" + " tail" * 500, "word " * 500 + "right" + " tail" * 500)
    assert found is not None
    assert len(found.candidate.before) == SHOWN_BEFORE + 1
    assert found.candidate.before.startswith("…")
    assert len(found.baseline.after) == SHOWN_AFTER + 1
    assert found.baseline.after.endswith("…")


def test_texts_that_a_tokenizer_makes_alike_are_compared_by_words(tmp_path: Path) -> None:
    vocabulary = {"[UNK]": 0, "same": 1}
    model = {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"}
    blank = dict.fromkeys(("truncation", "padding", "normalizer", "post_processor", "decoder"))
    file = tmp_path / "tokenizer.json"
    file.write_text(
        json.dumps(
            {"version": "1.0", **blank, "added_tokens": [], "pre_tokenizer": {"type": "Whitespace"}, "model": model}
        )
    )
    found = divergence("same one", "same two", tokens=tokens_of(str(tmp_path)))
    assert found is not None
    assert (found.unit, found.position) == (Unit.WORD, 1)


def test_a_model_whose_tokenizer_is_not_here_or_not_readable_has_none(tmp_path: Path) -> None:
    assert tokens_of("org/name") is None
    assert tokens_of(str(tmp_path)) is None
    (tmp_path / "tokenizer.json").write_text("{}")
    assert tokens_of(str(tmp_path)) is None
