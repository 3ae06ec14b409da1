"""Make any text fit for Postgres, which takes neither NUL nor half of a surrogate pair."""

from __future__ import annotations

import re
from typing import TypeVar

T = TypeVar("T")

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(value: T) -> T:
    """Return a JSON value with every character that cannot be stored replaced by U+FFFD.

    Models may emit such characters; what was judged is judged before this, and the rest of the text stays as it was.
    """
    changed: object = value
    if isinstance(value, str):
        changed = _UNSTORABLE.sub("\ufffd", value)
    elif isinstance(value, dict):
        changed = {storable(key): storable(item) for key, item in value.items()}
    elif isinstance(value, (list, tuple)):
        changed = [storable(item) for item in value]
    return changed  # type: ignore[return-value]  # the same shape as it came
