"""Addresses of pages, with everything in them escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

Query = Mapping[str, str | int | Sequence[str] | None]


def with_query(path: str, query: Query) -> str:
    """Return a path with its query; what is None or empty is left out."""
    known = {name: value for name, value in query.items() if value not in (None, "", (), [])}
    return f"{path}?{urlencode(known, doseq=True)}" if known else path


def history_of(lineage: str, **query: str | int | Sequence[str] | None) -> str:
    """Return the address of a lineage's history; lineage: its key. A slash in it becomes %2F."""
    return with_query(f"/history/{quote(lineage, safe='')}", query)


def compare(left: str, right: str) -> str:
    """Return the address of the comparison of two runs."""
    return with_query("/compare", {"left": left, "right": right})
