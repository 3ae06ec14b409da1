"""Scenes as palette pictures of 168 by 168 pixels, drawn without antialiasing so that pixels repeat everywhere."""

import io
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from demo.world.scenes import COLORS, BarScene, PlacedShape, Scene, ShapeScene

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

SIZE = 168  # three cells of 56 pixels; twelve vision patches of 14
CELL = 56
WHITE, PAPER, GRID, INK = 0, 1, 2, 3
_COLOR_VALUES = (
    (215, 40, 40),
    (40, 80, 220),
    (30, 150, 60),
    (240, 215, 40),
    (140, 50, 170),
    (245, 140, 30),
    (25, 25, 25),
    (250, 150, 200),
    (130, 80, 40),
    (140, 140, 140),
)
_CHART_LEFT = 18
_SHADE_OFFSETS = (0, -14, 10, -24)


def palette() -> list[tuple[int, int, int]]:
    """Return 256 RGB entries: the backgrounds and ink first, then ten colours in four shades each."""
    entries = [(255, 255, 255)] * 256
    entries[PAPER], entries[GRID], entries[INK] = (248, 246, 238), (225, 225, 230), (20, 20, 20)
    for color, (red, green, blue) in zip(COLORS, _COLOR_VALUES, strict=True):
        for shade, offset in enumerate(_SHADE_OFFSETS):
            entries[entry(color, shade)] = (_lit(red, offset), _lit(green, offset), _lit(blue, offset))
    return entries


def _lit(value: int, offset: int) -> int:
    return max(0, min(255, value + offset))


def entry(color: str, shade: int) -> int:
    """Return the palette entry of a colour in one of its four shades."""
    return 10 + 4 * COLORS.index(color) + shade


def draw(scene: Scene) -> "Image.Image":
    """Draw a scene as a palette image."""
    from PIL import Image, ImageDraw

    image = Image.new("P", (SIZE, SIZE), scene.background)
    pen = ImageDraw.Draw(image)
    if isinstance(scene, BarScene):
        _draw_bars(pen, scene)
    else:
        _draw_shapes(pen, scene)
    return image


def png(image: "Image.Image") -> bytes:
    """Encode a palette image as an RGB PNG."""
    image.putpalette([value for rgb in palette() for value in rgb])
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _draw_bars(pen: "ImageDraw.ImageDraw", scene: BarScene) -> None:
    left, base, unit = _CHART_LEFT, 154, 14
    if scene.grid:
        for value in range(1, 10):
            pen.line((left - 4, base - unit * value, SIZE - 4, base - unit * value), fill=GRID)
    for value in range(10):
        pen.line((left - 6, base - unit * value, left - 2, base - unit * value), fill=INK)
    pen.line((left - 4, 20, left - 4, base), fill=INK)
    pen.line((left - 4, base, SIZE - 4, base), fill=INK)
    for (color, value), (start, end) in zip(scene.bars, bar_pixels(scene), strict=True):
        pen.rectangle((start, base - unit * value, end, base - 1), fill=entry(color, scene.shade))


def bar_pixels(scene: BarScene) -> list[tuple[int, int]]:
    """Return the first and last column of pixels of each bar."""
    pitch = 144 // len(scene.bars)
    starts = [_CHART_LEFT + i * pitch + scene.dx // 2 for i in range(len(scene.bars))]
    return [(start, start + pitch - 8) for start in starts]


def _draw_shapes(pen: "ImageDraw.ImageDraw", scene: ShapeScene) -> None:
    for placed in scene.objects:
        x = CELL // 2 + CELL * (placed.cell % 3) + placed.dx
        y = CELL // 2 + CELL * (placed.cell // 3) + placed.dy
        _draw_shape(pen, placed, x, y, scene.background)


def _draw_shape(pen: "ImageDraw.ImageDraw", placed: PlacedShape, x: int, y: int, background: int) -> None:
    color, r = entry(placed.color, placed.shade), placed.radius
    if placed.shape in _OUTLINES:
        pen.polygon([(x + dx, y + dy) for dx, dy in _OUTLINES[placed.shape](r)], fill=color)
    elif placed.shape == "square":
        pen.rectangle((x - r + 2, y - r + 2, x + r - 2, y + r - 2), fill=color)
    elif placed.shape == "cross":
        pen.rectangle((x - r // 3, y - r, x + r // 3, y + r), fill=color)
        pen.rectangle((x - r, y - r // 3, x + r, y + r // 3), fill=color)
    elif placed.shape == "arrow":
        pen.rectangle((x - r, y - r // 3, x, y + r // 3), fill=color)
        pen.polygon([(x, y - r), (x + r, y), (x, y + r)], fill=color)
    else:
        _draw_round(pen, placed, x, y, background)


def _draw_round(pen: "ImageDraw.ImageDraw", placed: PlacedShape, x: int, y: int, background: int) -> None:
    color, r = entry(placed.color, placed.shade), placed.radius
    pen.ellipse((x - r, y - r, x + r, y + r), fill=color)
    if placed.shape == "ring":
        hole = int(r * 0.55)
        pen.ellipse((x - hole, y - hole, x + hole, y + hole), fill=background)
    elif placed.shape == "moon":
        shift = r // 2 + 2
        pen.ellipse((x - r + shift, y - r, x + r + shift, y + r), fill=background)


def _star(r: int) -> list[tuple[float, float]]:
    points = []
    for i in range(10):
        reach = r if i % 2 == 0 else r * 0.42
        points.append((reach * math.sin(math.pi * i / 5), -(reach * math.cos(math.pi * i / 5))))
    return points


def _hexagon(r: int) -> list[tuple[float, float]]:
    return [(r * math.cos(math.pi * i / 3), r * math.sin(math.pi * i / 3)) for i in range(6)]


_OUTLINES: dict[str, Callable[[int], list[tuple[float, float]]]] = {
    "triangle": lambda r: [(0, -r), (-r, r), (r, r)],
    "diamond": lambda r: [(0, -r), (r, 0), (0, r), (-r, 0)],
    "star": _star,
    "hexagon": _hexagon,
}
