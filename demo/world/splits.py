"""Which generated item may be trained on and which is kept for the eval sets."""

import zlib
from collections.abc import Callable
from typing import Literal, TypeVar

Side = Literal["train", "eval"]
Row = TypeVar("Row")

WORD_PROBLEMS_ONE_IN = 10
FACTS_ONE_IN = 4
PICTURES_ONE_IN = 10


def side_of(key: object, one_in: int) -> Side:
    """Return the side an item belongs to: one key in `one_in`, chosen by a CRC of its repr, is eval-only."""
    return "eval" if zlib.crc32(repr(key).encode()) % one_in == 0 else "train"


def distinct(make: Callable[[], Row], count: int, identity: Callable[[Row], str]) -> list[Row]:
    """Call `make` until `count` rows with different identities exist.

    Raises ValueError when the world holds too few different items; ask for fewer or widen a template.
    """
    seen: set[str] = set()
    rows: list[Row] = []
    for _ in range(2000 * count):
        row = make()
        if identity(row) not in seen:
            seen.add(identity(row))
            rows.append(row)
        if len(rows) == count:
            return rows
    raise ValueError(f"found only {len(rows)} of {count} different items: ask for fewer or add templates")
