"""Identifiers: short, unguessable enough to be unique, and sorted by their time of birth."""

from __future__ import annotations

import secrets
import time
from datetime import datetime

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def _base32(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 32)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def new_id(prefix: str) -> str:
    """Return `prefix` plus 9 characters of milliseconds and 7 random ones; later ids sort after earlier ones."""
    return _id(prefix, time.time_ns() // 1_000_000)


def id_at(prefix: str, moment: datetime) -> str:
    """Return an identifier as it would have been made at that time."""
    return _id(prefix, int(moment.timestamp() * 1000))


def _id(prefix: str, born_ms: int) -> str:
    return f"{prefix}{_base32(born_ms, 9)}{_base32(secrets.randbits(35), 7)}"
