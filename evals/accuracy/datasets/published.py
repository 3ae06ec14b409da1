"""Hold a dataset's items against what was published of them."""

from __future__ import annotations

from collections.abc import Sequence

from evals.accuracy.datasets.catalog import Row, Source
from evals.accuracy.definitions import Definition
from evals.errors import DatasetError

Part = tuple[str | None, str]
"""A subset and a split."""


def parts_of(definitions: Sequence[Definition]) -> tuple[list[Part], list[Part]]:
    """Return the parts of a dataset that are asked about, and those that worked examples are drawn from."""
    configs = [definition.config for definition in definitions]
    evaluated = [(c.get("dataset_name"), str(c.get("test_split") or c.get("validation_split"))) for c in configs]
    return evaluated, [(c.get("dataset_name"), str(c["fewshot_split"])) for c in configs if c.get("fewshot_split")]


def published_count(source: Source, parts: Sequence[Part]) -> int | None:
    """Return how many items the parts had when they were published; None when that is not known."""
    each = [source.counts.get((subset or "main", split)) for subset, split in parts]
    if all(each):
        return sum(count for count in each if count)
    return source.counts.get(("*", parts[0][1])) if len(parts) > 1 else None


def check_published(source: Source, parts: Sequence[Part], rows: Sequence[Row], found: str, *, exact: bool) -> None:
    """Raise DatasetError when there are more or fewer items than published, or with `exact` other ones.

    found: the items' checksum.
    """
    expected = published_count(source, parts)
    if expected is not None and len(rows) != expected:
        raise DatasetError(
            f"{source.path} has {len(rows):,} items here, and {expected:,} were published",
            remedy="fetch the data again; to measure on a part of it on purpose, use data: subset",
        )
    subset, split = parts[0]
    known = source.items_sha256.get(("*" if len(parts) > 1 else subset or "main", split))
    if exact and known is not None and found != known:
        raise DatasetError(
            f"the items of {source.path} are not the published ones: their checksum differs",
            remedy="fetch the data again; to measure on changed items on purpose, use data: subset",
        )
