"""A Llama that takes its rotary base for that of another generation of the family."""

from typing import Any

from sglang.srt.layers.rotary_embedding import get_rope
from sglang.srt.models.llama import LlamaForCausalLM
from transformers import LlamaConfig

OTHER_BASE = 500_000.0


class WrongRopeBaseLlama(LlamaForCausalLM):  # type: ignore[misc]  # sglang is untyped where it is absent
    """Llama whose positions turn with another base than the configuration's."""

    def __init__(self, config: LlamaConfig, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        for layer in self.model.layers:
            attention = layer.self_attn
            attention.rotary_emb = get_rope(
                attention.head_dim,
                rotary_dim=attention.rotary_dim,
                max_position=attention.max_position_embeddings,
                base=OTHER_BASE,
                rope_scaling=None,
                is_neox_style=True,
            )


EntryClass = WrongRopeBaseLlama
