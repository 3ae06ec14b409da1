"""The one class here without a fault: a Mistral that heeds its sliding window, which SGLang 0.5.23's own does not."""

from typing import Any

from sglang.srt.models.mistral import MistralForCausalLM
from transformers import MistralConfig


class WindowedMistral(MistralForCausalLM):  # type: ignore[misc]  # sglang is untyped where it is absent
    """Mistral whose tokens see `sliding_window` tokens, themselves included."""

    def __init__(self, config: MistralConfig, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self._tokens_before = config.sliding_window - 1
        for layer in self.model.layers:
            layer.self_attn.attn.sliding_window_size = self._tokens_before

    def get_attention_sliding_window_size(self) -> int:
        """Return how many earlier tokens a token sees, for backends that plan ahead."""
        return int(self._tokens_before)


EntryClass = WindowedMistral
