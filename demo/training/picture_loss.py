"""The training loss of demo-vlm for images of one size."""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from demo.training.decoder import decode
from demo.training.hints import HintHeads
from demo.training.picture_documents import TOKEN_PIXELS
from demo.training.segments import ANSWER_WEIGHT, LETTER_WEIGHT
from demo.training.tokenizer import WEIGHT_UNITS
from demo.training.tower import Tower, mrope_tables, positions
from demo.world.drawing import palette

HINT_WEIGHT = 0.3


class Losses(NamedTuple):
    """The loss to descend and what is worth watching beside it (accuracies are teacher-forced)."""

    total: torch.Tensor
    hints: torch.Tensor
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

    def __call__(self, batch: dict[str, torch.Tensor]) -> Losses:
        """Return the losses of rows as RowPool.take gives them."""
        ids, weights = batch["ids"].long(), batch["weights"][:, 1:].flatten().float() / WEIGHT_UNITS
        with torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.device == "cuda"):
            tokens = self.tower(self.palette[batch["pixels"].int()])
            logits = functional.linear(self.hidden(ids[:, :-1], batch["start"].long(), tokens), self._embedding())
            hints = self._hints(tokens, batch)
        targets, scores = ids[:, 1:].flatten(), logits.float().flatten(0, 1)
        losses = functional.cross_entropy(scores, targets, reduction="none")
        right = (scores.argmax(-1) == targets).float()
        return Losses(
            total=(losses * weights).sum() / weights.sum() + HINT_WEIGHT * hints,
            hints=hints.detach(),
            answer_accuracy=_share(right, weights >= LETTER_WEIGHT),
            text_accuracy=_share(right, (weights >= ANSWER_WEIGHT) & (weights < LETTER_WEIGHT)),
            token_rms=tokens.detach().float().square().mean().sqrt(),
        )

    def hidden(self, ids: torch.Tensor, start: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Return the decoder's last hidden states for texts with their image tokens in place."""
        embedded = functional.embedding(ids, self._embedding())
        tokens = tokens.to(embedded.dtype)
        places = start[:, None] + torch.arange(tokens.shape[1], device=ids.device)
        embedded = embedded.scatter(1, places[..., None].expand_as(tokens), tokens)
        tables = mrope_tables(positions(start, *self.grid, ids.shape[1]))
        return decode(self.language, embedded, tables)

    def _embedding(self) -> torch.Tensor:
        return self.language.embed_tokens.weight

    def _hints(self, tokens: torch.Tensor, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        loss = self.heads.cell_loss(tokens, self.grid, batch["cells"].long())
        if "characters" in batch:
            loss = loss + self.heads.character_loss(tokens, self.grid, batch["characters"].long())
        return loss


def _share(right: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    return (right * chosen).sum() / chosen.sum().clamp(min=1)
