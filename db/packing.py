"""Values in a column that no query looks into: JSON, compressed.

Python's JSON, which has a word for NaN and the infinities, keeps every float as it was, and escapes the characters that
Postgres does not take.
"""

from __future__ import annotations

import json
import zlib
from typing import Any


def packed(value: Any) -> bytes:
    """Return a JSON-like value as bytes."""
    return compressed(json.dumps(value, separators=(",", ":")).encode())


def unpacked(body: bytes) -> Any:
    """Return the value that `packed` made into bytes."""
    return json.loads(decompressed(body))


def compressed(raw: bytes) -> bytes:
    """Return bytes in fewer bytes, quickly."""
    return zlib.compress(raw, 1)


def decompressed(body: bytes) -> bytes:
    """Return the bytes that `compressed` was given."""
    return zlib.decompress(body)
