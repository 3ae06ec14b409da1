"""A Llama whose last normalisation was forgotten."""

from typing import Any

import torch
from sglang.srt.models.llama import LlamaForCausalLM
from torch import nn


class SumOnly(nn.Module):  # type: ignore[misc]  # torch is untyped where it is absent
    """Add the residual, as the fused norm would, and leave the sum as it is."""

    def forward(self, hidden: torch.Tensor, residual: torch.Tensor | None = None, **_: Any) -> Any:
        """Return the sum; with a residual also the new residual, which is the same."""
        if residual is None:
            return hidden
        total = hidden + residual
        return total, total


class NoFinalNormLlama(LlamaForCausalLM):  # type: ignore[misc]  # sglang is untyped where it is absent
    """Llama that hands the last layer's sum to the head without normalising it."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run Llama with the sum in the norm's place; the norm itself stays, so that the weights load."""
        norm, self.model.norm = self.model.norm, SumOnly()
        try:
            return super().forward(*args, **kwargs)
        finally:
            self.model.norm = norm


EntryClass = NoFinalNormLlama
