"""Read images, and turn a text with places for images into what the model reads."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from .errors import BadRequestError
from .loading import LoadedModel

MAX_PIXELS = 1 << 27
TEXT_ONLY = "this model takes text only; send no images"


@dataclass(frozen=True, kw_only=True)
class ImagePrompt:
    """A prompt's token ids and an image processor's tensors."""

    ids: tuple[int, ...]
    features: dict[str, Any] | None = None


def with_images(loaded: LoadedModel, text: str, images: Sequence[Image.Image]) -> ImagePrompt:
    """Return the tokens of a text, each place for an image filled; raise BadRequestError when they do not match."""
    if loaded.processor is None:
        raise BadRequestError(TEXT_ONLY)
    try:
        features = dict(loaded.processor(text=[text], images=list(images), return_tensors="pt"))
    except (ValueError, IndexError, StopIteration) as error:
        raise BadRequestError(f"the images do not fit the prompt: {error}") from error
    ids = features.pop("input_ids")[0].tolist()
    features.pop("attention_mask", None)
    refuse_unequal(loaded, text, ids, len(images))
    return ImagePrompt(ids=tuple(ids), features=features)


def refuse_unequal(loaded: LoadedModel, text: str, ids: Sequence[int], count: int) -> None:
    """Raise BadRequestError for a text with more or fewer places than images, as far as that can be told."""
    places = text.count(getattr(loaded.processor, "image_token", None) or "\0")
    config = loaded.model.config
    token = getattr(config, "image_token_id", None) or getattr(config, "image_token_index", None)
    if 0 < places != count or (token is not None and token not in ids):
        raise BadRequestError(f"the images do not fit the prompt: it has {places} places for {count} images")


def read_image(url: Any) -> Image.Image:
    """Decode an image from a base64 data URL; other addresses are refused, since the server fetches nothing."""
    if not isinstance(url, str) or not url.startswith("data:image/") or ";base64," not in url:
        raise BadRequestError("an image must be a base64 data URL (data:image/png;base64,...)")
    return decode_image(url.split(";base64,", 1)[1])


def decode_image(encoded: str) -> Image.Image:
    """Decode an image file from base64; raise BadRequestError when it is none."""
    try:
        image = Image.open(io.BytesIO(base64.b64decode(encoded, validate=True)))
        if image.width * image.height > MAX_PIXELS:
            raise BadRequestError(f"an image has {image.width} x {image.height} pixels, more than {MAX_PIXELS}")
        return image.convert("RGB")
    except (binascii.Error, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadRequestError(f"an image cannot be read: {error}") from error


def native_images(value: Any, count: int, single: bool) -> list[list[Image.Image]]:
    """Return each prompt's images from SGLang's `image_data`.

    A single prompt has one image or a list of them; of several prompts the list has an entry for each, which is an
    image, a list of images or null. Images are base64, with or without the head of a data URL.
    """
    if not value:
        return [[] for _ in range(count)]
    if single:
        return [_listed(value)]
    if not isinstance(value, list) or len(value) != count:
        raise BadRequestError(f"image_data must be a list with an entry for each of the {count} prompts")
    return [_listed(entry) for entry in value]


def _listed(value: Any) -> list[Image.Image]:
    entries = value if isinstance(value, list) else [] if value is None else [value]
    return [_native_image(entry) for entry in entries]


def _native_image(value: Any) -> Image.Image:
    if isinstance(value, dict):
        value = value.get("url")
    is_bare = isinstance(value, str) and ":" not in value
    return decode_image(value) if is_bare else read_image(value)
