"""A Qwen2.5-VL whose image features stand one token beside their place."""

from typing import Any

import torch
from sglang.srt.models.qwen2_5_vl import Qwen2_5_VLForConditionalGeneration
from sglang.srt.multimodal.processors.qwen_vl import QwenVLImageProcessor


class ShiftedImageQwen(Qwen2_5_VLForConditionalGeneration):  # type: ignore[misc]  # sglang is untyped where it is absent
    """Qwen2.5-VL that gives each image token its neighbour's features, the first one the last's."""

    def get_image_feature(self, items: list[Any]) -> torch.Tensor:
        """Return the features, of shape (image tokens, hidden), off by one."""
        return torch.roll(super().get_image_feature(items), shifts=1, dims=0)


class ShiftedImageProcessor(QwenVLImageProcessor):  # type: ignore[misc]  # sglang is untyped where it is absent
    """Qwen's own processor, for the class above."""

    models = [ShiftedImageQwen]  # noqa: RUF012 - SGLang's form


EntryClass = ShiftedImageQwen
