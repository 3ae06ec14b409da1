"""A batched training forward through Hugging Face's own decoder weights (Llama, Qwen2.5)."""

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn import functional

ROPE_BASE = 10000.0
RMS_EPSILON = 1e-6


def rms_norm(x: torch.Tensor, norm: nn.Module) -> torch.Tensor:
    """Normalise in float32 and scale by the module's weight."""
    return functional.rms_norm(x.float(), (x.shape[-1],), None, RMS_EPSILON).to(x.dtype) * norm.weight.to(x.dtype)


def rope_tables(angles: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the cosine and sine of angles (..., head_dim / 2), doubled to the half-split layout."""
    doubled = torch.cat([angles, angles], -1)
    return doubled.cos(), doubled.sin()


def inverse_frequencies(size: int, device: torch.device | str, base: float = ROPE_BASE) -> torch.Tensor:
    """Return the `size / 2` rotary frequencies of a head (or a part of it) of `size` dimensions."""
    return base ** -(torch.arange(0, size, 2, device=device).float() / size)


def rotate(x: torch.Tensor, tables: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Turn each pair of dimensions by its angle."""
    left, right = x.chunk(2, -1)
    return (x * tables[0] + torch.cat([-right, left], -1) * tables[1]).to(x.dtype)


def decode(decoder: nn.Module, x: torch.Tensor, tables: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Run embeddings (rows, tokens, width) through every layer and the last norm; tables broadcast over heads."""
    return rms_norm(run_layers(decoder.layers, x, tables), decoder.norm)


def run_layers(layers: Iterable[nn.Module], x: torch.Tensor, tables: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Run hidden states through some of a decoder's layers."""
    for layer in layers:
        x = x + _attend(layer.self_attn, rms_norm(x, layer.input_layernorm), tables)
        x = x + gated_mlp(layer.mlp, rms_norm(x, layer.post_attention_layernorm))
    return x


def gated_mlp(mlp: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Apply a SwiGLU block."""
    return mlp.down_proj(functional.silu(mlp.gate_proj(x)) * mlp.up_proj(x))


def _attend(attention: nn.Module, x: torch.Tensor, tables: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    rows, tokens, _ = x.shape
    split = (rows, tokens, -1, attention.head_dim)
    query, key, value = (
        project(x).view(split).transpose(1, 2) for project in (attention.q_proj, attention.k_proj, attention.v_proj)
    )
    query, key = rotate(query, tables), rotate(key, tables)
    repeats = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(repeats, 1), value.repeat_interleave(repeats, 1)
    mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    return attention.o_proj(mixed.transpose(1, 2).reshape(rows, tokens, -1))
