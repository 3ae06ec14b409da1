"""Files of JSON lines, as the commands read them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evals.errors import DatasetError
from evals.transport.bodies import decoded


def json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield number (from 1) and value of each line that is not empty; raise DatasetError that names the line."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error}", remedy="name a file of JSON lines") from error
    for number, text in enumerate(raw.split(b"\n"), 1):
        if text.strip():
            yield number, _value(path, number, text)


def _value(path: Path, number: int, text: bytes) -> Any:
    try:
        return decoded(text)
    except ValueError as error:
        raise DatasetError(
            f"line {number} of {path} is no JSON: {error}", remedy="write one JSON object a line"
        ) from None
