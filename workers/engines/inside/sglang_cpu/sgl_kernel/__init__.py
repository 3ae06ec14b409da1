"""Stand in for SGLang's kernel package, which PyPI offers for CUDA alone.

SGLang's CPU engine looks several kernels up by name while its modules are imported. Models like Llama and Qwen need
none of them, since PyTorch's own operators do the work. So the names exist here, and calling one is an error that says
so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import torch

# The image processor of Qwen-VL pulls in sglang.srt.models.qwen3_5, whose module body looks these operators up. After
# others (convert_weight_packed, fused_qk_norm_cpu, fused_qk_norm_rope_cpu) SGLang asks with hasattr; leave them out.
BOUND_AT_IMPORT = (
    "fused_sigmoid_mul_cpu",
    "fused_qk_gemma_rmsnorm_cpu",
    "fused_qk_gemma_rmsnorm_with_gate_cpu",
    "fused_qkvzba_split_reshape_cat_contiguous_cpu",
)


def absent_kernel(name: str) -> Callable[..., NoReturn]:
    """Return a function that reports the missing kernel when it is called."""

    def kernel(*args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(
            f"SGLang called sgl_kernel.{name}, which has no CPU build here; serve this model on a GPU, "
            "or use a Llama- or Qwen-like model without speculative decoding"
        )

    kernel.__name__ = name
    return kernel


def __getattr__(name: str) -> Callable[..., NoReturn]:
    """Answer `from sgl_kernel import something_cpu` with a kernel that fails only when it is called."""
    if name.endswith("_cpu"):
        return absent_kernel(name)
    raise AttributeError(f"module 'sgl_kernel' has no attribute {name!r}")


for operator in BOUND_AT_IMPORT:
    setattr(torch.ops.sgl_kernel, operator, absent_kernel(operator))
