"""Turn the core's frozen values into JSON for a column, and back."""

from __future__ import annotations

import math
from typing import Any, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")


_adapters: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def to_json(value: Any) -> Any:
    """Return the JSON form of a dataclass value.

    Numbers that JSON has no word for become "NaN", "Infinity" and "-Infinity", which `from_json` reads as numbers.
    """
    return _finite(_adapter(type(value)).dump_python(value, mode="json"))


def from_json(kind: type[T], data: Any) -> T:
    """Rebuild a dataclass value of type `kind` from its JSON form."""
    value: T = _adapter(kind).validate_python(data)
    return value


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value
