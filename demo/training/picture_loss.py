"""The training loss of demo-vlm for images of one size."""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from demo.training.decoder import rms_norm, run_layers
from demo.training.hints import PLACED_LAYER, HintHeads
from demo.training.picture_documents import TOKEN_PIXELS
from demo.training.segments import ANSWER_WEIGHT, LETTER_WEIGHT
from demo.training.tokenizer import WEIGHT_UNITS
from demo.training.tower import Tower, mrope_tables, positions
from demo.world.drawing import WHITE, palette

HINT_WEIGHT = 0.3
Batch = dict[str, torch.Tensor]


class Losses(NamedTuple):
    """The loss to descend and what is worth watching beside it (accuracies are teacher-forced)."""

    total: torch.Tensor
    hints: torch.Tensor
    places: torch.Tensor
    answer_accuracy: torch.Tensor
    text_accuracy: torch.Tensor
    token_rms: torch.Tensor


class PictureLoss:
    """Compute the losses of a batch of rows whose images all have one size."""

    def __init__(self, model: nn.Module, heads: HintHeads, size: tuple[int, int], device: str) -> None:
        self.language = model.model.language_model
        self.tower = Tower(model.model.visual, *size, device)
        self.heads = heads
        self.grid = (size[0] // TOKEN_PIXELS, size[1] // TOKEN_PIXELS)
        self.palette = torch.tensor(palette(), dtype=torch.float32, device=device) / 255
        self.device = device

    def __call__(self, batch: Batch) -> Losses:
        """Return the losses of rows as RowPool.take gives them."""
        with self._half():
            tokens = self.tower(self.palette[batch["pixels"].int()])
            lower, logits = self._decoded(batch, tokens)
            places = self.heads.place_loss(lower, self.grid)
            hints = self._hints(tokens, batch) + places
        targets, weights = batch["ids"][:, 1:].long().flatten(), self._weights(batch).flatten()
        scores = logits.float().flatten(0, 1)
        losses = functional.cross_entropy(scores, targets, reduction="none")
        right = (scores.argmax(-1) == targets).float()
        return Losses(
            total=(losses * weights).sum() / weights.sum() + HINT_WEIGHT * hints,
            hints=hints.detach(),
            places=places.detach(),
            answer_accuracy=_share(right, weights >= LETTER_WEIGHT),
            text_accuracy=_share(right, (weights >= ANSWER_WEIGHT) & (weights < LETTER_WEIGHT)),
            token_rms=tokens.detach().float().square().mean().sqrt(),
        )

    @torch.no_grad()
    def right_rows(self, batch: Batch, *, blank: bool = False) -> torch.Tensor:
        """Tell for each row whether every answer token is right, with its picture or a white one."""
        pixels = torch.full_like(batch["pixels"], WHITE) if blank else batch["pixels"]
        with self._half():
            _, logits = self._decoded(batch, self.tower(self.palette[pixels.int()]))
        right = logits.argmax(-1) == batch["ids"][:, 1:].long()
        return (right | (self._weights(batch) < LETTER_WEIGHT)).all(1)

    def _half(self) -> torch.autocast:
        return torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.device == "cuda")

    @staticmethod
    def _weights(batch: Batch) -> torch.Tensor:
        return batch["weights"][:, 1:].float() / WEIGHT_UNITS

    def _decoded(self, batch: Batch, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the image tokens' states after PLACED_LAYER layers, and the logits of every next token."""
        ids, start = batch["ids"][:, :-1].long(), batch["start"].long()
        embedded = functional.embedding(ids, self.language.embed_tokens.weight)
        tokens = tokens.to(embedded.dtype)
        places = (start[:, None] + torch.arange(tokens.shape[1], device=ids.device))[..., None].expand_as(tokens)
        x = embedded.scatter(1, places, tokens)
        tables = mrope_tables(positions(start, *self.grid, ids.shape[1]))
        x = run_layers(self.language.layers[:PLACED_LAYER], x, tables)
        lower = x.gather(1, places)
        x = rms_norm(run_layers(self.language.layers[PLACED_LAYER:], x, tables), self.language.norm)
        return lower, functional.linear(x, self.language.embed_tokens.weight)

    def _hints(self, tokens: torch.Tensor, batch: Batch) -> torch.Tensor:
        loss = self.heads.cell_loss(tokens, self.grid, batch["cells"].long())
        loss = loss + self.heads.bar_loss(tokens, self.grid, batch["bars"].long())
        if "characters" in batch:
            loss = loss + self.heads.character_loss(tokens, self.grid, batch["characters"].long())
        return loss


def _share(right: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    return (right * chosen).sum() / chosen.sum().clamp(min=1)
