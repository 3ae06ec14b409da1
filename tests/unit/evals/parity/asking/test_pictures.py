"""Pictures of parity prompts: of the size asked for, with the same pixels everywhere."""

from __future__ import annotations

import hashlib
import io

from PIL import Image

from evals.parity.asking.pictures import draw

SIZES = ("37x53", "64x64", "224x224", "640x33")


def test_a_picture_has_its_size_and_many_colours() -> None:
    for size in SIZES:
        image = Image.open(io.BytesIO(draw(size).picture.data))
        assert f"{image.width}x{image.height}" == size
        assert image.mode == "RGB"
        assert len(image.getcolors(1 << 20) or []) > 50


def test_pixels_are_the_same_on_every_day_and_hashed_as_they_are_seen() -> None:
    drawing = draw("37x53")
    image = Image.open(io.BytesIO(drawing.picture.data))
    assert drawing.pixels_sha256 == hashlib.sha256(image.tobytes()).hexdigest()
    assert drawing.pixels_sha256 == draw("37x53").pixels_sha256
    assert drawing.pixels_sha256.startswith("cc40d092ee47")


def test_each_size_is_another_picture() -> None:
    images = [Image.open(io.BytesIO(draw(size).picture.data)).resize((33, 33)) for size in SIZES]
    assert len({image.tobytes() for image in images}) == len(SIZES)
