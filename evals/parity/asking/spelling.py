"""Texts of token ids, for people who read reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from evals.parity.asking.vocabulary import Vocabulary, load_vocabulary

_NO_CHARACTER = "\ufffd"
_EDGE = 6
"""How many tokens at both edges may be parts of a character: three bytes of one on either side."""


def speller(folder: Path | None) -> Callable[[Sequence[int]], str]:
    """Return a function from token ids to their text; without a tokenizer it names the ids.

    Ids that are no whole characters, which are common where a text was cut, and ids beyond the tokenizer are named
    among the others: "<300>ab".
    """
    vocabulary = load_vocabulary(folder)
    return _named if vocabulary is None else partial(_spelled, vocabulary)


def _named(ids: Sequence[int]) -> str:
    return " ".join(f"<{number}>" for number in ids)


def _spelled(vocabulary: Vocabulary, ids: Sequence[int]) -> str:
    """Return the text of the longest middle that is one, between its edges token by token."""
    for cut in range(min(len(ids), _EDGE) + 1):
        for before in range(cut + 1):
            text = _text(vocabulary, ids[before : len(ids) - cut + before])
            if text is not None:
                end = len(ids) - cut + before
                return _singly(vocabulary, ids[:before]) + text + _singly(vocabulary, ids[end:])
    return _singly(vocabulary, ids)


def _singly(vocabulary: Vocabulary, ids: Sequence[int]) -> str:
    return "".join(_text(vocabulary, [number]) or f"<{number}>" for number in ids)


def _text(vocabulary: Vocabulary, ids: Sequence[int]) -> str | None:
    """Return the text of ids, None when some of them are no text."""
    if any(vocabulary.tokenizer.id_to_token(number) is None for number in ids):
        return None
    text = vocabulary.decode(list(ids))
    return None if _NO_CHARACTER in text else text
