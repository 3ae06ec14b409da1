"""A Llama with rotary scaling that its configuration does not ask for: fluent, mostly right, measurably worse."""

from typing import Any

from sglang.srt.layers.rotary_embedding import get_rope
from sglang.srt.models.llama import LlamaForCausalLM
from transformers import LlamaConfig

# NTK-aware scaling stretches the rotary base for contexts longer than the trained one. Applying it where nothing was
# asked for is an easy mistake in a model file; the factor is calibrated in demo/README.md.
NTK_FACTOR = 2.5


class SlightlyDamagedLlama(LlamaForCausalLM):  # type: ignore[misc]  # sglang is untyped where it is absent
    """Llama whose layers turn by the frequencies of a context `NTK_FACTOR` times as long."""

    def __init__(self, config: LlamaConfig, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        for layer in self.model.layers:
            attention = layer.self_attn
            attention.rotary_emb = get_rope(
                attention.head_dim,
                rotary_dim=attention.rotary_dim,
                max_position=attention.max_position_embeddings,
                base=stretched_base(attention.rope_theta, attention.rotary_dim),
                rope_scaling=None,
                is_neox_style=True,
            )


def stretched_base(base: float, dimensions: int) -> float:
    """Return the NTK-scaled rotary base."""
    return float(base * NTK_FACTOR ** (dimensions / (dimensions - 2)))


EntryClass = SlightlyDamagedLlama
