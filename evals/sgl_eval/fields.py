"""Check the fields of a record that came from another process; each raises TypeError or ValueError."""

from __future__ import annotations

import math
from typing import Any


def an_object(value: Any) -> dict[str, Any]:
    """Return a JSON object."""
    if not isinstance(value, dict):
        raise TypeError(f"{type(value).__name__} where an object belongs")
    return value


def a_list(value: Any) -> list[Any]:
    """Return a JSON array."""
    if not isinstance(value, list):
        raise TypeError(f"{type(value).__name__} where an array belongs")
    return value


def a_text(value: Any) -> str:
    """Return a text."""
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where a text belongs")
    return value


def a_text_or_none(value: Any) -> str | None:
    """Return a text, or None."""
    return None if value is None else a_text(value)


def a_number(value: Any) -> int:
    """Return a whole number from 0 on."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{type(value).__name__} where a whole number belongs")
    if value < 0:
        raise ValueError("a negative number")
    return value


def a_real(value: Any) -> float:
    """Return a finite number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"{type(value).__name__} where a number belongs")
    if not math.isfinite(value):
        raise ValueError("a number that is not finite")
    return float(value)
