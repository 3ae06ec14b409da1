"""Keep the keys and values of a batch whose rows join and leave between steps.

Rows are aligned on the right: the newest token of every row is in the last column, and shorter rows begin with unused
columns that the attention mask hides. So a row joins by a copy into its right end, and no other row moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers.cache_utils import Cache, DynamicLayer

SPARE_COLUMNS = 128


class GrowingLayer(DynamicLayer):
    """Append in place into spare columns, where transformers' own layer copies everything for each token."""

    def __init__(self) -> None:
        super().__init__()
        self._key_room: torch.Tensor | None = None
        self._value_room: torch.Tensor | None = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append new columns, of shape (rows, heads, columns, head size), and return all of them."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self.keys, self.values = key_states, value_states
            return self.keys, self.values
        start = self.get_seq_length()
        end = start + key_states.shape[-2]
        if self._key_room is None or end > self._key_room.shape[-2]:
            self._key_room = with_columns(self.keys, end + SPARE_COLUMNS)
            self._value_room = with_columns(self.values, end + SPARE_COLUMNS)
        self._key_room[:, :, start:end] = key_states
        self._value_room[:, :, start:end] = value_states
        self.keys, self.values = self._key_room[:, :, :end], self._value_room[:, :, :end]
        return self.keys, self.values

    def occupy(self, keys: torch.Tensor, values: torch.Tensor, used: int) -> None:
        """Take over rooms whose first `used` columns are filled."""
        self.lazy_initialization(keys, values)
        self._key_room, self._value_room = keys, values
        self.keys, self.values = keys[:, :, :used], values[:, :, :used]


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Rows of a cache that go into a new one, each with the number of its tokens."""

    cache: Cache
    rows: tuple[int, ...]
    lengths: tuple[int, ...]


def new_cache() -> Cache:
    """Return an empty cache that grows a layer for each layer of the model."""
    return Cache(layer_class_to_replicate=GrowingLayer)


def join(pieces: Sequence[Piece]) -> Cache:
    """Copy rows of several caches into one, as wide as the longest row."""
    width = max(max(piece.lengths) for piece in pieces)
    cache = new_cache()
    for index in range(len(pieces[0].cache.layers)):
        layers = [piece.cache.layers[index] for piece in pieces]
        layer = GrowingLayer()
        layer.occupy(
            joined([source.keys for source in layers], pieces, width),
            joined([source.values for source in layers], pieces, width),
            width,
        )
        cache.layers.append(layer)
    return cache


def joined(sources: Sequence[torch.Tensor], pieces: Sequence[Piece], width: int) -> torch.Tensor:
    """Copy the pieces' rows of one tensor into a new one with spare columns, aligned on column `width`."""
    _, heads, _, size = sources[0].shape
    count = sum(len(piece.rows) for piece in pieces)
    room = sources[0].new_zeros((count, heads, width + SPARE_COLUMNS, size))  # hidden columns must hold no NaN
    first = 0
    for source, piece in zip(sources, pieces, strict=True):
        columns = min(source.shape[-2], width)
        rows = list(piece.rows)
        room[first : first + len(rows), :, width - columns : width] = source[rows, :, source.shape[-2] - columns :]
        first += len(rows)
    return room


def with_columns(tensor: torch.Tensor, columns: int) -> torch.Tensor:
    """Copy a tensor into one with more columns."""
    rows, heads, used, size = tensor.shape
    room = tensor.new_zeros((rows, heads, columns, size))
    room[:, :, :used] = tensor
    return room
