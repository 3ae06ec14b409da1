"""Pictures for parity prompts, drawn the same everywhere."""

from __future__ import annotations

import hashlib
import io
import random
from dataclasses import dataclass

from evals.errors import DatasetError
from evals.protocol import Picture

_SHAPES = 7


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """Hold a picture and a hash of its pixels; its file's bytes depend on the library that compressed it."""

    picture: Picture
    pixels_sha256: str


def draw(size: str) -> Drawing:
    """Return the one picture of "WIDTHxHEIGHT" pixels; each size is another one. Raises DatasetError without Pillow."""
    try:
        from PIL import Image, ImageDraw
    except ImportError:
        raise DatasetError(
            "prompts with images need Pillow", remedy="install it: pip install 'pillow>=12', or leave out the images"
        ) from None
    width, height = (int(side) for side in size.split("x"))
    chance = random.Random(size)
    image = Image.new("RGB", (width, height))
    # A slope of colour under the shapes leaves no two patches alike, so that a shifted or resized picture shows.
    pixels = bytes(value % 256 for y in range(height) for x in range(width) for value in (4 * x, 3 * y, 2 * (x + y)))
    image.frombytes(pixels)
    brush = ImageDraw.Draw(image)
    for _ in range(_SHAPES):
        left, top = chance.randrange(width), chance.randrange(height)
        box = (left, top, left + chance.randrange(3, 4 + width // 2), top + chance.randrange(3, 4 + height // 2))
        colour = tuple(chance.randrange(256) for _ in range(3))
        (brush.rectangle if chance.random() < 0.5 else brush.ellipse)(box, fill=colour)
    file = io.BytesIO()
    image.save(file, format="PNG")
    data = file.getvalue()
    picture = Picture(sha256=hashlib.sha256(data).hexdigest(), media_type="image/png", data=data)
    return Drawing(picture=picture, pixels_sha256=hashlib.sha256(image.tobytes()).hexdigest())
