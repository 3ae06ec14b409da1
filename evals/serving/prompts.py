"""Inputs of a given length, drawn so that they can be drawn again, and alike where they are meant to be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evals.serving.draws import BLOCKS, PREFIXES, TOKENS, stream
from evals.serving.load import Load
from evals.serving.planning import Planned
from evals.serving.traces import BLOCK_TOKENS
from evals.serving.vocabulary import Vocabulary

_REMEMBERED = 4096


class Prompts:
    """Make the inputs of one load."""

    def __init__(self, load: Load, vocabulary: Vocabulary) -> None:
        self._load = load
        self._vocabulary = vocabulary
        self._blocks: dict[int, NDArray[np.int64]] = {}

    def ids(self, planned: Planned) -> list[int]:
        """Return a request's input as token ids."""
        drawn = self._numbers(planned, planned.input_len or 0, len(self._vocabulary.ids))
        ids: list[int] = self._vocabulary.ids[drawn].tolist()
        return ids

    def text(self, planned: Planned) -> str:
        """Return a request's input as a text of as many words as it should have tokens."""
        if planned.text is not None:
            return planned.text
        words = self._vocabulary.words
        return " ".join(words[n] for n in self._numbers(planned, planned.input_len or 0, len(words)))

    def _numbers(self, planned: Planned, length: int, below: int) -> NDArray[np.int64]:
        if planned.blocks:
            whole = np.concatenate([self._block(name, below) for name in planned.blocks])[:length]
        else:
            group = planned.index % self._load.prefix_groups
            shared = self._load.shared_prefix_len if self._load.trace is None else 0
            whole = stream(self._load.seed, PREFIXES, group).integers(0, below, shared)
        rest = stream(self._load.seed, TOKENS, planned.index).integers(0, below, length - len(whole))
        return np.concatenate([whole, rest])

    def _block(self, name: int, below: int) -> NDArray[np.int64]:
        """Return the tokens of a trace's block: the same name, the same tokens."""
        if name not in self._blocks:
            if len(self._blocks) >= _REMEMBERED:
                self._blocks.clear()
            self._blocks[name] = stream(self._load.seed, BLOCKS, name).integers(0, below, BLOCK_TOKENS)
        return self._blocks[name]
