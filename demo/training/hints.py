"""Helper targets: what is in each cell, bar and character field of the image, and where each image token is.

Linear heads read what is there off the tower's image tokens, and the places off the decoder's hidden states after its
second layer: the tower knows relative positions only. The heads are thrown away after training.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from demo.world.drawing import SIZE, bar_pixels
from demo.world.printed_questions import COLUMNS, LINES, PICTURE_CORNER, PrintedText
from demo.world.scenes import COLORS, SHAPES, BarScene, Scene, ShapeScene

CELLS = 9
CELL_TOKENS = 2  # a cell of 56 pixels is two image tokens wide and high
TOKEN_PIXELS = 28
FIELDS_PER_TOKEN = (2, 4)  # lines and columns of 7 x 14 pixels within an image token
IGNORED = -1
CHARACTERS = 96
BAR_COLUMNS = 12  # half a token wide, so that every bar covers the middle of one
MOST_ROWS = 10
PLACED_LAYER = 2  # the decoder's layers below the places' head
_COLOR_CLASSES, _SHAPE_CLASSES = len(COLORS) + 1, len(SHAPES) + 1  # class 0: an empty cell
_VALUE_CLASSES = 10


def cell_targets(scene: Scene) -> npt.NDArray[np.int8]:
    """Return the colour and the shape class of each cell, (9, 2); charts are ignored."""
    if not isinstance(scene, ShapeScene):
        return np.full((CELLS, 2), IGNORED, np.int8)
    targets = np.zeros((CELLS, 2), np.int8)
    for placed in scene.objects:
        targets[placed.cell] = COLORS.index(placed.color) + 1, SHAPES.index(placed.shape) + 1
    return targets


def bar_targets(scene: Scene) -> npt.NDArray[np.int8]:
    """Return the colour class and the value at each column of half a token, (12, 2); shapes are ignored."""
    if not isinstance(scene, BarScene):
        return np.full((BAR_COLUMNS, 2), IGNORED, np.int8)
    targets = np.zeros((BAR_COLUMNS, 2), np.int8)
    middles = (np.arange(BAR_COLUMNS) + 0.5) * SIZE / BAR_COLUMNS
    for (color, value), (left, right) in zip(scene.bars, bar_pixels(scene), strict=True):
        targets[(middles >= left) & (middles <= right)] = COLORS.index(color) + 1, value
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
        self.bars = nn.Linear(width, 2 * (_COLOR_CLASSES + _VALUE_CLASSES))
        self.places = nn.Linear(width, 2 * MOST_ROWS)
        self.characters = nn.Linear(width, FIELDS_PER_TOKEN[0] * FIELDS_PER_TOKEN[1] * CHARACTERS)

    def cell_loss(self, tokens: torch.Tensor, grid: tuple[int, int], targets: torch.Tensor) -> torch.Tensor:
        """Return the mean cross-entropy of colours plus shapes; `targets` is (rows, 9, 2)."""
        picture = _picture(tokens, grid)
        count, width = picture.shape[0], picture.shape[-1]
        cells = picture.reshape(count, 3, CELL_TOKENS, 3, CELL_TOKENS, width).mean((2, 4))
        scores = self.cells(cells).float().flatten(0, 2)
        color, shape = targets.flatten(0, 1).unbind(-1)
        return _loss(scores[:, :_COLOR_CLASSES], color) + _loss(scores[:, _COLOR_CLASSES:], shape)

    def bar_loss(self, tokens: torch.Tensor, grid: tuple[int, int], targets: torch.Tensor) -> torch.Tensor:
        """Return the mean cross-entropy of colours plus values along the lowest row; `targets` is (rows, 12, 2)."""
        scores = self.bars(_picture(tokens, grid)[:, -1]).float().view(-1, _COLOR_CLASSES + _VALUE_CLASSES)
        color, value = targets.flatten(0, 1).unbind(-1)
        return _loss(scores[:, :_COLOR_CLASSES], color) + _loss(scores[:, _COLOR_CLASSES:], value)

    def place_loss(self, hidden: torch.Tensor, grid: tuple[int, int]) -> torch.Tensor:
        """Return the mean cross-entropy of each image token's row plus column in the decoder's states."""
        scores = self.places(functional.rms_norm(hidden.float(), (hidden.shape[-1],))).flatten(0, 1)
        index = torch.arange(hidden.shape[1], device=hidden.device).repeat(hidden.shape[0])
        row, column = index // grid[1], index % grid[1]
        return _loss(scores[:, :MOST_ROWS], row) + _loss(scores[:, MOST_ROWS:], column)

    def character_loss(self, tokens: torch.Tensor, grid: tuple[int, int], targets: torch.Tensor) -> torch.Tensor:
        """Return the mean cross-entropy of printed characters; `targets` is (rows, 20, 32)."""
        lines, columns = FIELDS_PER_TOKEN
        scores = self.characters(_on_grid(tokens, grid)).float()
        scores = scores.view(-1, *grid, lines, columns, CHARACTERS).transpose(2, 3)
        return _loss(scores.flatten(0, 4), targets.flatten())


def _picture(tokens: torch.Tensor, grid: tuple[int, int]) -> torch.Tensor:
    """Return the tokens of the 168 by 168 pixels that show the scene: (rows, 6, 6, width)."""
    corner = 0 if grid == (6, 6) else PICTURE_CORNER // TOKEN_PIXELS
    return _on_grid(tokens, grid)[:, corner : corner + 6, corner : corner + 6]


def _on_grid(tokens: torch.Tensor, grid: tuple[int, int]) -> torch.Tensor:
    normalised = functional.rms_norm(tokens.float(), (tokens.shape[-1],))
    return normalised.view(tokens.shape[0], *grid, tokens.shape[-1])


def _loss(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    total = functional.cross_entropy(scores, targets, ignore_index=IGNORED, reduction="sum")
    return total / (targets != IGNORED).sum().clamp(min=1)
