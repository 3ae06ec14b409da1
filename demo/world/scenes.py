"""Scenes to draw: shapes on a three-by-three grid or a bar chart, as values without any pixels."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from demo.world.splits import PICTURES_ONE_IN, Side, side_of

COLORS = ("red", "blue", "green", "yellow", "purple", "orange", "black", "pink", "brown", "gray")
SHAPES = ("circle", "square", "triangle", "diamond", "star", "cross", "ring", "hexagon", "arrow", "moon")
CELLS = (
    *("top left", "top center", "top right"),
    *("middle left", "center", "middle right"),
    *("bottom left", "bottom center", "bottom right"),
)
BAR_CHART_CHANCE = 0.3


@dataclass(frozen=True, kw_only=True)
class PlacedShape:
    """One shape: its cell (0 to 8), its looks, and its radius and offset from the cell's centre in pixels."""

    cell: int
    color: str
    shape: str
    radius: int
    dx: int
    dy: int
    shade: int

    @property
    def name(self) -> str:
        """Name the object as questions do."""
        return f"{self.color} {self.shape}"


@dataclass(frozen=True, kw_only=True)
class ShapeScene:
    """One to eight shapes in different cells; `background` is a palette entry."""

    objects: tuple[PlacedShape, ...]
    background: int

    def key(self) -> str:
        """Return the text whose CRC decides the side of the split."""
        rows = [(o.cell, o.color, o.shape, o.radius, o.dx, o.dy, o.shade) for o in self.objects]
        return repr((("bg", self.background), ("kind", "shapes"), ("objs", rows)))

    def caption(self) -> str:
        """Describe every object, in reading order."""
        listed = sorted(self.objects, key=lambda placed: placed.cell)
        return "Objects: " + ", ".join(f"{CELLS[o.cell]} {o.name}" for o in listed) + "."


@dataclass(frozen=True, kw_only=True)
class BarScene:
    """A chart of three to six bars, each a colour and a value from 1 to 9."""

    bars: tuple[tuple[str, int], ...]
    shade: int
    dx: int
    background: int
    grid: bool

    def key(self) -> str:
        """Return the text whose CRC decides the side of the split."""
        looks = (("bg", self.background), ("dx", self.dx), ("grid", self.grid))
        return repr((("bars", list(self.bars)), *looks, ("kind", "bars"), ("shade", self.shade)))

    def caption(self) -> str:
        """Describe every bar from left to right."""
        return "Bars: " + ", ".join(f"{color} {value}" for color, value in self.bars) + "."


Scene = ShapeScene | BarScene


def random_scene(rng: random.Random) -> Scene:
    """Draw a bar chart (3 in 10) or a scene of up to eight shapes."""
    if rng.random() < BAR_CHART_CHANCE:
        return _bar_scene(rng)
    count = rng.choice([1, 2, 3, 4, 4, 5, 5, 6, 7, 8])
    return _shape_scene(rng, count)


def one_shape_scene(rng: random.Random) -> Scene:
    """Draw a scene of a single shape: the first lesson of the vision tower."""
    return _shape_scene(rng, 1)


def scene_item(rng: random.Random, side: Side, draw: Callable[[random.Random], Scene] = random_scene) -> Scene:
    """Draw until a scene of this side comes up."""
    while True:
        scene = draw(rng)
        if side_of(scene.key(), PICTURES_ONE_IN) == side:
            return scene


def _bar_scene(rng: random.Random) -> BarScene:
    count = rng.randint(3, 6)
    colors = rng.sample(COLORS, count)
    values = [rng.randint(1, 9) for _ in range(count)]
    return BarScene(
        bars=tuple(zip(colors, values, strict=True)),
        shade=rng.randrange(4),
        dx=rng.randint(0, 6),
        background=rng.choice([0, 1]),
        grid=rng.random() < 0.8,
    )


def _shape_scene(rng: random.Random, count: int) -> ShapeScene:
    cells = rng.sample(range(9), count)
    colors = rng.sample(COLORS, rng.randint(2, 10))
    shapes = rng.sample(SHAPES, rng.randint(2, 10))
    objects = tuple(_placed_shape(rng, cell, colors, shapes) for cell in cells)
    return ShapeScene(objects=objects, background=rng.choice([0, 0, 1]))


def _placed_shape(rng: random.Random, cell: int, colors: list[str], shapes: list[str]) -> PlacedShape:
    return PlacedShape(
        cell=cell,
        color=rng.choice(colors),
        shape=rng.choice(shapes),
        radius=rng.randint(15, 23),
        dx=rng.randint(-4, 4),
        dy=rng.randint(-4, 4),
        shade=rng.randrange(4),
    )
