"""What drawn inputs are made of: token ids, and the words that stand for them in a text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from evals.errors import ModelNotFoundError
from evals.tokenizing import tokenizer_file

_LOWEST, _BEYOND = 100, 1000
"""Ids that every tokenizer in use has, and keeps no special token among."""

_LINES = (
    "time year people way day man thing woman life child world school state family student group country problem",
    "hand part place case week company system program question work government number night point home water room",
    "mother area money story fact month lot right study book eye job word business issue side kind head house",
    "service friend father power hour game line end member law car city name team minute idea body back parent face",
    "level office door health person art war history party result change morning reason research girl guy moment",
    "air teacher force",
)
_COMMON = [word for line in _LINES for word in line.split(" ")]
_SPACES = ("Ġ", "▁")
"""What stands for the space before a word in byte-level and in SentencePiece vocabularies."""


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """Hold the ids that inputs are drawn from, the words for texts, and where they come from."""

    ids: NDArray[np.int64]
    words: list[str]
    basis: str


def vocabulary(tokenizer: Path | None) -> Vocabulary:
    """Return the vocabulary of a model's folder without special tokens, or one that does for any model.

    Its words are tokens that begin with a space and are letters else, so that a text of n of them has about n tokens;
    what the server counts is what is reported. Raises ModelNotFoundError for a folder without a readable tokenizer.
    """
    if tokenizer is None:
        basis = f"ids {_LOWEST} to {_BEYOND - 1}, common words: no tokenizer was named"
        return Vocabulary(ids=np.arange(_LOWEST, _BEYOND), words=_COMMON, basis=basis)
    tokens = _tokens(_file(tokenizer))
    words = [token[1:] for token in tokens if token[:1] in _SPACES and len(token) > 2 and token[1:].isalpha()]
    ids = np.array(sorted(tokens.values()))
    return Vocabulary(ids=ids, words=words or _COMMON, basis=f"{len(ids)} ids, {len(words)} words of the tokenizer")


def count_tokens(tokenizer: Path, text: str) -> int:
    """Return how many tokens a text has, without those that a model's template adds."""
    return len(_loaded(_file(tokenizer)).encode(text, add_special_tokens=False).ids)


def _tokens(file: Path) -> dict[str, int]:
    said = orjson.loads(file.read_bytes())
    model, added = said["model"], {entry["id"] for entry in said.get("added_tokens", ())}
    vocab = model["vocab"]
    if isinstance(vocab, list):  # Unigram: pairs of a token and its weight
        vocab = {token: number for number, (token, _) in enumerate(vocab)}
    return {token: number for token, number in vocab.items() if number not in added}


def _file(folder: Path) -> Path:
    file = tokenizer_file(folder)
    if file is None:
        raise ModelNotFoundError(
            f"{folder} has no tokenizer.json", remedy="name the model's folder with --tokenizer, or leave it out"
        )
    return file


@lru_cache(maxsize=2)
def _loaded(file: Path) -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(file))
