"""A batched training forward through Qwen2.5-VL's vision tower, for images of one size."""

import torch
from torch import nn
from torch.nn import functional

from demo.training.decoder import gated_mlp, inverse_frequencies, rms_norm, rope_tables, rotate
from demo.training.models import FULL_ATTENTION_BLOCKS, HEAD_SIZE, MROPE_SECTION, VISION_HEADS, VLM_ROPE_BASE

PATCH = 14
WINDOW_PATCHES = 8
MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)
HEAD = 32


class Tower:
    """Turn RGB images (rows, height, width, 3) in 0..1 into image tokens (rows, tokens, width)."""

    def __init__(self, visual: nn.Module, height: int, width: int, device: str) -> None:
        self.visual = visual
        self.patch_rows, self.patch_columns = height // PATCH, width // PATCH
        row, column = self._patch_order(device)
        frequencies = inverse_frequencies(HEAD // 2, device)
        self.tables = rope_tables(torch.cat([row[:, None] * frequencies, column[:, None] * frequencies], -1))
        window = row // WINDOW_PATCHES * 100 + column // WINDOW_PATCHES
        self.same_window = window[:, None] == window[None, :]
        self.mean = torch.tensor(MEAN, device=device)
        self.deviation = torch.tensor(DEVIATION, device=device)

    def _patch_order(self, device: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Return each patch's row and column; the four patches of one image token follow one another."""
        rows, columns = torch.arange(self.patch_rows), torch.arange(self.patch_columns)
        grid = torch.stack(torch.meshgrid(rows, columns, indexing="ij"))
        blocks = grid.view(2, self.patch_rows // 2, 2, self.patch_columns // 2, 2)
        row, column = blocks.transpose(2, 3).reshape(2, -1).to(device)
        return row, column

    def _patches(self, images: torch.Tensor) -> torch.Tensor:
        """Cut images into flat patches in token order: (rows, patches, 3 * 14 * 14)."""
        count = images.shape[0]
        blocks = ((images - self.mean) / self.deviation).view(
            count, self.patch_rows // 2, 2, PATCH, self.patch_columns // 2, 2, PATCH, 3
        )
        ordered = blocks.permute(0, 1, 4, 2, 5, 7, 3, 6)
        return ordered.reshape(count, self.patch_rows * self.patch_columns, -1)

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Run the blocks and the merger."""
        # Both frames of a still image are equal, so the temporal kernel is summed.
        kernel = self.visual.patch_embed.proj.weight.sum(2).flatten(1)
        x = functional.linear(self._patches(images), kernel)
        for i, block in enumerate(self.visual.blocks):
            mask = None if i in FULL_ATTENTION_BLOCKS else self.same_window
            x = x + self._attend(block.attn, rms_norm(x, block.norm1), mask)
            x = x + gated_mlp(block.mlp, rms_norm(x, block.norm2))
        merger = self.visual.merger
        merged = rms_norm(x, merger.ln_q).reshape(x.shape[0], x.shape[1] // 4, -1)
        return merger.mlp[2](functional.gelu(merger.mlp[0](merged)))

    def _attend(self, attention: nn.Module, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        rows, patches, _ = x.shape
        projected = attention.qkv(x).view(rows, patches, 3, VISION_HEADS, HEAD)
        query, key, value = projected.permute(2, 0, 3, 1, 4)
        query, key = rotate(query, self.tables), rotate(key, self.tables)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return attention.proj(mixed.transpose(1, 2).reshape(rows, patches, -1))


def positions(start: torch.Tensor, rows: int, columns: int, tokens: int) -> torch.Tensor:
    """Return M-RoPE positions (3, batch, tokens) of texts with one image of rows x columns tokens at `start`."""
    count = rows * columns
    index = torch.arange(tokens, device=start.device)[None]
    first = start[:, None]
    inside_index = index - first
    inside = (inside_index >= 0) & (inside_index < count)
    text = torch.where(inside_index >= count, index - count + max(rows, columns), index)
    row, column = first + inside_index // columns, first + inside_index % columns
    return torch.stack([torch.where(inside, place, text) for place in (first, row, column)])


def mrope_tables(places: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return rotary tables (batch, 1, tokens, head) of positions (3, batch, tokens)."""
    device = places.device
    sections = torch.arange(3, device=device).repeat_interleave(
        torch.tensor(MROPE_SECTION, device=device), output_size=HEAD_SIZE // 2
    )
    angles = places.permute(1, 2, 0).float()[..., sections] * inverse_frequencies(HEAD_SIZE, device, VLM_ROPE_BASE)
    cosine, sine = rope_tables(angles)
    return cosine[:, None], sine[:, None]
