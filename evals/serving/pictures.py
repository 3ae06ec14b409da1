"""Images that no cache has seen: noise, as PNG files."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np


def noise_png(side_px: int, rng: np.random.Generator) -> bytes:
    """Return a square image of random colours, 8 bits a channel, as a PNG file."""
    rows = rng.integers(0, 256, (side_px, 1 + 3 * side_px), dtype=np.uint8)
    rows[:, 0] = 0  # each row's filter: none
    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_part(kind, data) for kind, data in parts)


def data_url(png: bytes) -> str:
    """Return an image as chat endpoints take it."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _part(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
