"""Answers to questions about pictures that are never trained on, by kind, with the picture and with a blank one."""

import torch

from demo.training.picture_loss import PictureLoss
from demo.training.picture_questions import KINDS
from demo.training.picture_rows import held_out_rows
from demo.training.tokenizer import Encoder

CHUNK_ROWS = 250


class HeldOut:
    """Rows of one form with one question each; make them before anything touches CUDA."""

    def __init__(self, encoder: Encoder, form: str, count: int) -> None:
        self.form = form
        rows = held_out_rows(encoder, form, count)
        self.columns = {name: torch.from_numpy(column) for name, column in rows.items() if name != "ids"}
        self.columns["ids"] = torch.from_numpy(rows["ids"].astype("int16"))

    def report(self, losses: PictureLoss) -> None:
        """Print the share of right answers with and without the picture, in all and by kind."""
        right, blank = self._right(losses, blank=False), self._right(losses, blank=True)
        parts = [f"held out {self.form}: {right.mean():.3f} blank {blank.mean():.3f};"]
        for index, kind in enumerate(KINDS):
            chosen = self.columns["kinds"] == index
            if chosen.any():
                parts.append(f"{kind} {right[chosen].mean():.2f}/{blank[chosen].mean():.2f}")
        print(" ".join(parts), flush=True)

    def _right(self, losses: PictureLoss, *, blank: bool) -> torch.Tensor:
        count = len(self.columns["kinds"])
        chunks = [
            losses.right_rows(self._chunk(first, losses.device), blank=blank).float().cpu()
            for first in range(0, count, CHUNK_ROWS)
        ]
        return torch.cat(chunks)

    def _chunk(self, first: int, device: str) -> dict[str, torch.Tensor]:
        return {name: column[first : first + CHUNK_ROWS].to(device) for name, column in self.columns.items()}
