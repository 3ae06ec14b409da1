"""An item's pictures: as image files for engines, decoded for lm-eval."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from evals.accuracy.messages import picture_of
from evals.accuracy.templates import Item
from evals.errors import DatasetError
from evals.protocol import Picture


def files_in(item: Item, columns: Sequence[str]) -> list[Picture]:
    """Return the pictures in some columns, each an image file's bytes; raise DatasetError when one is missing."""
    return [picture_of(_bytes_of(item, column)) for column in columns]


def images_in(item: Item, columns: Sequence[str]) -> list[Any]:
    """Return the pictures in some columns as PIL images; those that `datasets` has decoded as they are."""
    from PIL import Image

    shown = [item[column] for column in columns]
    return [Image.open(io.BytesIO(value["bytes"])) if isinstance(value, dict) else value for value in shown]


def _bytes_of(item: Item, column: str) -> bytes:
    value: Any = item.get(column)
    data: Any = value.get("bytes") if isinstance(value, dict) else value
    if isinstance(data, bytes) and data:
        return data
    if data is not None and hasattr(data, "save"):
        buffer = io.BytesIO()
        data.save(buffer, format="PNG")
        return buffer.getvalue()
    raise DatasetError(
        f"item {item.get('id', '?')} names the picture {column}, which it does not have",
        remedy="fetch the data again with its pictures",
    )
