"""A Llama whose server is a tenth slower, in its first token as in its throughput: a plant for serving duels.

It waits in every forward pass, for a tenth of the time that passed since the end of the last one. So it slows what the
engine does between passes too; a share of the pass alone would be less than a tenth of what a client sees.
"""

import time
from typing import Any

import torch
from sglang.srt.models.llama import LlamaForCausalLM

SLOWER = 0.1
LONGEST_S = 0.5
"""What lies longer back was no work but a pause between requests."""


class SlowedLlama(LlamaForCausalLM):  # type: ignore[misc]  # sglang is untyped where it is absent
    """Llama that waits in every forward pass."""

    ended_at = 0.0

    @torch.no_grad()  # type: ignore[untyped-decorator]  # torch is untyped where it is absent
    def forward(
        self, input_ids: torch.Tensor, positions: torch.Tensor, forward_batch: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """Run Llama, then wait."""
        began_at = time.perf_counter()
        output = super().forward(input_ids, positions, forward_batch, *args, **kwargs)
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        now = time.perf_counter()
        since = now - self.ended_at
        time.sleep(SLOWER * (since if since < LONGEST_S else now - began_at))
        self.ended_at = time.perf_counter()
        return output


EntryClass = SlowedLlama
