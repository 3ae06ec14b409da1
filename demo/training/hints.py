"""Helper targets for the vision tower: what is in each cell and which character is in each field of the image.

Linear heads read them off the image tokens while training and are thrown away afterwards. They make the tower see
within minutes; from the answers' loss alone an earlier demo-vlm had learnt no more than answer priors.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from demo.world.printed_questions import COLUMNS, LINES, PICTURE_CORNER, PrintedText
from demo.world.scenes import COLORS, SHAPES, Scene, ShapeScene

CELLS = 9
CELL_TOKENS = 2  # a cell of 56 pixels is two image tokens wide and high
TOKEN_PIXELS = 28
FIELDS_PER_TOKEN = (2, 4)  # lines and columns of 7 x 14 pixels within an image token
IGNORED = -1
CHARACTERS = 96
_COLOR_CLASSES, _SHAPE_CLASSES = len(COLORS) + 1, len(SHAPES) + 1  # class 0: an empty cell


def cell_targets(scene: Scene) -> npt.NDArray[np.int8]:
    """Return the colour and the shape class of each cell, (9, 2); charts are ignored."""
    if not isinstance(scene, ShapeScene):
        return np.full((CELLS, 2), IGNORED, np.int8)
    targets = np.zeros((CELLS, 2), np.int8)
    for placed in scene.objects:
        targets[placed.cell] = COLORS.index(placed.color) + 1, SHAPES.index(placed.shape) + 1
    return targets


def character_targets(printed: Sequence[PrintedText]) -> npt.NDArray[np.int8]:
    """Return the character class of each field, (20, 32); class 0 is an empty field."""
    targets = np.zeros((LINES, COLUMNS), np.int8)
    for part in printed:
        codes = [ord(character) - 32 for character in part.text]
        targets[part.line, part.column : part.column + len(codes)] = codes
    return targets


class HintHeads(nn.Module):
    """Linear readers of image tokens (rows, tokens, width) on a grid of tokens."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.cells = nn.Linear(width, _COLOR_CLASSES + _SHAPE_CLASSES)
        self.characters = nn.Linear(width, FIELDS_PER_TOKEN[0] * FIELDS_PER_TOKEN[1] * CHARACTERS)

    def cell_loss(self, tokens: torch.Tensor, grid: tuple[int, int], targets: torch.Tensor) -> torch.Tensor:
        """Return the mean cross-entropy of colours plus shapes; `targets` is (rows, 9, 2)."""
        corner = PICTURE_CORNER // TOKEN_PIXELS if grid != (6, 6) else 0
        picture = _on_grid(tokens, grid)[:, corner : corner + 6, corner : corner + 6]
        count, width = picture.shape[0], picture.shape[-1]
        cells = picture.reshape(count, 3, CELL_TOKENS, 3, CELL_TOKENS, width).mean((2, 4))
        scores = self.cells(cells).float().flatten(0, 2)
        color, shape = targets.flatten(0, 1).unbind(-1)
        return _loss(scores[:, :_COLOR_CLASSES], color) + _loss(scores[:, _COLOR_CLASSES:], shape)

    def character_loss(self, tokens: torch.Tensor, grid: tuple[int, int], targets: torch.Tensor) -> torch.Tensor:
        """Return the mean cross-entropy of printed characters; `targets` is (rows, 20, 32)."""
        lines, columns = FIELDS_PER_TOKEN
        scores = self.characters(_on_grid(tokens, grid)).float()
        scores = scores.view(-1, *grid, lines, columns, CHARACTERS).transpose(2, 3)
        return _loss(scores.flatten(0, 4), targets.flatten())


def _on_grid(tokens: torch.Tensor, grid: tuple[int, int]) -> torch.Tensor:
    normalised = functional.rms_norm(tokens.float(), (tokens.shape[-1],))
    return normalised.view(tokens.shape[0], *grid, tokens.shape[-1])


def _loss(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    total = functional.cross_entropy(scores, targets, ignore_index=IGNORED, reduction="sum")
    return total / (targets != IGNORED).sum().clamp(min=1)
