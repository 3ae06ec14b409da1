"""Addresses of the files that pages load; each carries its content's hash, so that browsers may keep it."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

STATIC = Path(__file__).with_name("static")


@lru_cache(maxsize=256)
def static(name: str) -> str:
    """Return a file's address with the version that is there now; raise FileNotFoundError when there is none."""
    version = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={version}"
