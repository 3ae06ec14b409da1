"""The walk-through of SGLang's guide to external models: a Llama whose positive logits give way to their square roots.

The root keeps the order of the logits, and the largest is positive as long as any is, so that greedy decoding chooses
the same tokens. Their probabilities are far from Llama's. Logits of prompt positions stay as they are: SGLang turns
those into log-probabilities inside its logits processor, before `forward` sees anything of them.
"""

from typing import Any

import torch
from sglang.srt.models.llama import LlamaForCausalLM


class LlamaWrapper(LlamaForCausalLM):  # type: ignore[misc]  # sglang is untyped where it is absent
    """Llama that flattens the distribution of the next token."""

    @torch.no_grad()  # type: ignore[untyped-decorator]  # torch is untyped where it is absent
    def forward(
        self, input_ids: torch.Tensor, positions: torch.Tensor, forward_batch: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """Run Llama, and replace next-token logits x, of shape (sequences, vocabulary), by sqrt(x) where x > 0."""
        output = super().forward(input_ids, positions, forward_batch, *args, **kwargs)
        logits = output.next_token_logits
        output.next_token_logits = torch.where(logits > 0, logits.clamp(min=0).sqrt(), logits)
        return output


EntryClass = LlamaWrapper
