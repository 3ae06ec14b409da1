"""Take the pictures out of items, so that an item is one line of JSON and each picture one file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from evals.errors import DatasetError

PICTURE = "picture"
"""The key under which a line refers to a picture's file, by its SHA-256."""


def item_line(item: Mapping[str, Any], *, doc_id: int) -> str:
    """Return an item as a line of JSON, each picture's bytes replaced by `{"picture": sha256}`; raise DatasetError."""
    try:
        return json.dumps({name: _referred(value) for name, value in item.items()})
    except (TypeError, ValueError, AttributeError) as error:
        raise DatasetError(
            f"item {doc_id} cannot be handed to sgl-eval: {error}",
            remedy="items are dictionaries of texts, numbers, lists and pictures as {'bytes': ...}",
        ) from error


def pictures_of(item: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Yield the SHA-256 and the bytes of each of an item's pictures."""
    for value in item.values():
        data = _picture(value)
        if data is not None:
            yield hashlib.sha256(data).hexdigest(), data


def _referred(value: Any) -> Any:
    data = _picture(value)
    return value if data is None else {PICTURE: hashlib.sha256(data).hexdigest()}


def _picture(value: Any) -> bytes | None:
    data = value.get("bytes") if isinstance(value, Mapping) else None
    return data if isinstance(data, bytes) else None
