"""Run the model: build masks and positions for right-aligned rows, and pass only what the model's forward accepts."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from transformers import DynamicCache

from .cache import new_cache
from .loading import LoadedModel


class Forward:
    """Call one model with caches, masks and positions; `stateful` models keep more than keys and values."""

    def __init__(self, loaded: LoadedModel) -> None:
        self.model = loaded.model
        self.device = loaded.device
        self.stateful = bool(getattr(loaded.model, "_is_stateful", False))
        self._accepted = set(inspect.signature(loaded.model.forward).parameters)
        self._rope_index = getattr(getattr(loaded.model, "model", None), "get_rope_index", None)

    def new_cache(self) -> Any:
        """Return an empty cache of the kind this model needs."""
        return DynamicCache(config=self.model.config) if self.stateful else new_cache()

    @torch.inference_mode()
    def __call__(
        self,
        ids: torch.Tensor,
        mask: torch.Tensor,
        positions: torch.Tensor,
        cache: Any,
        keep: int,
        features: Mapping[str, Any] | None = None,
    ) -> torch.Tensor:
        """Return the logits of the last `keep` columns, or of all for 0, of shape (rows, columns, vocabulary)."""
        inputs = {
            "input_ids": ids,
            "attention_mask": mask,
            "position_ids": positions,
            "past_key_values": cache,
            "use_cache": True,
            "logits_to_keep": keep,
            **{name: value for name, value in (features or {}).items() if name in self._accepted},
        }
        output = self.model(**{name: value for name, value in inputs.items() if name in self._accepted})
        logits: torch.Tensor = output.logits
        return logits[:, -keep:] if keep else logits

    def image_positions(self, ids: torch.Tensor, features: Mapping[str, Any]) -> tuple[torch.Tensor, int]:
        """Return the positions of one prompt with images and how far its later positions differ from its length.

        Models with rotary positions in three dimensions (Qwen-VL) give an image fewer positions than tokens.
        """
        if self._rope_index is None:
            return torch.arange(ids.shape[1], device=ids.device)[None], 0
        wanted = set(inspect.signature(self._rope_index).parameters)
        known = {name: value for name, value in features.items() if name in wanted}
        positions, delta = self._rope_index(ids, attention_mask=torch.ones_like(ids), **known)
        return positions, int(delta.reshape(-1)[0])


def right_aligned(prompts: Sequence[Sequence[int]], device: torch.device) -> torch.Tensor:
    """Return prompts as one tensor whose rows end in the last column; unused columns hold token 0."""
    width = max(map(len, prompts))
    return torch.tensor([[0] * (width - len(prompt)) + list(prompt) for prompt in prompts], device=device)


def mask_for(lengths: torch.Tensor, width: int) -> torch.Tensor:
    """Return the attention mask, of shape (rows, width), of rows that fill their last `length` columns."""
    columns = torch.arange(width, device=lengths.device)
    return (columns >= width - lengths[:, None]).long()


def positions_for(mask: torch.Tensor) -> torch.Tensor:
    """Return each column's position in its row; unused columns get 0."""
    return (mask.cumsum(dim=-1) - 1).clamp(min=0)
