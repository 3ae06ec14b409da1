"""The tokenizer: byte-level BPE with 1024 tokens and single digits; `python -m demo.training.tokenizer OUT.json`."""

import argparse
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from demo.training.picture_documents import scene_document
from demo.training.picture_questions import Asker
from demo.training.segments import SPECIAL_TOKENS, Segment, text_of
from demo.training.text_documents import text_document

VOCABULARY = 1024
WEIGHT_UNITS = 20  # loss weights are stored as whole twentieths

Encoded = tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint8]]


def build_tokenizer() -> Tokenizer:
    """Train a tokenizer on 6000 text documents and 1500 picture conversations."""
    tokenizer = Tokenizer(models.BPE())
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_sample_texts(), trainer)
    return tokenizer


def _sample_texts() -> Iterator[str]:
    rng = random.Random("tokenizer")
    for _ in range(6000):
        yield text_of(text_document(rng))
    asker = Asker(rng)
    for _ in range(1500):
        yield text_of(scene_document(asker).segments)


_SPECIAL = re.compile("(" + "|".join(re.escape(token) for token in SPECIAL_TOKENS) + ")")
_WORDS = re.compile(r"[0-9]|'(?:[stmd]|re|ve|ll)| ?[A-Za-z]+| ?[^\sA-Za-z0-9]+|\s+(?![^\s0-9])|\s+")


class Encoder:
    """Turn documents into token ids and loss weights, segment by segment.

    Each different word meets the tokenizer once; words are cut where its own first step cuts ASCII text.
    """

    def __init__(self, path: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(path))
        self.words: dict[str, list[int]] = {}

    def __call__(self, documents: Sequence[Sequence[Segment]]) -> list[Encoded]:
        """Return ids and weights (in twentieths) of each document."""
        return [self._joined([(self.ids(text), weight) for text, weight in document]) for document in documents]

    def ids(self, text: str) -> list[int]:
        """Return the token ids of an ASCII text."""
        pieces = _SPECIAL.split(text)
        words = (word for i, piece in enumerate(pieces) for word in ([piece] if i % 2 else _WORDS.findall(piece)))
        return [token for word in words for token in self._word(word)]

    def _word(self, word: str) -> list[int]:
        found = self.words.get(word)
        if found is None:
            found = self.words[word] = self.tokenizer.encode(word, add_special_tokens=False).ids
        return found

    @staticmethod
    def _joined(pieces: list[tuple[list[int], float]]) -> Encoded:
        ids = [token for tokens, _ in pieces for token in tokens]
        weights = [round(weight * WEIGHT_UNITS) for tokens, weight in pieces for _ in tokens]
        return np.array(ids, np.uint16), np.array(weights, np.uint8)


def main() -> None:
    """Parse the output path and write a fresh tokenizer there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    build_tokenizer().save(str(parser.parse_args().out))


if __name__ == "__main__":
    main()
