"""A Llama of whose layers one has slightly wrong weights, as after a faulty conversion."""

from collections.abc import Iterable
from typing import Any

import torch
from sglang.srt.models.llama import LlamaForCausalLM

LAYER = 3
RELATIVE_ERROR = 0.01
SEED = 0


class OneLayerOffLlama(LlamaForCausalLM):  # type: ignore[misc]  # sglang is untyped where it is absent
    """Llama with normal noise of 1 % of each weight's own size in the matrices of one layer."""

    def load_weights(self, weights: Iterable[tuple[str, torch.Tensor]]) -> Any:
        """Load the weights as Llama does, those of one layer a little wrong."""
        return super().load_weights((name, disturbed(name, weight)) for name, weight in weights)


def disturbed(name: str, weight: torch.Tensor) -> torch.Tensor:
    """Return the weight, with noise when it is a matrix of the chosen layer."""
    if f"layers.{LAYER}." not in name or weight.dim() < 2:
        return weight
    generator = torch.Generator().manual_seed(SEED)
    noise = torch.randn(weight.shape, generator=generator).to(weight.device)
    return (weight.float() * (1 + RELATIVE_ERROR * noise)).to(weight.dtype)


EntryClass = OneLayerOffLlama
