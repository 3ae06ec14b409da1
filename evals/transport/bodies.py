"""JSON bodies: orjson where it can, the standard library where it cannot."""

from __future__ import annotations

import json
from typing import Any

import orjson


def encoded(payload: Any) -> bytes:
    """Return a payload as JSON."""
    try:
        return orjson.dumps(payload)
    except TypeError:  # half surrogates and integers beyond 64 bits, which JSON can hold and orjson does not
        return json.dumps(payload).encode()


def decoded(body: bytes) -> Any:
    """Read JSON; raise ValueError when it is none."""
    try:
        return orjson.loads(body)
    except ValueError:  # half surrogates, NaN
        pass
    try:
        return json.loads(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None
